//! What is answered when nothing goes wrong.

use http::StatusCode;
use serde_json::{Value, json};

use crate::client::{Ask, Reply, chat, demo, hi, hi_stream, hi_tools};

fn joined(chunks: &[Value], pointer: &str) -> String {
    chunks
        .iter()
        .filter_map(|chunk| chunk.pointer(pointer)?.as_str())
        .collect()
}

#[tokio::test]
async fn a_whole_reply_greets_and_echoes_and_tells_its_cost() {
    let mock = demo().await;
    let reply = chat(&mock, &hi()).send().await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("x-ratelimit-remaining-requests"), "4999");
    assert!(!reply.header("x-request-id").is_empty());
    assert!(!reply.header("x-github-request-id").is_empty());
    let quota = reply.header("x-quota-snapshot-premium_interactions");
    assert!(quota.starts_with("ent=300&ov=0.0&ovPerm=false&rem=35.5&rst="));
    assert!(quota.contains("-01T00%3A00%3A00Z"), "{quota}");
    let body = reply.json();
    assert_eq!(body["object"], "chat.completion");
    let message = &body["choices"][0]["message"];
    assert_eq!(message["content"], "Hello from octocat, you said: hi there");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    // $2 and $8 a million tokens are 200,000 and 800,000 nano credits each.
    assert_eq!(body["usage"]["prompt_tokens"], 10);
    assert_eq!(body["usage"]["completion_tokens"], 7);
    assert_eq!(
        body["copilot_usage"]["total_nano_aiu"],
        10 * 200_000 + 7 * 800_000
    );
}

#[tokio::test]
async fn a_stream_says_the_same_word_by_word() {
    let mock = demo().await;
    let whole = chat(&mock, &hi()).send().await.json();
    let reply = chat(&mock, &hi_stream()).send().await;
    assert!(reply.complete);
    assert_eq!(reply.header("content-type"), "text/event-stream");
    let chunks = reply.chunks();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(
        joined(&chunks, "/choices/0/delta/content"),
        whole["choices"][0]["message"]["content"]
    );
    assert_eq!(chunks.len(), 9);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(chunks.iter().all(|chunk| chunk["usage"].is_null()));
}

#[tokio::test]
async fn usage_has_a_chunk_of_its_own_when_asked_for() {
    let mock = demo().await;
    let mut body = hi_stream();
    body["stream_options"] = json!({"include_usage": true});
    let chunks = chat(&mock, &body).send().await.chunks();
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"], json!([]));
    assert_eq!(last["usage"]["total_tokens"], 17);
    assert!(last["copilot_usage"]["total_nano_aiu"].is_u64());
    assert_eq!(
        chunks[chunks.len() - 2]["choices"][0]["finish_reason"],
        "stop"
    );
}

#[tokio::test]
async fn a_users_word_with_tools_calls_the_first_one_to_its_schema() {
    let mock = demo().await;
    let body = chat(&mock, &hi_tools()).send().await.json();
    let calls = body["choices"][0]["message"]["tool_calls"].as_array();
    let [call] = calls.unwrap().as_slice() else {
        panic!("one call");
    };
    assert_eq!(call["function"]["name"], "look");
    let arguments: Value =
        serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, json!({"city": "mock", "days": 1, "unit": "C"}));
    assert_eq!(body["choices"][0]["finish_reason"], "tool_calls");
    assert!(body["choices"][0]["message"]["content"].is_null());
}

