//! `import`: credentials that other programs have.

use mock_upstream::Mock;

use crate::support::home::mode;
use crate::support::output::WRONG_KEY;
use crate::support::{Home, ZAI_KEY, mock};

/// The configuration of one whose Z.ai is the mock.
fn zai_config(mock: &Mock, key: &str) -> String {
    format!(
        "# my plan\n\
         [[accounts]]\n\
         id = \"work\"\n\
         provider = \"zai\"\n\
         base_url = \"{}/api/paas/v4\" # not the usual one\n\
         api_key = \"{key}\"\n",
        mock.url()
    )
}

const IMPORT_ZAI: &[&str] = &[
    "import",
    "--from",
    "env",
    "--provider",
    "zai",
    "--id",
    "work",
];

#[tokio::test]
async fn a_token_comes_from_the_environment() {
    let mock = mock().await;
    let home = Home::new()
        .reaching(&mock)
        .with_variable("COPILOT_GITHUB_TOKEN", "gho_demo_octocat");
    let output = home.run(&["import", "--from", "env"]).await.succeeded();
    insta::assert_snapshot!(output.told(), @"
    added account octocat (GitHub Copilot, plus_yearly_subscriber) in [home]/config/tokn-router/config.toml
    start the API with `tokn-router serve`
    ");
    let config = home.config();
    assert!(
        config.contains("refresh_token = \"gho_demo_octocat\"\n"),
        "{config}"
    );
    assert_eq!(mode(&home.config_path()), 0o600);
}

#[tokio::test]
async fn the_first_variable_that_is_set_counts() {
    let mock = mock().await;
    let home = Home::new()
        .reaching(&mock)
        .with_variable("COPILOT_GITHUB_TOKEN", "")
        .with_variable("GH_COPILOT_TOKEN", " \n")
        .with_variable("GH_TOKEN", "gho_demo_hubot")
        .with_variable("GITHUB_TOKEN", "gho_demo_octocat");
    let output = home.run(&["import", "--from", "env"]).await.succeeded();
    output.says("added account hubot");
}

#[tokio::test]
async fn a_named_variable_is_the_only_one_looked_at() {
    let mock = mock().await;
    let home = Home::new()
        .reaching(&mock)
        .with_variable("MY_TOKEN", "gho_demo_hubot\n")
        .with_variable("COPILOT_GITHUB_TOKEN", "gho_demo_octocat");
    let mine = ["import", "--from", "env", "--env-var", "MY_TOKEN"];
    let output = home.run(&mine).await.succeeded();
    output.says("added account hubot");
    let other = ["import", "--from", "env", "--env-var", "OTHER"];
    home.run(&other)
        .await
        .failed_with(4)
        .says("OTHER is not set");
}

#[tokio::test]
async fn where_no_variable_is_set_all_that_were_looked_at_are_named() {
    let home = Home::new();
    let output = home.run(&["import", "--from", "env"]).await.failed_with(4);
    insta::assert_snapshot!(output.told(), @"
    error: none of COPILOT_GITHUB_TOKEN, GH_COPILOT_TOKEN, GH_TOKEN, GITHUB_TOKEN is set
    hint: name another variable with --env-var NAME
    ");
}

#[tokio::test]
async fn a_token_that_github_refuses_is_an_authentication_error_and_nothing_is_written() {
    let mock = mock().await;
    let home = Home::new()
        .reaching(&mock)
        .with_variable("GH_TOKEN", "gho_of_nobody");
    let output = home.run(&["import", "--from", "env"]).await.failed_with(4);
    output.says("Bad credentials");
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn the_plugins_files_are_found() {
    let mock = mock().await;
    let entry =
        r#"{"github.com:Iv1.b507a08c87ecfe98":{"user":"u","oauth_token":"gho_demo_hubot"}}"#;
    for name in ["apps.json", "hosts.json"] {
        let home = Home::new().reaching(&mock);
        home.write(&format!("config/github-copilot/{name}"), entry);
        let output = home.run(&["import", "--from", "copilot-plugin"]).await;
        output.succeeded().says("added account hubot");
    }
}

#[tokio::test]
async fn a_plugin_that_has_no_token_is_told_with_its_place() {
    let home = Home::new();
    let output = home
        .run(&["import", "--from", "copilot-plugin"])
        .await
        .failed_with(4);
    insta::assert_snapshot!(output.told(), @"
    error: the Copilot plugin has no token for github.com in [home]/config/github-copilot
    hint: newer plugins keep it encrypted; sign in with `tokn-router login`
    ");
}

#[tokio::test]
async fn gh_is_asked_for_its_token_of_the_host() {
    let mock = mock().await;
    let home = Home::new().reaching(&mock);
    home.write_program(
        "gh",
        "#!/bin/sh\n[ \"$*\" = \"auth token --hostname foo.ghe.com\" ] && echo gho_demo_hubot\n",
    );
    let output = home
        .run(&["import", "--from", "gh", "--host", "foo.ghe.com"])
        .await;
    output.succeeded().says("added account hubot");
    assert!(home.config().contains("host = \"foo.ghe.com\"\n"));
}

#[tokio::test]
async fn ghs_own_file_is_read_where_gh_is_absent_or_says_nothing() {
    let mock = mock().await;
    let hosts = "github.com:\n    user: hubot\n    oauth_token: gho_demo_hubot\n";
    for silent in [false, true] {
        let home = Home::new().reaching(&mock);
        home.write("config/gh/hosts.yml", hosts);
        if silent {
            home.write_program("gh", "#!/bin/sh\nexit 1\n");
        }
        let output = home.run(&["import", "--from", "gh"]).await.succeeded();
        output.says("added account hubot");
    }
}

#[tokio::test]
async fn gh_without_a_token_is_told_with_the_way_to_one() {
    let home = Home::new();
    let output = home.run(&["import", "--from", "gh"]).await.failed_with(4);
    insta::assert_snapshot!(output.told(), @"
    error: the GitHub command line has no token for github.com
    hint: sign in with `gh auth login`, or with `tokn-router login`
    ");
}

#[tokio::test]
async fn a_key_is_proved_at_the_base_url_that_the_person_set_which_stays() {
    let mock = mock().await;
    let home = Home::with_config(&zai_config(&mock, "old")).with_variable("ZAI_API_KEY", ZAI_KEY);
    let output = home.run(IMPORT_ZAI).await.succeeded();
    output
        .says("updated account work")
        .says("note: the vendor's usage policy");
    assert_eq!(home.config(), zai_config(&mock, ZAI_KEY));
    assert_eq!(mode(&home.config_path()), 0o600);
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_error_and_the_configuration_stays() {
    let mock = mock().await;
    let before = zai_config(&mock, "old");
    let home = Home::with_config(&before).with_variable("ZAI_API_KEY", WRONG_KEY);
    let output = home.run(IMPORT_ZAI).await.failed_with(4);
    insta::assert_snapshot!(output.told(), @"
    error: Z.ai does not accept the key: 401 Unauthorized: Authentication Failed
    hint: the coding plans and the general APIs have keys and base URLs of their own: check --provider
    ");
    assert_eq!(home.config(), before);
}

#[tokio::test]
async fn a_source_that_cannot_hold_the_credential_is_a_usage_error() {
    let home = Home::new();
    for args in [
        &["import", "--from", "gh", "--provider", "zai"][..],
        &["import", "--from", "gh", "--env-var", "X"],
        &["import", "--from", "nowhere"],
        &["import"],
    ] {
        home.run(args).await.failed_with(2);
    }
    for args in [
        &["import", "--from", "gh", "--provider", "zai"][..],
        &["import", "--from", "gh", "--env-var", "X"],
    ] {
        home.run(args).await.hints_at("--from env");
    }
}

#[tokio::test]
async fn two_imports_at_once_lose_nothing() {
    let mock = mock().await;
    let home = Home::new()
        .reaching(&mock)
        .with_variable("ONE", "gho_demo_octocat")
        .with_variable("TWO", "gho_demo_hubot");
    let one = ["import", "--from", "env", "--env-var", "ONE"];
    let two = ["import", "--from", "env", "--env-var", "TWO"];
    let (one, two) = tokio::join!(home.run(&one), home.run(&two));
    one.succeeded();
    two.succeeded();
    let config = home.config();
    assert!(
        config.contains("id = \"octocat\"") && config.contains("id = \"hubot\""),
        "{config}"
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_told_with_what_to_look_at() {
    let home = Home::new().with_variable("GH_TOKEN", "gho_demo_octocat");
    let directory = home.path().join("tmp").display().to_string();
    let output = home
        .run(&["--config", &directory, "import", "--from", "env"])
        .await
        .failed_with(3);
    output
        .says("cannot read")
        .hints_at("yours to read and write");
}
