//! `explain`: why a request went where it went, and where one would go; and what
//! an answer itself says of that.

use mock_upstream::{Fault, Faults, Mock};

use crate::support::accounts::account_once;
use crate::support::client::Reply;
use crate::support::home::{seat, zai_seat};
use crate::support::output::with_times_named;
use crate::support::usage::records_until;
use crate::support::{Home, hi, mock, streamed};

/// `octocat` is asked first, and `hubot` where that cannot serve.
fn home_of_two(mock: &Mock) -> Home {
    let seats = seat(mock, "octocat") + &seat(mock, "hubot");
    Home::with_config(&format!("[pool]\nstrategy = \"fill_first\"\n\n{seats}"))
}

/// The id of the request that this is the answer to.
fn id(reply: &Reply) -> &str {
    reply.header("x-tokn-router-request-id")
}

async fn explained(home: &Home, reply: &Reply) -> String {
    let output = home.run(&["explain", id(reply)]).await.succeeded();
    output.printed()
}

/// No chat was asked for, in anybody's name.
fn no_chat_was_asked_for(mock: &Mock) {
    let seen = mock.seen();
    let chats = seen
        .iter()
        .filter(|seen| seen.path.contains("chat/completions"));
    assert_eq!(chats.count(), 0);
}

#[tokio::test]
async fn a_plain_request_is_explained_in_a_few_lines_beside_the_running_server() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let server = home.serve().await;
    server.knows_models().await;
    let reply = server.chat(hi("gpt-4o")).await;
    records_until(&home.database(), 1).await;
    let explained = explained(&home, &reply).await;
    with_times_named(|| {
        insta::assert_snapshot!(explained, @"
        request [id]
        gpt-4o, in one piece, at [moment]
        served by octocat after 1 attempt in [time], the first byte after [time]

        the strategy was fill_first; 2 accounts had the model when it came, best first:
          1. octocat: free
          2. hubot: free

        what happened:
          octocat answered
        ")
    });
    server.stop().await;
}

