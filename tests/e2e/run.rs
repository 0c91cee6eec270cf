//! `run`: an agent in its environment, and in this process's place.

use std::fs;

use serde_json::Value;

use crate::support::page::Page;
use crate::support::{Home, Server, closed_port, mock};

/// An agent that tells its arguments and its environment, and ends with 7.
const AGENT: &str =
    "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n/usr/bin/env | /usr/bin/sort\nexit 7\n";

async fn with_server(mock: &mock_upstream::Mock) -> (Home, Server, String) {
    let home = Home::with_seats(mock, &["octocat"]);
    for name in ["claude", "codex", "opencode", "copilot", "an agent é"] {
        home.write_program(name, AGENT);
    }
    let server = home.serve().await;
    let url = format!("http://{}", server.address());
    (home.calling(&url, "[api]"), server, url)
}

/// What an agent said of itself, without what every command has.
async fn said(home: &Home, args: &[&str]) -> String {
    let output = home.run(&[&["run"], args].concat()).await;
    assert_eq!(
        (output.code, output.stderr.as_str()),
        (Some(7), ""),
        "{output:#?}"
    );
    let usual = [
        "HOME=", "XDG_", "TMPDIR=", "PATH=", "TZ=", "PWD=", "SHLVL=", "_=", "OLDPWD=",
    ];
    let printed = output.printed();
    let told = printed
        .lines()
        .filter(|line| !usual.iter().any(|usual| line.starts_with(usual)));
    told.map(|line| format!("{line}\n")).collect()
}

#[tokio::test]
async fn claude_is_told_in_its_environment_and_of_nothing_else() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let home = home
        .with_variable("ANTHROPIC_API_KEY", "sk-mine")
        .with_variable("ANTHROPIC_BASE_URL", "https://elsewhere.example")
        .with_variable("CLAUDE_CODE_USE_BEDROCK", "1");
    // The server keeps things of its own meanwhile.
    let of_agents = || {
        let names = home.left_behind().into_iter();
        let names = names.filter(|name| !name.starts_with("data"));
        names.collect::<Vec<_>>()
    };
    let before = of_agents();
    let said = said(
        &home,
        &["--url", &url, "--", "claude", "-p", "grüß dich, \"du\"", ""],
    )
    .await;
    insta::assert_snapshot!(said, @r#"
    [-p]
    [grüß dich, "du"]
    []
    ANTHROPIC_AUTH_TOKEN=unused
    ANTHROPIC_BASE_URL=[api]
    ANTHROPIC_DEFAULT_HAIKU_MODEL=claude-haiku-4.5
    ANTHROPIC_DEFAULT_OPUS_MODEL=claude-opus-4.7
    ANTHROPIC_DEFAULT_SONNET_MODEL=claude-sonnet-5
    ANTHROPIC_MODEL=claude-sonnet-5
    ANTHROPIC_SMALL_FAST_MODEL=claude-haiku-4.5
    "#);
    assert_eq!(of_agents(), before);
}

#[tokio::test]
async fn codex_is_told_in_its_arguments() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let args = [
        "--url",
        &url,
        "--model",
        "gpt-5-mini",
        "--",
        "codex",
        "exec",
        "--json",
    ];
    insta::assert_snapshot!(said(&home, &args).await, @r#"
    [-c]
    [model="gpt-5-mini"]
    [-c]
    [model_provider="tokn-router"]
    [-c]
    [model_providers.tokn-router.name="tokn-router"]
    [-c]
    [model_providers.tokn-router.base_url="[api]/v1"]
    [-c]
    [model_providers.tokn-router.wire_api="responses"]
    [exec]
    [--json]
    "#);
}

#[tokio::test]
async fn opencode_is_told_in_one_variable() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let said = said(&home, &["--url", &url, "opencode"]).await;
    let content = said
        .trim()
        .strip_prefix("OPENCODE_CONFIG_CONTENT=")
        .unwrap();
    let content: Value = serde_json::from_str(content).unwrap();
    assert_eq!(content["model"], "tokn-router/claude-sonnet-5");
    let provider = &content["provider"]["tokn-router"];
    assert_eq!(provider["options"]["baseURL"], "[api]/v1");
    assert_eq!(provider["models"]["gpt-4o"]["limit"]["context"], 128_000);
}

