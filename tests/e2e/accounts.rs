//! `account list` and `account status`: what a person sees of the accounts.

mod status;

use jiff::Timestamp;
use mock_upstream::{Account, Fault, Faults, Mock, Quota, Window};

use crate::support::accounts::{account_once, account_until};
use crate::support::home::{seat, zai_key, zai_seat};
use crate::support::output::with_times_named;
use crate::support::{Home, Output, Server, hi, mock, mock_with};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// So far in the future that it is told in the same words for half a minute.
fn seconds_to(units: u64) -> u64 {
    units + MINUTE / 2
}

/// In seconds since 1970.
fn moment_in(seconds: u64) -> u64 {
    Timestamp::now().as_second().unsigned_abs() + seconds
}

fn quota(remaining_percent: f64, resets_in: u64) -> Quota {
    Quota {
        remaining_percent,
        resets_at: Some(moment_in(seconds_to(resets_in))),
        ..Quota::default()
    }
}

/// An upstream of `octocat` and `hubot` of Copilot and `zed` of Z.ai, of whom
/// `hubot` has nothing left.
async fn upstream() -> Mock {
    let octocat = Account {
        quota: quota(35.5, 10 * DAY + 12 * HOUR),
        ..Account::copilot("octocat")
    };
    let hubot = Account {
        quota: quota(0.0, HOUR + 30 * MINUTE),
        ..Account::copilot("hubot")
    };
    let week = Window {
        remaining_percent: 0.4,
        resets_at: moment_in(seconds_to(3 * DAY + 2 * HOUR)),
    };
    let zed = Account {
        quota: Quota {
            weekly: Some(week),
            ..quota(80.0, 4 * HOUR + 5 * MINUTE)
        },
        ..Account::zai("zed", zai_key("zed"))
    };
    mock_with(vec![octocat, hubot, zed]).await
}

fn seats(mock: &Mock) -> String {
    seat(mock, "octocat") + &seat(mock, "hubot") + &zai_seat(mock, "zed")
}

