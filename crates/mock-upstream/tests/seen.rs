//! What the mock remembers of requests, and how it ends.

use bytes::Bytes;
use mock_upstream::{Fault, Mock, Script, Seen};
use tokio::net::TcpStream;

use crate::client::{Ask, chat, demo, hi, hi_stream};

fn all_disconnected(seen: &[Seen]) -> bool {
    !seen.is_empty() && seen.iter().all(|seen| seen.disconnected)
}

#[tokio::test]
async fn a_request_is_kept_as_it_came() {
    let mock = demo().await;
    let ask = Ask::post(&mock, "/nowhere?a=b", Bytes::from_static(b"\xFFbody"))
        .with("x-one", "1")
        .with("x-one", "2");
    ask.send().await;
    chat(&mock, &hi()).send().await;
    let seen = mock.seen();
    let [stranger, octocat] = seen.as_slice() else {
        panic!("two requests");
    };
    assert_eq!(stranger.method, "POST");
    assert_eq!(stranger.path, "/nowhere?a=b");
    assert_eq!(stranger.body, Bytes::from_static(b"\xFFbody"));
    assert_eq!(stranger.account, None);
    let ones = stranger.headers.iter().filter(|(name, _)| name == "x-one");
    assert_eq!(ones.count(), 2);
    assert_eq!(octocat.account.as_deref(), Some("octocat"));
    assert_eq!(octocat.json()["model"], "gpt-4.1");
    assert_eq!(octocat.header("editor-version"), Some("vscode/1.124.2"));
    assert!(!octocat.disconnected);
    mock.clear_seen();
    assert!(mock.seen().is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_is_noticed() {
    let mock = demo().await;
    mock.set_fault(
        "octocat",
        Fault::SilenceInStream {
            after_events: 1,
            millis: 60_000,
        },
    );
    let mut open = chat(&mock, &hi_stream()).open().await.unwrap();
    open.next().await.unwrap();
    assert!(!mock.seen()[0].disconnected);
    drop(open);
    mock.seen_until(all_disconnected).await;
}

#[tokio::test]
async fn a_client_that_leaves_before_the_headers_is_noticed() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::silence(60_000));
    let ask = chat(&mock, &hi());
    tokio::select! {
        _ = ask.open() => panic!("a reply during the silence"),
        seen = mock.seen_until(|seen| seen.len() == 1) => assert!(!seen[0].disconnected),
    }
    mock.seen_until(all_disconnected).await;
}

#[tokio::test]
async fn a_client_that_leaves_an_endless_stream_is_noticed() {
    let mock = demo().await;
    let body = r#"{"model":"bench-stream-4000000000-0","stream":true}"#;
    let ask = Ask::post(&mock, "/chat/completions", body).by_copilot(&mock, "octocat");
    let mut open = ask.open().await.unwrap();
    open.next().await.unwrap();
    drop(open);
    mock.seen_until(all_disconnected).await;
}

#[tokio::test]
async fn a_reply_that_the_mock_breaks_is_no_disconnection() {
    let mock = demo().await;
    let faults = vec![
        Fault::Refuse,
        Fault::CutBody,
        Fault::status(429, ""),
        Fault::Pass,
    ];
    let count = faults.len();
    mock.set_faults("octocat", faults);
    for _ in 0..count {
        if let Ok(open) = chat(&mock, &hi_stream()).open().await {
            open.rest().await;
        }
    }
    let seen = mock.seen();
    assert_eq!(seen.len(), count);
    assert!(seen.iter().all(|seen| !seen.disconnected));
}

#[tokio::test]
async fn nothing_is_kept_when_the_script_says_so() {
    let script = Script {
        record: false,
        ..Script::demo()
    };
    let mock = Mock::start(script).await.unwrap();
    chat(&mock, &hi()).send().await;
    assert!(mock.seen().is_empty());
}

#[tokio::test]
async fn a_stopped_mock_breaks_its_streams_and_frees_its_port() {
    let mock = demo().await;
    mock.set_fault(
        "octocat",
        Fault::SilenceInStream {
            after_events: 1,
            millis: 60_000,
        },
    );
    let mut open = chat(&mock, &hi_stream()).open().await.unwrap();
    open.next().await.unwrap();
    let addr = mock.addr();
    mock.stop().await;
    assert!(!open.rest().await.complete);
    assert!(TcpStream::connect(addr).await.is_err());
}