#[tokio::test]
async fn copilot_and_any_other_program_are_told_in_theirs() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    insta::assert_snapshot!(said(&home, &["--url", &url, "--", "copilot"]).await, @"
    COPILOT_MODEL=claude-sonnet-5
    COPILOT_OFFLINE=true
    COPILOT_PROVIDER_API_KEY=unused
    COPILOT_PROVIDER_BASE_URL=[api]/v1
    COPILOT_PROVIDER_TYPE=openai
    COPILOT_PROVIDER_WIRE_API=completions
    ");
    // By its path, with a blank and what is not ASCII in it.
    insta::assert_snapshot!(said(&home, &["--url", &url, "--", "bin/an agent é", "--help"]).await, @"
    [--help]
    ANTHROPIC_AUTH_TOKEN=unused
    ANTHROPIC_BASE_URL=[api]
    OPENAI_API_KEY=unused
    OPENAI_BASE_URL=[api]/v1
    ");
}

#[tokio::test]
async fn an_agent_does_not_ask_a_proxy_for_this_machine() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let home = home
        .with_variable("https_proxy", "http://proxy.example:3128")
        .with_variable("no_proxy", "a.example");
    let said = said(&home, &["--url", &url, "--", "claude"]).await;
    assert!(said.contains("\nno_proxy=a.example,127.0.0.1\n"), "{said}");
    assert!(said.contains("\nNO_PROXY=a.example,127.0.0.1\n"), "{said}");
}

#[tokio::test]
async fn a_file_that_speaks_against_the_environment_is_spoken_over() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let run = ["--url", &url, "--", "claude", "-p"];
    let settings = |url: &str| format!(r#"{{"env": {{"ANTHROPIC_BASE_URL": "{url}"}}}}"#);
    home.write(".claude/settings.json", &settings(&url));
    assert!(said(&home, &run).await.starts_with("[-p]\n"));

    // The home is the project too.
    home.write(
        ".claude/settings.local.json",
        &settings("https://elsewhere.example"),
    );
    let over = said(&home, &run).await;
    let mut words = over.lines();
    assert_eq!(words.next(), Some("[--settings]"), "{over}");
    let told = words.next().unwrap().trim_matches(['[', ']']);
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["env"]["ANTHROPIC_BASE_URL"], "[api]");
    assert_eq!(words.next(), Some("[-p]"), "{over}");

    // Of two, it would heed the person's only.
    let own = home
        .run(&[&["run"], &run[..], &["--settings", "{}"]].concat())
        .await;
    insta::assert_snapshot!(own.told(), @"note: env.ANTHROPIC_BASE_URL in .claude/settings.local.json comes before what is told here, unless your --settings says it");
    assert!(
        own.stdout.starts_with("[-p]\n[--settings]\n[{}]\n"),
        "{own:#?}"
    );
}

#[tokio::test]
async fn the_agent_is_in_this_processes_place() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    home.write_program("claude", "#!/bin/sh\necho $$\nkill -TERM $$\n");
    let running = home.start(&["run", "--url", &url, "--", "claude"]);
    let id = running.id().unwrap();
    let output = running.wait_with_output().await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{id}\n"));
    // A signal ended it, as whoever waits is told.
    assert_eq!(output.status.code(), None);
}

#[tokio::test]
async fn no_agent_is_started_that_could_not_work() {
    let home = Home::new();
    home.write_program("claude", "#!/bin/sh\n: > started\n");
    let page = Page::serving(200, "hello").await;
    let page = page.url.strip_suffix("/api.json").unwrap();
    let nobody = format!("http://{}", closed_port());
    let home = home.calling(page, "[page]").calling(&nobody, "[api]");
    let mut said = String::new();
    for (code, args) in [
        (5, ["--url", &nobody, "--", "claude"]),
        (5, ["--url", page, "--", "claude"]),
        (127, ["--url", &nobody, "--", "no-such-agent"]),
        (127, ["--url", &nobody, "--", "./no-such-agent"]),
    ] {
        said += &home
            .run(&[&["run"], &args[..]].concat())
            .await
            .failed_with(code)
            .told();
    }
    insta::assert_snapshot!(said, @"
    error: no server answers at [api]
    hint: start it with `tokn-router serve` in another terminal
    error: what answers at [page] is no tokn-router
    hint: say with --url where `tokn-router serve` listens
    error: there is no program no-such-agent
    hint: install it, or name it with its whole path
    error: there is no program ./no-such-agent
    hint: install it, or name it with its whole path
    ");
    home.run(&["run"]).await.failed_with(2);
    assert!(!home.path().join("started").exists());
}

#[tokio::test]
async fn what_is_no_program_is_told_with_126() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    home.write("plain", "x");
    let output = home
        .run(&["run", "--url", &url, "--", "./plain"])
        .await
        .failed_with(126);
    insta::assert_snapshot!(output.told(), @"
    error: cannot start ./plain: Permission denied (os error 13)
    hint: is it a program, and yours to start?
    ");
    fs::remove_file(home.path().join("plain")).unwrap();
}
