//! Copilot's habits, each as facts describe it.

use mock_upstream::{Fault, Mock, Quirk};
use serde_json::{Value, json};

use crate::client::{Ask, chat, demo, hi, hi_stream, hi_tools};

async fn bent_stream(body: &Value, quirk: Quirk) -> Vec<Value> {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::Quirk(quirk));
    chat(&mock, body).send().await.chunks()
}

async fn bent_whole(mock: &Mock, body: &Value, quirk: Quirk) -> Value {
    mock.set_fault("octocat", Fault::Quirk(quirk));
    chat(mock, body).send().await.json()
}

fn tools_stream() -> Value {
    let mut body = hi_tools();
    body["stream"] = json!(true);
    body
}

fn finish(chunks: &[Value]) -> Option<&Value> {
    chunks
        .iter()
        .find(|chunk| chunk["choices"][0]["finish_reason"].is_string())
}

#[tokio::test]
async fn filter_results_come_first_without_choices_or_id() {
    let chunks = bent_stream(&hi_stream(), Quirk::FirstChunkWithoutChoices).await;
    assert_eq!(chunks[0]["choices"], json!([]));
    assert_eq!(chunks[0]["id"], "");
    assert!(chunks[0]["prompt_filter_results"].is_array());
    assert_eq!(chunks[1]["choices"][0]["delta"]["role"], "assistant");
}

#[tokio::test]
async fn references_come_first_with_null_choices() {
    let chunks = bent_stream(&hi_stream(), Quirk::NullChoices).await;
    assert!(chunks[0].as_object().unwrap().contains_key("choices"));
    assert!(chunks[0]["choices"].is_null());
    assert!(chunks[0]["copilot_references"].is_array());
}

#[tokio::test]
async fn claudes_chunks_lack_an_object_and_repeat_the_role() {
    let chunks = bent_stream(&tools_stream(), Quirk::ClaudeChunks).await;
    for chunk in &chunks {
        assert!(chunk.get("object").is_none());
        assert_eq!(chunk["choices"][0]["delta"]["role"], "assistant");
    }
    let id = &chunks[1]["choices"][0]["delta"]["tool_calls"][0]["id"];
    assert!(id.as_str().unwrap().starts_with("tooluse_"));
}

#[tokio::test]
async fn usage_rides_on_the_finish_chunk() {
    let mut body = hi_stream();
    body["stream_options"] = json!({"include_usage": true});
    let chunks = bent_stream(&body, Quirk::UsageOnFinish).await;
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "stop");
    assert!(last["usage"]["total_tokens"].is_u64());
    assert!(last["copilot_usage"]["total_nano_aiu"].is_u64());
}

#[tokio::test]
async fn gemini_sends_whole_calls_thoughts_and_zero_usage() {
    let mut body = tools_stream();
    body["stream_options"] = json!({"include_usage": true});
    body["parallel_tool_calls"] = json!(true);
    let chunks = bent_stream(&body, Quirk::ZeroUsageEachChunk).await;
    let deltas: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"])
        .collect();
    assert!(deltas[1]["reasoning_text"].is_string());
    assert!(deltas[2]["reasoning_opaque"].is_string());
    for delta in &deltas[3..5] {
        let arguments = &delta["tool_calls"][0]["function"]["arguments"];
        serde_json::from_str::<Value>(arguments.as_str().unwrap()).unwrap();
    }
    let (last, others) = chunks.split_last().unwrap();
    assert!(last["usage"]["total_tokens"].as_u64() > Some(0));
    assert!(
        others
            .iter()
            .all(|chunk| chunk["usage"]["total_tokens"] == 0)
    );
}

#[tokio::test]
async fn claudes_whole_reply_tells_text_and_call_in_two_unnumbered_choices() {
    let mock = demo().await;
    let body = bent_whole(&mock, &hi_tools(), Quirk::TwoChoices).await;
    let [text, call] = body["choices"].as_array().unwrap().as_slice() else {
        panic!("two choices");
    };
    assert!(text["message"]["content"].is_string());
    assert!(call["message"]["tool_calls"].is_array());
    assert!(text.get("index").is_none() && call.get("index").is_none());
    let plain = bent_whole(&mock, &hi(), Quirk::TwoChoices).await;
    assert_eq!(plain["choices"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_finish_may_be_missing() {
    let chunks = bent_stream(&hi_stream(), Quirk::MissingFinish).await;
    assert!(finish(&chunks).is_none());
    assert_eq!(chunks.len(), 8);
}

#[tokio::test]
async fn a_finish_may_say_stop_though_tools_are_called() {
    let chunks = bent_stream(&tools_stream(), Quirk::FinishStopWithTools).await;
    assert_eq!(
        finish(&chunks).unwrap()["choices"][0]["finish_reason"],
        "stop"
    );
    let mock = demo().await;
    let whole = bent_whole(&mock, &hi_tools(), Quirk::FinishStopWithTools).await;
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert!(whole["choices"][0]["message"]["tool_calls"].is_array());
}

#[tokio::test]
async fn arguments_may_be_thirty_pieces_of_whitespace() {
    let chunks = bent_stream(&tools_stream(), Quirk::WhitespaceArguments).await;
    let blank = chunks.iter().filter(|chunk| {
        chunk["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] == "\r\n\t"
    });
    assert_eq!(blank.count(), 30);
}

#[tokio::test]
async fn each_event_of_responses_may_name_its_item_otherwise() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::Quirk(Quirk::ChangingItemIds));
    let body = json!({"model": "gpt-5.3-codex", "input": "hi", "stream": true});
    let ask = Ask::post(&mock, "/responses", body.to_string()).by_copilot(&mock, "octocat");
    let mut ids = Vec::new();
    for data in ask.send().await.data() {
        let event: Value = serde_json::from_str(&data).unwrap();
        for place in ["/item_id", "/item/id", "/response/output/0/id"] {
            ids.extend(event.pointer(place).cloned());
        }
    }
    assert!(ids.len() > 5, "{ids:?}");
    for (at, id) in ids.iter().enumerate() {
        assert!(!ids[..at].contains(id), "{ids:?}");
    }
}
