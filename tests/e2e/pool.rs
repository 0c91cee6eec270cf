//! Several accounts: a request fails only where every one of them does.

use std::time::Duration;

use mock_upstream::{Account, Fault, Faults, Mock, Quota};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::home::seat;
use crate::support::usage::records;
use crate::support::{Home, Server, asked, client, closed_port, hi, mock, mock_with, streamed};

const REQUESTS: usize = 1_000;
const AT_ONCE: usize = 20;

/// So many requests, every other one streamed, and none fails.
async fn all_are_answered(server: &Server, requests: usize) {
    let address = server.address();
    let mut clients = JoinSet::new();
    for _ in 0..AT_ONCE {
        clients.spawn(async move {
            for round in 0..requests / AT_ONCE {
                if round % 2 == 0 {
                    let reply = client::open(address, hi("gpt-4o")).await.rest().await;
                    assert_eq!(reply.status, 200, "{reply:?}");
                } else {
                    let reply = client::open(address, streamed("gpt-4o")).await.rest().await;
                    reply.is_a_finished_stream();
                }
            }
        });
    }
    clients.join_all().await;
}

/// An account of which one URL leads nowhere.
fn dead_seat(mock: &Mock, url: &str) -> String {
    let nowhere = format!("{url} = \"http://{}\"", closed_port());
    let seat = seat(mock, "hubot");
    let lines: Vec<&str> = seat.lines().filter(|line| !line.starts_with(url)).collect();
    lines.join("\n").replace("]]", &format!("]]\n{nowhere}"))
}

async fn a_dead_account_costs_no_answer(config: String) {
    let home = Home::with_config(&config);
    let server = home.serve().await;
    let greeting = server.greeting();
    assert!(
        greeting.contains("accounts: hubot, octocat\n"),
        "{greeting}"
    );
    all_are_answered(&server, REQUESTS).await;
    server.stop().await;
    let records = records(&home.database());
    assert_eq!(records.len(), REQUESTS);
    assert!(
        records
            .iter()
            .all(|record| record.account.as_deref() == Some("octocat"))
    );
}

#[tokio::test]
async fn an_account_whose_upstream_is_gone_costs_none_of_a_thousand_answers() {
    let mock = mock().await;
    let config = dead_seat(&mock, "base_url") + "\n" + &seat(&mock, "octocat");
    a_dead_account_costs_no_answer(config).await;
}

#[tokio::test]
async fn an_account_that_gets_no_token_costs_none_of_a_thousand_answers() {
    let mock = mock().await;
    let config = dead_seat(&mock, "refresh_url") + "\n" + &seat(&mock, "octocat");
    a_dead_account_costs_no_answer(config).await;
}

#[tokio::test]
async fn an_account_whose_connections_break_costs_none_of_a_thousand_answers() {
    let mock = mock().await;
    mock.set_faults("hubot", Faults::always(Fault::Refuse));
    a_dead_account_costs_no_answer(seat(&mock, "hubot") + &seat(&mock, "octocat")).await;
    let asked = asked(&mock, "hubot");
    assert!(
        (1..=2 * AT_ONCE).contains(&asked),
        "it was asked {asked} times"
    );
}

#[tokio::test]
async fn an_account_whose_upstream_dies_in_service_costs_none_of_a_thousand_answers() {
    let (mock, mortal) = tokio::join!(mock(), mock());
    let home = Home::with_config(&(seat(&mortal, "hubot") + &seat(&mock, "octocat")));
    let server = home.serve().await;
    // Both lists are known from here on, so both accounts are asked.
    server.knows_models().await;
    for _ in 0..10 {
        assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    }
    assert!(asked(&mortal, "hubot") > 0, "it was never in service");
    mortal.stop().await;
    all_are_answered(&server, REQUESTS).await;
    server.stop().await;
    assert_eq!(records(&home.database()).len(), REQUESTS + 10);
}

