//! Says an answer in a stream, as `chat.completion.chunk` after chunk.

use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, words};
use super::seal::REASONING;

/// The chunks in order. Without one for usage, the cost rides on the finish chunk.
pub(super) fn chunks(answer: &Answer, with_usage: bool) -> Vec<Value> {
    let mut chunks = vec![delta(answer, json!({"role": "assistant", "content": ""}))];
    let reasoning = answer.reasoning.as_deref().unwrap_or_default();
    chunks.extend(words(reasoning).map(|word| delta(answer, json!({"reasoning_content": word}))));
    chunks.extend(words(&answer.text).map(|word| delta(answer, json!({"content": word}))));
    for (index, call) in answer.calls.iter().enumerate() {
        let opening = json!({
            "index": index, "id": call.id, "type": "function",
            "function": {"name": call.name, "arguments": ""},
        });
        chunks.push(delta(answer, json!({"tool_calls": [opening]})));
        chunks.extend(call.arguments.iter().map(|piece| {
            let more = json!({"index": index, "function": {"arguments": piece}});
            delta(answer, json!({"tool_calls": [more]}))
        }));
    }
    chunks.extend(answer.seal.as_ref().map(|seal| {
        let sealed = json!({"reasoning_text": REASONING, "reasoning_opaque": seal});
        delta(answer, sealed)
    }));
    let mut finish = delta(answer, json!({}));
    finish["choices"][0]["finish_reason"] = json!(answer.finish_reason());
    let usage = with_usage.then(|| {
        let mut usage = chunk(answer, json!([]));
        usage["usage"] = answer.usage.clone();
        usage
    });
    chunks.push(finish);
    chunks.extend(usage);
    if let (Some(cost), Some(last)) = (&answer.cost, chunks.last_mut()) {
        last["copilot_usage"] = cost.clone();
    }
    chunks
}

/// The data of each event, `[DONE]` last.
pub(super) fn events(chunks: &[Value]) -> Vec<Bytes> {
    chunks
        .iter()
        .map(|chunk| Bytes::from(chunk.to_string()))
        .chain([Bytes::from_static(b"[DONE]")])
        .collect()
}

pub(super) fn delta(answer: &Answer, delta: Value) -> Value {
    chunk(
        answer,
        json!([{"index": 0, "delta": delta, "finish_reason": null}]),
    )
}

fn chunk(answer: &Answer, choices: Value) -> Value {
    json!({
        "id": answer.id, "object": "chat.completion.chunk", "created": answer.created,
        "model": answer.model, "choices": choices,
    })
}
