//! `login`: the device flow, and what becomes of the configuration.

use std::time::Duration;

use mock_upstream::{Account, Fault, Login, Mock, Poll};
use tokio::time::Instant;

use crate::support::home::mode;
use crate::support::output::WRONG_KEY;
use crate::support::{Home, ZAI_KEY, mock, mock_with};

const LOGIN_ZAI: &[&str] = &["login", "--provider", "zai", "--id", "work", "--key-stdin"];

/// The configuration of one whose Z.ai is the mock.
fn zai_config(mock: &Mock) -> String {
    format!(
        "[[accounts]]\nid = \"work\"\nprovider = \"zai\"\nbase_url = \"{}/api/paas/v4\"\napi_key = \"old\"\n",
        mock.url()
    )
}

/// How often the mock was asked whether the person has signed in.
fn polls(mock: &Mock) -> usize {
    let seen = mock.seen();
    let polls = seen
        .iter()
        .filter(|seen| seen.path == "/login/oauth/access_token");
    polls.count()
}

async fn mock_whose_login(polls: Vec<Poll>) -> Mock {
    let mock = mock().await;
    let account = "octocat".to_owned();
    mock.set_login(Login {
        account,
        polls,
        ..Login::default()
    });
    mock
}

#[tokio::test]
async fn a_sign_in_shows_the_page_and_the_code_and_adds_the_account_under_its_github_login() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login"]).await.succeeded();
    assert_eq!(output.stdout, "");
    insta::assert_snapshot!(output.told(), @"
    Open [github]/login/device and type in the code MOCK-0001
    added account octocat (GitHub Copilot, plus_yearly_subscriber) in [home]/config/tokn-router/config.toml
    start the API with `tokn-router serve`
    ");
    let config = home.config();
    assert!(config.contains("id = \"octocat\"\n"), "{config}");
    assert!(
        config.contains("refresh_token = \"gho_demo_octocat\"\n"),
        "{config}"
    );
    assert!(!config.contains("host ="), "{config}");
    assert_eq!(mode(&home.config_path()), 0o600);
}

