//! What only a person at a terminal sees: questions, hidden input, and how lines
//! fit; and what nobody sees, since nobody reads any more.

use std::process::Stdio;

use gateway::presence;

use crate::support::usage::{afternoon, fill};
use crate::support::{Home, eventually, mock};

#[tokio::test]
async fn an_account_goes_only_after_a_yes() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let remove = ["account", "remove", "octocat"];

    let mut terminal = home.sit_at_terminal(80, &remove).await;
    terminal.shows("[y/N]").await;
    terminal.types("n").await;
    let seen = terminal.end().await.succeeded();
    assert!(seen.screen().contains("octocat stays"), "{seen:#?}");
    assert!(home.config().contains("octocat"));

    let mut terminal = home.sit_at_terminal(80, &remove).await;
    terminal.shows("[y/N]").await;
    terminal.types("y").await;
    let seen = terminal.end().await.succeeded();
    assert!(seen.screen().contains("octocat is removed"), "{seen:#?}");
    assert!(!home.config().contains("octocat"));
}

#[tokio::test]
async fn a_question_that_is_interrupted_is_a_no_and_leaves_the_cursor_to_be_seen() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let mut terminal = home
        .sit_at_terminal(80, &["account", "remove", "octocat"])
        .await;
    terminal.shows("[y/N]").await;
    let seen = terminal.interrupt().await.failed_with(1);
    let shown = seen.text.rfind("\u{1b}[?25h");
    assert!(shown > seen.text.rfind("\u{1b}[?25l"), "{seen:#?}");
    assert!(home.config().contains("octocat"));
}

#[tokio::test]
async fn a_key_is_typed_in_unseen() {
    let home =
        Home::with_config("[[accounts]]\nid = \"work\"\nprovider = \"zai\"\napi_key = \"unset\"\n");
    let set = ["config", "set", "api_key", "--account", "work"];
    let mut terminal = home.sit_at_terminal(80, &set).await;
    terminal.shows("api_key:").await;
    terminal.types("zai-typed-in\r").await;
    let seen = terminal.end().await.succeeded();
    assert!(!seen.text.contains("zai-typed-in"), "{seen:#?}");
    assert!(home.config().contains("api_key = \"zai-typed-in\""));
}

/// What shows something, and where nobody is asked.
const PAGES: [&[&str]; 9] = [
    &["account", "list", "--offline"],
    &["account", "status", "octocat", "--offline"],
    &["account", "show", "octocat"],
    &["config", "list"],
    &["headers"],
    &["setup"],
    &[
        "usage",
        "--since",
        "2026-11-24T12:00",
        "--until",
        "2026-11-25",
    ],
    &["usage", "log"],
    &["explain", "00000000-0000-7000-8000-000000000001"],
];

#[tokio::test]
async fn every_page_fits_eighty_and_a_hundred_and_twenty_columns() {
    let home = home_with_long_names();
    for columns in [80, 120] {
        let mut said = String::new();
        for args in PAGES {
            let screen = home
                .run_at_terminal(columns, args)
                .await
                .succeeded()
                .screen();
            for line in screen.lines() {
                assert!(
                    line.chars().count() <= usize::from(columns),
                    "{args:?}: {line}"
                );
            }
            said += &format!("$ tokn-router {}\n{screen}\n\n", args.join(" "));
        }
        insta::assert_snapshot!(format!("pages_at_{columns}_columns"), said);
    }
}

#[tokio::test]
async fn no_page_has_a_colour_in_a_pipe_or_where_nobody_wants_one() {
    let home = home_with_long_names().with_variable("NO_COLOR", "1");
    for args in PAGES {
        let piped = home.run(args).await.succeeded();
        assert!(!piped.stdout.contains('\u{1b}'), "{piped:#?}");
        let seen = home.run_at_terminal(80, args).await.succeeded();
        assert!(!seen.text.contains('\u{1b}'), "{seen:#?}");
    }
}

fn home_with_long_names() -> Home {
    let config = "[[accounts]]\nid = \"octocat\"\nrefresh_token = \"gho_demo_octocat\"\n\n\
                  [accounts.settings]\n\
                  user_agent = \"GitHubCopilotChat/0.52.0 with a good deal more behind it, which no terminal has room for\"\n\n\
                  [[accounts]]\nid = \"the-account-of-the-team-with-the-long-name\"\n\
                  provider = \"zhipuai-coding-plan\"\napi_key = \"zai-demo-key-zed\"\n";
    let home = Home::with_config(config).with_variable("LANG", "C.UTF-8");
    fill(&home.database(), afternoon());
    home.write_device_id();
    home
}

#[tokio::test]
async fn a_wrong_edit_is_gone_on_with_until_it_is_right_or_given_up() {
    let home = Home::with_config("[server]\nport = 1\n").with_variable("EDITOR", "my-editor");
    // It writes what is wrong at first, and what is right afterwards.
    home.write_program(
        "my-editor",
        "#!/bin/sh\nif [ -e again ]; then echo '[server]'; else echo '[sever]'; fi > \"$1\"\n: > again\n",
    );
    let edit = ["config", "edit"];
    let mut terminal = home.sit_at_terminal(80, &edit).await;
    terminal.shows("did you mean `server`?").await;
    terminal.shows("Go on editing? [Y/n]").await;
    terminal.types("y").await;
    terminal.end().await.succeeded();
    assert_eq!(home.config(), "[server]\n");

    std::fs::remove_file(home.path().join("again")).unwrap();
    let mut terminal = home.sit_at_terminal(80, &edit).await;
    terminal.shows("Go on editing? [Y/n]").await;
    terminal.types("n").await;
    let seen = terminal.end().await.failed_with(3);
    assert!(seen.screen().contains("what you wrote is in"), "{seen:#?}");
    assert_eq!(home.config(), "[server]\n");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let home = Home::with_config("");
    for args in [["config", "list"], ["config", "schema"], ["--help", ""]] {
        let args = args.into_iter().filter(|arg| !arg.is_empty());
        let mut command = home.command(&args.collect::<Vec<_>>());
        let mut running = command.stdout(Stdio::piped()).spawn().unwrap();
        drop(running.stdout.take());
        let output = running.wait_with_output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}

#[tokio::test]
async fn a_server_goes_on_though_nobody_reads_its_greeting() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let data = home.data();
    let mut command = home.command(&["serve", "--port", "0"]);
    let mut running = command.spawn().unwrap();
    drop(running.stdout.take());
    eventually("the server to run", || match presence::keep_free(&data) {
        Ok(None) => Some(()),
        _ => None,
    })
    .await;
    // What it says of itself is over by then, or it would have ended.
    let list = ["account", "list", "--offline"];
    home.run(&list).await.succeeded();
    assert_eq!(running.try_wait().unwrap(), None);
    running.kill().await.unwrap();
}
