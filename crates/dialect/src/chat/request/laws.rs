//! The laws of requests, over generated ones.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::tests::COPILOT;
use super::{read, write};
use crate::prompt::{Dropped, Prompt};

/// Any JSON, with the words of the dialect in likely places.
pub(in crate::chat) fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("text"),
        Just("user"),
        Just("assistant"),
        Just("tool"),
        Just("function"),
        Just("custom"),
        Just("image_url"),
        Just("file"),
        Just("stop"),
        Just("data:a;base64,b"),
        Just("json_schema"),
        Just("tokn1.r-3.ab\ntokn1."),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("role"),
        Just("content"),
        Just("type"),
        Just("text"),
        Just("tool_calls"),
        Just("function"),
        Just("custom"),
        Just("name"),
        Just("id"),
        Just("index"),
        Just("arguments"),
        Just("image_url"),
        Just("url"),
        Just("file"),
        Just("file_data"),
        Just("delta"),
        Just("message"),
        Just("finish_reason"),
        Just("reasoning_opaque"),
        Just("reasoning"),
        Just("logprobs"),
        Just("json_schema"),
        Just("function_call"),
        Just("usage"),
        Just("error"),
        Just("code"),
        Just("tool_call_id"),
    ];
    leaf.prop_recursive(5, 48, 6, move |inner| {
        let object = vec((key.clone().prop_map(str::to_owned), inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..5).prop_map(Value::from),
            object.prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

fn request_of_any() -> impl Strategy<Value = Value> {
    const FIELDS: [&str; 12] = [
        "messages",
        "tools",
        "functions",
        "tool_choice",
        "stop",
        "response_format",
        "thinking",
        "reasoning",
        "max_tokens",
        "n",
        "metadata",
        "modalities",
    ];
    let messages = vec(any_json(), 0..5).prop_map(Value::from);
    let fields = vec((proptest::sample::select(&FIELDS[..]), any_json()), 0..6);
    (messages, fields).prop_map(|(messages, fields)| {
        let mut body = json!({"model": "m", "messages": messages});
        for (field, value) in fields {
            body[field] = value;
        }
        body
    })
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,12}"
}

fn said_by_user() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        text().prop_map(|text| json!({"type": "text", "text": text})),
        option::of("low|high").prop_map(|detail| {
            let mut image = json!({"url": "data:image/png;base64,AAAA"});
            if let Some(detail) = detail {
                image["detail"] = detail.into();
            }
            json!({"type": "image_url", "image_url": image})
        }),
        Just(json!({"type": "file", "file": {
            "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA",
        }})),
    ];
    let content = prop_oneof![
        text().prop_map(Value::from),
        vec(part, 2..4).prop_map(Value::from)
    ];
    content.prop_map(|content| json!({"role": "user", "content": content}))
}

/// What the assistant says and does, and what the tools return to it.
fn round() -> impl Strategy<Value = Vec<Value>> {
    let call = ("[a-z]{1,8}", "\\{\"a\":\"[a-z]{0,6}\"\\}", text());
    let opaque = option::of("[A-Za-z0-9+/=]{1,9}");
    (
        option::of(text()),
        option::of(text()),
        opaque,
        vec(call, 0..4),
        said_by_user(),
    )
        .prop_map(|(said, thought, opaque, calls, asked)| {
            let mut message = json!({"role": "assistant", "content": said});
            if let (Some(thought), Some(opaque)) = (&thought, &opaque) {
                message["reasoning_text"] = json!(thought);
                message["reasoning_opaque"] = json!(opaque);
            } else if let Some(thought) = &thought {
                message["reasoning_content"] = json!(thought);
            }
            let mut results = Vec::new();
            let mut written = Vec::new();
            for (at, (name, arguments, result)) in calls.into_iter().enumerate() {
                let id = format!("call_x{at}");
                results.push(json!({"role": "tool", "tool_call_id": id, "content": result}));
                written.push(json!({"id": id, "type": "function",
                    "function": {"name": name, "arguments": arguments}}));
            }
            if !written.is_empty() {
                message["tool_calls"] = written.into();
            }
            let is_silent = said.is_none() && thought.is_none() && results.is_empty();
            let message = Some(message).filter(|_| !is_silent);
            [asked].into_iter().chain(message).chain(results).collect()
        })
}

