//! The configuration as the commands find it: where it is, and what is wrong with it.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use mock_upstream::Mock;

use crate::support::home::seat;
use crate::support::{Home, Output, mock};

/// Starts the server on a configuration that is wrong: it says so, and nothing starts.
async fn serve_on(config: &str) -> Output {
    let home = Home::with_config(config);
    let before = home.left_behind();
    let output = home.run(&["serve", "--port", "0"]).await.failed_with(3);
    assert_eq!(home.left_behind(), before, "something has started");
    output
}

#[tokio::test]
async fn an_unknown_key_is_told_with_its_place_and_the_nearest_one() {
    let output = serve_on("[server]\nhost = \"127.0.0.1\"\n  prot = 4141\n").await;
    insta::assert_snapshot!(output.told(), @"
    error: [home]/config/tokn-router/config.toml:3:3: unknown key `prot` in [server]
    hint: did you mean `port`?
    ");
}

#[tokio::test]
async fn an_unknown_section_is_told_with_its_place_and_the_nearest_one() {
    let output = serve_on("[servers]\nport = 4141\n").await;
    insta::assert_snapshot!(output.told(), @"
    error: [home]/config/tokn-router/config.toml:1:2: unknown key `servers`
    hint: did you mean `server`?
    ");
}

#[tokio::test]
async fn a_wrong_type_is_told_with_its_place_and_what_it_must_be() {
    let output = serve_on("[server]\nport = \"4141\"\n\n[usage]\nenabled = 1\n").await;
    insta::assert_snapshot!(output.told(), @"
    error: [home]/config/tokn-router/config.toml:2:8: `server.port` must be a port from 0 to 65535, not a string
    [home]/config/tokn-router/config.toml:5:11: `usage.enabled` must be true or false, not an integer
    ");
}

#[tokio::test]
async fn a_second_account_of_one_id_is_told_with_its_place() {
    let account = "[[accounts]]\nid = \"me\"\nrefresh_token = \"gho_1\"\n";
    let output = serve_on(&account.repeat(2)).await;
    insta::assert_snapshot!(output.told(), @"error: [home]/config/tokn-router/config.toml:5:6: account id `me` is already taken by another account");
}

#[tokio::test]
async fn an_unknown_provider_is_told_with_its_place_and_the_nearest_one() {
    let account =
        "[[accounts]]\nid = \"me\"\nprovider = \"github-copilto\"\nrefresh_token = \"gho_1\"\n";
    let output = serve_on(account).await;
    insta::assert_snapshot!(output.told(), @"
    error: [home]/config/tokn-router/config.toml:3:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `github-copilto`
    hint: did you mean `github-copilot`?
    ");
}

#[tokio::test]
async fn an_error_of_syntax_is_told_with_its_place_and_without_the_secret_beside_it() {
    let output = serve_on("[[accounts]]\nid = \"me\"\nrefresh_token = \"gho_1\n").await;
    let place = "[home]/config/tokn-router/config.toml:3:";
    assert!(
        output.told().starts_with(&format!("error: {place}")),
        "{output:#?}"
    );
}

#[tokio::test]
async fn a_wrong_configuration_stops_every_command_before_it_asks_anyone() {
    let mock = mock().await;
    let home = Home::with_config("[serve]\n")
        .reaching(&mock)
        .with_variable("GH_TOKEN", "gho_demo_octocat");
    for args in [&["login"][..], &["import", "--from", "env"], &["serve"]] {
        let output = home.run(args).await.failed_with(3);
        assert!(
            output
                .told()
                .contains("[home]/config/tokn-router/config.toml:1:"),
            "{output:#?}"
        );
    }
    assert!(mock.seen().is_empty());
    assert_eq!(home.config(), "[serve]\n");
}

#[tokio::test]
async fn a_file_of_secrets_that_others_can_read_is_refused_with_the_chmod_to_run() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    for mode in [0o644, 0o640, 0o604] {
        set_permissions(home.config_path(), Permissions::from_mode(mode)).unwrap();
        let output = home.run(&["serve", "--port", "0"]).await.failed_with(3);
        if mode == 0o644 {
            insta::assert_snapshot!(output.told(), @"error: [home]/config/tokn-router/config.toml holds secrets, and others may use it (mode 0644): run chmod 600 '[home]/config/tokn-router/config.toml'");
        }
        output.says("run chmod 600 '/");
    }
    set_permissions(home.config_path(), Permissions::from_mode(0o600)).unwrap();
    home.serve().await.stop().await;
}

#[tokio::test]
async fn a_file_without_secrets_may_be_read_by_all() {
    let home = Home::with_config("[server]\nport = 4242\n");
    set_permissions(home.config_path(), Permissions::from_mode(0o644)).unwrap();
    let output = home.run(&["serve", "--port", "0"]).await;
    output.failed_with(3).says("there is no account");
}

#[tokio::test]
async fn without_an_account_the_ways_to_one_are_named() {
    let output = Home::new()
        .run(&["serve", "--port", "0"])
        .await
        .failed_with(3);
    insta::assert_snapshot!(output.told(), @"
    error: there is no account
    hint: add one with `tokn-router login`, or try `tokn-router serve --demo` without one
    ");
}

#[tokio::test]
async fn an_account_that_is_disabled_does_not_count() {
    let mock = mock().await;
    let config = seat(&mock, "octocat").replace("]]\n", "]]\nenabled = false\n");
    let output = Home::with_config(&config)
        .run(&["serve", "--port", "0"])
        .await;
    output.failed_with(3).says("there is no account");
}

/// A home with another account in each of the three places.
fn home_of_three(mock: &Mock) -> Home {
    let home = Home::with_config(&seat(mock, "usual"));
    home.write("of-variable.toml", &seat(mock, "octocat"));
    home.write("of-flag.toml", &seat(mock, "hubot"));
    home
}

async fn accounts(home: &Home, args: &[&str]) -> String {
    let server = home.serve_with(args).await;
    let greeting = server.greeting();
    server.stop().await;
    let mut lines = greeting.lines();
    let line = lines.find_map(|line| line.strip_prefix("accounts: "));
    line.expect("the accounts are told").to_owned()
}

#[tokio::test]
async fn the_flag_comes_before_the_variable_and_that_before_the_usual_place() {
    let mock = mock().await;
    let home = home_of_three(&mock);
    assert_eq!(accounts(&home, &[]).await, "usual");
    let home = home.with_variable("TOKN_ROUTER_CONFIG", "of-variable.toml");
    assert_eq!(accounts(&home, &[]).await, "octocat");
    assert_eq!(
        accounts(&home, &["--config", "of-flag.toml"]).await,
        "hubot"
    );
}

#[tokio::test]
async fn a_sign_in_writes_to_the_file_that_the_flag_names() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    home.run(&["--config", "new/own.toml", "login"])
        .await
        .succeeded();
    assert_eq!(
        home.left_behind(),
        ["new", "new/own.toml", "new/own.toml.lock"]
    );
}
