//! `usage`: what a person sees of what was used.

mod export;
mod log;
mod prune;

use crate::support::usage::{afternoon, fill};
use crate::support::{Home, hi, mock};

const WINDOW: [&str; 5] = [
    "usage",
    "--since",
    "2026-11-24T12:00",
    "--until",
    "2026-11-25",
];

/// The home of one with three accounts and an afternoon's requests.
fn home() -> Home {
    let home = Home::with_config("").with_variable("LANG", "C.UTF-8");
    fill(&home.database(), afternoon());
    home
}

fn window<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&WINDOW, more].concat()
}

#[tokio::test]
async fn totals_a_picture_and_a_table_are_shown() {
    let output = home().run(&window(&[])).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    2026-11-24 12:00 to 2026-11-25 00:00 (UTC)

    requests         9  2 failed, 1 left by their clients
    input      252,000  210,000 of it read from caches
    output       7,140  840 of it reasoning
    cost       ~$0.164  $0.074 as told: 7 credits; $0.090 estimated at list prices
    unpriced         1  of glm-4.7: not in the cost
    first byte   1.20s  at the median, 2.39s at the 95th percentile

    tokens by the hour
    74.0k │                              █████
          │      █████             █████ █████
          │      █████       █████ █████ █████
    37.0k │      █████       █████ █████ █████
          │      █████       █████ █████ █████
          │█████ █████       █████ █████ █████
        0 └────────────────────────────────────────────────────────────────────────
           12:00       14:00       16:00       18:00       20:00       22:00

    ACCOUNT/MODEL        REQS ERRS INPUT CACHED OUTPUT REASON     COST   P50   P95
    hubot
      claude-sonnet-4.5     1    0 72.0k  60.0k  2.04k    240  ~$0.085 2.39s 2.39s
      gpt-5-mini            2    1 48.0k  40.0k  1.36k    160 ~$0.0057 1.59s 1.59s
    octocat
      claude-sonnet-4.5     3    0 36.0k  30.0k  1.02k    120   $0.037 397ms 794ms
      gpt-5-mini            1    0 36.0k  30.0k  1.02k    120   $0.037 1.20s 1.20s
    work
      glm-4.7               1    0 60.0k  50.0k  1.70k    200        ? 2.02s 2.02s
    (no account)
      gpt-99                1    1     0      0      0      0        -     -     -
    ");
    assert_eq!(output.stderr, "");
}

#[tokio::test]
async fn the_page_in_docs_shows_what_is_printed() {
    let output = home().run(&window(&[])).await.succeeded();
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/usage.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(
        page.contains(&format!("```\n{}```", output.stdout)),
        "{output:#?}"
    );
}

#[tokio::test]
async fn without_a_utf8_locale_all_is_ascii() {
    let home = home().with_variable("LC_ALL", "C");
    let output = home.run(&window(&["--account", "hubot"])).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    2026-11-24 12:00 to 2026-11-25 00:00 (UTC), account hubot

    requests         3  1 failed
    input      120,000  100,000 of it read from caches
    output       3,400  400 of it reasoning
    cost       ~$0.090  estimated at list prices
    first byte   1.59s  at the median, 2.39s at the 95th percentile

    tokens by the hour
    74.0k |                              #####
          |                              #####
          |                  #####       #####
    37.0k |                  #####       #####
          |                  #####       #####
          |                  #####       #####
        0 +------------------------------------------------------------------------
           12:00       14:00       16:00       18:00       20:00       22:00

    ACCOUNT/MODEL        REQS ERRS INPUT CACHED OUTPUT REASON     COST   P50   P95
    hubot
      claude-sonnet-4.5     1    0 72.0k  60.0k  2.04k    240  ~$0.085 2.39s 2.39s
      gpt-5-mini            2    1 48.0k  40.0k  1.36k    160 ~$0.0057 1.59s 1.59s
    ");
    assert!(output.stdout.is_ascii());
}

