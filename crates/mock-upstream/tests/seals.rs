//! Reasoning that an account seals, and what becomes of it at another.

use http::StatusCode;
use mock_upstream::{Fault, Mock, Quirk};
use serde_json::{Value, json};

use crate::client::{Ask, Reply, chat, demo, hi, hi_stream};

fn sealed() -> Fault {
    Fault::Quirk(Quirk::SealedReasoning)
}

async fn seal(mock: &Mock) -> String {
    mock.set_fault("octocat", sealed());
    let reply = chat(mock, &hi()).send().await.json();
    let message = &reply["choices"][0]["message"];
    assert!(message["reasoning_text"].is_string());
    assert!(message["content"].is_string());
    message["reasoning_opaque"].as_str().unwrap().to_owned()
}

/// A second turn that brings back what the first was sealed with.
fn second_turn(role: &str, seal: &Value) -> Value {
    json!({"model": "gpt-4.1", "messages": [
        {"role": "user", "content": "hi"},
        {"role": role, "content": "hello", "reasoning_opaque": seal},
        {"role": "user", "content": "and now"},
    ]})
}

async fn ask(mock: &Mock, account: &str, body: &Value) -> Reply {
    let ask = Ask::post(mock, "/chat/completions", body.to_string());
    ask.by_copilot(mock, account).send().await
}

#[tokio::test]
async fn a_seal_names_its_account_and_is_unlike_all_before_it() {
    let mock = demo().await;
    let (first, second) = (seal(&mock).await, seal(&mock).await);
    assert_ne!(first, second);
    for seal in [first, second] {
        let serial = seal.strip_prefix("sealed-by-octocat-").unwrap();
        serial.parse::<u64>().unwrap();
    }
}

#[tokio::test]
async fn a_stream_tells_its_seal_in_the_chunk_before_the_finish() {
    let mock = demo().await;
    let mut body = hi_stream();
    body["stream_options"] = json!({"include_usage": true});
    mock.set_fault("octocat", sealed());
    let chunks = chat(&mock, &body).send().await.chunks();
    let [.., before, finish, usage] = chunks.as_slice() else {
        panic!("three chunks");
    };
    let delta = &before["choices"][0]["delta"];
    assert!(delta["reasoning_text"].is_string());
    let seal = delta["reasoning_opaque"].as_str().unwrap();
    assert!(seal.starts_with("sealed-by-octocat-"));
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert!(usage["usage"].is_object());
    let sealed = |chunk: &&Value| !chunk["choices"][0]["delta"]["reasoning_opaque"].is_null();
    assert_eq!(chunks.iter().filter(sealed).count(), 1);
}

#[tokio::test]
async fn no_reply_is_sealed_unasked_and_no_seal_refused() {
    let mock = demo().await;
    let reply = chat(&mock, &hi()).send().await;
    assert!(!reply.text().contains("reasoning_opaque"));
    let foreign = second_turn("assistant", &json!("sealed-by-hubot-1"));
    assert_eq!(ask(&mock, "octocat", &foreign).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_seal_of_another_account_is_refused_and_an_own_one_served_with_a_new_seal() {
    let mock = demo().await;
    let seal = json!(seal(&mock).await);
    let body = second_turn("assistant", &seal);
    let both = Fault::Together(vec![Fault::RefuseForeignSeals, sealed()]);
    mock.set_faults("octocat", both.clone());
    mock.set_faults("hubot", both);
    let refused = ask(&mock, "hubot", &body).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.json(),
        json!({"error": {"message": "Encrypted content could not be verified",
                         "code": "invalid_encrypted_content"}})
    );
    let served = ask(&mock, "octocat", &body).await;
    assert_eq!(served.status, StatusCode::OK);
    let new = &served.json()["choices"][0]["message"]["reasoning_opaque"];
    assert!(new.is_string() && *new != seal);
}

#[tokio::test]
async fn only_an_assistants_seal_is_verified() {
    let mock = demo().await;
    let unsealed = [
        hi(),
        second_turn("assistant", &Value::Null),
        second_turn("user", &json!("sealed-by-hubot-1")),
    ];
    for body in unsealed {
        mock.set_fault("octocat", Fault::RefuseForeignSeals);
        assert_eq!(ask(&mock, "octocat", &body).await.status, StatusCode::OK);
    }
    mock.set_fault("octocat", Fault::RefuseForeignSeals);
    let strange = second_turn("assistant", &json!("of no form at all"));
    assert_eq!(
        ask(&mock, "octocat", &strange).await.status,
        StatusCode::BAD_REQUEST
    );
}
