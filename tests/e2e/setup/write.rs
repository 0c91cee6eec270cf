//! `setup --write` and `--undo`: files that are not ours.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::with_server;
use crate::support::home::mode;
use crate::support::{Home, closed_port, mock};

/// A file as somebody wrote it by hand.
const CLAUDE: &str = "{\n    \"permissions\": { \"allow\": [\"Bash(ls)\"],\n      \"deny\": [] },\n    \"env\": {\n        \"ANTHROPIC_BASE_URL\": \"https://gateway.example\",\n        \"FOO\": \"é ü\"\n    },\n    \"model\": \"opus\"\n}\n";

const CODEX: &str = "# how I like it\nmodel = 'gpt-5' # the old one\n\n[model_providers.other]\nbase_url = 'https://other.example'   # keep\n\n[tui]\n# quiet\nnotifications = false";

/// All files but the program's own.
fn of_agents(home: &Home) -> Vec<String> {
    let mut names = home.left_behind();
    names.retain(|name| !name.starts_with("data"));
    names
}

#[tokio::test]
async fn what_is_written_is_taken_back_to_the_byte() {
    let mock = mock().await;
    let (home, _server, url) = with_server(&mock).await;
    let home = home.with_variable("CLAUDE_CONFIG_DIR", "my files é/claude");
    let files = [
        ("claude-code", "my files é/claude/settings.json", CLAUDE),
        ("codex", ".codex/config.toml", CODEX),
        (
            "opencode",
            "config/opencode/opencode.json",
            "{\"theme\":\"x\"}",
        ),
    ];
    for (agent, name, text) in files {
        let path = home.write(name, text);
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let before = of_agents(&home);
        let write = ["setup", agent, "--write", "--url", &url];
        home.run(&write)
            .await
            .succeeded()
            .hints_at(&format!("setup {agent} --undo"));
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.contains(&url) && mode(&path) == 0o640, "{written}");
        let backup = home.path().join(format!("{name}.tokn-router-backup"));
        assert_eq!(fs::read_to_string(&backup).unwrap(), text);
        assert_eq!(mode(&backup), 0o640);
        if agent != "opencode" {
            insta::assert_snapshot!(format!("{agent}_is_written"), home.named(&written));
        }

        let output = home.run(&write).await.succeeded();
        assert!(output.stderr.contains("says so already"), "{output:#?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), written);

        home.run(&["setup", agent, "--undo"]).await.succeeded();
        assert_eq!(
            (fs::read_to_string(&path).unwrap(), mode(&path)),
            (text.to_owned(), 0o640)
        );
        assert_eq!(of_agents(&home), before);
    }
    let state = home.data().join("setup.json");
    assert_eq!(mode(&state), 0o600);
}

#[tokio::test]
async fn a_file_that_was_not_there_is_gone_again_with_its_directory() {
    let home = Home::new();
    let url = format!("http://{}", closed_port());
    for (agent, name) in [
        ("claude-code", ".claude/settings.json"),
        ("codex", ".codex/config.toml"),
        ("opencode", "config/opencode/opencode.json"),
    ] {
        let path = home.path().join(name);
        let write = ["setup", agent, "--url", &url, "--write", "--model"];
        for model in ["a", "b"] {
            home.run(&[&write[..], &[model]].concat()).await.succeeded();
            assert_eq!(mode(&path), 0o600);
        }
        home.run(&["setup", agent, "--undo"]).await.succeeded();
        assert!(!path.parent().unwrap().exists(), "{:?}", home.left_behind());
    }
}

