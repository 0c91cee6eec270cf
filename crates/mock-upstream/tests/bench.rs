//! The benchmark replies.

use mock_upstream::{Mock, Script};
use serde_json::{Value, json};

use crate::client::{Ask, Reply, demo};

async fn ask(body: &str) -> Reply {
    let mock = demo().await;
    Ask::post(&mock, "/api/paas/v4/chat/completions", body.to_owned())
        .with("authorization", "Bearer zai-demo-key")
        .send()
        .await
}

#[tokio::test]
async fn the_small_reply_is_a_chat_completion() {
    let reply = ask(r#"{"messages":[],"model": "bench-small"}"#)
        .await
        .json();
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["usage"]["total_tokens"], 12);
}

#[tokio::test]
async fn the_small_reply_streams_when_asked_to() {
    let reply = ask(r#"{"model":"bench-small","stream":true}"#).await;
    assert_eq!(reply.chunks().len(), 4);
}

#[tokio::test]
async fn a_stream_has_as_many_chunks_as_its_name_says() {
    let body = json!({"model": "bench-stream-2000-0", "stream": true,
        "stream_options": {"include_usage": true}});
    let reply = ask(&body.to_string()).await;
    assert!(reply.complete);
    let chunks = reply.chunks();
    assert_eq!(chunks.len(), 2002);
    assert_eq!(chunks[2001]["usage"]["completion_tokens"], 2000);
    let finish = &chunks[2000]["choices"][0]["finish_reason"];
    assert_eq!(finish, "stop");
    let text = reply.text();
    let size = text.split("\n\n").next().unwrap().len();
    assert!((150..250).contains(&size), "{size}");
}

#[tokio::test]
async fn a_stream_without_a_wish_for_usage_has_none() {
    let reply = ask(r#"{"model":"bench-stream-20-1","stream":true}"#).await;
    let chunks = reply.chunks();
    assert_eq!(chunks.len(), 21);
    assert!(chunks.iter().all(|chunk| chunk["usage"].is_null()));
}

#[tokio::test]
async fn the_ids_are_listed_only_on_demand() {
    for bench in [false, true] {
        let script = Script {
            bench,
            ..Script::demo()
        };
        let mock = Mock::start(script).await.unwrap();
        let ask = Ask::get(&mock, "/models").by_copilot(&mock, "octocat");
        let list = ask.send().await.json();
        let listed = |id: &str| {
            let entries: &Vec<Value> = list["data"].as_array().unwrap();
            entries.iter().any(|entry| entry["id"] == id)
        };
        for id in ["bench-small", "bench-stream-2000-0", "bench-stream-50-20"] {
            assert_eq!(listed(id), bench, "{id}");
        }
    }
}
