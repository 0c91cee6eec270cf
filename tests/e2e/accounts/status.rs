//! `account status`, and the JSON of an account.

use jiff::Timestamp;
use mock_upstream::Fault;
use serde_json::Value;

use super::{HOUR, list, moment_in, seats, seconds_to, server_that_met_limits, upstream};
use crate::support::accounts::account;
use crate::support::home::seat;
use crate::support::output::with_times_named;
use crate::support::{Home, hi};

#[tokio::test]
async fn the_status_of_an_account_tells_all_that_is_known_of_it() {
    let mock = upstream().await;
    let home = Home::with_config(&seats(&mock).replacen(
        "]]\n",
        "]]\ntier = \"fallback\"\nweight = 3\nmax_concurrent = 2\n",
        1,
    ));
    let server = server_that_met_limits(&mock, &home).await;
    server.stop().await;
    let status = async |id| home.run(&["account", "status", id]).await.succeeded();
    let octocat = status("octocat").await.printed();
    let hubot = status("hubot").await.printed();
    // The month of its tools ends with the calendar's.
    let zed = status("zed").await.printed();
    let (zed, tools) = zed.split_once("tools ").unwrap();
    assert!(tools.contains(" not for chats"), "{tools}");
    with_times_named(|| {
        insta::assert_snapshot!(octocat, @"
        account   octocat
        provider  GitHub Copilot
        plan      individual_pro
        state     ready
        tier      fallback, weight 3
        at once   2 requests at most
        model     gpt-4.1: spent: the limit of this model is reached, until [moment] (in 2 h)

        ALLOWANCE             LEFT       RESETS                IN
        chat                  unlimited  [moment]  10 d
        completions           unlimited  [moment]  10 d  not for chats
        premium_interactions  36 %       [moment]  10 d

        as of [moment]
        ");
        insta::assert_snapshot!(hubot, @"
        account   hubot
        provider  GitHub Copilot
        plan      individual_pro
        state     spent: the month's credits are used up, until [moment] (in 1 h 30 min)
        tier      active, weight 1

        ALLOWANCE             LEFT       RESETS                IN
        chat                  unlimited  [moment]  1 h
        completions           unlimited  [moment]  1 h  not for chats
        premium_interactions  0 %        [moment]  1 h

        as of [moment]
        ");
        insta::assert_snapshot!(zed, @"
        account   zed
        provider  Z.ai
        plan      pro
        state     ready
        tier      active, weight 1

        ALLOWANCE  LEFT  RESETS                IN
        5h         80 %  [moment]  4 h
        week       <1 %  [moment]  3 d
        ");
    });
}

#[tokio::test]
async fn the_json_of_an_account_has_one_shape_whatever_is_known() {
    let mock = upstream().await;
    let home = Home::with_config(&seats(&mock));
    let unknown = account(&home, "hubot").await;
    let server = server_that_met_limits(&mock, &home).await;
    server.stop().await;
    let known = account(&home, "hubot").await;
    let keys =
        |value: &Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(keys(&unknown), keys(&known));
    let args = ["account", "status", "octocat", "--json", "--offline"];
    let output = home.run(&args).await.succeeded();
    with_times_named(|| {
        insta::assert_snapshot!(output.printed(), @r#"
        {
          "id": "octocat",
          "provider": "github-copilot",
          "enabled": true,
          "tier": "active",
          "weight": 1,
          "max_concurrent": null,
          "plan": "individual_pro",
          "left": 0.355,
          "resets": "[moment]",
          "models": {
            "gpt-4.1": {
              "state": "spent",
              "why": "the limit of this model is reached",
              "until": "[moment]",
              "basis": "told"
            }
          },
          "quota": {
            "windows": [
              {
                "name": "chat",
                "left": 1.0,
                "unlimited": true,
                "resets": "[moment]",
                "counts": true
              },
              {
                "name": "completions",
                "left": 1.0,
                "unlimited": true,
                "resets": "[moment]",
                "counts": false
              },
              {
                "name": "premium_interactions",
                "left": 0.355,
                "unlimited": false,
                "resets": "[moment]",
                "counts": true
              }
            ],
            "told": "[moment]",
            "error": null
          },
          "state": "ready",
          "why": null,
          "until": null,
          "basis": null
        }
        "#)
    });
}

#[tokio::test]
async fn a_session_that_is_used_up_is_what_counts_of_an_account_whose_month_is_not() {
    let mock = upstream().await;
    let home = Home::with_config(&seat(&mock, "octocat"));
    let reset = Timestamp::from_second(moment_in(seconds_to(3 * HOUR)) as i64).unwrap();
    let session = format!(
        "ent=100&ov=0.0&ovPerm=false&rem=0.0&rst={}&totRem=0.0",
        reset.to_string().replace(':', "%3A")
    );
    mock.set_fault(
        "octocat",
        Fault::Status {
            status: 429,
            headers: vec![("x-usage-ratelimit-session".into(), session)],
            body: r#"{"error":{"message":"m","code":"user_global_rate_limited"}}"#.into(),
        },
    );
    let server = home.serve().await;
    server.knows_models().await;
    let reply = server.chat(hi("gpt-4o")).await;
    reply.is_an_error(429, "all_accounts_limited");
    server.stop().await;
    let listed = list(&home).await.printed();
    let output = home.run(&["account", "status", "octocat"]).await;
    with_times_named(|| {
        insta::assert_snapshot!(listed, @"
        ACCOUNT  PROVIDER        PLAN            STATE      LEFT  RESETS
        octocat  github-copilot  individual_pro  spent 3 h  0 %   in 3 h

        octocat: spent: the session limit is reached, until [moment] (in 3 h)
        ");
        insta::assert_snapshot!(output.succeeded().printed(), @"
        account   octocat
        provider  GitHub Copilot
        plan      individual_pro
        state     spent: the session limit is reached, until [moment] (in 3 h)
        tier      active, weight 1

        ALLOWANCE             LEFT       RESETS                IN
        chat                  unlimited  [moment]  10 d
        completions           unlimited  [moment]  10 d  not for chats
        premium_interactions  36 %       [moment]  10 d
        session               0 %        [moment]  3 h

        as of [moment]
        ");
    });
}
