//! `setup`: what agents are told, and that their files are written and given back whole.

mod write;

use std::process::Command;

use serde_json::json;

use crate::support::{Home, Server, closed_port, mock};

/// A home with a server, and where that is.
async fn with_server(mock: &mock_upstream::Mock) -> (Home, Server, String) {
    let home = Home::with_seats(mock, &["octocat"]);
    let server = home.serve().await;
    let url = format!("http://{}", server.address());
    (home.calling(&url, "[api]"), server, url)
}

#[tokio::test]
async fn each_agent_is_told_in_its_own_words() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let mut said = String::new();
    for agent in [
        "claude-code",
        "codex",
        "opencode",
        "copilot",
        "aider",
        "qwen-code",
        "env",
    ] {
        let output = home.run(&["setup", agent, "--url", &url]).await.succeeded();
        said += &format!(
            "$ tokn-router setup {agent}\n{}{}\n",
            output.printed(),
            output.told()
        );
    }
    insta::assert_snapshot!(said);
    let before = home.left_behind();
    assert!(
        before
            .iter()
            .all(|name| !name.contains("claude") && !name.contains("setup"))
    );
}

#[tokio::test]
async fn an_environment_is_printed_for_the_shell_that_reads_it() {
    let home = Home::new().with_variable("ANTHROPIC_API_KEY", "sk-other");
    let url = format!("http://{}", closed_port());
    let args = [
        "setup",
        "claude-code",
        "--url",
        &url,
        "--model",
        "it's a model",
        "--shell",
    ];
    let shown = async |shell: &str| {
        let args = [&args[..], &[shell]].concat();
        let output = home.run(&args).await.succeeded();
        output.stdout.replace(&url, "[api]")
    };
    insta::assert_snapshot!(shown("sh").await);
    insta::assert_snapshot!(shown("fish").await);
    insta::assert_snapshot!(shown("pwsh").await);

    let script = format!("{}\n/usr/bin/env", shown("bash").await);
    let read = Command::new("/bin/sh")
        .args(["-c", &script])
        .output()
        .unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    assert!(read.contains("ANTHROPIC_MODEL=it's a model\n"), "{read}");

    // What the person's shell is, is told by the environment.
    let home = Home::new().with_variable("SHELL", "/usr/bin/fish");
    let output = home.run(&["setup", "env", "--url", &url]).await.succeeded();
    assert!(
        output.stdout.starts_with("set -gx OPENAI_BASE_URL "),
        "{output:#?}"
    );
}

#[tokio::test]
async fn without_a_server_no_model_is_made_up() {
    let address = closed_port();
    let home = Home::with_config(&format!(
        "[server]\nhost = \"0.0.0.0\"\nport = {}\n",
        address.port()
    ))
    .calling(address, "[api]");
    let output = home.run(&["setup", "codex"]).await.succeeded();
    insta::assert_snapshot!(output.printed() + &output.told(), @r#"
    model_provider = "tokn-router"

    [model_providers.tokn-router]
    name = "tokn-router"
    base_url = "http://[api]/v1"
    wire_api = "responses"
    note: no server answers at http://[api], so no list of models is known
    hint: start it with `tokn-router serve` in another terminal, then ask again
    it belongs into [home]/.codex/config.toml
    hint: `tokn-router setup codex --write` writes it, --undo takes it back
    "#);
    let output = home
        .run(&["setup", "codex", "--model", "glm-9", "--json"])
        .await
        .succeeded();
    let told = output.json();
    assert_eq!(told["settings"]["model"], "glm-9");
    assert_eq!(
        (&told["models"], &told["environment"]),
        (&json!(null), &json!({}))
    );
    assert_eq!(told["arguments"][1], "model=\"glm-9\"");
}

#[tokio::test]
async fn a_model_that_nobody_serves_is_refused_with_the_nearest() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let setup = ["setup", "claude-code", "--url", &url, "--model"];
    let output = home
        .run(&[&setup[..], &["claude-sonet-5"]].concat())
        .await
        .failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: no account serves claude-sonet-5
    hint: did you mean claude-sonnet-5?
    ");
    let alias = "claude-haiku-4-5-20251001";
    let output = home.run(&[&setup[..], &[alias]].concat()).await.succeeded();
    assert!(output.stdout.contains(alias), "{output:#?}");
}

#[tokio::test]
async fn every_agent_is_listed_with_whether_it_is_there() {
    let home = Home::new();
    home.write_program("claude", "#!/bin/sh\n");
    home.write(".codex/auth.json", "{}");
    home.write("bin/aider", "this is not a program");
    let output = home.run(&["setup"]).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    AGENT        FOUND       WRITTEN  FILE
    claude-code  yes         no       ~/.claude/settings.json
    codex        files only  no       ~/.codex/config.toml
    opencode     no          no       ~/config/opencode/opencode.json
    copilot      no          -        - (environment only)
    aider        no          -        - (environment only)
    qwen-code    no          -        - (environment only)
    env          -           -        - (environment only)
    ");
    let told = home.run(&["setup", "--json"]).await.succeeded().json();
    insta::assert_snapshot!(home.named(&format!("{:#}", told[0])), @r#"
    {
      "agent": "claude-code",
      "program": "[home]/bin/claude",
      "file": "[home]/.claude/settings.json",
      "found": true,
      "written": false
    }
    "#);
}

#[tokio::test]
async fn what_an_agent_has_no_way_for_is_refused_with_the_way_it_has() {
    let url = format!("http://{}", closed_port());
    let home = Home::new();
    let mut said = String::new();
    for args in [
        &["setup", "aider", "--write"][..],
        &["setup", "env", "--write"],
        &["setup", "codex", "--shell", "sh"],
        &["setup", "codex", "--url", "localhost"],
    ] {
        said += &home.run(args).await.failed_with(2).told();
    }
    let none = Home::with_config("[server]\nport = 0\n");
    said += &none.run(&["setup", "codex"]).await.failed_with(3).told();
    insta::assert_snapshot!(said, @r#"
    error: aider is told by its environment, so there is nothing to write
    hint: start it with `tokn-router run -- aider`, or put what `tokn-router setup aider` prints into your shell's own file
    error: env is told by its environment, so there is nothing to write
    hint: put what `tokn-router setup env` prints into your shell's own file
    error: no environment tells codex where an API is
    hint: write its file with --write, or start it with `tokn-router run -- codex`
    error: --url "localhost" is not the address of an API
    hint: say it as in http://127.0.0.1:4141
    error: the server picks a free port, so where it is cannot be told
    hint: say where it listens with --url, or give it a port with `tokn-router config set server.port N`
    "#);
    for args in [
        &["setup", "--write"][..],
        &["setup", "claude-code", "--write", "--undo"],
        &["setup", "claude-code", "--undo", "--url", &url],
        &["setup", "cloude"],
    ] {
        home.run(args).await.failed_with(2);
    }
}

#[tokio::test]
async fn a_proxy_that_would_be_asked_for_this_machine_is_told_of() {
    let url = format!("http://{}", closed_port());
    let home = Home::new()
        .with_variable("HTTPS_PROXY", "http://proxy.example:3128")
        .with_variable("NO_PROXY", "internal.example");
    let args = ["setup", "env", "--url", &url];
    home.run(&args)
        .await
        .succeeded()
        .hints_at("export NO_PROXY=internal.example,127.0.0.1");
    let home = home.with_variable("NO_PROXY", "internal.example,127.0.0.1");
    let output = home.run(&args).await.succeeded();
    assert!(!output.stderr.contains("proxy"), "{output:#?}");
}
