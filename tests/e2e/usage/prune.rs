//! `usage prune`: old records go for good.

use ledger::Reader;

use super::home;
use crate::support::Home;

const BEFORE: [&str; 4] = ["usage", "prune", "--before", "2026-11-24T16:00"];

fn count(home: &Home) -> u64 {
    Reader::open(&home.database()).unwrap().count().unwrap()
}

#[tokio::test]
async fn old_records_go_after_a_yes_only() {
    let home = home();
    let mut terminal = home.sit_at_terminal(80, &BEFORE).await;
    terminal.shows("[y/N]").await;
    terminal.types("n").await;
    let seen = terminal.end().await.succeeded();
    insta::assert_snapshot!(seen.screen(), @"
    Remove the records of 4 requests from before 2026-11-24 16:00 for good? no
    nothing is removed
    ");
    assert_eq!(count(&home), 9);

    let mut terminal = home.sit_at_terminal(80, &BEFORE).await;
    terminal.shows("[y/N]").await;
    terminal.types("y").await;
    let seen = terminal.end().await.succeeded();
    assert!(seen.screen().ends_with("removed 4 records"), "{seen:#?}");
    assert_eq!(count(&home), 5);
}

#[tokio::test]
async fn without_a_terminal_the_answer_is_a_flag() {
    let home = home();
    let output = home.run(&BEFORE).await.failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: there is no terminal to ask whether you are sure
    hint: answer with --yes
    ");
    assert_eq!(count(&home), 9);
    let yes = [&BEFORE[..], &["--yes"]].concat();
    let output = home.run(&yes).await.succeeded();
    insta::assert_snapshot!(output.told(), @"removed 4 records");
    let output = home.run(&yes).await.succeeded();
    insta::assert_snapshot!(output.told(), @"there are no such records");
    let all = ["usage", "prune", "--before", "all", "--yes"];
    home.run(&all).await.succeeded().says("removed 5 records");
}

#[tokio::test]
async fn what_is_to_go_must_be_named() {
    let home = home();
    let output = home.run(&["usage", "prune", "--yes"]).await.failed_with(2);
    assert!(output.told().contains("--before <WHEN>"), "{output:#?}");
    assert_eq!(count(&home), 9);
}