#[tokio::test]
async fn what_a_sign_in_has_added_serves_at_once() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    home.run(&["login"]).await.succeeded();
    let server = home.serve().await;
    let reply = server.chat(crate::support::hi("gpt-4o")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_sign_in_survives_slow_down_and_a_dropped_poll() {
    let slow_down = Poll::SlowDown { interval: Some(0) };
    let mock = mock_whose_login(vec![Poll::Pending, slow_down, Poll::Drop, Poll::Pending]).await;
    let home = Home::new().reaching(&mock);
    home.run(&["login"]).await.succeeded();
    assert!(polls(&mock) >= 5, "{}", polls(&mock));
}

#[tokio::test]
async fn slow_down_makes_the_polls_that_follow_slower() {
    let slow_down = Poll::SlowDown { interval: Some(1) };
    let mock = mock_whose_login(vec![slow_down]).await;
    let home = Home::new().reaching(&mock);
    let started = Instant::now();
    home.run(&["login"]).await.succeeded();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(polls(&mock), 2);
}

#[tokio::test]
async fn a_declined_sign_in_is_an_authentication_error_with_a_hint() {
    let mock = mock_whose_login(vec![Poll::Pending, Poll::Denied]).await;
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login"]).await.failed_with(4);
    assert!(output.stderr.contains("declined"), "{output:#?}");
    assert_eq!(home.left_behind(), [""; 0]);
    output.hints_at("tokn-router login");
}

#[tokio::test]
async fn an_expired_code_is_an_authentication_error_with_a_hint() {
    let mock = mock_whose_login(vec![Poll::Pending, Poll::Expired]).await;
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login"]).await.failed_with(4);
    output.says("expired").hints_at("tokn-router login");
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn a_code_that_runs_out_ends_the_wait_though_github_says_pending() {
    let mock = mock().await;
    let account = "octocat".to_owned();
    mock.set_login(Login {
        account,
        expires_in: 0,
        polls: vec![Poll::Pending; 9],
        ..Login::default()
    });
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login"]).await.failed_with(4);
    output.says("expired").hints_at("tokn-router login");
}

#[tokio::test]
async fn a_refused_seat_is_told_in_githubs_words_and_nothing_is_written() {
    let mut free = Account::copilot("octocat");
    free.seat = false;
    let mock = mock_with(vec![free]).await;
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login"]).await.failed_with(4);
    insta::assert_snapshot!(output.told(), @"
    Open [github]/login/device and type in the code MOCK-0001
    error: GitHub answered 403 Forbidden: No access to GitHub Copilot found. You are currently logged in as octocat. (no_copilot_access); see https://github.com/settings/copilot
    hint: sign in with `tokn-router login` as someone who has a Copilot seat
    ");
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn an_id_names_the_account_instead_of_its_github_login() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login", "--id", "work"]).await.succeeded();
    output.says("added account work");
    let config = home.config();
    assert!(
        config.contains("id = \"work\"\n") && !config.contains("id = \"octocat\""),
        "{config}"
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_before_anyone_signs_in() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    home.run(&["login", "--id", " "])
        .await
        .failed_with(2)
        .says("--id");
    assert!(mock.seen().is_empty());
}

#[tokio::test]
async fn a_second_sign_in_renews_the_token_and_keeps_comments_settings_and_order() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    home.write_config(
        "# my own words\n\
         [server]\n\
         port = 4242 # a port that I like\n\
         \n\
         [[accounts]]\n\
         id = \"octocat\" # that is me\n\
         refresh_token = \"gho_old\" # keep me\n\
         \n\
         [accounts.settings]\n\
         initiator_mode = \"agent\"\n",
    );
    let output = home.run(&["login"]).await.succeeded();
    output.says("updated account octocat");
    let config = home.config();
    for kept in [
        "# my own words\n",
        "port = 4242 # a port that I like\n",
        "id = \"octocat\" # that is me\n",
        "refresh_token = \"gho_demo_octocat\" # keep me\n",
        "initiator_mode = \"agent\"\n",
    ] {
        assert!(config.contains(kept), "{kept:?} is gone: {config}");
    }
    assert_eq!(config.matches("[[accounts]]").count(), 1, "{config}");
    assert_eq!(mode(&home.config_path()), 0o600);
}

#[tokio::test]
async fn a_tenant_is_noted_as_the_accounts_host() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    home.run(&["login", "--host", "Foo.ghe.com"])
        .await
        .succeeded();
    let config = home.config();
    assert!(config.contains("host = \"foo.ghe.com\"\n"), "{config}");
}

#[tokio::test]
async fn a_host_that_is_no_github_is_refused_before_anyone_signs_in() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    for host in ["evil.com", "a.b.ghe.com", "foo.ghe.com.evil.com", ""] {
        let output = home.run(&["login", "--host", host]).await.failed_with(2);
        output.says("--host: must be `github.com` or `SUBDOMAIN.ghe.com`");
    }
    let other = ["login", "--provider", "zai", "--host", "foo.ghe.com"];
    home.run(&other)
        .await
        .failed_with(2)
        .says("--host is for github-copilot");
    assert!(mock.seen().is_empty());
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn sign_in_goes_elsewhere_only_by_https_or_on_loopback() {
    let home = Home::new().with_variable("TOKN_ROUTER_GITHUB_URL", "http://example.com");
    let output = home.run(&["login"]).await.failed_with(3);
    insta::assert_snapshot!(output.told(), @"
    error: TOKN_ROUTER_GITHUB_URL: must begin with https://, as http:// is only for loopback addresses
    hint: unset it to reach the usual place
    ");
}

#[tokio::test]
async fn a_github_that_cannot_be_reached_is_a_network_error() {
    let nobody = format!("http://{}", crate::support::closed_port());
    let home = Home::new()
        .with_variable("TOKN_ROUTER_GITHUB_URL", &nobody)
        .with_variable("TOKN_ROUTER_GITHUB_API_URL", &nobody);
    let output = home.run(&["login"]).await.failed_with(5);
    output.says("127.0.0.1").hints_at("--no-proxy");
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn a_github_token_is_piped_in_instead_of_signing_in() {
    let mock = mock().await;
    for login in [
        &["login", "--key-stdin"][..],
        &["account", "add", "--key-stdin"],
    ] {
        let home = Home::new().reaching(&mock);
        let output = home.run_with_stdin(login, " gho_demo_hubot\r\n").await;
        output.succeeded().says("added account hubot");
        let config = home.config();
        assert!(
            config.contains("refresh_token = \"gho_demo_hubot\"\n"),
            "{config}"
        );
        assert_eq!(mode(&home.config_path()), 0o600);
    }
    assert!(
        !mock
            .seen()
            .iter()
            .any(|seen| seen.path.starts_with("/login"))
    );
}

#[tokio::test]
async fn an_api_key_is_piped_in_without_a_terminal() {
    let mock = mock().await;
    let home = Home::with_config(&zai_config(&mock));
    let output = home
        .run_with_stdin(LOGIN_ZAI, &format!("{ZAI_KEY}\n"))
        .await;
    let output = output.succeeded().says("updated account work");
    assert_eq!(output.stdout, "");
    assert_eq!(home.config(), zai_config(&mock).replace("old", ZAI_KEY));
}

#[tokio::test]
async fn what_is_piped_in_is_proved_as_any_credential_is() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    let login = ["login", "--key-stdin"];
    let output = home.run_with_stdin(&login, "gho_of_nobody").await;
    output
        .failed_with(4)
        .says("Bad credentials")
        .hints_at("Copilot seat");
    assert_eq!(home.left_behind(), [""; 0]);
    let home = Home::with_config(&zai_config(&mock));
    let output = home.run_with_stdin(LOGIN_ZAI, WRONG_KEY).await;
    output
        .failed_with(4)
        .says("does not accept the key")
        .hints_at("--provider");
    assert_eq!(home.config(), zai_config(&mock));
}

#[tokio::test]
async fn a_stdin_without_a_credential_is_a_usage_error_that_names_what_is_missing() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    let output = home.run(&["login", "--key-stdin"]).await.failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: the GitHub token is missing: there is nothing on stdin
    hint: pipe it in, as in `gh auth token | tokn-router login --key-stdin`
    ");
    let output = home.run_with_stdin(LOGIN_ZAI, " \n").await.failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: the Z.ai API key is missing: there is nothing on stdin
    hint: pipe it in, as in `tokn-router login --provider zai --key-stdin < FILE`
    ");
    assert!(mock.seen().is_empty());
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_credential_is_refused_before_anyone_sees_it() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    let long = "x".repeat(1 << 17);
    for wrong in [
        "gho_one\ngho_two",
        "TOKEN=\u{201c}x\u{201d}",
        "two words",
        &long,
    ] {
        let output = home.run_with_stdin(&["login", "--key-stdin"], wrong).await;
        output
            .failed_with(2)
            .says("the GitHub token")
            .hints_at("it");
    }
    assert!(mock.seen().is_empty());
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn a_provider_in_trouble_says_nothing_of_the_key() {
    let mock = mock().await;
    let home = Home::with_config(&zai_config(&mock));
    mock.set_models_faults("zed", Fault::status(503, "{}"));
    let output = home.run_with_stdin(LOGIN_ZAI, ZAI_KEY).await.failed_with(5);
    insta::assert_snapshot!(output.told(), @"
    error: Z.ai answered 503 Service Unavailable: no reason given
    hint: nothing is said of the key, and nothing is written; try again later
    ");
    assert_eq!(home.config(), zai_config(&mock));
}

#[tokio::test]
async fn a_credential_is_no_argument() {
    let home = Home::new();
    for login in [
        &["login", "--key", "x"][..],
        &["login", "x"],
        &["login", "--key-stdin=x"],
    ] {
        home.run(login).await.failed_with(2);
    }
}

#[tokio::test]
async fn a_key_is_asked_for_at_a_terminal_only_and_else_the_way_without_one_is_named() {
    let home = Home::new();
    let output = home
        .run(&["login", "--provider", "zai"])
        .await
        .failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: there is no terminal to ask for the key
    hint: pipe it into `tokn-router login --provider zai --key-stdin`, or put it into ZAI_API_KEY and run `tokn-router import --from env --provider zai`
    ");
    assert_eq!(home.left_behind(), [""; 0]);
}
