//! `config edit`: what an editor leaves takes the file's place once it is right.

use std::fs;

use super::CONFIG;
use crate::support::home::mode;
use crate::support::{Home, Output};

/// The home of one whose editor is this script; the file is its argument.
fn home_with_editor(script: &str) -> Home {
    let home = Home::with_config(CONFIG).with_variable("VISUAL", "my-editor --wait");
    home.write_program(
        "my-editor",
        &format!("#!/bin/sh\n[ $1 = --wait ] || exit 9\n{script}\n"),
    );
    home
}

async fn edit(home: &Home) -> Output {
    home.run(&["config", "edit"]).await
}

/// What was said, with a name for the copy.
fn told(output: &Output) -> String {
    let told = output.told();
    let Some((before, rest)) = told.split_once(".tokn-router-edit-") else {
        return told;
    };
    let (name, _) = rest.split_once(".toml").unwrap();
    let copy = format!(".tokn-router-edit-{name}.toml");
    assert!(before.ends_with("/config/tokn-router/"), "{told}");
    told.replace(&copy, "[copy]")
}

/// The copies that were kept.
fn copies(home: &Home) -> Vec<String> {
    let mut names = home.left_behind();
    names.retain(|name| name.contains(".tokn-router-edit-"));
    names
}

#[tokio::test]
async fn what_the_editor_leaves_takes_the_files_place() {
    let home = home_with_editor("printf '# anew\\n[server]\\nport = 1\\n' > \"$2\"");
    let output = edit(&home).await.succeeded();
    insta::assert_snapshot!(told(&output), @"[home]/config/tokn-router/config.toml is changed; a running server follows at its next start");
    assert_eq!(home.config(), "# anew\n[server]\nport = 1\n");
    assert_eq!(mode(&home.config_path()), 0o600);
    assert_eq!(copies(&home), [""; 0]);
}

#[tokio::test]
async fn an_editor_sees_a_private_copy_of_the_file_or_of_a_new_one() {
    let home = home_with_editor("while read -r line; do echo \"$line\" >> seen; done < \"$2\"");
    let output = edit(&home).await.succeeded();
    insta::assert_snapshot!(told(&output), @"nothing was changed");
    let seen = fs::read_to_string(home.path().join("seen")).unwrap();
    assert!(seen.starts_with("# mine\n[server]\nport = 4242"), "{seen}");
    let home = Home::new().with_variable("EDITOR", "echo '[server]' >>");
    edit(&home).await.succeeded();
    assert!(
        home.config()
            .starts_with("# The configuration of tokn-router.")
    );
    assert!(home.config().ends_with("\n[server]\n"));
}

#[tokio::test]
async fn what_is_wrong_is_told_and_kept_and_the_old_file_stays() {
    let home = home_with_editor(
        "umask 022; printf '[server]\\nprot = 1\\nhost = 1\\n' > \"$2.new\"; command -p mv \"$2.new\" \"$2\"",
    );
    let output = edit(&home).await.failed_with(3);
    insta::assert_snapshot!(told(&output), @"
    error: [home]/config/tokn-router/[copy]:2:1: unknown key `prot` in [server]
    hint: did you mean `port`?
    [home]/config/tokn-router/[copy]:3:8: `server.host` must be an address or a host name, not an integer
    hint: what you wrote is in [home]/config/tokn-router/[copy]
    ");
    assert_eq!(home.config(), CONFIG);
    let copy = home.path().join(&copies(&home)[0]);
    assert_eq!(
        fs::read_to_string(&copy).unwrap(),
        "[server]\nprot = 1\nhost = 1\n"
    );
    assert_eq!(mode(&copy), 0o600);
}

#[tokio::test]
async fn an_editor_that_fails_changes_nothing() {
    let home = home_with_editor("exit 3");
    let output = edit(&home).await.failed_with(1);
    insta::assert_snapshot!(told(&output), @"error: the editor `my-editor --wait` ended with exit status: 3, so the file stays as it was");
    assert_eq!((home.config().as_str(), copies(&home)), (CONFIG, vec![]));

    let home = home_with_editor("printf '[server]\\nport = 1\\n' > \"$2\"; kill -INT $$");
    let output = edit(&home).await.failed_with(1);
    output.hints_at("what you wrote is in ");
    assert_eq!((home.config().as_str(), copies(&home).len()), (CONFIG, 1));

    let home = Home::with_config(CONFIG).with_variable("EDITOR", "no-such-editor");
    let output = edit(&home).await.failed_with(1);
    insta::assert_snapshot!(told(&output), @"
    error: cannot open the editor `no-such-editor`: No such file or directory (os error 2)
    hint: set VISUAL or EDITOR to one that is there
    ");
    assert_eq!(copies(&home), [""; 0]);
}

#[tokio::test]
async fn a_file_that_somebody_else_changed_meanwhile_stays_as_they_left_it() {
    let home = home_with_editor(
        "printf '[server]\\nport = 2\\n' > config/tokn-router/config.toml\nprintf '[server]\\nport = 1\\n' > \"$2\"",
    );
    let output = edit(&home).await.failed_with(1);
    insta::assert_snapshot!(told(&output), @"
    error: somebody else has changed [home]/config/tokn-router/config.toml meanwhile, so it stays as it is
    hint: what you wrote is in [home]/config/tokn-router/[copy]
    ");
    assert_eq!(home.config(), "[server]\nport = 2\n");
    let copy = home.path().join(&copies(&home)[0]);
    assert_eq!(fs::read_to_string(copy).unwrap(), "[server]\nport = 1\n");
}

#[tokio::test]
async fn a_wrong_file_is_mended_by_hand() {
    let home = home_with_editor("printf '[server]\\nport = 1\\n' > \"$2\"");
    home.write_config("[serve");
    edit(&home).await.succeeded();
    assert_eq!(home.config(), "[server]\nport = 1\n");
}

#[tokio::test]
async fn without_a_terminal_and_without_an_editor_of_their_own_nobody_waits_for_vi() {
    let home = Home::with_config(CONFIG);
    home.write_program("vi", "#!/bin/sh\nexit 0\n");
    let output = edit(&home).await.failed_with(2);
    insta::assert_snapshot!(told(&output), @"
    error: there is no terminal for an editor
    hint: change single keys with `tokn-router config set KEY VALUE`
    ");
}
