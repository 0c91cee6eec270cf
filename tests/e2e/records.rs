//! The ledger: one record for each request, where the person wants it.

use ledger::{Ending, Reader};
use mock_upstream::{Fault, Mock};

use crate::support::home::seat;
use crate::support::usage::{count, records, records_until};
use crate::support::{FOR_EVER_MILLIS, Home, hi, mock, streamed};

async fn one_request_with(mock: &Mock, section: &str) -> Home {
    let home = Home::with_config(&format!("[usage]\n{section}\n\n{}", seat(mock, "octocat")));
    let server = home.serve().await;
    let reply = server.chat(hi("gpt-4o")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    server.stop().await;
    home
}

#[tokio::test]
async fn each_request_is_recorded_once_however_it_ends() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    let mut ids = Vec::new();

    for body in [hi("gpt-4o"), streamed("gpt-4o")] {
        let reply = server.chat(body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        ids.push(reply);
    }
    let no = r#"{"error":{"message":"no","code":"invalid_request"}}"#;
    mock.set_fault("octocat", Fault::status(400, no));
    ids.push(server.chat(hi("gpt-4o")).await);
    ids.push(server.chat(hi("gpt-99")).await);
    let hang = Fault::SilenceInStream {
        after_events: 1,
        millis: FOR_EVER_MILLIS,
    };
    mock.set_fault("octocat", hang);
    drop(server.open_stream().await);
    records_until(&home.database(), 5).await;
    server.stop().await;

    let records = records(&home.database());
    let told: Vec<_> = records
        .iter()
        .map(|record| {
            (
                record.model_asked.to_string(),
                record.stream,
                record.status,
                record.outcome,
                record.attempts,
            )
        })
        .collect();
    let gpt = || "gpt-4o".to_owned();
    assert_eq!(
        told,
        [
            (gpt(), false, 200, Ending::Complete, 1),
            (gpt(), true, 200, Ending::Complete, 1),
            (gpt(), false, 400, Ending::Failed, 1),
            ("gpt-99".to_owned(), false, 404, Ending::Failed, 0),
            (gpt(), true, 200, Ending::Cancelled, 1),
        ]
    );
    assert_eq!(records[3].error_code.as_deref(), Some("model_not_found"));
    for (record, reply) in records.iter().zip(&ids) {
        assert_eq!(reply.headers["x-tokn-router-request-id"], record.request_id);
    }
    for record in &records[..2] {
        assert_eq!(record.account.as_deref(), Some("octocat"));
        assert!(
            record.usage.input > 0 && record.usage.output > 0,
            "{record:#?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_any_answer_is_recorded_as_cancelled() {
    let mock = mock().await;
    mock.set_fault("octocat", Fault::silence(FOR_EVER_MILLIS));
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    let is_chat = |path: &str| path == "/chat/completions";
    tokio::select! {
        _ = server.chat(streamed("gpt-4o")) => panic!("an answer"),
        _ = mock.seen_until(|seen| seen.iter().any(|seen| is_chat(&seen.path))) => {}
    }
    mock.seen_until(|seen| {
        seen.iter()
            .any(|seen| is_chat(&seen.path) && seen.disconnected)
    })
    .await;
    server.stop().await;
    let records = records(&home.database());
    assert_eq!(
        (records.len(), count(&records, Ending::Cancelled)),
        (1, 1),
        "{records:#?}"
    );
    assert_eq!(records[0].status, 499);
}

#[tokio::test]
async fn an_attempt_on_another_account_makes_no_second_record() {
    let mock = mock().await;
    mock.set_fault("octocat", Fault::status(500, "{}"));
    let home = Home::with_seats(&mock, &["octocat", "hubot"]);
    let server = home.serve().await;
    // Until an account's list is known, it comes after the others.
    server.get("/v1/models").await;
    assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    server.stop().await;
    let records = records(&home.database());
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].attempts, records[0].account.as_deref()),
        (2, Some("hubot"))
    );
}

#[tokio::test]
async fn what_is_switched_off_makes_no_database() {
    let mock = mock().await;
    let home = one_request_with(&mock, "enabled = false").await;
    let made = home.left_behind();
    assert!(!made.iter().any(|name| name.contains("usage")), "{made:?}");
}

#[tokio::test]
async fn the_ledger_is_where_its_path_says() {
    let mock = mock().await;
    let home = one_request_with(&mock, "path = \"~/spent/my.db\"").await;
    let reader = Reader::open(&home.path().join("spent/my.db")).unwrap();
    assert_eq!(reader.count().unwrap(), 1);
    assert!(!home.database().exists());
}

#[tokio::test]
async fn a_ledger_that_cannot_be_opened_is_told_with_the_ways_out() {
    let mock = mock().await;
    let home = Home::with_config(&format!(
        "[usage]\npath = \"~/taken\"\n\n{}",
        seat(&mock, "octocat")
    ));
    std::fs::create_dir(home.path().join("taken")).unwrap();
    let output = home.run(&["serve", "--port", "0"]).await.failed_with(1);
    output.says("/taken").hints_at("[usage] path");
}
