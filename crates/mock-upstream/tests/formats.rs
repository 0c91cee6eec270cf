//! A reply that is to be JSON of a schema is, in each of the three formats.

use serde_json::{Value, json};

use crate::client::{Ask, demo};

fn schema() -> Value {
    json!({"type": "object", "properties": {
        "city": {"type": "string"},
        "where": {"type": "object", "properties": {"lat": {"type": "number"}}}}})
}

async fn said(path: &str, body: Value, place: &str) -> Value {
    let mock = demo().await;
    let ask = Ask::post(&mock, path, body.to_string()).by_copilot(&mock, "octocat");
    let reply = ask.send().await.json();
    serde_json::from_str(reply.pointer(place).unwrap().as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_reply_fits_the_schema_that_is_asked_for_in_every_format() {
    let expected = json!({"city": "mock", "where": {"lat": 1}});
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body = json!({
        "model": "gpt-4o", "messages": messages,
        "response_format": {"type": "json_schema", "json_schema": {"schema": schema()}},
    });
    let place = "/choices/0/message/content";
    assert_eq!(said("/chat/completions", body, place).await, expected);
    let body = json!({
        "model": "gpt-5-mini", "input": "hi",
        "text": {"format": {"type": "json_schema", "schema": schema()}},
    });
    let place = "/output/0/content/0/text";
    assert_eq!(said("/responses", body, place).await, expected);
    let body = json!({
        "model": "claude-opus-4.7", "messages": messages, "max_tokens": 99,
        "output_config": {"format": {"type": "json_schema", "schema": schema()}},
    });
    let place = "/content/0/text";
    assert_eq!(said("/v1/messages", body, place).await, expected);
}
