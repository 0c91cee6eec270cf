//! The HTTP interface for tests in other languages.

use http::{Method, StatusCode};
use mock_upstream::{Fault, Faults, Mock, Quirk, Quota, Window};
use serde_json::json;

use crate::client::{Ask, chat, demo, hi};

async fn put(mock: &Mock, path: &str, body: &str) -> StatusCode {
    let ask = Ask::post(mock, path, body.to_owned()).method(Method::PUT);
    ask.send().await.status
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_http() {
    let mock = demo().await;
    let path = "/_mock/accounts/octocat/faults";
    let body = r#"[{"status":{"status":429,"headers":[["retry-after","3"]],"body":"x"}},"pass"]"#;
    assert_eq!(put(&mock, path, body).await, StatusCode::NO_CONTENT);
    let limited = chat(&mock, &hi()).send().await;
    assert_eq!(limited.header("retry-after"), "3");
    let standing = r#"{"standing":{"html":{"status":401}}}"#;
    assert_eq!(put(&mock, path, standing).await, StatusCode::NO_CONTENT);
    for _ in 0..2 {
        let status = chat(&mock, &hi()).send().await.status;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
    }
    let cleared = Ask::get(&mock, path).method(Method::DELETE).send().await;
    assert_eq!(cleared.status, StatusCode::NO_CONTENT);
    assert_eq!(chat(&mock, &hi()).send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_fault_or_account_that_does_not_exist_is_refused() {
    let mock = demo().await;
    let octocat = "/_mock/accounts/octocat/faults";
    for body in ["[\"explode\"]", "{", "[{\"html\":{}}]"] {
        let status = put(&mock, octocat, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
    }
    let nobody = put(&mock, "/_mock/accounts/nobody/faults", "[]").await;
    assert_eq!(nobody, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn seen_is_read_and_cleared_over_http_and_never_holds_its_own_requests() {
    let mock = demo().await;
    chat(&mock, &hi()).send().await;
    let seen = Ask::get(&mock, "/_mock/seen").send().await.json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["account"], "octocat");
    assert_eq!(seen[0]["path"], "/chat/completions");
    assert!(seen[0]["body"].as_str().unwrap().contains("hi there"));
    assert_eq!(seen[0]["disconnected"], false);
    let clear = Ask::get(&mock, "/_mock/seen").method(Method::DELETE);
    clear.send().await;
    assert!(mock.seen().is_empty());
}

#[tokio::test]
async fn tokens_are_revoked_and_exchanges_counted_over_http() {
    let mock = demo().await;
    let ask = chat(&mock, &hi());
    let account = "/_mock/accounts/octocat";
    let known = Ask::get(&mock, account).send().await.json();
    assert_eq!(
        known,
        json!({"id": "octocat", "kind": "copilot", "exchanges": 1})
    );
    Ask::post(&mock, &format!("{account}/revoke"), "")
        .send()
        .await;
    assert_eq!(ask.send().await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_sign_in_is_scripted_over_http() {
    let mock = demo().await;
    let login = r#"{"account":"hubot","interval":3,"polls":["denied"]}"#;
    assert_eq!(
        put(&mock, "/_mock/login", login).await,
        StatusCode::NO_CONTENT
    );
    let code = Ask::post(&mock, "/login/device/code", "client_id=x")
        .with("accept", "application/json")
        .send()
        .await;
    assert_eq!(code.json()["interval"], 3);
}

#[tokio::test]
async fn a_quota_is_set_over_http_in_the_parts_that_differ_from_the_default() {
    let mock = demo().await;
    let path = "/_mock/accounts/octocat/quota";
    let body = r#"{"remaining_percent":5,"session":{"remaining_percent":1.5,"resets_at":60}}"#;
    assert_eq!(put(&mock, path, body).await, StatusCode::NO_CONTENT);
    let reply = chat(&mock, &hi()).send().await;
    let premium = reply.header("x-quota-snapshot-premium_interactions");
    assert!(premium.starts_with("ent=300&ov=0.0&ovPerm=false&rem=5.0&"));
    let session = reply.header("x-usage-ratelimit-session");
    assert!(session.contains("rem=1.5&rst=1970-01-01T00%3A01%3A00Z"));
    for strange in [r#"{"left":5}"#, r#"{"weekly":{"resets_at":60}}"#, "5", "{"] {
        let status = put(&mock, path, strange).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{strange}");
    }
}

#[tokio::test]
async fn quota_faults_are_set_and_cleared_over_http() {
    let mock = demo().await;
    let path = "/_mock/accounts/octocat/quota-faults";
    let ask = || Ask::get(&mock, "/copilot_internal/user").by_github("gho_demo_octocat");
    let standing = r#"{"standing":{"status":{"status":503}}}"#;
    assert_eq!(put(&mock, path, standing).await, StatusCode::NO_CONTENT);
    assert_eq!(ask().send().await.status, StatusCode::SERVICE_UNAVAILABLE);
    Ask::get(&mock, path).method(Method::DELETE).send().await;
    assert_eq!(ask().send().await.status, StatusCode::OK);
}

#[test]
fn the_documented_quota_is_the_default_with_a_week() {
    let documentation = include_str!("../src/control.rs").replace("\n//! ", " ");
    let documented = documentation.split("A quota is `").nth(1).unwrap();
    let quota: Quota = serde_json::from_str(documented.split('`').next().unwrap()).unwrap();
    let week = Window {
        remaining_percent: 80.0,
        resets_at: 1_800_000_000,
    };
    let expected = Quota {
        weekly: Some(week),
        ..Quota::default()
    };
    assert_eq!(quota, expected);
}

#[test]
fn each_fault_has_the_json_that_the_documentation_gives() {
    let documented = include_str!("../src/control.rs")
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let faults: Vec<Fault> = documented
        .lines()
        .filter_map(|line| line.strip_prefix("//! "))
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    assert_eq!(faults.len(), 21);
    for fault in faults {
        let json = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<Fault>(&json).unwrap(), fault);
    }
}

#[test]
fn faults_read_an_array_as_a_queue_and_write_both_parts() {
    let faults: Faults = serde_json::from_str(r#"["refuse",{"quirk":"two_choices"}]"#).unwrap();
    assert_eq!(
        faults,
        Faults::from(vec![Fault::Refuse, Fault::Quirk(Quirk::TwoChoices)])
    );
    let json = serde_json::to_string(&Faults::always(Fault::Refuse)).unwrap();
    let read: Faults = serde_json::from_str(&json).unwrap();
    assert_eq!(read.standing, Some(Fault::Refuse));
}