#[tokio::test]
async fn what_the_person_did_since_stays() {
    let home = Home::new();
    let path = home.write(".claude/settings.json", CLAUDE);
    let url = format!("http://{}", closed_port());
    let write = [
        "setup",
        "claude-code",
        "--url",
        &url,
        "--write",
        "--model",
        "m",
    ];
    home.run(&write).await.succeeded();
    let edited = fs::read_to_string(&path).unwrap();
    let edited = edited
        .replace(
            "\"ANTHROPIC_MODEL\": \"m\"",
            "\"ANTHROPIC_MODEL\": \"mine\"",
        )
        .replace(
            "\"FOO\": \"é ü\"",
            "\"FOO\": \"é ü\",\n        \"BAR\": \"new\"",
        );
    home.write(".claude/settings.json", &edited);
    let output = home
        .run(&["setup", "claude-code", "--undo"])
        .await
        .succeeded();
    insta::assert_snapshot!(output.told(), @"
    [home]/.claude/settings.json has no more of what was written
    note: env.ANTHROPIC_MODEL stays: it was changed since
    the backup stays: [home]/.claude/settings.json.tokn-router-backup
    ");
    insta::assert_snapshot!(fs::read_to_string(&path).unwrap(), @r#"
    {
        "permissions": { "allow": ["Bash(ls)"],
          "deny": [] },
        "env": {
            "ANTHROPIC_BASE_URL": "https://gateway.example",
            "FOO": "é ü",
            "BAR": "new",
            "ANTHROPIC_MODEL": "mine"
        },
        "model": "opus"
    }
    "#);
    // It is over: what stays is theirs.
    let output = home
        .run(&["setup", "claude-code", "--undo"])
        .await
        .succeeded();
    insta::assert_snapshot!(output.told(), @"nothing was written for claude-code, so nothing is taken back");
}

#[tokio::test]
async fn a_link_is_followed_and_an_older_backup_is_not_overwritten() {
    let home = Home::new();
    let target = home.write("dotfiles/codex.toml", CODEX);
    let link = home.path().join(".codex/config.toml");
    home.write(".codex/config.toml.tokn-router-backup", "older");
    symlink(&target, &link).unwrap();
    let url = format!("http://{}", closed_port());
    home.run(&["setup", "codex", "--write", "--url", &url])
        .await
        .succeeded();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains(&url));
    let backup = |name: &str| fs::read_to_string(home.path().join(".codex").join(name)).unwrap();
    assert_eq!(backup("config.toml.tokn-router-backup"), "older");
    assert_eq!(backup("config.toml.tokn-router-backup-2"), CODEX);
    home.run(&["setup", "codex", "--undo"]).await.succeeded();
    assert_eq!(fs::read_to_string(&target).unwrap(), CODEX);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

#[tokio::test]
async fn what_cannot_be_edited_without_harm_is_left_alone() {
    let home = Home::new();
    let url = format!("http://{}", closed_port());
    let write = async |agent: &str, name: &str, text: &str| {
        let path = home.write(name, text);
        let output = home
            .run(&["setup", agent, "--write", "--url", &url])
            .await
            .failed_with(1);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        fs::remove_file(path).unwrap();
        output.told()
    };
    let said = [
        write(
            "opencode",
            "config/opencode/opencode.jsonc",
            "{\n  // mine\n  \"theme\": \"x\"\n}\n",
        )
        .await,
        write(
            "claude-code",
            ".claude/settings.json",
            "{\"env\": \"none\"}",
        )
        .await,
        write("codex", ".codex/config.toml", "model = \n").await,
    ];
    let said = said.concat().replace(&url, "[api]");
    insta::assert_snapshot!(said, @"
    note: no server answers at [api], so no list of models is known
    hint: start it with `tokn-router serve` in another terminal, then ask again
    error: cannot read [home]/config/opencode/opencode.jsonc: key must be a string at line 2 column 3
    hint: if it has comments, put into it by hand what `tokn-router setup opencode` prints: an edit would lose them
    note: no server answers at [api], so no list of models is known
    hint: start it with `tokn-router serve` in another terminal, then ask again
    error: [home]/.claude/settings.json has no room for env.ANTHROPIC_BASE_URL
    hint: put into it by hand what `tokn-router setup claude-code` prints
    note: no server answers at [api], so no list of models is known
    hint: start it with `tokn-router serve` in another terminal, then ask again
    error: cannot read [home]/.codex/config.toml: string values must be quoted, expected literal string
    hint: mend it first; nothing was changed
    ");
    assert!(
        home.left_behind()
            .iter()
            .all(|name| !name.contains("backup"))
    );
}

#[tokio::test]
async fn a_second_write_without_a_server_keeps_the_models_of_the_first() {
    let mock = mock().await;
    let (home, server, url) = with_server(&mock).await;
    let write = ["setup", "claude-code", "--write", "--url", &url];
    home.run(&write).await.succeeded();
    let path = home.path().join(".claude/settings.json");
    let written = fs::read_to_string(&path).unwrap();
    server.stop().await;
    home.run(&write).await.succeeded().says("says so already");
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[tokio::test]
async fn nothing_is_taken_back_where_nothing_was_written() {
    let home = Home::new();
    let output = home.run(&["setup", "codex", "--undo"]).await.succeeded();
    insta::assert_snapshot!(output.told(), @"nothing was written for codex, so nothing is taken back");
    // A file that went meanwhile is no error either.
    let url = format!("http://{}", closed_port());
    home.run(&["setup", "codex", "--write", "--url", &url])
        .await
        .succeeded();
    fs::remove_file(home.path().join(".codex/config.toml")).unwrap();
    home.run(&["setup", "codex", "--undo"])
        .await
        .succeeded()
        .says("is gone");
    home.write("data/tokn-router/setup.json", "{");
    let output = home.run(&["setup", "codex", "--undo"]).await.failed_with(1);
    insta::assert_snapshot!(output.told(), @"
    error: cannot read what was written, [home]/data/tokn-router/setup.json: invalid type: map, expected a sequence at line 1 column 0
    hint: mend that file, or move it away: the backups beside the agents' files are untouched
    ");
}

#[tokio::test]
async fn what_was_edited_between_two_writes_is_backed_up_too_and_stays() {
    let home = Home::new();
    let path = home.write(".codex/config.toml", CODEX);
    let url = format!("http://{}", closed_port());
    let write = ["setup", "codex", "--write", "--url", &url, "--model"];
    home.run(&[&write[..], &["a"]].concat()).await.succeeded();
    // Nothing was edited yet, so the first backup has all that is not ours.
    home.run(&[&write[..], &["b"]].concat()).await.succeeded();
    let backups = || {
        let names = home.left_behind().into_iter();
        names.filter(|name| name.contains("backup")).count()
    };
    assert_eq!(backups(), 1);
    let edited = fs::read_to_string(&path).unwrap() + "query = 'mine' # own\n";
    home.write(".codex/config.toml", &edited);
    home.run(&[&write[..], &["c"]].concat()).await.succeeded();
    assert_eq!(backups(), 2);
    let second = path.with_file_name("config.toml.tokn-router-backup-2");
    assert_eq!(fs::read_to_string(second).unwrap(), edited);

    let output = home.run(&["setup", "codex", "--undo"]).await.succeeded();
    insta::assert_snapshot!(output.told(), @"
    [home]/.codex/config.toml has no more of what was written
    the backup stays: [home]/.codex/config.toml.tokn-router-backup
    the backup stays: [home]/.codex/config.toml.tokn-router-backup-2
    ");
    let left = fs::read_to_string(&path).unwrap();
    insta::assert_snapshot!(left, @"
    # how I like it
    model = 'gpt-5' # the old one

    [model_providers.other]
    base_url = 'https://other.example'   # keep

    [tui]
    # quiet
    notifications = false

    [model_providers.tokn-router]
    query = 'mine' # own
    ");
    assert_eq!(backups(), 2);
}
