//! The health of the accounts: what outlives a restart, and what a person can
//! say of it.

use jiff::{SignedDuration, Timestamp};
use mock_upstream::{Account, Fault, Faults, Mock};
use tokio::time::timeout;

use crate::support::accounts::{account, account_once, until};
use crate::support::home::seat;
use crate::support::{Home, PATIENCE, Server, asked, hi, mock, mock_with};

/// `hubot` is asked first, and `octocat` where that cannot serve.
fn home_of_two(mock: &Mock) -> Home {
    let seats = seat(mock, "hubot") + &seat(mock, "octocat");
    Home::with_config(&format!("[pool]\nstrategy = \"fill_first\"\n\n{seats}"))
}

/// A server that has just met a limit of ten minutes on `hubot`.
async fn server_with_hubot_limited(mock: &Mock, home: &Home) -> Server {
    mock.set_fault("hubot", Fault::rate_limited(600));
    let server = home.serve().await;
    server.knows_models().await;
    let reply = server.chat(hi("gpt-4o")).await;
    reply.is_served_by("octocat");
    assert_eq!(asked(mock, "hubot"), 1);
    server
}

/// A server that is started anew asks nobody but `octocat`.
async fn hubot_is_left_alone(mock: &Mock, home: &Home) {
    mock.clear_seen();
    let server = home.serve().await;
    server.knows_models().await;
    for _ in 0..20 {
        server.chat(hi("gpt-4o")).await.is_served_by("octocat");
    }
    server.stop().await;
    assert_eq!(asked(mock, "hubot"), 0);
}

/// Asks until this account serves.
async fn is_served_by_in_the_end(server: &Server, account: &str) {
    let served = async {
        while server
            .chat(hi("gpt-4o"))
            .await
            .header("x-tokn-router-account")
            != account
        {}
    };
    let served = timeout(PATIENCE, served).await;
    served.unwrap_or_else(|_| panic!("{account} never serves"));
}

#[tokio::test]
async fn a_restart_in_mid_cooldown_remembers_it_with_its_end() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let before = Timestamp::now();
    let server = server_with_hubot_limited(&mock, &home).await;
    server.stop().await;

    let told = account(&home, "hubot").await;
    assert_eq!(
        (told["state"].as_str(), told["basis"].as_str()),
        (Some("cooling"), Some("told"))
    );
    let end = until(&told);
    let ten_minutes = SignedDuration::from_mins(10);
    assert!(
        (before + ten_minutes..=Timestamp::now() + ten_minutes).contains(&end),
        "{told:#}"
    );
    for _ in 0..2 {
        hubot_is_left_alone(&mock, &home).await;
        assert_eq!(until(&account(&home, "hubot").await), end);
    }
}

#[tokio::test]
async fn what_was_written_before_a_kill_is_remembered_after_it() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let server = server_with_hubot_limited(&mock, &home).await;
    account_once(&home, "hubot", "cooling").await;
    server.signal("KILL").await;
    assert_eq!(server.ends().await.code, None, "it ended by itself");
    assert_eq!(account(&home, "hubot").await["state"], "cooling");
    hubot_is_left_alone(&mock, &home).await;
}

#[tokio::test]
async fn a_limit_of_one_model_is_remembered_for_that_model_alone() {
    const LIMIT: &str = r#"{"error":{"message":"m","code":"user_model_rate_limited"}}"#;
    let mock = mock().await;
    let home = home_of_two(&mock);
    let limited = Fault::Status {
        status: 429,
        headers: vec![("retry-after".into(), "600".into())],
        body: LIMIT.into(),
    };
    mock.set_fault("hubot", limited);
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("octocat");
    server.stop().await;
    let server = home.serve().await;
    server.knows_models().await;
    for (model, account) in [("gpt-4o", "octocat"), ("gpt-4.1", "hubot")] {
        server.chat(hi(model)).await.is_served_by(account);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_health_file_that_cannot_be_read_keeps_nobody_from_serving() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    home.write("data/tokn-router/accounts.json", "{\"accounts\":7");
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    server.stop().await;
}

#[tokio::test]
async fn another_credential_forgets_what_was_learnt_with_the_last() {
    let ids = ["hubot", "octocat", "monalisa"];
    let mock = mock_with(ids.map(Account::copilot).into()).await;
    let home = home_of_two(&mock);
    let server = server_with_hubot_limited(&mock, &home).await;
    server.stop().await;
    let config = home.config();
    home.write_config(&config.replace("gho_demo_hubot", "gho_demo_monalisa"));
    assert_eq!(account(&home, "hubot").await["state"], "ready");
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    server.stop().await;
    assert_eq!((asked(&mock, "hubot"), asked(&mock, "monalisa")), (1, 1));
}

#[tokio::test]
async fn a_reset_ends_a_cooldown_in_the_running_server() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let server = server_with_hubot_limited(&mock, &home).await;
    let output = home.run(&["account", "reset", "hubot"]).await.succeeded();
    output.says("hubot: its cooldowns are ended in the running server");
    // Both at once, without a moment between.
    assert_eq!(account(&home, "hubot").await["state"], "ready");
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    server.stop().await;
    assert_eq!(account(&home, "hubot").await["state"], "ready");
}

