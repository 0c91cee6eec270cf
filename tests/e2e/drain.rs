//! How a server ends: in peace, at once, or killed.

use ledger::Ending;
use mock_upstream::{Fault, Faults, Mock};
use tokio::task::JoinSet;

use crate::support::client::Open;
use crate::support::usage::{count, records, records_until};
use crate::support::{FOR_EVER_MILLIS, Home, Server, hi, mock};

const STREAMS: usize = 64;
/// How long each stream is silent after its first event: long enough that
/// all of them have begun, and the server been told to end, before one goes on.
const SILENCE_MILLIS: u64 = 3_000;

/// Both accounts begin each stream, and go on after so long.
fn pause_streams(mock: &Mock, millis: u64) {
    for account in ["octocat", "hubot"] {
        let silence = Fault::SilenceInStream {
            after_events: 1,
            millis,
        };
        mock.set_faults(account, Faults::always(silence));
    }
}

async fn open_streams(server: &Server) -> Vec<Open> {
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(server.open_stream().await);
    }
    streams
}

#[tokio::test]
async fn sigterm_and_ctrl_c_end_an_idle_server_well() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    for signal in ["TERM", "INT"] {
        let server = home.serve().await;
        server.chat(hi("gpt-4o")).await;
        server.signal(signal).await;
        server.ends().await.succeeded();
    }
    assert_eq!(count(&records(&home.database()), Ending::Complete), 2);
}

#[tokio::test]
async fn sigterm_under_64_streams_lets_all_of_them_finish_and_be_recorded() {
    let mock = mock().await;
    pause_streams(&mock, SILENCE_MILLIS);
    let home = Home::with_seats(&mock, &["octocat", "hubot"]);
    let server = home.serve().await;
    let streams = open_streams(&server).await;

    server.signal("TERM").await;
    assert_eq!(server.drains().await, STREAMS, "not all were running");

    let mut reading = JoinSet::new();
    for stream in streams {
        reading.spawn(stream.rest());
    }
    for reply in reading.join_all().await {
        reply.is_a_finished_stream();
    }
    server.ends().await.succeeded();
    let records = records(&home.database());
    assert_eq!(records.len(), STREAMS);
    assert_eq!(count(&records, Ending::Complete), STREAMS);
    assert!(
        records.iter().all(|record| record.usage.output > 0),
        "{records:#?}"
    );
}

#[tokio::test]
async fn a_second_signal_ends_the_server_at_once_and_what_ran_is_recorded_as_cancelled() {
    let mock = mock().await;
    pause_streams(&mock, FOR_EVER_MILLIS);
    for (first, second) in [("TERM", "TERM"), ("TERM", "INT"), ("INT", "INT")] {
        let home = Home::with_seats(&mock, &["octocat"]);
        let server = home.serve().await;
        let stream = server.open_stream().await;
        server.signal(first).await;
        assert_eq!(server.drains().await, 1);
        server.signal(second).await;
        let output = server.ends().await;
        assert!(
            output.code.is_some(),
            "it is the program that ends: {output:#?}"
        );
        assert!(
            !stream.rest().await.whole,
            "a cut stream must not look whole"
        );
        let records = records(&home.database());
        assert_eq!(count(&records, Ending::Cancelled), 1, "{records:#?}");
        assert_eq!(records.len(), 1);
    }
}

#[tokio::test]
async fn what_outlasts_the_drain_is_cut_and_recorded() {
    let mock = mock().await;
    pause_streams(&mock, FOR_EVER_MILLIS);
    let seat = crate::support::home::seat(&mock, "octocat");
    let home = Home::with_config(&format!("[server]\ndrain_secs = 0\n\n{seat}"));
    let server = home.serve().await;
    let stream = server.open_stream().await;
    server.signal("TERM").await;
    server
        .ends()
        .await
        .says("ended before every request had its answer");
    assert!(!stream.rest().await.whole);
    assert_eq!(records(&home.database()).len(), 1);
}

#[tokio::test]
async fn a_killed_server_loses_only_what_was_in_flight() {
    const ANSWERED: usize = 50;
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    for _ in 0..ANSWERED {
        assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    }
    records_until(&home.database(), ANSWERED).await;
    pause_streams(&mock, FOR_EVER_MILLIS);
    let stream = server.open_stream().await;

    server.signal("KILL").await;
    assert_eq!(server.ends().await.code, None);
    assert!(!stream.rest().await.whole);
    let kept = records(&home.database());
    assert_eq!(
        (kept.len(), count(&kept, Ending::Complete)),
        (ANSWERED, ANSWERED)
    );

    mock.clear("octocat");
    let server = home.serve().await;
    server.chat(hi("gpt-4o")).await;
    server.stop().await;
    assert_eq!(records(&home.database()).len(), ANSWERED + 1);
}
