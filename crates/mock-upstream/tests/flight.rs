//! How many requests an account had in flight at once.

use mock_upstream::{Fault, Faults, Mock, Script};
use serde_json::json;

use crate::client::{Ask, Open, chat, demo, hi, hi_stream};

/// Streams of octocat's that stand still after their first event.
async fn stalled(mock: &Mock, count: usize) -> Vec<Open> {
    mock.set_faults(
        "octocat",
        Faults::always(Fault::SilenceInStream {
            after_events: 1,
            millis: 60_000,
        }),
    );
    let mut open = Vec::new();
    for _ in 0..count {
        open.push(chat(mock, &hi_stream()).open().await.unwrap());
    }
    open
}

async fn all_left(mock: &Mock) {
    let left = mock.seen_until(|seen| seen.iter().all(|seen| seen.disconnected));
    left.await;
}

#[tokio::test]
async fn requests_one_after_the_other_are_one_at_once() {
    let mock = demo().await;
    assert_eq!(mock.most_at_once("octocat"), 0);
    let embed = json!({"model": "text-embedding-3-small", "input": ["a"]});
    let bench = json!({"model": "bench-stream-20-0", "stream": true});
    for _ in 0..5 {
        chat(&mock, &hi()).send().await;
        chat(&mock, &hi_stream()).send().await;
        for (path, body) in [("/embeddings", &embed), ("/chat/completions", &bench)] {
            let ask = Ask::post(&mock, path, body.to_string()).by_copilot(&mock, "octocat");
            assert!(ask.send().await.complete);
        }
    }
    assert_eq!(mock.most_at_once("octocat"), 1);
    assert_eq!(mock.most_at_once("hubot"), 0);
    assert_eq!(mock.most_at_once("nobody"), 0);
}

#[tokio::test]
async fn streams_that_go_on_are_counted_together_until_their_clients_leave() {
    let mock = demo().await;
    let open = stalled(&mock, 3).await;
    assert_eq!(mock.most_at_once("octocat"), 3);
    drop(open);
    all_left(&mock).await;
    mock.clear("octocat");
    chat(&mock, &hi()).send().await;
    assert_eq!(mock.most_at_once("octocat"), 3);
    mock.clear_seen();
    assert_eq!(mock.most_at_once("octocat"), 0);
    chat(&mock, &hi()).send().await;
    assert_eq!(mock.most_at_once("octocat"), 1);
}

#[tokio::test]
async fn those_still_in_flight_are_counted_after_a_clearing() {
    let mock = demo().await;
    let _open = stalled(&mock, 2).await;
    mock.clear_seen();
    assert_eq!(mock.most_at_once("octocat"), 2);
    let _third = stalled(&mock, 1).await;
    assert_eq!(mock.most_at_once("octocat"), 3);
}

#[tokio::test]
async fn a_request_is_in_flight_before_its_headers_are_answered() {
    let mock = demo().await;
    mock.set_faults("octocat", Faults::always(Fault::silence(60_000)));
    let (first, second) = (chat(&mock, &hi()), chat(&mock, &hi()));
    tokio::select! {
        _ = first.open() => panic!("a reply during the silence"),
        _ = second.open() => panic!("a reply during the silence"),
        _ = mock.seen_until(|seen| seen.len() == 2) => {}
    }
    all_left(&mock).await;
    assert_eq!(mock.most_at_once("octocat"), 2);
    mock.clear_seen();
    assert_eq!(mock.most_at_once("octocat"), 0);
}

#[tokio::test]
async fn replies_that_break_and_refusals_end_what_was_in_flight() {
    let mock = demo().await;
    let faults = vec![
        Fault::Refuse,
        Fault::CutBody,
        Fault::status(429, ""),
        Fault::OneByteWrites,
    ];
    let count = faults.len();
    mock.set_faults("octocat", faults);
    for _ in 0..count {
        if let Ok(open) = chat(&mock, &hi_stream()).open().await {
            open.rest().await;
        }
    }
    mock.clear_seen();
    assert_eq!(mock.most_at_once("octocat"), 0);
}

#[tokio::test]
async fn model_lists_are_not_counted() {
    let mock = demo().await;
    let models = Ask::get(&mock, "/models").by_copilot(&mock, "octocat");
    models.send().await;
    assert_eq!(mock.most_at_once("octocat"), 0);
}

#[tokio::test]
async fn requests_are_counted_also_where_none_is_kept() {
    let script = Script {
        record: false,
        ..Script::demo()
    };
    let mock = Mock::start(script).await.unwrap();
    let _open = stalled(&mock, 2).await;
    assert_eq!(mock.most_at_once("octocat"), 2);
}
