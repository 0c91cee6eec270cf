//! What the command line tells of itself: help, version, completions, manual pages.

use std::fs;

use crate::support::Home;

/// Every command and those below it, as `help` lists them.
async fn commands(home: &Home) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut at = 0;
    while let Some(command) = found.get(at).cloned() {
        at += 1;
        let help = help(home, &command, "-h").await;
        let Some((_, listed)) = help.split_once("Commands:\n") else {
            continue;
        };
        let listed = listed.lines().take_while(|line| line.starts_with("  "));
        let names = listed.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
        for name in names.filter(|name| !name.is_empty() && *name != "help") {
            found.push([command.clone(), vec![name.to_owned()]].concat());
        }
    }
    found
}

async fn help(home: &Home, command: &[String], flag: &str) -> String {
    let args: Vec<&str> = command.iter().map(String::as_str).chain([flag]).collect();
    home.run(&args).await.succeeded().stdout
}

#[tokio::test]
async fn the_help_of_every_command_at_eighty_columns() {
    let home = Home::new();
    let mut said = String::new();
    for command in commands(&home).await {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let screen = home.run_at_terminal(80, &args).await.succeeded().screen();
        for line in screen.lines() {
            assert!(line.chars().count() <= 80, "{args:?}: {line}");
        }
        said += &format!("$ tokn-router {}\n{screen}\n\n", args.join(" "));
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn the_version_tells_the_commit_and_its_day() {
    let version = Home::new().run(&["--version"]).await.succeeded().stdout;
    let told = version.trim().strip_prefix("tokn-router ").unwrap();
    let (number, commit) = told.split_once(' ').unwrap_or((told, ""));
    assert_eq!(number, env!("CARGO_PKG_VERSION"));
    // Sources without a repository know no commit.
    if let Some(commit) = commit.strip_prefix('(') {
        let (hash, day) = commit.strip_suffix(')').unwrap().split_once(' ').unwrap();
        assert!(
            hash.len() >= 7 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{told}"
        );
        assert!(day.parse::<jiff::civil::Date>().is_ok(), "{told}");
    }
}

#[tokio::test]
async fn every_shell_learns_every_command() {
    let home = Home::new();
    let commands = commands(&home).await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", shell]).await.succeeded().stdout;
        for name in commands.iter().flatten() {
            assert!(script.contains(name.as_str()), "{shell} lacks {name}");
        }
        assert!(
            script.contains("--show-secrets") || script.contains("show-secrets"),
            "{shell}"
        );
    }
    let output = home.run(&["completions", "tcsh"]).await.failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let home = Home::new();
    let directory = home.path().join("share/man/man1");
    let output = home
        .run(&["man", directory.to_str().unwrap()])
        .await
        .succeeded();
    insta::assert_snapshot!(output.told(), @"the manual pages are in [home]/share/man/man1; read them with `man [home]/share/man/man1/tokn-router.1`");
    for command in commands(&home).await {
        let name = [vec!["tokn-router".to_owned()], command].concat().join("-");
        let page = fs::read_to_string(directory.join(format!("{name}.1")));
        assert!(page.is_ok_and(|page| page.contains(".SH NAME")), "{name}");
    }
    let page = fs::read_to_string(directory.join("tokn-router.1")).unwrap();
    assert!(page.contains("the configuration is wrong"), "{page}");
}

#[tokio::test]
async fn a_manual_that_cannot_be_written_is_told() {
    let home = Home::new();
    home.write("taken", "");
    let output = home.run(&["man", "taken/man1"]).await.failed_with(1);
    insta::assert_snapshot!(output.told(), @"error: cannot write manual pages to taken/man1: Not a directory (os error 20)");
    let output = home.run(&["man"]).await.failed_with(2);
    assert!(output.stderr.contains("<DIR>"), "{output:#?}");
}

#[tokio::test]
async fn a_command_that_nobody_knows_is_told_with_the_nearest() {
    let home = Home::new();
    let output = home.run(&["usgae"]).await.failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: unrecognized subcommand 'usgae'

      tip: a similar subcommand exists: 'usage'

    Usage: tokn-router [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    // Nothing at all is answered with help, but is no command.
    let output = home.run(&[]).await;
    assert_eq!(output.code, Some(2), "{output:#?}");
    assert!(output.stderr.contains("Commands:"), "{output:#?}");
}
