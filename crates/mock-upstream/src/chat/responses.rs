//! The same answers as OpenAI's Responses: the request as one of chat, and the answer in
//! the events of Responses.

use serde_json::{Value, json};

use super::answer::{Answer, ToolCall, words};

/// As much of the request as the mock heeds, as one of chat; why not, in words.
pub(super) fn as_chat(body: &Value) -> Result<Value, String> {
    // Copilot keeps nothing and has one class of service (facts: Copilot, 9).
    for (field, refused) in [
        ("store", body["store"] == true),
        ("service_tier", !body["service_tier"].is_null()),
    ] {
        if refused {
            return Err(format!("{field} is not supported"));
        }
    }
    let mut messages = Vec::new();
    if !body["instructions"].is_null() {
        messages.push(json!({"role": "system", "content": body["instructions"]}));
    }
    if let Some(text) = body["input"].as_str() {
        messages.push(json!({"role": "user", "content": text}));
    }
    for item in list(&body["input"]) {
        match item["type"].as_str().unwrap_or("message") {
            "message" => {
                messages.push(json!({"role": item["role"], "content": item["content"]}));
            }
            "function_call_output" | "custom_tool_call_output" => {
                messages.push(json!({"role": "tool", "content": item["output"]}));
            }
            "function_call" | "custom_tool_call" | "reasoning" => {
                messages.push(json!({"role": "assistant", "content": null}));
            }
            other => return Err(format!("unknown item {other}")),
        }
    }
    let functions = list(&body["tools"]).filter(|tool| tool["type"] == "function");
    let tools = functions
        .map(|tool| json!({"function": {"name": tool["name"], "parameters": tool["parameters"]}}));
    let schema = &body["text"]["format"]["schema"];
    let format = (!schema.is_null()).then(|| json!({"json_schema": {"schema": schema}}));
    Ok(json!({
        "response_format": format,
        "model": body["model"],
        "messages": messages,
        "stream": body["stream"] == true,
        "tools": tools.collect::<Vec<_>>(),
        "tool_choice": body["tool_choice"],
        "parallel_tool_calls": body["parallel_tool_calls"],
    }))
}

pub(super) fn whole(answer: &Answer) -> Value {
    let mut response = response(answer, "completed");
    response["output"] = match answer.calls.is_empty() {
        true => json!([message(answer, &answer.text)]),
        false => answer
            .calls
            .iter()
            .map(|call| item(call, &call.arguments.concat()))
            .collect(),
    };
    let usage = &answer.usage;
    response["usage"] = json!({
        "input_tokens": usage["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage["total_tokens"],
    });
    if let Some(cost) = &answer.cost {
        response["copilot_usage"] = cost.clone();
    }
    response
}

/// The events in order.
pub(super) fn events(answer: &Answer) -> Vec<Value> {
    let begun = response(answer, "in_progress");
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "response.in_progress", "response": begun}),
    ];
    if answer.calls.is_empty() {
        let item = message(answer, &answer.text);
        let at = json!({"item_id": item["id"], "output_index": 0, "content_index": 0});
        let part = |kind: &str, more: Value| {
            let mut event = json!({"type": kind});
            for fields in [&at, &more] {
                for (name, value) in fields.as_object().into_iter().flatten() {
                    event[name] = value.clone();
                }
            }
            event
        };
        let empty = json!({"type": "output_text", "text": "", "annotations": []});
        let done = json!({"type": "output_text", "text": answer.text, "annotations": []});
        let mut added = message(answer, "");
        added["content"] = json!([]);
        events
            .push(json!({"type": "response.output_item.added", "output_index": 0, "item": added}));
        events.push(part("response.content_part.added", json!({"part": empty})));
        for word in words(&answer.text) {
            events.push(part("response.output_text.delta", json!({"delta": word})));
        }
        events.push(part(
            "response.output_text.done",
            json!({"text": answer.text}),
        ));
        events.push(part("response.content_part.done", json!({"part": done})));
        events.push(json!({"type": "response.output_item.done", "output_index": 0, "item": item}));
    }
    for (index, call) in answer.calls.iter().enumerate() {
        let whole = call.arguments.concat();
        let id = format!("fc_{}", call.id);
        events.push(json!({
            "type": "response.output_item.added", "output_index": index, "item": item(call, ""),
        }));
        events.extend(call.arguments.iter().map(|piece| {
            json!({
                "type": "response.function_call_arguments.delta", "item_id": id,
                "output_index": index, "delta": piece,
            })
        }));
        events.push(json!({
            "type": "response.function_call_arguments.done", "item_id": id,
            "output_index": index, "arguments": whole,
        }));
        events.push(json!({
            "type": "response.output_item.done", "output_index": index, "item": item(call, &whole),
        }));
    }
    events.push(json!({"type": "response.completed", "response": whole(answer)}));
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = json!(number);
        event
    });
    numbered.collect()
}

fn response(answer: &Answer, status: &str) -> Value {
    json!({
        "id": answer.id.replace("chatcmpl", "resp"), "object": "response",
        "created_at": answer.created, "status": status, "error": null,
        "incomplete_details": null, "instructions": null, "metadata": {},
        "model": answer.model, "output": [], "parallel_tool_calls": true, "temperature": 1.0,
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "usage": null,
    })
}

fn message(answer: &Answer, text: &str) -> Value {
    json!({
        "id": answer.id.replace("chatcmpl", "msg"), "type": "message", "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    })
}

fn item(call: &ToolCall, arguments: &str) -> Value {
    json!({
        "id": format!("fc_{}", call.id), "type": "function_call", "call_id": call.id,
        "name": call.name, "arguments": arguments, "status": "completed",
    })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}
