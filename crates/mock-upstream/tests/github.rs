//! Sign-in, the user, and the token exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{Method, StatusCode};
use mock_upstream::{Account, Clock, Fault, Login, Mock, Poll, Script};
use serde_json::Value;

use crate::client::{Ask, Reply, chat, demo, hi, with_octocat};

const EXCHANGE: &str = "/copilot_internal/v2/token";

fn post_form(mock: &Mock, path: &str, form: &str) -> Ask {
    Ask::post(mock, path, form.to_owned()).with("accept", "application/json")
}

async fn device_code(mock: &Mock) -> Value {
    post_form(
        mock,
        "/login/device/code",
        "client_id=Iv1.x&scope=read%3Auser",
    )
    .send()
    .await
    .json()
}

fn poll(mock: &Mock, code: &Value) -> Ask {
    let form = format!(
        "client_id=Iv1.x&device_code={}&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code",
        code["device_code"].as_str().unwrap()
    );
    post_form(mock, "/login/oauth/access_token", &form)
}

async fn exchange(mock: &Mock, github_token: &str) -> Reply {
    Ask::get(mock, EXCHANGE)
        .by_github(github_token)
        .send()
        .await
}

async fn chat_with(mock: &Mock, token: &str) -> StatusCode {
    chat(mock, &hi())
        .without("authorization")
        .with("authorization", format!("Bearer {token}"))
        .send()
        .await
        .status
}

#[tokio::test]
async fn a_sign_in_plays_its_script_and_ends_with_the_chosen_account() {
    let mock = demo().await;
    mock.set_login(Login {
        account: "hubot".to_owned(),
        interval: 0,
        expires_in: 60,
        polls: vec![
            Poll::Pending,
            Poll::SlowDown { interval: Some(7) },
            Poll::Drop,
        ],
    });
    let code = device_code(&mock).await;
    assert_eq!(code["interval"], 0);
    assert_eq!(code["expires_in"], 60);
    assert!(code["user_code"].is_string());
    assert!(
        code["verification_uri"]
            .as_str()
            .unwrap()
            .starts_with(mock.url())
    );

    let pending = poll(&mock, &code).send().await.json();
    assert_eq!(pending["error"], "authorization_pending");
    let slow_down = poll(&mock, &code).send().await.json();
    assert_eq!(slow_down["error"], "slow_down");
    assert_eq!(slow_down["interval"], 7);
    assert!(poll(&mock, &code).open().await.is_err());
    let done = poll(&mock, &code).send().await.json();
    assert_eq!(done["access_token"], "gho_demo_hubot");
    assert_eq!(done["scope"], "read:user");
}

#[tokio::test]
async fn an_expired_or_denied_sign_in_stays_so() {
    let mock = demo().await;
    for (last, error) in [
        (Poll::Expired, "expired_token"),
        (Poll::Denied, "access_denied"),
    ] {
        mock.set_login(Login {
            account: "octocat".to_owned(),
            polls: vec![last],
            ..Login::default()
        });
        let code = device_code(&mock).await;
        for _ in 0..2 {
            assert_eq!(poll(&mock, &code).send().await.json()["error"], error);
        }
    }
}

#[tokio::test]
async fn a_sign_in_that_did_not_ask_for_json_is_answered_as_a_form() {
    let mock = demo().await;
    let reply = Ask::post(&mock, "/login/device/code", "client_id=x")
        .send()
        .await;
    assert!(
        reply
            .header("content-type")
            .starts_with("application/x-www-form-urlencoded")
    );
    assert!(reply.text().contains("device_code=device%2D"));
}

#[tokio::test]
async fn a_poll_that_is_malformed_names_what_is_wrong() {
    let mock = demo().await;
    let error = async |form: &str| {
        let reply = post_form(&mock, "/login/oauth/access_token", form);
        reply.send().await.json()["error"].take()
    };
    assert_eq!(error("device_code=x").await, "incorrect_client_credentials");
    assert_eq!(
        error("client_id=x&device_code=x").await,
        "unsupported_grant_type"
    );
    let grant = "grant_type=urn:ietf:params:oauth:grant-type:device_code";
    assert_eq!(
        error(&format!("client_id=x&device_code=x&{grant}")).await,
        "incorrect_device_code"
    );
}

