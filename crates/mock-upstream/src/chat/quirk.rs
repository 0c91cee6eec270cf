//! Bends an ordinary reply into what Copilot has been seen to send.

use serde_json::{Value, json};

use crate::fault::Quirk;
use crate::plan::Plan;

use super::answer::Answer;
use super::seal::REASONING;
use super::stream;

/// The quirks of what is said.
pub(super) fn bend_answer(answer: &mut Answer, plan: &Plan) {
    for call in &mut answer.calls {
        if plan.has(Quirk::WhitespaceArguments) {
            call.arguments = vec!["\r\n\t".to_owned(); 30];
        }
        if plan.has(Quirk::ZeroUsageEachChunk) {
            call.arguments = vec![call.arguments.concat()];
        }
        if plan.has(Quirk::ClaudeChunks) {
            call.id = call
                .id
                .replacen("call_", "tooluse_", 1)
                .replacen("toolu_", "tooluse_", 1);
        }
    }
}

/// The quirks of a stream's chunks.
pub(super) fn bend_chunks(mut chunks: Vec<Value>, answer: &Answer, plan: &Plan) -> Vec<Value> {
    for quirk in &plan.quirks {
        match quirk {
            Quirk::FirstChunkWithoutChoices => chunks.insert(0, filter_results()),
            Quirk::NullChoices => chunks.insert(0, references()),
            Quirk::ClaudeChunks => chunks.iter_mut().for_each(claude),
            Quirk::UsageOnFinish => usage_on_finish(&mut chunks, answer),
            Quirk::ZeroUsageEachChunk => chunks = gemini(chunks, answer),
            Quirk::MissingFinish => chunks.retain(|chunk| !is_finish(chunk)),
            Quirk::FinishStopWithTools => chunks
                .iter_mut()
                .filter(|chunk| is_finish(chunk))
                .for_each(|chunk| chunk["choices"][0]["finish_reason"] = json!("stop")),
            Quirk::WhitespaceArguments
            | Quirk::TwoChoices
            | Quirk::SealedReasoning
            | Quirk::ChangingItemIds => {}
        }
    }
    chunks
}

/// The quirks of a whole reply.
pub(super) fn bend_whole(mut whole: Value, plan: &Plan) -> Value {
    for quirk in &plan.quirks {
        match quirk {
            Quirk::TwoChoices => two_choices(&mut whole),
            Quirk::MissingFinish => whole["choices"][0]["finish_reason"] = Value::Null,
            Quirk::FinishStopWithTools => whole["choices"][0]["finish_reason"] = json!("stop"),
            Quirk::ClaudeChunks => drop_field(&mut whole, "object"),
            Quirk::ZeroUsageEachChunk => {
                let message = &mut whole["choices"][0]["message"];
                message["reasoning_text"] = json!(REASONING);
                message["reasoning_opaque"] = json!(OPAQUE);
            }
            Quirk::FirstChunkWithoutChoices => {
                whole["prompt_filter_results"] = filter_results()["prompt_filter_results"].take();
            }
            Quirk::NullChoices
            | Quirk::UsageOnFinish
            | Quirk::WhitespaceArguments
            | Quirk::SealedReasoning
            | Quirk::ChangingItemIds => {}
        }
    }
    whole
}

/// The quirks of a stream's events of Responses.
pub(super) fn bend_events(mut events: Vec<Value>, answer: &Answer, plan: &Plan) -> Vec<Value> {
    if let Some(seal) = &answer.seal {
        reason(&mut events, seal);
    }
    if plan.has(Quirk::ChangingItemIds) {
        for (number, event) in events.iter_mut().enumerate() {
            change_item_ids(event, number);
        }
    }
    events
}

