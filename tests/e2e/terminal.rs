//! What only a person at a terminal sees: questions, hidden input, and how lines
//! fit; and what nobody sees, since nobody reads any more.

use std::process::Stdio;

use crate::support::home::seat;
use crate::support::{Home, mock};

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

#[tokio::test]
async fn a_table_fits_a_terminal_of_eighty_columns_and_of_a_hundred_and_twenty() {
    let mock = mock().await;
    let long = format!("user_agent = \"{}\"\n", "Agent/1.0 ".repeat(9).trim_end());
    let settings = format!("[accounts.settings]\n{long}");
    let home = Home::with_config(&[&seat(&mock, "octocat"), settings.as_str()].concat());
    for columns in [80, 120] {
        let list = ["config", "list"];
        let seen = home.run_at_terminal(columns, &list).await.succeeded();
        let screen = seen.screen();
        let widest = screen.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(usize::from(columns)), "{screen}");
        assert!(widest > Some(usize::from(columns) - 20), "{screen}");
    }
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