#[tokio::test]
async fn a_terminal_of_a_hundred_and_twenty_columns_is_used() {
    let seen = home().run_at_terminal(120, &window(&[])).await.succeeded();
    insta::assert_snapshot!(seen.screen(), @"
    2026-11-24 12:00 to 2026-11-25 00:00 (UTC)

    requests         9  2 failed, 1 left by their clients
    input      252,000  210,000 of it read from caches
    output       7,140  840 of it reasoning
    cost       ~$0.164  $0.074 as told: 7 credits; $0.090 estimated at list prices
    unpriced         1  of glm-4.7: not in the cost
    first byte   1.20s  at the median, 2.39s at the 95th percentile

    tokens by the hour
    74.0k │                                   ██████
          │       ██████               ██████ ██████
          │       ██████        ██████ ██████ ██████
    37.0k │       ██████        ██████ ██████ ██████
          │       ██████        ██████ ██████ ██████
          │██████ ██████        ██████ ██████ ██████
        0 └────────────────────────────────────────────────────────────────────────────────────
           12:00  13:00  14:00  15:00  16:00  17:00  18:00  19:00  20:00  21:00  22:00  23:00

    ACCOUNT/MODEL        REQS ERRS INPUT CACHED OUTPUT REASON     COST   P50   P95
    hubot
      claude-sonnet-4.5     1    0 72.0k  60.0k  2.04k    240  ~$0.085 2.39s 2.39s
      gpt-5-mini            2    1 48.0k  40.0k  1.36k    160 ~$0.0057 1.59s 1.59s
    octocat
      claude-sonnet-4.5     3    0 36.0k  30.0k  1.02k    120   $0.037 397ms 794ms
      gpt-5-mini            1    0 36.0k  30.0k  1.02k    120   $0.037 1.20s 1.20s
    work
      glm-4.7               1    0 60.0k  50.0k  1.70k    200        ? 2.02s 2.02s
    (no account)
      gpt-99                1    1     0      0      0      0        -     -     -
    ");
}

#[tokio::test]
async fn colours_are_for_terminals_only_and_not_for_who_wants_none() {
    let home = home();
    let seen = home.run_at_terminal(80, &window(&[])).await.succeeded();
    assert!(seen.text.contains("\u{1b}["), "{seen:#?}");
    let piped = home.run(&window(&[])).await.succeeded();
    assert_eq!(seen.screen(), piped.printed().trim_end());
    let home = home.with_variable("NO_COLOR", "1");
    let seen = home.run_at_terminal(80, &window(&[])).await.succeeded();
    assert!(!seen.text.contains('\u{1b}'), "{seen:#?}");
}

#[tokio::test]
async fn rows_are_about_what_is_asked_for() {
    let home = home();
    let mut said = String::new();
    for by in ["model", "account", "day", "hour", "client", "day,account"] {
        let output = home.run(&window(&["--by", by])).await.succeeded();
        let (_, table) = output.stdout.rsplit_once("\n\n").unwrap();
        said += &format!("{table}\n");
    }
    insta::assert_snapshot!(said, @"
    MODEL              REQS ERRS INPUT CACHED OUTPUT REASON    COST   P50   P95
    claude-sonnet-4.5     4    0  108k  90.0k  3.06k    360 ~$0.122 794ms 2.39s
    gpt-5-mini            3    1 84.0k  70.0k  2.38k    280 ~$0.043 1.20s 1.59s
    glm-4.7               1    0 60.0k  50.0k  1.70k    200       ? 2.02s 2.02s
    gpt-99                1    1     0      0      0      0       -     -     -

    ACCOUNT       REQS ERRS INPUT CACHED OUTPUT REASON    COST   P50   P95
    hubot            3    1  120k   100k  3.40k    400 ~$0.090 1.59s 2.39s
    octocat          4    0 72.0k  60.0k  2.04k    240  $0.074 794ms 1.20s
    work             1    0 60.0k  50.0k  1.70k    200       ? 2.02s 2.02s
    (no account)     1    1     0      0      0      0       -     -     -

    TIME        REQS ERRS INPUT CACHED OUTPUT REASON    COST   P50   P95
    2026-11-24     9    2  252k   210k  7.14k    840 ~$0.164 1.20s 2.39s

    TIME              REQS ERRS INPUT CACHED OUTPUT REASON     COST   P50   P95
    2026-11-24 12:00     1    0 12.0k  10.0k    340     40   $0.012 397ms 397ms
    2026-11-24 13:00     2    0 60.0k  50.0k  1.70k    200   $0.062 794ms 1.20s
    2026-11-24 15:00     1    0 48.0k  40.0k  1.36k    160 ~$0.0057 1.59s 1.59s
    2026-11-24 16:00     1    0 60.0k  50.0k  1.70k    200        ? 2.02s 2.02s
    2026-11-24 17:00     2    1 72.0k  60.0k  2.04k    240  ~$0.085 2.39s 2.39s
    2026-11-24 18:00     2    1     0      0      0      0        -     -     -

    CLIENT    REQS ERRS INPUT CACHED OUTPUT REASON    COST   P50   P95
    (no key)     9    2  252k   210k  7.14k    840 ~$0.164 1.20s 2.39s

    TIME/ACCOUNT    REQS ERRS INPUT CACHED OUTPUT REASON    COST   P50   P95
    2026-11-24
      hubot            3    1  120k   100k  3.40k    400 ~$0.090 1.59s 2.39s
      octocat          4    0 72.0k  60.0k  2.04k    240  $0.074 794ms 1.20s
      work             1    0 60.0k  50.0k  1.70k    200       ? 2.02s 2.02s
      (no account)     1    1     0      0      0      0       -     -     -
    ");
}

#[tokio::test]
async fn one_accounts_and_one_models_requests_are_told_apart() {
    let home = home();
    let output = home
        .run(&window(&[
            "--account",
            "octocat",
            "--model",
            "gpt-5-mini",
            "--json",
        ]))
        .await
        .succeeded();
    assert_eq!(output.json()["total"]["requests"], 1);
}

#[tokio::test]
async fn who_names_only_the_end_gets_all_before_it() {
    let args = ["usage", "--until", "2026-11-24T13:00", "--json"];
    let output = home().run(&args).await.succeeded();
    assert_eq!(output.json()["total"]["requests"], 1);
    assert!(output.json()["since"].is_null());
}

#[tokio::test]
async fn a_window_without_requests_says_so() {
    let args = ["usage", "--since", "2026-01-01", "--until", "2026-01-02"];
    let output = home().run(&args).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    2026-01-01 00:00 to 2026-01-02 00:00 (UTC)

    no requests
    ");
}

#[tokio::test]
async fn without_a_ledger_it_is_told_when_there_will_be_one() {
    let home = Home::with_config("");
    let output = home.run(&["usage"]).await.succeeded();
    assert_eq!(output.stdout, "");
    insta::assert_snapshot!(output.told(), @"
    no requests have been recorded in [home]/data/tokn-router/usage.db
    hint: they are once a server runs: `tokn-router serve`
    ");
    let output = home.run(&["usage", "--json"]).await.succeeded();
    assert_eq!(output.json()["total"]["requests"], 0);
    let output = home.run(&["usage", "--csv"]).await.succeeded();
    assert_eq!(output.stdout.lines().count(), 1);

    let home = Home::with_config("[usage]\nenabled = false\n");
    let output = home.run(&["usage"]).await.succeeded();
    insta::assert_snapshot!(output.told(), @"
    no requests have been recorded in [home]/data/tokn-router/usage.db
    hint: they are not as long as [usage] enabled = false
    ");
    assert_eq!(
        home.left_behind(),
        [
            "config",
            "config/tokn-router",
            "config/tokn-router/config.toml"
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_with_the_way_out() {
    let home = home();
    let mut said = String::new();
    for args in [
        &["--since", "yesterdayish"][..],
        &["--since", "-5h"],
        &["--since", "1d", "--until", "2d"],
        &["--by", "colour"],
        &["--json", "--csv"],
        &["--since", "1d", "log"],
    ] {
        let args = [&["usage"], args].concat();
        let output = home.run(&args).await.failed_with(2);
        let told = output.told().lines().map(str::to_owned).collect::<Vec<_>>();
        // Moments that are told depend on when this runs.
        let told = told.iter().map(|line| match line.contains("is not after") {
            true => "error: --until [moment] is not after --since [moment]",
            false => line,
        });
        said += &format!(
            "$ {}\n{}\n",
            args.join(" "),
            told.collect::<Vec<_>>().join("\n")
        );
    }
    insta::assert_snapshot!(said, @"
    $ usage --since yesterdayish
    error: --since yesterdayish: this is no length of time, date or time
    hint: say it as in 24h, 7d, today, 2026-11-01, 2026-11-01T12:00 or all
    $ usage --since -5h
    error: unexpected argument '-5' found

    Usage: tokn-router usage [OPTIONS]
           tokn-router usage <COMMAND>

    For more information, try '--help'.
    $ usage --since 1d --until 2d
    error: --until [moment] is not after --since [moment]
    hint: say --since with the earlier of both
    $ usage --by colour
    error: invalid value 'colour' for '--by <WHAT>'
      [possible values: account, model, day, hour, client]

      tip: a similar value exists: 'hour'

    For more information, try '--help'.
    $ usage --json --csv
    error: the argument '--json' cannot be used with '--csv'

    Usage: tokn-router usage --json

    For more information, try '--help'.
    $ usage --since 1d log
    error: the subcommand 'log' cannot be used with '--since <WHEN>'

    Usage: tokn-router usage [OPTIONS]
           tokn-router usage <COMMAND>

    For more information, try '--help'.
    ");
}

#[tokio::test]
async fn a_file_that_is_no_ledger_is_told_with_the_way_out() {
    let home = Home::with_config("[usage]\npath = \"~/notes.txt\"\n");
    home.write("notes.txt", "not a ledger, but notes");
    let output = home.run(&["usage"]).await.failed_with(1);
    insta::assert_snapshot!(output.told(), @"
    error: [home]/notes.txt is not a ledger: it is not an SQLite database
    hint: name another file with `tokn-router config set usage.path PATH`
    ");
}

#[tokio::test]
async fn a_running_servers_ledger_is_read_beside_it() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    for count in 1..=3 {
        assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
        crate::support::usage::records_until(&home.database(), count).await;
        let output = home.run(&["usage", "--json"]).await.succeeded();
        assert_eq!(output.json()["total"]["requests"], count);
    }
    server.stop().await;
}