#[tokio::test]
async fn a_reset_ends_a_cooldown_where_no_server_runs() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let server = server_with_hubot_limited(&mock, &home).await;
    server.stop().await;
    let output = home.run(&["account", "reset", "hubot"]).await.succeeded();
    output.says("hubot: its cooldowns are ended; no server runs");
    assert_eq!(account(&home, "hubot").await["state"], "ready");
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_believed_the_second_time_and_until_a_reset() {
    const BLOCKED: &str = r#"{"error":{"message":"no","code":"extension_blocked"}}"#;
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    mock.set_faults("octocat", Faults::always(Fault::status(403, BLOCKED)));
    let server = home.serve().await;
    server.knows_models().await;
    for _ in 0..2 {
        let reply = server.chat(hi("gpt-4o")).await;
        assert_eq!(reply.status, 503, "{reply:?}");
    }
    assert_eq!(asked(&mock, "octocat"), 2);
    let told = account_once(&home, "octocat", "refused").await;
    assert!(told["until"].is_null(), "{told:#}");

    mock.clear("octocat");
    let reply = server.chat(hi("gpt-4o")).await;
    reply.is_an_error(503, "no_account_can_serve");
    assert!(reply.body.contains("account reset"), "{reply:?}");
    assert_eq!(asked(&mock, "octocat"), 2, "it was asked all the same");
    home.run(&["account", "reset", "octocat"]).await.succeeded();
    server.chat(hi("gpt-4o")).await.is_served_by("octocat");
    server.stop().await;
}

#[tokio::test]
async fn a_running_server_follows_who_is_disabled_and_enabled_within_moments() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    for (verb, serves, state) in [
        ("disable", "octocat", "disabled"),
        ("enable", "hubot", "ready"),
    ] {
        let output = home.run(&["account", verb, "hubot"]).await.succeeded();
        output.says(&format!("hubot is {verb}d; a running server follows"));
        assert_eq!(account(&home, "hubot").await["state"], state);
        is_served_by_in_the_end(&server, serves).await;
        for _ in 0..10 {
            server.chat(hi("gpt-4o")).await.is_served_by(serves);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_account_that_is_disabled_in_service_ends_what_it_has_begun() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    mock.set_fault(
        "hubot",
        Fault::SilenceInStream {
            after_events: 1,
            millis: 2_000,
        },
    );
    let server = home.serve().await;
    server.knows_models().await;
    let stream = server.open_stream().await;
    home.run(&["account", "disable", "hubot"]).await.succeeded();
    is_served_by_in_the_end(&server, "octocat").await;
    stream.rest().await.is_a_finished_stream();
    server.stop().await;
}

#[tokio::test]
async fn what_is_so_already_is_said_to_be() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let before = home.config();
    let output = home.run(&["account", "enable", "hubot"]).await.succeeded();
    output.says("hubot is enabled already");
    assert_eq!(home.config(), before);
}

#[tokio::test]
async fn an_account_that_there_is_not_is_a_wrong_command_line_with_a_hint() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let before = home.config();
    for verb in ["status", "reset", "enable", "disable"] {
        let output = home.run(&["account", verb, "hubto"]).await.failed_with(2);
        output
            .says("there is no account hubto")
            .hints_at("hubot, octocat");
        let output = Home::new().run(&["account", verb, "hubot"]).await;
        output.failed_with(2).hints_at("tokn-router login");
    }
    assert_eq!(home.config(), before);
}