#[tokio::test]
async fn a_github_token_names_its_user() {
    let mock = demo().await;
    let user = Ask::get(&mock, "/user").by_github("gho_demo_hubot");
    assert_eq!(user.send().await.json()["login"], "hubot");
    let stranger = Ask::get(&mock, "/user").by_github("gho_other");
    assert_eq!(stranger.send().await.status, StatusCode::UNAUTHORIZED);
    let nameless = Ask::get(&mock, "/user")
        .by_github("gho_demo_hubot")
        .without("user-agent");
    assert_eq!(nameless.send().await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn each_exchange_gives_a_new_token_and_is_counted() {
    let mock = demo().await;
    let first = exchange(&mock, "gho_demo_octocat").await.json();
    let second = exchange(&mock, "gho_demo_octocat").await.json();
    assert_ne!(first["token"], second["token"]);
    assert_eq!(mock.exchanges("octocat"), 2);
    assert_eq!(mock.exchanges("hubot"), 0);
    assert_eq!(first["refresh_in"], 1500);
    assert_eq!(first["endpoints"]["api"], mock.url());
    let token = first["token"].as_str().unwrap();
    assert!(token.starts_with("tid=octocat;exp="), "{token}");
    assert_eq!(chat_with(&mock, token).await, StatusCode::OK);
}

#[tokio::test]
async fn an_exchange_is_a_get() {
    let mock = demo().await;
    let reply = Ask::get(&mock, EXCHANGE)
        .method(Method::POST)
        .by_github("gho_demo_octocat")
        .send()
        .await;
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_user_without_a_seat_is_told_why() {
    let mock = with_octocat(|octocat| octocat.seat = false).await;
    let reply = exchange(&mock, "gho_demo_octocat").await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
    let details = &reply.json()["error_details"];
    assert_eq!(details["notification_id"], "no_copilot_access");
    assert_eq!(mock.exchanges("octocat"), 0);
}

#[tokio::test]
async fn revoked_tokens_are_dead_until_the_next_exchange() {
    let mock = demo().await;
    let old = mock.issue_token("octocat").unwrap();
    let other = mock.issue_token("hubot").unwrap();
    mock.revoke_tokens("octocat");
    assert_eq!(chat_with(&mock, &old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(chat_with(&mock, &other).await, StatusCode::OK);
    let new = exchange(&mock, "gho_demo_octocat").await.json();
    let new = new["token"].as_str().unwrap();
    assert_eq!(chat_with(&mock, new).await, StatusCode::OK);
    assert_eq!(chat_with(&mock, &old).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_exchange_ends_older_tokens_only_where_the_account_says_so() {
    for revoke_older in [false, true] {
        let mock = with_octocat(|octocat| octocat.revoke_older = revoke_older).await;
        let old = mock.issue_token("octocat").unwrap();
        mock.issue_token("octocat").unwrap();
        let expected = if revoke_older {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::OK
        };
        assert_eq!(chat_with(&mock, &old).await, expected);
    }
}

#[tokio::test]
async fn a_token_dies_when_the_scripts_clock_passes_its_life() {
    let past = Arc::new(AtomicU64::new(0));
    let clock = Clock::of({
        let past = Arc::clone(&past);
        move || {
            SystemTime::UNIX_EPOCH
                + Duration::from_secs(1_800_000_000 + past.load(Ordering::Relaxed))
        }
    });
    let mut octocat = Account::copilot("octocat");
    octocat.token_lifetime_secs = 60;
    let script = Script {
        clock,
        ..Script::new(vec![octocat])
    };
    let mock = Mock::start(script).await.unwrap();
    let reply = exchange(&mock, "gho_demo_octocat").await.json();
    assert_eq!(reply["expires_at"], 1_800_000_060_u64);
    let token = reply["token"].as_str().unwrap();
    assert_eq!(chat_with(&mock, token).await, StatusCode::OK);
    past.store(60, Ordering::Relaxed);
    assert_eq!(chat_with(&mock, token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn an_exchange_goes_wrong_on_demand_and_recovers() {
    let mock = demo().await;
    mock.set_exchange_faults(
        "octocat",
        vec![Fault::status(500, "no"), Fault::Refuse, Fault::CutBody],
    );
    let failed = exchange(&mock, "gho_demo_octocat").await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    let refused = Ask::get(&mock, EXCHANGE).by_github("gho_demo_octocat");
    assert!(refused.open().await.is_err());
    assert!(!exchange(&mock, "gho_demo_octocat").await.complete);
    assert!(exchange(&mock, "gho_demo_octocat").await.complete);
}

#[tokio::test]
async fn the_quota_tells_the_plan_and_its_reset_on_the_first_of_a_month() {
    let mock = demo().await;
    let quota = Ask::get(&mock, "/copilot_internal/user")
        .by_github("gho_demo_octocat")
        .send()
        .await
        .json();
    assert_eq!(quota["copilot_plan"], "individual_pro");
    let premium = &quota["quota_snapshots"]["premium_interactions"];
    assert_eq!(premium["entitlement"], 300);
    let reset = quota["quota_reset_date_utc"].as_str().unwrap();
    assert!(reset.ends_with("-01T00:00:00Z"), "{reset}");
}