#[tokio::test]
async fn a_wait_and_a_move_are_explained_step_by_step() {
    let mock = mock().await;
    mock.set_faults(
        "octocat",
        vec![Fault::rate_limited(1), Fault::status(500, "oops")],
    );
    let home = home_of_two(&mock);
    let server = home.serve().await;
    server.knows_models().await;
    let reply = server.chat(streamed("gpt-4o")).await;
    reply.is_served_by("hubot");
    assert_eq!(reply.header("x-tokn-router-attempts"), "3");
    server.stop().await;
    let explained = explained(&home, &reply).await;
    with_times_named(|| {
        insta::assert_snapshot!(explained, @"
        request [id]
        gpt-4o, streamed, at [moment]
        served by hubot after 3 attempts in [time], the first byte after [time]

        the strategy was fill_first; 2 accounts had the model when it came, best first:
          1. octocat: free
          2. hubot: free

        what happened:
          octocat was asked, [time]: limited, too many requests at once [rate_limited]
          it waited [time] for octocat
          octocat was asked, [time]: failing, the upstream failed
          hubot answered
        ")
    });
}

#[tokio::test]
async fn what_stood_in_the_way_of_an_account_is_explained() {
    let mock = mock().await;
    let home = Home::with_config(
        &("[pool]\nstrategy = \"fill_first\"\n\n".to_owned()
            + &seat(&mock, "octocat")
            + &seat(&mock, "hubot")
            + &seat(&mock, "off").replace("]]\n", "]]\nenabled = false\n")),
    );
    mock.set_fault("octocat", Fault::rate_limited(5_430));
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    let reply = server.chat(hi("gpt-4o")).await;
    reply.is_served_by("hubot");
    mock.set_fault("hubot", Fault::status(400, r#"{"error":{"code":"no"}}"#));
    let refused = server.chat(hi("gpt-4o")).await;
    server.stop().await;
    let reply = explained(&home, &reply).await;
    let refused = explained(&home, &refused).await;
    with_times_named(|| {
        insta::assert_snapshot!(reply, @"
        request [id]
        gpt-4o, in one piece, at [moment]
        served by hubot after 1 attempt in [time], the first byte after [time]

        the strategy was fill_first; 2 accounts had the model when it came, best first:
          1. hubot: free
          2. octocat: passed over for 1 h 30 min more, since it was asked too fast

        what happened:
          hubot answered
        ");
        insta::assert_snapshot!(refused, @"
        request [id]
        gpt-4o, in one piece, at [moment]
        failed after 1 attempt in [time]

        the strategy was fill_first; 2 accounts had the model when it came, best first:
          1. hubot: free
          2. octocat: passed over for 1 h 30 min more, since it was asked too fast

        what happened:
          hubot was asked, [time]: rejected, the request is at fault [no]
          the client was told no, with the status 400
        ");
    });
}

#[tokio::test]
async fn a_request_of_which_there_is_no_record_is_told_with_the_way_to_its_id() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let nowhere = home.run(&["explain", "0"]).await;
    nowhere.failed_with(1).hints_at("once a server has run");
    home.serve().await.stop().await;
    let output = home.run(&["explain", "0"]).await.failed_with(1);
    output
        .says("there is no record of a request \"0\"")
        .hints_at("x-tokn-router-request-id");
    home.run(&["explain"]).await.failed_with(2);
}

#[tokio::test]
async fn the_json_of_an_explanation_holds_the_record_and_the_decision() {
    let mock = mock().await;
    mock.set_fault("octocat", Fault::status(500, "oops"));
    let home = home_of_two(&mock);
    let server = home.serve().await;
    server.knows_models().await;
    let reply = server.chat(hi("gpt-4o")).await;
    server.stop().await;
    let output = home.run(&["explain", id(&reply), "--json"]).await;
    let output = output.succeeded().printed();
    with_times_named(|| {
        insta::assert_snapshot!(output, @r#"
        {
          "request_id": "[id]",
          "time": "[moment]",
          "model_asked": "gpt-4o",
          "model_served": "gpt-4o",
          "dialect": "chat",
          "operation": "generate",
          "stream": false,
          "status": 200,
          "outcome": "complete",
          "error_code": null,
          "account": "hubot",
          "provider": "github-copilot",
          "client": null,
          "initiator": "user",
          "tokens": {
            "input": 8,
            "cache_read": 0,
            "cache_write": 0,
            "output": 6,
            "reasoning": 0
          },
          "nano_credits": 8000000,
          "attempts": 2,
          "first_byte_ms": [time],
          "total_ms": [time],
          "decision": {
            "strategy": "fill_first",
            "candidates": [
              {
                "account": "octocat",
                "standing": "free"
              },
              {
                "account": "hubot",
                "standing": "free"
              }
            ],
            "steps": [
              {
                "step": "asked",
                "account": "octocat",
                "outcome": "failing",
                "why": "the upstream failed",
                "ms": [time]
              },
              {
                "step": "served",
                "account": "hubot"
              }
            ]
          }
        }
        "#)
    });
}

#[tokio::test]
async fn where_a_request_would_go_is_told_without_one_that_costs() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let output = home.run(&["explain", "--model", "gpt-4o"]).await;
    insta::assert_snapshot!(output.succeeded().printed(), @"
    a request for gpt-4o would go to octocat; the strategy is fill_first
      1. octocat: free
      2. hubot: free
    ");
    no_chat_was_asked_for(&mock);
}

#[tokio::test]
async fn where_accounts_take_turns_any_that_is_free_may_be_the_one() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat", "hubot"]);
    let output = home.run(&["explain", "--model", "gpt-4o"]).await;
    insta::assert_snapshot!(output.succeeded().printed(), @"
    a request for gpt-4o would go to octocat, or another of the 2 that take turns; the strategy is round_robin
      1. octocat: free
      2. hubot: free
    ");
    no_chat_was_asked_for(&mock);
}

#[tokio::test]
async fn a_limited_account_is_passed_over_in_what_would_be_and_told_why() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    mock.set_fault("octocat", Fault::rate_limited(5_430));
    let server = home.serve().await;
    server.knows_models().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    account_once(&home, "octocat", "cooling").await;
    mock.clear_seen();
    let args = ["explain", "--model", "gpt-4o"];
    let beside = home.run(&args).await.succeeded().printed();
    server.stop().await;
    let after = home.run(&args).await.succeeded().printed();
    assert_eq!(beside.lines().next(), after.lines().next());
    let json = home.run(&["explain", "--model", "gpt-4o", "--json"]).await;
    let json = json.succeeded();
    assert_eq!(json.json()["first"], "hubot");
    with_times_named(|| {
        insta::assert_snapshot!(after, @"
        a request for gpt-4o would go to hubot; the strategy is fill_first
          1. hubot: free
          2. octocat: cooling: too many requests at once, until [moment] (in 1 h 30 min)
        ");
        insta::assert_snapshot!(json.printed(), @r#"
        {
          "model": "gpt-4o",
          "strategy": "fill_first",
          "first": "hubot",
          "candidates": [
            {
              "account": "hubot",
              "standing": "free",
              "model": "gpt-4o",
              "listed": true,
              "ready": true,
              "why": null,
              "until": null
            },
            {
              "account": "octocat",
              "standing": "cooling",
              "model": "gpt-4o",
              "listed": true,
              "ready": true,
              "why": "too many requests at once",
              "until": "[moment]"
            }
          ]
        }
        "#);
    });
    no_chat_was_asked_for(&mock);
}

#[tokio::test]
async fn an_alias_is_told_with_the_name_that_the_upstream_has() {
    let mock = mock().await;
    let home = Home::with_config(&(seat(&mock, "octocat") + &zai_seat(&mock, "unused")));
    let args = ["explain", "--model", "claude-haiku-4-5-20251001"];
    let output = home.run(&args).await.succeeded();
    insta::assert_snapshot!(output.printed(), @"
    a request for claude-haiku-4-5-20251001 would go to octocat; the strategy is round_robin
      1. octocat: free, as claude-haiku-4.5
    ");
}

#[tokio::test]
async fn a_model_that_nobody_serves_names_the_nearest() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let output = home.run(&["explain", "--model", "gpt-4p"]).await;
    insta::assert_snapshot!(output.told(), @r#"
    error: no account serves the model "gpt-4p"
    hint: the nearest are gpt-4o, gpt-4.1, gpt-5.4
    "#);
    output.failed_with(1).hints_at("gpt-4o");
    no_chat_was_asked_for(&mock);
}

#[tokio::test]
async fn an_answer_says_who_served_it_and_how_often_anyone_was_asked() {
    let mock = mock().await;
    let home = home_of_two(&mock);
    let server = home.serve().await;
    server.knows_models().await;
    let no = Fault::status(400, r#"{"error":{"message":"no"}}"#);
    for (fault, account, attempts) in [
        (Fault::Pass, "octocat", "1"),
        (no, "octocat", "1"),
        (Fault::status(500, "oops"), "hubot", "2"),
    ] {
        for body in [hi("gpt-4o"), streamed("gpt-4o")] {
            mock.set_fault("octocat", fault.clone());
            home.run(&["account", "reset", "octocat"]).await.succeeded();
            let reply = server.chat(body).await;
            let told = ["account", "provider", "attempts"]
                .map(|name| reply.header(&format!("x-tokn-router-{name}")));
            assert_eq!(told, [account, "github-copilot", attempts]);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn an_account_in_another_script_is_told_percent_encoded() {
    let mock = mock().await;
    let config = seat(&mock, "octocat").replacen("\"octocat\"", "\"仕事 100%\"", 1);
    let server = Home::with_config(&config).serve().await;
    let reply = server.chat(hi("gpt-4o")).await;
    reply.is_served_by("%E4%BB%95%E4%BA%8B 100%25");
    server.stop().await;
}

#[tokio::test]
async fn with_reveal_account_false_no_answer_names_an_account() {
    let mock = mock().await;
    let seats = seat(&mock, "octocat") + &seat(&mock, "hubot");
    let home = Home::with_config(&format!("[server]\nreveal_account = false\n\n{seats}"));
    let server = home.serve().await;
    server.knows_models().await;
    let told = |reply: &Reply| {
        // Its own id it still has.
        id(reply);
        let names = ["account", "provider", "attempts"];
        names.map(|name| reply.headers.get(format!("x-tokn-router-{name}")).is_some())
    };
    for body in [hi("gpt-4.1"), streamed("gpt-4.1")] {
        let served = server.chat(body).await;
        assert_eq!((served.status.as_u16(), told(&served)), (200, [false; 3]));
    }
    for id in ["octocat", "hubot"] {
        mock.set_faults(id, Faults::always(Fault::rate_limited(600)));
    }
    for body in [hi("gpt-4o"), streamed("gpt-4o")] {
        let refused = server.chat(body).await;
        refused.is_an_error(429, "all_accounts_limited");
        assert_eq!(told(&refused), [false; 3]);
        for (said, is_said) in [("octocat", false), ("hubot", false), ("account 2", true)] {
            assert_eq!(refused.body.contains(said), is_said, "{refused:?}");
        }
    }
    server.stop().await;
}