/// An item of sealed reasoning behind all others.
fn reason(events: &mut Vec<Value>, seal: &str) {
    let Some(mut completed) = events.pop() else {
        return;
    };
    let output = completed.pointer_mut("/response/output");
    let Some(output) = output.and_then(Value::as_array_mut) else {
        return events.push(completed);
    };
    let item = |seal: &str| json!({"type": "reasoning", "id": "rs_mock", "summary": [], "encrypted_content": seal});
    let index = output.len();
    output.push(item(seal));
    for (kind, seal) in [("added", ""), ("done", seal)] {
        events.push(json!({
            "type": format!("response.output_item.{kind}"), "output_index": index,
            "item": item(seal),
        }));
    }
    events.push(completed);
}

fn change_item_ids(event: &mut Value, number: usize) {
    let change = |id: &mut Value| {
        if let Some(old) = id.as_str() {
            *id = json!(format!("item-{number}-{old}"));
        }
    };
    for place in ["/item_id", "/item/id"] {
        event.pointer_mut(place).map(change);
    }
    let items = event
        .pointer_mut("/response/output")
        .and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        item.pointer_mut("/id").map(change);
    }
}

fn filter_results() -> Value {
    let safe = json!({"filtered": false, "severity": "safe"});
    json!({
        "id": "", "created": 0, "model": "", "object": "", "choices": [],
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {
            "hate": safe, "self_harm": safe, "sexual": safe, "violence": safe}}],
    })
}

fn references() -> Value {
    json!({
        "id": null, "choices": null,
        "copilot_references": [{"type": "github.repository", "id": "mock", "data": {}}],
        "copilot_errors": null,
    })
}

fn claude(chunk: &mut Value) {
    drop_field(chunk, "object");
    if let Some(delta) = chunk.pointer_mut("/choices/0/delta") {
        delta["role"] = json!("assistant");
    }
}

fn usage_on_finish(chunks: &mut Vec<Value>, answer: &Answer) {
    chunks.retain(|chunk| chunk["choices"] != json!([]) || chunk["usage"].is_null());
    if let Some(finish) = chunks.iter_mut().find(|chunk| is_finish(chunk)) {
        finish["usage"] = answer.usage.clone();
        if let Some(cost) = &answer.cost {
            finish["copilot_usage"] = cost.clone();
        }
    }
}

/// Whole calls in one chunk each, thoughts before the content, zero usage until the end.
fn gemini(chunks: Vec<Value>, answer: &Answer) -> Vec<Value> {
    let mut bent = Vec::with_capacity(chunks.len() + 2);
    for chunk in chunks {
        let call = &chunk["choices"][0]["delta"]["tool_calls"][0];
        let first = bent.is_empty();
        if call.is_null() {
            bent.push(chunk);
        } else if !call["id"].is_null() {
            let mut whole = chunk;
            let call = &mut whole["choices"][0]["delta"]["tool_calls"][0];
            let index = call["index"].as_u64().unwrap_or_default() as usize;
            call["function"]["arguments"] = json!(answer.calls[index].arguments.concat());
            bent.push(whole);
        }
        if first {
            bent.push(stream::delta(answer, json!({"reasoning_text": REASONING})));
            bent.push(stream::delta(answer, json!({"reasoning_opaque": OPAQUE})));
        }
    }
    let zero = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    for chunk in &mut bent {
        if chunk["usage"].is_null() {
            chunk["usage"] = zero.clone();
        }
    }
    bent
}

/// Claude's text and tool calls, told apart and unnumbered.
fn two_choices(whole: &mut Value) {
    let Some(mut first) = whole["choices"].get(0).cloned() else {
        return;
    };
    drop_field(&mut first, "index");
    if first["message"]["tool_calls"].is_null() {
        whole["choices"] = json!([first]);
        return;
    }
    let text = json!({
        "finish_reason": first["finish_reason"],
        "message": {"role": "assistant", "content": "I call a tool."},
    });
    whole["choices"] = json!([text, first]);
}

fn is_finish(chunk: &Value) -> bool {
    chunk["choices"][0]["finish_reason"].is_string()
}

fn drop_field(value: &mut Value, name: &str) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove(name);
    }
}

const OPAQUE: &str = "bW9jay1vcGFxdWUtc2lnbmF0dXJl";
