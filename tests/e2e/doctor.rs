//! `doctor`: what is wrong is found, and what to do is said.

use std::fs::{Permissions, set_permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use mock_upstream::{Account, Fault, Faults, Mock};

use crate::support::home::{seat, zai_key, zai_seat};
use crate::support::output::with_times_named;
use crate::support::usage::{afternoon, fill};
use crate::support::{Home, Output, closed_port, mock_with};

const PORT: &str = "[server]\nport = 0\n\n";

async fn upstream() -> Mock {
    let zed = Account::zai("zed", zai_key("zed"));
    mock_with(vec![Account::copilot("octocat"), zed]).await
}

fn config(mock: &Mock) -> String {
    [PORT, &seat(mock, "octocat"), &zai_seat(mock, "zed")].concat()
}

async fn doctor(home: &Home) -> Output {
    home.run(&["doctor"]).await
}

#[tokio::test]
async fn where_all_is_well_each_thing_says_so() {
    let mock = upstream().await;
    let home = Home::with_config(&config(&mock));
    fill(&home.database(), afternoon());
    let output = doctor(&home).await.succeeded();
    with_times_named(|| {
        insta::assert_snapshot!(output.printed(), @"
    ok       config: [home]/config/tokn-router/config.toml is right
    ok       permissions: what is secret is yours alone
    ok       ledger: [home]/data/tokn-router/usage.db has 9 requests
    ok       port: the server picks a free one
    ok       identity: the default profile is of 2026-10
    ok       octocat: it is served, with 10 models (asked in [time])
    ok       zed: it is served, with 6 models (asked in [time])
    ok       clock: it agrees with the upstream's

    all is well
    ")
    });
    assert_eq!(output.stderr, "");
    let asked = mock.seen();
    let asked = asked
        .iter()
        .find(|seen| seen.path.ends_with("/chat/completions"));
    assert!(asked.is_none(), "{asked:#?}");
}

#[tokio::test]
async fn every_problem_of_a_wrong_configuration_is_a_finding() {
    let home = Home::with_config("[server]\nprot = 1\nhost = 3\n");
    let output = doctor(&home).await;
    assert_eq!(output.code, Some(1));
    insta::assert_snapshot!(output.printed(), @"
    problem  config: [home]/config/tokn-router/config.toml:2:1: unknown key
             `prot` in [server]
             hint: did you mean `port`?
    problem  config: [home]/config/tokn-router/config.toml:3:8:
             `server.host` must be an address or a host name, not an integer
             hint: mend it with `tokn-router config edit`
    ok       permissions: what is secret is yours alone
    note     accounts: not looked at: the configuration is wrong
             hint: mend it first, with `tokn-router config edit`
    ");
    insta::assert_snapshot!(output.told(), @"error: there are 2 problems");
}

#[tokio::test]
async fn a_file_that_others_may_read_is_told_with_the_command_that_closes_it() {
    let mock = upstream().await;
    let home = Home::with_config(&config(&mock));
    set_permissions(home.config_path(), Permissions::from_mode(0o644)).unwrap();
    let output = doctor(&home).await;
    assert_eq!(output.code, Some(1));
    insta::assert_snapshot!(output.printed(), @"
    problem  permissions: [home]/config/tokn-router/config.toml is open to
             others (mode 0644)
             hint: chmod 600 '[home]/config/tokn-router/config.toml'
    note     accounts: not looked at: the configuration is wrong
             hint: mend it first, with `tokn-router config edit`
    ");
}

#[tokio::test]
async fn a_port_that_another_program_has_is_a_problem_and_one_of_our_own_is_not() {
    let mock = upstream().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let on = |port: u16| config(&mock).replace("port = 0", &format!("port = {port}"));
    let home = Home::with_config(&on(port)).calling(port, "[port]");
    let output = home.run(&["doctor", "--offline"]).await;
    assert_eq!(output.code, Some(1));
    let line = |output: &Output| {
        let printed = output.printed();
        let lines = printed.lines().skip_while(|line| !line.contains(" port: "));
        lines.take(2).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(line(&output), @"
    problem  port: cannot listen on 127.0.0.1:[port]: Address already in use (os
             error 98)
    ");

    let home = Home::with_config(&config(&mock));
    let server = home.serve().await;
    let port = server.address().port();
    home.write_config(&on(port));
    let output = home.run(&["doctor", "--offline"]).await.succeeded();
    assert!(
        line(&output).contains(&format!("a server runs on 127.0.0.1:{port}")),
        "{output:#?}"
    );
    server.stop().await;
}

#[tokio::test]
async fn credentials_that_are_not_taken_are_told_with_the_way_to_new_ones() {
    let mock = upstream().await;
    let refused = r#"{"message":"Bad credentials"}"#;
    mock.set_exchange_faults("octocat", Faults::always(Fault::status(401, refused)));
    let no = r#"{"error":{"code":"401","message":"token expired or incorrect"}}"#;
    mock.set_models_faults("zed", Faults::always(Fault::status(401, no)));
    let output = doctor(&Home::with_config(&config(&mock))).await;
    assert_eq!(output.code, Some(1));
    with_times_named(|| {
        insta::assert_snapshot!(accounts(&output), @"
        problem  octocat: GitHub answered 401 Unauthorized: Bad credentials
                 hint: sign in again: `tokn-router login --provider github-copilot --id
                 octocat`
        problem  zed: the API key is refused (HTTP 401: token expired or incorrect)
                 hint: sign in again: `tokn-router login --provider zai --id zed`
        ok       clock: it agrees with the upstream's
        ")
    });
}

#[tokio::test]
async fn settings_that_are_older_than_the_default_profile_are_noted() {
    let mock = upstream().await;
    let settings = "[accounts.settings]\neditor_version = \"vscode/1.95.0\"\n\n";
    let config = [PORT, &seat(&mock, "octocat"), settings].concat();
    let home = Home::with_config(&config);
    let output = doctor(&home).await.succeeded();
    assert!(
        output.printed().contains("older than vscode/1.124.2"),
        "{output:#?}"
    );
    insta::assert_snapshot!(accounts(&output).lines().take(3).collect::<Vec<_>>().join("\n"), @"
    note     octocat: editor_version is vscode/1.95.0, older than vscode/1.124.2
             hint: `tokn-router config unset settings.editor_version --account
             octocat`
    ");
}

#[tokio::test]
async fn an_upstream_that_refuses_the_editor_is_told_with_what_to_bump() {
    let mock = upstream().await;
    let stale = Fault::status(466, r#"{"message":"API version no longer supported"}"#);
    mock.set_models_faults("octocat", Faults::always(stale));
    let output = doctor(&Home::with_config(
        &[PORT, &seat(&mock, "octocat")].concat(),
    ))
    .await;
    assert_eq!(output.code, Some(1));
    insta::assert_snapshot!(accounts(&output).lines().take(4).collect::<Vec<_>>().join("\n"), @"
    problem  octocat: Copilot no longer supports this client or API version (HTTP
             466), so the editor identity is likely stale
             hint: in its [accounts.settings], set editor_version,
             editor_plugin_version, user_agent and x_github_api_version to those of
    ");
}

#[tokio::test]
async fn a_clock_that_differs_too_much_is_told() {
    let mock = upstream().await;
    let dated = Fault::Status {
        status: 200,
        headers: vec![("date".into(), "Wed, 25 Nov 2020 12:00:00 GMT".into())],
        body: r#"{"data":[{"id":"glm-4.7"}]}"#.into(),
    };
    mock.set_models_faults("zed", Faults::always(dated));
    let output = doctor(&Home::with_config(
        &[PORT, &zai_seat(&mock, "zed")].concat(),
    ))
    .await;
    assert_eq!(output.code, Some(1));
    assert!(
        output.stdout.contains("ahead of the upstream's"),
        "{output:#?}"
    );
    assert!(
        output.stdout.contains("hint: let the system set its clock"),
        "{output:#?}"
    );
}

#[tokio::test]
async fn an_upstream_and_a_proxy_that_nobody_answers_at_are_told() {
    let mock = upstream().await;
    let closed = closed_port();
    let config = format!(
        "{PORT}[[accounts]]\nid = \"away\"\nprovider = \"zai\"\napi_key = \"{}\"\n\
         base_url = \"http://{closed}/v4\"\n\n{}proxy = \"http://u:pass@{closed}\"\n",
        zai_key("zed"),
        zai_seat(&mock, "zed"),
    );
    let home = Home::with_config(&config).calling(closed, "[closed]");
    let output = doctor(&home).await;
    assert_eq!(output.code, Some(1));
    assert!(!output.stdout.contains("pass"), "{output:#?}");
    with_times_named(|| {
        insta::assert_snapshot!(accounts(&output), @"
    problem  away: cannot reach 127.0.0.1: client error (Connect): tcp connect
             error: Connection refused (os error 111)
             hint: check the network, and the way out: [proxy], or the account's own
             `proxy` and `base_url`
    problem  zed: cannot reach 127.0.0.1: client error (Connect): through the
             outbound proxy 127.0.0.1: tunnel error: failed to create underlying
             connection: tcp connect error: Connection refused (os error 111)
             hint: check the network, and the way out: [proxy], or the account's own
             `proxy` and `base_url`
    ")
    });
    let output = home.run(&["doctor", "--no-proxy"]).await;
    assert!(
        output.printed().contains("zed: it is served"),
        "{output:#?}"
    );
}

#[tokio::test]
async fn a_proxy_in_the_environment_that_nobody_uses_is_noted() {
    let mock = upstream().await;
    let home = Home::with_config(&config(&mock)).with_variable("HTTPS_PROXY", "http://p:1");
    let output = home.run(&["doctor", "--offline"]).await.succeeded();
    assert!(
        output.printed().contains("config set proxy.system true"),
        "{output:#?}"
    );
}

#[tokio::test]
async fn json_is_for_programs_and_offline_asks_nobody() {
    let mock = upstream().await;
    let home = Home::with_config(&config(&mock).replace("port = 0", "prt = 0"));
    let output = home.run(&["doctor", "--json"]).await;
    assert_eq!(output.code, Some(1));
    assert_eq!(output.json()["well"], false);
    home.write_config(&config(&mock));
    let output = home
        .run(&["doctor", "--json", "--offline"])
        .await
        .succeeded();
    insta::assert_snapshot!(output.printed(), @r#"
    {
      "well": true,
      "findings": [
        {
          "about": "config",
          "level": "ok",
          "found": "[home]/config/tokn-router/config.toml is right",
          "remedy": null
        },
        {
          "about": "permissions",
          "level": "ok",
          "found": "what is secret is yours alone",
          "remedy": null
        },
        {
          "about": "ledger",
          "level": "ok",
          "found": "no request has been recorded yet",
          "remedy": null
        },
        {
          "about": "port",
          "level": "ok",
          "found": "the server picks a free one",
          "remedy": null
        },
        {
          "about": "identity",
          "level": "ok",
          "found": "the default profile is of 2026-10",
          "remedy": null
        },
        {
          "about": "accounts",
          "level": "note",
          "found": "not asked, since --offline is given",
          "remedy": "leave it out to ask each upstream"
        }
      ]
    }
    "#);
    assert!(mock.seen().is_empty(), "{:#?}", mock.seen());
}

/// From what is said of the accounts on.
fn accounts(output: &Output) -> String {
    let printed = output.printed();
    let lines = printed.lines().skip_while(|line| !line.contains(" port: "));
    let lines = lines
        .skip(1)
        .skip_while(|line| line.contains(" identity: "));
    lines.collect::<Vec<_>>().join("\n")
}