#[tokio::test]
async fn two_calls_stream_in_pieces_when_they_may_be_parallel() {
    let mock = demo().await;
    let mut body = hi_tools();
    body["stream"] = json!(true);
    body["parallel_tool_calls"] = json!(true);
    let chunks = chat(&mock, &body).send().await.chunks();
    let mut arguments = [String::new(), String::new()];
    let mut opened = Vec::new();
    let mut pieces = 0;
    for chunk in &chunks {
        let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
        let Some(index) = call["index"].as_u64() else {
            continue;
        };
        if let Some(name) = call["function"]["name"].as_str() {
            assert!(call["id"].as_str().unwrap().starts_with("call_"));
            opened.push(name.to_owned());
        }
        arguments[index as usize] += call["function"]["arguments"].as_str().unwrap();
        pieces += 1;
    }
    assert_eq!(opened, ["look", "find"]);
    assert!(pieces > 8, "{pieces}");
    for arguments in arguments {
        serde_json::from_str::<Value>(&arguments).unwrap();
    }
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn a_tools_result_is_told_to_the_user() {
    let mock = demo().await;
    let mut body = hi_tools();
    let messages = body["messages"].as_array_mut().unwrap();
    messages.push(json!({"role": "assistant", "content": null, "tool_calls": []}));
    messages.push(json!({"role": "tool", "tool_call_id": "x", "content": "21 degrees"}));
    let reply = chat(&mock, &body).send().await.json();
    let text = reply["choices"][0]["message"]["content"].as_str().unwrap();
    assert_eq!(text, "Hello from octocat, the tool said: 21 degrees");
}

#[tokio::test]
async fn copilot_looks_at_images_only_when_they_are_announced() {
    let mock = demo().await;
    let body = json!({"model": "gpt-4o", "messages": [
        {"role": "user", "content": [
            {"type": "text", "text": "what is it"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]});
    let refused = chat(&mock, &body).send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let ask = chat(&mock, &body).with("copilot-vision-request", "true");
    let seen = ask.send().await.json();
    let text = seen["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.ends_with("what is it"));
}

fn zai(mock: &mock_upstream::Mock, body: &Value) -> Ask {
    Ask::post(
        mock,
        "/api/coding/paas/v4/chat/completions",
        body.to_string(),
    )
    .with("authorization", "Bearer zai-demo-key")
}

async fn zai_reply(body: &Value) -> Reply {
    zai(&demo().await, body).send().await
}

#[tokio::test]
async fn zai_thinks_aloud_when_asked_to() {
    let mut body = hi_stream();
    body["model"] = json!("glm-4.7");
    let silent = zai_reply(&body).await;
    assert!(!silent.text().contains("reasoning_content"));
    assert!(silent.headers.get("x-github-request-id").is_none());
    body["thinking"] = json!({"type": "enabled", "clear_thinking": false});
    let chunks = zai_reply(&body).await.chunks();
    let thoughts = joined(&chunks, "/choices/0/delta/reasoning_content");
    assert!(thoughts.starts_with("The user"));
    let text = joined(&chunks, "/choices/0/delta/content");
    assert_eq!(text, "Hello from zed, you said: hi there");
    assert!(chunks.iter().all(|chunk| chunk["copilot_usage"].is_null()));
}

#[tokio::test]
async fn zai_refuses_strange_models_and_the_developer_role_by_number() {
    let mut body = hi();
    let unknown = zai_reply(&json!({"model": "glm-0", "messages": []})).await;
    assert_eq!(unknown.json()["error"]["code"], "1211");
    body["model"] = json!("glm-4.7");
    body["messages"][0]["role"] = json!("developer");
    assert_eq!(zai_reply(&body).await.json()["error"]["code"], "1214");
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    let mock = demo().await;
    let ask = Ask::post(&mock, "/chat/completions", "{").by_copilot(&mock, "octocat");
    let refused = ask.send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["code"], "invalid_request_body");
}

#[tokio::test]
async fn embeddings_depend_on_the_text_alone_and_are_numbers_of_texts() {
    let mock = demo().await;
    let ask = async |body: Value| {
        let ask = Ask::post(&mock, "/embeddings", body.to_string());
        ask.by_copilot(&mock, "octocat").send().await
    };
    let body =
        json!({"model": "text-embedding-3-small", "input": ["a", "b", "a"], "dimensions": 8});
    let reply = ask(body.clone()).await.json();
    let vectors: Vec<&Value> = (0..3)
        .map(|index| &reply["data"][index]["embedding"])
        .collect();
    assert_eq!(vectors[0], vectors[2]);
    assert_ne!(vectors[0], vectors[1]);
    assert_eq!(vectors[0].as_array().unwrap().len(), 8);
    for odd in [json!("a"), json!([1, 2]), json!([[1, 2]])] {
        let mut body = body.clone();
        body["input"] = odd;
        assert_eq!(ask(body).await.status, StatusCode::BAD_REQUEST);
    }

    let mut wrong = body;
    wrong["model"] = json!("gpt-4o");
    let refused = ask(wrong).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["code"], "unsupported_api_for_model");
}
