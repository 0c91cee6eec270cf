//! The same answers as Anthropic's Messages: the request as one of chat, and the answer
//! in Anthropic's events.

use serde_json::{Value, json};

use super::answer::{Answer, words};

/// As much of the request as the mock heeds, as one of chat; why not, in words.
pub(super) fn as_chat(body: &Value) -> Result<Value, String> {
    if !body["max_tokens"].is_u64() {
        return Err("max_tokens: Field required".to_owned());
    }
    if list(&body["tools"]).any(|tool| !tool["eager_input_streaming"].is_null()) {
        return Err("tools.0.eager_input_streaming: Extra inputs are not permitted".to_owned());
    }
    let mut messages = Vec::new();
    if !body["system"].is_null() {
        messages.push(json!({"role": "system", "content": body["system"]}));
    }
    for (at, message) in list(&body["messages"]).enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !["user", "assistant"].contains(&role) {
            return Err(format!(
                "messages.{at}.role: Input should be 'user' or 'assistant'"
            ));
        }
        let results = list(&message["content"]).filter(|block| block["type"] == "tool_result");
        let results: Vec<&Value> = results.collect();
        if results.is_empty() {
            messages.push(json!({"role": role, "content": message["content"]}));
        }
        for result in results {
            messages.push(json!({"role": "tool", "content": result["content"]}));
        }
    }
    let tools = list(&body["tools"]).map(
        |tool| json!({"function": {"name": tool["name"], "parameters": tool["input_schema"]}}),
    );
    let choice = &body["tool_choice"];
    let schema = &body["output_config"]["format"]["schema"];
    let format = (!schema.is_null()).then(|| json!({"json_schema": {"schema": schema}}));
    Ok(json!({
        "response_format": format,
        "model": body["model"],
        "messages": messages,
        "stream": body["stream"] == true,
        "tools": tools.collect::<Vec<_>>(),
        "tool_choice": choice["type"],
        "parallel_tool_calls": choice["disable_parallel_tool_use"] != true
            && list(&body["tools"]).count() > 1,
    }))
}

/// A field that is only for generating, which counting refuses.
pub(super) fn beyond_counting(body: &Value) -> Option<&'static str> {
    const GENERATING: [&str; 6] = [
        "max_tokens",
        "stream",
        "temperature",
        "top_p",
        "stop_sequences",
        "metadata",
    ];
    GENERATING.into_iter().find(|name| !body[name].is_null())
}

pub(super) fn whole(answer: &Answer) -> Value {
    let mut content = Vec::new();
    if answer.calls.is_empty() {
        content.push(json!({"type": "text", "text": answer.text}));
    }
    for call in &answer.calls {
        let input: Value = serde_json::from_str(&call.arguments.concat()).unwrap_or_default();
        content.push(json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input}));
    }
    let mut message = message(answer, &content);
    message["stop_reason"] = json!(stop_reason(answer));
    message["usage"] = usage(answer);
    if let Some(cost) = &answer.cost {
        message["copilot_usage"] = cost.clone();
    }
    message
}

/// The events in order.
pub(super) fn events(answer: &Answer) -> Vec<Value> {
    let mut start = message(answer, &[]);
    start["usage"] = json!({"input_tokens": answer.usage["prompt_tokens"], "output_tokens": 1});
    let mut events = vec![json!({"type": "message_start", "message": start})];
    let mut block = |index: usize, block: Value, deltas: Vec<Value>| {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": block}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
    };
    if answer.calls.is_empty() {
        let deltas = words(&answer.text).map(|word| json!({"type": "text_delta", "text": word}));
        block(0, json!({"type": "text", "text": ""}), deltas.collect());
    }
    for (index, call) in answer.calls.iter().enumerate() {
        let deltas = call.arguments.iter();
        let deltas = deltas.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        let start = json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}});
        block(index, start, deltas.collect());
    }
    events.push(json!({"type": "ping"}));
    let mut last = json!({
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason(answer), "stop_sequence": null},
        "usage": usage(answer),
    });
    if let Some(cost) = &answer.cost {
        last["copilot_usage"] = cost.clone();
    }
    events.extend([last, json!({"type": "message_stop"})]);
    events
}

fn message(answer: &Answer, content: &[Value]) -> Value {
    json!({
        "id": answer.id.replace("chatcmpl", "msg"), "type": "message", "role": "assistant",
        "model": answer.model, "content": content, "stop_reason": null, "stop_sequence": null,
    })
}

fn usage(answer: &Answer) -> Value {
    json!({
        "input_tokens": answer.usage["prompt_tokens"],
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "output_tokens": answer.usage["completion_tokens"],
    })
}

fn stop_reason(answer: &Answer) -> &'static str {
    match answer.calls.is_empty() {
        true => "end_turn",
        false => "tool_use",
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
