//! A limit or a failure of one account is not the client's problem.

use mock_upstream::{Fault, Faults};
use serde_json::json;

use crate::support::House;

const MODEL: &str = "gpt-4o";

fn chats(house: &House) -> Vec<String> {
    let seen = house.mock.seen();
    seen.iter()
        .filter(|seen| seen.path.ends_with("/chat/completions"))
        .filter_map(|seen| seen.account.clone())
        .collect()
}

#[tokio::test]
async fn each_failure_of_one_account_moves_the_request_to_the_other() {
    let faults = [
        Fault::status(
            402,
            r#"{"error":{"message":"You have no quota","code":"quota_exceeded"}}"#,
        ),
        Fault::status(403, r#"{"message":"no"}"#),
        Fault::status(408, r#"{"error":{"code":"user_request_timeout"}}"#),
        Fault::status(421, ""),
        Fault::status(429, "slow down"),
        Fault::rate_limited(3),
        Fault::status(466, ""),
        Fault::status(500, "oops"),
        Fault::status(502, ""),
        Fault::status(503, ""),
        Fault::Html { status: 403 },
        Fault::Refuse,
        Fault::CutBody,
        Fault::ErrorInStream {
            after_events: 0,
            body: r#"{"error":{"code":"rate_limited","message":"m"}}"#.into(),
        },
    ];
    for fault in faults {
        let house = House::build().await;
        house
            .mock
            .set_faults("octocat", Faults::always(fault.clone()));
        for _ in 0..2 {
            let answer = house.ask(MODEL).await;
            assert_eq!(answer.status, 200, "{fault:?}: {}", answer.text());
            assert!(answer.said().contains("hubot"), "{fault:?}");
        }
        assert!(
            house.stream(MODEL).await.said().contains("hubot"),
            "{fault:?}"
        );
        let records = house.records().await;
        assert_eq!(records.len(), 3, "{fault:?}");
        assert!(
            records
                .iter()
                .all(|record| record.account.as_deref() == Some("hubot")),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn a_requests_own_fault_is_answered_at_once_and_intact() {
    for status in [400, 404, 413, 422] {
        let house = House::build().await;
        let body = "{\"error\": {\"message\":\"Größe\",\"code\":\"x\"}}";
        house.both(&Fault::Status {
            status,
            headers: vec![("x-ratelimit-limit".into(), "9".into())],
            body: body.into(),
        });
        let answer = house.ask(MODEL).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.text(), body);
        assert_eq!(answer.headers["x-ratelimit-limit"], "9");
        assert_eq!(chats(&house).len(), 1, "{status}");
        let records = house.records().await;
        assert_eq!(
            (records[0].status, records[0].error_code.as_deref()),
            (status, Some("x"))
        );
    }
}

#[tokio::test]
async fn a_dead_token_is_renewed_once_and_the_request_replayed_once() {
    let house = House::build().await;
    house.ask(MODEL).await;
    house.ask(MODEL).await;
    let exchanges = house.mock.exchanges("octocat");
    house.mock.revoke_tokens("octocat");
    house.mock.clear_seen();
    assert!(house.ask(MODEL).await.said().contains("octocat"));
    assert_eq!(house.mock.exchanges("octocat"), exchanges + 1);
    let records = house.records().await;
    assert_eq!(records[2].attempts, 2);
}

#[tokio::test]
async fn fifty_requests_with_a_dead_token_cause_one_exchange() {
    let house = House::with(|script, config| {
        script.accounts.truncate(1);
        config.accounts.truncate(1);
    })
    .await;
    house.ask(MODEL).await;
    house.mock.revoke_tokens("octocat");
    let answers = futures_util::future::join_all((0..50).map(|_| house.ask(MODEL))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(house.mock.exchanges("octocat"), 2);
}

#[tokio::test]
async fn a_limited_account_is_left_alone_until_its_moment() {
    let house = House::build().await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::rate_limited(3600)));
    for _ in 0..20 {
        assert_eq!(house.ask(MODEL).await.status, 200);
    }
    let asked = chats(&house)
        .iter()
        .filter(|account| *account == "octocat")
        .count();
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn when_all_are_limited_the_client_hears_when_the_first_is_free() {
    let house = House::build().await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::rate_limited(900)));
    house
        .mock
        .set_faults("hubot", Faults::always(Fault::rate_limited(40)));
    let first = house.ask(MODEL).await;
    assert_eq!(first.status, 429);
    let second = house.ask(MODEL).await;
    assert_eq!(second.status, 429);
    assert_eq!(second.json()["error"]["code"], "all_accounts_limited");
    let after: u64 = second.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((30..=40).contains(&after), "{after}");
    assert_eq!(chats(&house).len(), 2);
}

#[tokio::test]
async fn a_failure_of_unknown_length_never_blocks_the_last_way_out() {
    let house = House::build().await;
    house.both(&Fault::status(500, "oops"));
    let answer = house.ask(MODEL).await;
    assert_eq!(answer.status, 503);
    let error = &answer.json()["error"];
    insta::assert_snapshot!(
        error["message"].as_str().unwrap(),
        @r#"no account can serve "gpt-4o" now: octocat: the upstream failed (HTTP 500: oops); hubot: the upstream failed (HTTP 500: oops)"#
    );
    assert_eq!(answer.headers["retry-after"], "1");
    house.mock.clear("octocat");
    assert!(house.ask(MODEL).await.said().contains("octocat"));
}

#[tokio::test]
async fn a_429_without_a_moment_gets_one_for_clients_that_need_it() {
    let house = House::build().await;
    house.both(&Fault::status(429, r#"{"error":{"code":"rate_limited"}}"#));
    let answer = house.ask(MODEL).await;
    assert_eq!(answer.status, 429);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn what_only_a_person_can_mend_says_what_to_bump() {
    let cases = [
        (
            Fault::Html { status: 401 },
            "stale_identity",
            "editor_version",
        ),
        (
            Fault::Html { status: 403 },
            "stale_identity",
            "editor_version",
        ),
        (
            Fault::status(466, ""),
            "stale_identity",
            "x_github_api_version",
        ),
        (Fault::status(421, ""), "wrong_host", "base_url"),
    ];
    for (fault, code, word) in cases {
        let house = House::build().await;
        house.both(&fault);
        let answer = house.ask(MODEL).await;
        let error = &answer.json()["error"];
        assert_eq!(error["code"], code, "{fault:?}");
        assert!(
            error["message"].as_str().unwrap().contains(word),
            "{fault:?}: {error}"
        );
    }
}

#[tokio::test]
async fn an_error_inside_a_200_that_is_the_requests_own_fault_reaches_the_client() {
    let house = House::build().await;
    let body = r#"{"error":{"code":"context_length_exceeded","message":"too long"}}"#;
    house.both(&Fault::ErrorInStream {
        after_events: 0,
        body: body.into(),
    });
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.chunks(),
        [serde_json::from_str::<serde_json::Value>(body).unwrap()]
    );
    assert_eq!(chats(&house).len(), 1);
}

#[tokio::test]
async fn nothing_is_tried_twice_on_one_account() {
    let house = House::build().await;
    house.both(&Fault::status(500, "oops"));
    house.ask(MODEL).await;
    let mut asked = chats(&house);
    asked.sort_unstable();
    assert_eq!(asked, ["hubot", "octocat"]);
}

#[tokio::test]
async fn a_model_of_one_account_only_is_never_sent_to_the_other() {
    let house = House::with(|script, _| {
        script.accounts[0].models = Some(vec!["gpt-4o".into()]);
        script.accounts[1].models = Some(vec!["gpt-4.1".into()]);
    })
    .await;
    for _ in 0..3 {
        assert!(house.ask("gpt-4.1").await.said().contains("hubot"));
        assert!(house.ask("gpt-4o").await.said().contains("octocat"));
    }
    let body = json!({"model": "gpt-9", "messages": []});
    let answer = house.chat(&body).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn an_error_event_that_ends_without_a_blank_line_moves_on_too() {
    let house = House::build().await;
    let error = Fault::ErrorInStream {
        after_events: 0,
        body: r#"{"error":{"code":"server_error","message":"m"}}"#.into(),
    };
    let fault = Fault::Together(vec![error, Fault::NoTrailingBlankLine]);
    house.mock.set_faults("octocat", Faults::always(fault));
    for _ in 0..2 {
        assert!(house.stream(MODEL).await.said().contains("hubot"));
    }
}

#[tokio::test]
async fn a_model_that_an_accounts_plan_has_not_is_asked_of_the_other() {
    let house = House::build().await;
    let body = r#"{"error":{"message":"The requested model is not supported.","code":"model_not_supported"}}"#;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::status(400, body)));
    for _ in 0..4 {
        assert!(house.ask(MODEL).await.said().contains("hubot"));
    }
    assert!(house.ask("gpt-4.1").await.status == 200);
    house.both(&Fault::status(400, body));
    let answer = house.ask(MODEL).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (400, body));
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_before_the_request_fails() {
    let house = House::with(|_, config| config.accounts.truncate(1)).await;
    house.mock.set_fault("octocat", Fault::Refuse);
    assert_eq!(house.ask(MODEL).await.status, 200);
    house.both(&Fault::Refuse);
    let answer = house.ask(MODEL).await;
    assert_eq!(answer.json()["error"]["code"], "upstream_broken");
    let records = house.records().await;
    assert_eq!((records[0].attempts, records[1].attempts), (2, 2));
}

#[tokio::test]
async fn a_refused_account_does_not_hide_that_another_is_only_to_be_waited_for() {
    let house = House::build().await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::status(403, "no seat")));
    house
        .mock
        .set_faults("hubot", Faults::always(Fault::rate_limited(40)));
    for _ in 0..3 {
        let answer = house.ask(MODEL).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        let after = answer.headers["retry-after"].to_str().unwrap();
        assert!(
            (30..=40).contains(&after.parse::<u64>().unwrap()),
            "{after}"
        );
    }
}

#[tokio::test]
async fn a_wait_beyond_all_reason_parks_no_account_for_ever_and_breaks_nothing() {
    let house = House::build().await;
    let absurd = Fault::Status {
        status: 429,
        headers: vec![("retry-after".into(), "1e19".into())],
        body: "{}".into(),
    };
    house.mock.set_faults("octocat", Faults::always(absurd));
    for _ in 0..3 {
        assert!(house.ask(MODEL).await.said().contains("hubot"));
    }
}

#[tokio::test]
async fn a_limit_that_tells_its_end_in_words_tells_it_to_the_client_at_once() {
    let house = House::with(|_, config| {
        config.accounts.retain(|account| account.id == "zed");
    })
    .await;
    let body = r#"{"error":{"code":"1308","message":"Usage limit reached for 5 hour. Your limit will reset at 2099-01-01 00:00:00"}}"#;
    house
        .mock
        .set_faults("zed", Faults::always(Fault::status(429, body)));
    for _ in 0..2 {
        let answer = house.ask("glm-4.7").await;
        assert_eq!(answer.status, 429);
        let after = answer.headers["retry-after"].to_str().unwrap();
        assert!(after.parse::<u64>().unwrap() > 3600, "{after}");
    }
}

#[tokio::test]
async fn a_no_for_good_does_not_hide_what_may_pass() {
    let house = House::build().await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::status(403, "no seat")));
    house
        .mock
        .set_faults("hubot", Faults::always(Fault::status(500, "oops")));
    for _ in 0..3 {
        let answer = house.ask(MODEL).await;
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert_eq!(answer.headers["retry-after"], "1");
    }
}
