//! `usage log`: requests one by one.

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::time::timeout;

use super::home;
use crate::support::usage::{fill, record};
use crate::support::{Home, PATIENCE, hi, mock};

#[tokio::test]
async fn each_request_is_a_line() {
    let output = home().run(&["usage", "log"]).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    TIME     STA ACCOUNT MODEL               INPUT CACHED   OUT     COST FIRST TOTAL
    2026-11-24
    12:30:00 200 octocat claude-sonnet-4.5   12.0k  10.0k   340   $0.012 400ms 2.00s
    13:30:00 200 octocat claude-sonnet-4.5   24.0k  20.0k   680   $0.025 800ms 4.00s
    13:30:00 200 octocat gpt-5-mini          36.0k  30.0k 1.02k   $0.037 1.20s 6.00s
    15:30:00 200 hubot   gpt-5-mini          48.0k  40.0k 1.36k ~$0.0057 1.60s 8.00s
    16:30:00 200 work    glm-4.7             60.0k  50.0k 1.70k        ? 2.00s 10.0s
    17:30:00 200 hubot   claude-sonnet-4.5   72.0k  60.0k 2.04k  ~$0.085 2.40s 12.0s
    17:30:00 429 hubot   gpt-5-mini          rate_limited                      14.0s
    18:30:00 499 octocat claude-sonnet-4.5   cancelled                         16.0s
    18:30:00 404 -       gpt-99              model_not_found                   18.0s
    ");
}

#[tokio::test]
async fn only_the_last_ones_and_only_some_of_them_are_shown() {
    let home = home();
    let output = home.run(&["usage", "log", "-n", "1"]).await.succeeded();
    assert_eq!(output.stdout.lines().count(), 3, "{output:#?}");
    let hubots = [
        "usage",
        "log",
        "--account",
        "hubot",
        "--model",
        "gpt-5-mini",
    ];
    let output = home.run(&hubots).await.succeeded();
    assert_eq!(output.stdout.lines().count(), 4, "{output:#?}");
}

#[tokio::test]
async fn json_is_an_object_a_line() {
    let output = home()
        .run(&["usage", "log", "--json", "-n", "2"])
        .await
        .succeeded();
    let lines: Vec<serde_json::Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    insta::assert_json_snapshot!(lines[0], @r#"
    {
      "request_id": "00000000-0000-7000-8000-000000000008",
      "time": "2026-11-24T18:30:00Z",
      "model_asked": "claude-sonnet-4.5",
      "model_served": "claude-sonnet-4.5",
      "dialect": "chat",
      "operation": "generate",
      "stream": true,
      "status": 499,
      "outcome": "cancelled",
      "error_code": null,
      "account": "octocat",
      "provider": "github-copilot",
      "client": null,
      "initiator": "user",
      "tokens": {
        "input": 0,
        "cache_read": 0,
        "cache_write": 0,
        "output": 0,
        "reasoning": 0
      },
      "nano_credits": null,
      "attempts": 1,
      "first_byte_ms": null,
      "total_ms": 16000
    }
    "#);
    assert_eq!(lines.len(), 2);
}

#[tokio::test]
async fn a_wider_terminal_shows_longer_names() {
    let home = Home::with_config("");
    let long = record(
        1,
        12,
        "a-rather-long-account",
        "a-model-with-a-rather-long-name-2026",
    );
    fill(&home.database(), vec![long]);
    let log = ["usage", "log"];
    for (columns, whole) in [(80, false), (120, true)] {
        let seen = home.run_at_terminal(columns, &log).await.succeeded();
        let screen = seen.screen();
        assert_eq!(screen.contains("a-rather-long-account"), whole, "{screen}");
        let widest = screen.lines().map(|line| line.chars().count()).max();
        assert!(widest <= Some(usize::from(columns)), "{screen}");
    }
}

#[tokio::test]
async fn those_to_come_are_followed_from_before_the_ledger_is_there_until_ctrl_c() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let mut terminal = home.sit_at_terminal(80, &["usage", "log", "-f"]).await;
    terminal.shows("no requests have been recorded").await;
    let server = home.serve().await;
    terminal.shows("TIME").await;
    assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    terminal.shows(" 200 octocat gpt-4o").await;
    assert_eq!(server.chat(hi("gpt-99")).await.status, 404);
    terminal.shows("model_not_found").await;
    let seen = terminal.interrupt().await;
    assert!(!seen.status.success(), "{seen:#?}");
    server.stop().await;
}

#[tokio::test]
async fn none_of_many_at_once_is_missed() {
    const MANY: u64 = 1500;
    let home = home();
    let mut following = home.start(&["usage", "log", "-f", "-n", "1", "--json"]);
    let mut lines = BufReader::new(following.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = timeout(PATIENCE, lines.next_line()).await.unwrap();
        let told: serde_json::Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
        told["request_id"].as_str().unwrap().to_owned()
    };
    next().await;
    let many = || (100..100 + MANY).map(|number| record(number, 12, "octocat", "gpt-5-mini"));
    fill(&home.database(), many().collect());
    for record in many() {
        assert_eq!(next().await, record.request_id);
    }
    following.kill().await.unwrap();
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_not_handed_on() {
    let home = Home::with_config("");
    let odd = record(1, 12, "octocat", "no\u{1b}[31m\nsuch\u{7}");
    fill(&home.database(), vec![odd]);
    for args in [
        &["usage", "log"][..],
        &["usage", "--since", "all"],
        &["usage", "--since", "all", "--csv"],
        &["explain", "00000000-0000-7000-8000-000000000001"],
    ] {
        let output = home.run(args).await.succeeded();
        assert!(
            output.stdout.contains("no\u{fffd}[31m\u{fffd}such\u{fffd}"),
            "{output:#?}"
        );
    }
}