/// `hubot`'s month is used up, and so is its model `gpt-4.1` on `octocat`.
async fn server_that_met_limits(mock: &Mock, home: &Home) -> Server {
    let limit = |status, code: &str, seconds: u64| Fault::Status {
        status,
        headers: vec![("retry-after".into(), seconds_to(seconds).to_string())],
        body: format!(r#"{{"error":{{"message":"m","code":"{code}"}}}}"#),
    };
    let server = home.serve().await;
    server.knows_models().await;
    mock.set_fault("octocat", limit(429, "user_model_rate_limited", 2 * HOUR));
    mock.set_fault("hubot", limit(402, "quota_exceeded", HOUR + 30 * MINUTE));
    let reply = server.chat(hi("gpt-4.1")).await;
    reply.is_an_error(429, "all_accounts_limited");
    account_once(home, "hubot", "spent").await;
    server
}

async fn list(home: &Home) -> Output {
    home.run(&["account", "list"]).await.succeeded()
}

#[tokio::test]
async fn each_account_is_listed_with_its_plan_its_state_and_what_is_left() {
    let mock = upstream().await;
    let off = seat(&mock, "monalisa").replace("]]\n", "]]\nenabled = false\n");
    let home = Home::with_config(&(seats(&mock) + &off));
    let server = server_that_met_limits(&mock, &home).await;
    server.stop().await;
    let output = list(&home).await;
    with_times_named(|| {
        insta::assert_snapshot!(output.printed(), @"
    ACCOUNT   PROVIDER        PLAN            STATE      LEFT  RESETS
    octocat   github-copilot  individual_pro  ready      36 %  in 10 d
    hubot     github-copilot  individual_pro  spent 1 h  0 %   in 1 h
    zed       zai             pro             ready      <1 %  in 3 d
    monalisa  github-copilot  -               disabled   -     -

    octocat, gpt-4.1: spent: the limit of this model is reached, until [moment] (in 2 h)
    hubot: spent: the month's credits are used up, until [moment] (in 1 h 30 min)
    ")
    });
    assert_eq!(output.stderr, "");
}

#[tokio::test]
async fn a_list_beside_a_running_server_tells_what_that_has_learnt() {
    let mock = upstream().await;
    let home = Home::with_config(&seats(&mock));
    let server = server_that_met_limits(&mock, &home).await;
    let listed = list(&home).await.stdout;
    let line = listed.lines().find(|line| line.starts_with("hubot "));
    assert!(
        line.is_some_and(|line| line.contains("spent 1 h")),
        "{listed}"
    );
    server.stop().await;
}

#[tokio::test]
async fn where_nothing_is_known_a_list_offline_says_so_and_asks_nobody() {
    let mock = upstream().await;
    let home = Home::with_config(&seats(&mock));
    let output = home
        .run(&["account", "list", "--offline"])
        .await
        .succeeded();
    insta::assert_snapshot!(output.printed(), @"
    ACCOUNT  PROVIDER        PLAN  STATE  LEFT  RESETS
    octocat  github-copilot  -     ready  -     -
    hubot    github-copilot  -     ready  -     -
    zed      zai             -     ready  -     -
    ");
    assert!(mock.seen().is_empty(), "{:#?}", mock.seen());
}

#[tokio::test]
async fn a_list_asks_for_quotas_alone_and_not_again_within_a_minute() {
    let mock = upstream().await;
    let home = Home::with_config(&seats(&mock));
    list(&home).await;
    let mut paths: Vec<String> = mock.seen().into_iter().map(|seen| seen.path).collect();
    paths.sort();
    insta::assert_snapshot!(paths.join("\n"), @"
    /api/monitor/usage/quota/limit
    /copilot_internal/user
    /copilot_internal/user
    ");
    server_keeps_quotas(&home).await;
    mock.clear_seen();
    list(&home).await;
    assert!(mock.seen().is_empty(), "{:#?}", mock.seen());
}

/// A server has run, and asked what is left of each account.
async fn server_keeps_quotas(home: &Home) {
    let server = home.serve().await;
    for id in ["octocat", "hubot", "zed"] {
        account_until(home, id, |account| !account["quota"]["told"].is_null()).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_table_stays_within_eighty_columns_whatever_an_account_is_called() {
    let mock = mock().await;
    let long = "an-account-with-a-name-that-is-by-itself-longer-than-a-terminal-is-wide-by-far";
    let home = Home::with_config(&(seat(&mock, "octocat") + &seat(&mock, long)));
    let listed = list(&home).await.stdout;
    let widest = listed.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(80), "{widest:?}: {listed}");
    assert_eq!(listed.matches("github-copilot").count(), 2, "{listed}");
}

#[tokio::test]
async fn without_an_account_the_way_to_one_is_named_and_there_is_no_table() {
    let home = Home::new();
    let output = list(&home).await;
    assert_eq!(output.stdout, "");
    insta::assert_snapshot!(output.told(), @"
    there is no account
    hint: add one with `tokn-router login`
    ");
    let output = home.run(&["account", "list", "--json"]).await.succeeded();
    assert_eq!(output.json(), serde_json::json!([]));
}

#[tokio::test]
async fn an_account_may_be_called_in_any_script() {
    let mock = upstream().await;
    let id = "работа 仕事";
    let config = seat(&mock, "octocat").replacen("\"octocat\"", &format!("{id:?}"), 1);
    let home = Home::with_config(&config);
    let listed = list(&home).await.printed();
    insta::assert_snapshot!(listed, @"
    ACCOUNT      PROVIDER        PLAN            STATE  LEFT  RESETS
    работа 仕事  github-copilot  individual_pro  ready  36 %  in 10 d
    ");
    let server = home.serve().await;
    assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    home.run(&["account", "reset", id]).await.succeeded();
    server.stop().await;
    for verb in ["status", "disable", "enable", "reset"] {
        home.run(&["account", verb, id]).await.succeeded();
    }
}

#[tokio::test]
async fn a_quota_that_nobody_tells_is_told_as_unknown_and_why() {
    let faults = [
        Fault::status(500, "oops"),
        Fault::Html { status: 403 },
        Fault::Refuse,
        Fault::status(200, "<html>"),
        Fault::status(200, r#"{"quota_snapshots":{"premium_interactions":7}}"#),
    ];
    for fault in faults {
        let mock = mock().await;
        mock.set_quota_faults("octocat", Faults::always(fault.clone()));
        let home = Home::with_seats(&mock, &["octocat", "hubot"]);
        let output = list(&home).await;
        let line = |id| output.stdout.lines().find(|line| line.starts_with(id));
        let octocat = line("octocat").unwrap();
        assert!(
            octocat.ends_with("ready  -     -"),
            "{fault:?}: {output:#?}"
        );
        assert!(line("hubot").unwrap().contains("36 %"), "{output:#?}");
        let is_answer =
            matches!(&fault, Fault::Status { status: 200, body, .. } if body.starts_with('{'));
        let says = output
            .stderr
            .contains("octocat: what is left is not known: ");
        assert_eq!(says, !is_answer, "{fault:?}: {output:#?}");
        assert!(!output.stderr.contains("hubot"), "{output:#?}");
        let status = home.run(&["account", "status", "octocat"]).await;
        status.succeeded();
    }
}
