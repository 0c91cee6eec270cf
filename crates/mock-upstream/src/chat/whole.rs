//! Says an answer whole, as `chat.completion`.

use serde_json::{Value, json};

use super::answer::{Answer, ToolCall};
use super::seal::REASONING;

pub(super) fn completion(answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": null});
    if answer.calls.is_empty() {
        message["content"] = json!(answer.text);
    } else {
        message["tool_calls"] = answer.calls.iter().map(tool_call).collect();
    }
    if let Some(reasoning) = &answer.reasoning {
        message["reasoning_content"] = json!(reasoning);
    }
    if let Some(seal) = &answer.seal {
        message["reasoning_text"] = json!(REASONING);
        message["reasoning_opaque"] = json!(seal);
    }
    let mut completion = json!({
        "id": answer.id, "object": "chat.completion", "created": answer.created,
        "model": answer.model, "usage": answer.usage,
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason()}],
    });
    if let Some(cost) = &answer.cost {
        completion["copilot_usage"] = cost.clone();
    }
    completion
}

fn tool_call(call: &ToolCall) -> Value {
    json!({
        "id": call.id, "type": "function",
        "function": {"name": call.name, "arguments": call.arguments.concat()},
    })
}