fn fields() -> impl Strategy<Value = Value> {
    let number =
        option::of(0_u32..20).prop_map(|tenths| tenths.map(|tenths| f64::from(tenths) / 10.0));
    (
        number.clone(),
        number,
        option::of(1_u64..9000),
        option::of(0_u64..5),
        vec("[a-z]{1,4}", 0..4),
    )
        .prop_map(|(temperature, top_p, max_tokens, logprobs, stop)| {
            json!({
                "temperature": temperature, "top_p": top_p, "max_tokens": max_tokens,
                "logprobs": logprobs.is_some(), "top_logprobs": logprobs, "stop": stop,
                "seed": max_tokens, "reasoning_effort": "low", "parallel_tool_calls": false,
                "tools": [{"type": "function", "function": {"name": "f", "strict": true,
                    "parameters": {"type": "object", "properties": {"z": {}, "a": {}}}}}],
                "tool_choice": {"type": "function", "function": {"name": "f"}},
                "response_format": {"type": "json_schema", "json_schema": {
                    "name": "n", "schema": {"type": "object"}, "strict": true}},
            })
        })
}

fn request() -> impl Strategy<Value = Value> {
    (vec(round(), 0..4), fields()).prop_map(|(rounds, fields)| {
        let mut body = fields;
        body["model"] = json!("upstream-model");
        let system = json!({"role": "system", "content": "be brief"});
        body["messages"] = [system]
            .into_iter()
            .chain(rounds.into_iter().flatten())
            .collect();
        body
    })
}

fn read_prompt(body: &Value) -> (Prompt, Dropped) {
    let mut dropped = Dropped::default();
    let prompt = read(body.to_string().as_bytes(), &mut dropped).unwrap();
    (prompt, dropped)
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &mut Dropped::default());
    }

    #[test]
    fn no_json_panics(body in request_of_any(), json in any_json()) {
        let _ = read(json.to_string().as_bytes(), &mut Dropped::default());
        let mut dropped = Dropped::default();
        if let Ok(prompt) = read(body.to_string().as_bytes(), &mut dropped) {
            write(&prompt, &COPILOT, &mut dropped);
        }
    }

    #[test]
    fn there_and_back_nothing_is_lost(body in request()) {
        let (prompt, mut dropped) = read_prompt(&body);
        let again = write(&prompt, &COPILOT, &mut dropped);
        prop_assert!(dropped.is_empty(), "{dropped:?}");
        prop_assert_eq!(read_prompt(&again).0, prompt);
    }

    #[test]
    fn the_same_prompt_makes_the_same_bytes(body in request()) {
        let (prompt, mut dropped) = read_prompt(&body);
        let once = write(&prompt, &COPILOT, &mut dropped).to_string();
        prop_assert_eq!(write(&prompt.clone(), &COPILOT, &mut dropped).to_string(), once);
    }

    #[test]
    fn each_result_follows_its_caller(body in request_of_any()) {
        let mut dropped = Dropped::default();
        let Ok(prompt) = read(body.to_string().as_bytes(), &mut dropped) else { return Ok(()) };
        let written = write(&prompt, &COPILOT, &mut dropped);
        let mut may_answer = Vec::new();
        for message in written["messages"].as_array().unwrap() {
            if message["role"] == "tool" {
                prop_assert!(may_answer.contains(&message["tool_call_id"]));
            } else {
                let calls = message["tool_calls"].as_array().into_iter().flatten();
                may_answer = calls.map(|call| call["id"].clone()).collect();
            }
        }
    }
}
