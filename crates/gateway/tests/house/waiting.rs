//! Limits that pass are waited out, and a client never hears of them.

use std::time::Duration;

use futures_util::future::join_all;
use mock_upstream::{Fault, Faults, Quota};
use tokio::time::Instant;

use crate::support::House;

const MODEL: &str = "gpt-4o";

#[tokio::test]
async fn a_stream_that_waits_out_a_limit_gets_comments_meanwhile() {
    let house = House::build().await;
    house.mock.set_fault("octocat", Fault::rate_limited(1));
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.status, 200);
    assert!(answer.said().contains("octocat"), "{}", answer.text());
    // Five periods of silence pass in that second.
    assert!(
        answer.text().matches(": keep-alive").count() >= 3,
        "{}",
        answer.text()
    );
    let records = house.records().await;
    assert_eq!((records.len(), records[0].attempts), (1, 2));
    let decision = records[0].decision.as_deref().unwrap();
    assert!(
        decision.contains(r#""step":"waited","account":"octocat""#),
        "{decision}"
    );
}

#[tokio::test]
async fn requests_wait_in_line_for_the_only_account_and_never_more_at_once_than_it_may() {
    let house = House::with(|_, config| {
        config.accounts.truncate(1);
        config.accounts[0].max_concurrent = Some(2);
    })
    .await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::silence(30)));
    // The list is asked for before, since that counts as well.
    house.ask(MODEL).await;
    house.mock.clear_seen();
    let answers = join_all((0..20).map(|_| house.ask(MODEL))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(house.mock.most_at_once("octocat"), 2);
}

#[tokio::test]
async fn a_request_that_waits_in_vain_is_told_so_when_its_time_is_up() {
    let house = House::with(|_, config| {
        config.accounts.truncate(1);
        config.accounts[0].max_concurrent = Some(1);
        config.pool.max_wait = Duration::from_secs(1);
    })
    .await;
    house.ask(MODEL).await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::silence(3_600_000)));
    let hangs = house.ask(MODEL);
    let waits = async {
        house
            .mock
            .seen_until(|seen| {
                seen.iter()
                    .filter(|seen| seen.path == "/chat/completions")
                    .count()
                    == 2
            })
            .await;
        let since = Instant::now();
        let answer = house.ask(MODEL).await;
        assert!(since.elapsed() >= Duration::from_secs(1));
        answer
    };
    let answer = tokio::select! {
        _ = hangs => unreachable!("its upstream is silent"),
        answer = waits => answer,
    };
    assert_eq!(answer.status, 503);
    let text = answer.text();
    assert!(
        text.contains("octocat: serves as many requests as it may"),
        "{text}"
    );
}

#[tokio::test]
async fn a_402_is_not_believed_for_a_month_when_the_seat_says_that_something_is_left() {
    let spent = Fault::status(
        402,
        r#"{"error":{"message":"You have no quota","code":"quota_exceeded"}}"#,
    );
    for (left, expected) in [(0.0, "spent"), (35.5, "cooling")] {
        let house = House::with(|_, config| config.accounts.truncate(2)).await;
        let quota = Quota {
            remaining_percent: left,
            ..Quota::default()
        };
        house.mock.set_quota("octocat", quota);
        house
            .mock
            .set_faults("octocat", Faults::always(spent.clone()));
        assert!(house.ask(MODEL).await.said().contains("hubot"));
        let asked = |seen: &[mock_upstream::Seen]| {
            let of = |seen: &&mock_upstream::Seen| seen.account.as_deref() == Some("octocat");
            seen.iter()
                .filter(of)
                .any(|seen| seen.path == "/copilot_internal/user")
        };
        house.mock.seen_until(asked).await;
        let memory = house.memory_until(|memory| {
            let own = memory.accounts["octocat"].troubles.own.as_ref();
            own.is_some_and(|own| {
                (own.basis == gateway::pool::Basis::Guess) == (expected == "cooling")
            })
        });
        memory.await;
    }
}