#[tokio::test]
async fn a_limited_account_is_left_alone_for_as_long_as_it_asks_and_no_request_fails() {
    const WAIT: Duration = Duration::from_secs(3);
    let mock = mock().await;
    mock.set_faults("hubot", Faults::always(Fault::rate_limited(WAIT.as_secs())));
    let home = Home::with_seats(&mock, &["hubot", "octocat"]);
    let server = home.serve().await;
    let started = Instant::now();
    for _ in 0..200 {
        let reply = server.chat(hi("gpt-4o")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    let waits = started.elapsed().as_secs() / WAIT.as_secs();
    let asked = asked(&mock, "hubot") as u64;
    assert!(
        (1..=1 + waits).contains(&asked),
        "asked {asked} times in {waits} waits"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_short_limit_of_the_only_account_is_waited_out_and_the_client_never_hears_of_it() {
    let mock = mock().await;
    mock.set_fault("octocat", Fault::rate_limited(1));
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    let started = Instant::now();
    let reply = server.chat(hi("gpt-4o")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert!(started.elapsed() >= Duration::from_secs(1), "{reply:?}");
    assert_eq!(reply.headers["x-tokn-router-attempts"], "2");
    assert_eq!(asked(&mock, "octocat"), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_longer_limit_of_the_only_account_is_told_with_its_true_end_and_nobody_is_asked_before() {
    let mock = mock().await;
    mock.set_faults("octocat", Faults::always(Fault::rate_limited(50)));
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    for _ in 0..3 {
        let reply = server.chat(hi("gpt-4o")).await;
        reply.is_an_error(429, "all_accounts_limited");
        let after = reply.headers["retry-after"].to_str().unwrap();
        assert!(
            (40..=50).contains(&after.parse::<u64>().unwrap()),
            "{reply:?}"
        );
        assert!(
            reply.body.contains("octocat: too many requests at once"),
            "{reply:?}"
        );
    }
    assert_eq!(asked(&mock, "octocat"), 1);
    server.stop().await;
}

#[tokio::test]
async fn accounts_take_turns() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat", "hubot"]);
    let server = home.serve().await;
    // Until an account's list is known, it comes after the others.
    server.knows_models().await;
    for _ in 0..10 {
        server.chat(hi("gpt-4o")).await;
    }
    assert_eq!((asked(&mock, "octocat"), asked(&mock, "hubot")), (5, 5));
    server.stop().await;
}

#[tokio::test]
async fn eight_accounts_of_which_seven_are_spent_serve_two_thousand_requests_without_an_error() {
    const SPENT: &str = r#"{"error":{"message":"You have no quota","code":"quota_exceeded"}}"#;
    /// Each of those that come at once at the start may ask one that is spent;
    /// they take turns, and what one has heard the next one knows.
    const FEW: usize = AT_ONCE / 2;
    let ids: Vec<String> = (1..=8).map(|number| format!("seat-{number}")).collect();
    let (good, spent) = ids.split_last().unwrap();
    let accounts = ids.iter().map(|id| Account {
        quota: Quota {
            remaining_percent: if id == good { 35.5 } else { 0.0 },
            ..Quota::default()
        },
        ..Account::copilot(id)
    });
    let mock = mock_with(accounts.collect()).await;
    for id in spent {
        mock.set_faults(id, Faults::always(Fault::status(402, SPENT)));
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let home = Home::with_seats(&mock, &ids);
    let server = home.serve().await;
    // Until an account's list is known, it comes after the others.
    server.knows_models().await;
    all_are_answered(&server, 2 * REQUESTS).await;
    server.stop().await;

    assert_eq!(asked(&mock, good), 2 * REQUESTS);
    for id in spent {
        let asked = asked(&mock, id);
        assert!((1..=FEW).contains(&asked), "{id} was asked {asked} times");
    }
    let records = records(&home.database());
    assert_eq!(records.len(), 2 * REQUESTS);
    assert!(records.iter().all(|record| record.status == 200));
}

#[tokio::test]
async fn a_limit_that_comes_as_an_event_of_a_200_stream_moves_on_unseen() {
    let mock = mock().await;
    let limit = Fault::ErrorInStream {
        after_events: 0,
        body: r#"{"error":{"message":"Sorry, you have been rate-limited.","code":"rate_limited"}}"#
            .into(),
    };
    mock.set_faults("hubot", Faults::always(limit));
    let home = Home::with_config(&format!(
        "[pool]\nstrategy = \"fill_first\"\nmax_wait_secs = 0\n\n{}{}",
        seat(&mock, "hubot"),
        seat(&mock, "octocat")
    ));
    let server = home.serve().await;
    server.knows_models().await;
    for body in [streamed("gpt-4o"), hi("gpt-4o")] {
        let reply = server.chat(body).await;
        reply.is_served_by("octocat");
        assert!(!reply.body.contains("rate"), "{reply:?}");
        assert!(asked(&mock, "hubot") > 0, "it was never asked");
        home.run(&["account", "reset", "hubot"]).await.succeeded();
    }
    assert_eq!(asked(&mock, "hubot"), 2);
    server.stop().await;
}

#[tokio::test]
async fn no_account_ever_serves_more_at_once_than_it_may_and_everybody_is_served() {
    let mock = mock().await;
    let ids = ["octocat", "hubot"];
    for id in ids {
        let slow = Fault::SilenceInStream {
            after_events: 1,
            millis: 50,
        };
        mock.set_faults(id, Faults::always(slow));
    }
    let config = ids.map(|id| seat(&mock, id).replace("]]\n", "]]\nmax_concurrent = 2\n"));
    let home = Home::with_config(&config.concat());
    let server = home.serve().await;
    server.knows_models().await;
    all_are_answered(&server, 5 * AT_ONCE).await;
    server.stop().await;
    assert_eq!(ids.map(|id| mock.most_at_once(id)), [2, 2]);
    assert_eq!(
        ids.map(|id| asked(&mock, id)).iter().sum::<usize>(),
        5 * AT_ONCE
    );
}
