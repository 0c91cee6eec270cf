//! Requests: nothing panics, and what goes through the hub comes back.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{any_json, any_object};
use crate::Dialect;
use crate::messages::request::{read, write};
use crate::prompt::Dropped;
use crate::translate::Target;

const TARGET: Target<'static> = Target {
    dialect: Dialect::Messages,
    model: "claude-haiku-4.5",
    max_output: None,
    is_adaptive: false,
    efforts: None,
    has_developer: false,
};

fn there_and_back(body: &Value) -> (Value, Dropped) {
    let mut dropped = Dropped::default();
    let prompt = read(body.to_string().as_bytes(), &mut dropped).unwrap();
    (write(&prompt, &TARGET, &mut dropped), dropped)
}

/// Says something with each character that JSON escapes, and never blank.
const TEXT: &str = "[a-z\"\\\\\n\u{e9}\u{1f600}]{1,12}";

fn text_block() -> impl Strategy<Value = Value> {
    (TEXT, any::<bool>()).prop_map(|(text, cache)| {
        let mut block = json!({"type": "text", "text": format!("x{text}")});
        if cache {
            block["cache_control"] = json!({"type": "ephemeral"});
        }
        block
    })
}

fn image() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"type": "base64", "media_type": "image/png", "data": "aGk="})),
        Just(json!({"type": "url", "url": "https://example.com/a.png"})),
    ]
    .prop_map(|source| json!({"type": "image", "source": source}))
}

/// One exchange: the user's words; or the model's calls, and what they return.
fn exchange() -> impl Strategy<Value = (Vec<Value>, Vec<Value>, Vec<Value>)> {
    let said = prop::collection::vec(prop_oneof![3 => text_block(), 1 => image()], 2..4);
    let input = prop_oneof![
        Just(json!({})),
        Just(json!({"path": "a/b", "n": [1, 2.5, null]}))
    ];
    let call = (
        input,
        any::<bool>(),
        prop::collection::vec(text_block(), 2..4),
    );
    let calls = prop::collection::vec(call, 0..3);
    (prop::option::of(TEXT), calls, said).prop_map(|(thought, calls, said)| {
        let mut reply = Vec::new();
        if let Some(thought) = thought {
            reply.push(json!({"type": "thinking", "thinking": thought, "signature": "c2ln"}));
        }
        reply.push(json!({"type": "text", "text": "On it."}));
        reply.push(json!({"type": "text", "text": "Now."}));
        let mut results = Vec::new();
        for (input, is_error, mut content) in calls {
            reply.push(json!({"type": "tool_use", "id": "", "name": "read", "input": input}));
            for block in &mut content {
                block.as_object_mut().unwrap().shift_remove("cache_control");
            }
            let mut result = json!({"type": "tool_result", "tool_use_id": "", "content": content});
            if is_error {
                result["is_error"] = json!(true);
            }
            results.push(result);
        }
        (reply, results, said)
    })
}

prop_compose! {
    fn request()(
        first in prop::collection::vec(text_block(), 2..3),
        exchanges in prop::collection::vec(exchange(), 0..4),
        temperature in prop::option::of((0..100_u8).prop_map(|hundredths| f64::from(hundredths) / 100.0)),
        top_k in prop::option::of(1..500_u32),
        max_tokens in 1..64_000_u64,
        stream in any::<bool>(),
        choice in prop::sample::select(&["auto", "any", "none"][..]),
    ) -> Value {
        let mut messages = vec![json!({"role": "user", "content": first})];
        let mut calls = 0;
        for (mut reply, mut results, said) in exchanges {
            let ids: Vec<String> = results.iter().map(|_| {
                calls += 1;
                format!("toolu_{calls}")
            }).collect();
            let uses = reply.iter_mut().filter(|block| block["type"] == "tool_use");
            for (block, id) in uses.zip(&ids) {
                block["id"] = json!(id);
            }
            for (block, id) in results.iter_mut().zip(&ids) {
                block["tool_use_id"] = json!(id);
            }
            results.extend(said);
            messages.push(json!({"role": "assistant", "content": reply}));
            messages.push(json!({"role": "user", "content": results}));
        }
        let mut body = json!({
            "model": "claude-haiku-4.5",
            "max_tokens": max_tokens,
            "system": "Be brief.",
            "messages": messages,
            "tools": [{"name": "read", "description": "Reads.", "input_schema": {"type": "object",
                "properties": {"path": {"type": "string"}}}}],
            "tool_choice": {"type": choice},
            "stop_sequences": ["END"],
            "metadata": {"user_id": "{\"session\":1}"},
        });
        if let Some(temperature) = temperature {
            body["temperature"] = json!(temperature);
        }
        if let Some(top_k) = top_k {
            body["top_k"] = json!(top_k);
        }
        if stream {
            body["stream"] = json!(true);
        }
        body
    }
}

/// Calls or results by the messages, of few ids, in no order.
fn tangle(kind: &'static str) -> impl Strategy<Value = Vec<Vec<Value>>> {
    let block = prop::sample::select(&["", "a", "b", "c:1"][..]).prop_map(move |id| {
        json!({"type": kind, "id": id, "tool_use_id": id, "name": "read", "content": "x"})
    });
    prop::collection::vec(prop::collection::vec(block, 0..4), 0..4)
}

/// The ids of a message's calls, or of its results.
fn ids<'a>(message: &'a Value, kind: &str, field: &str) -> Vec<&'a Value> {
    let blocks = message["content"].as_array().into_iter().flatten();
    let of_kind = blocks.filter(|block| block["type"] == kind);
    of_kind.map(|block| &block[field]).collect()
}

/// How many marks a request has.
fn marks(body: &Value) -> usize {
    body.to_string().matches("cache_control").count()
}

proptest! {
    #[test]
    fn what_goes_through_the_hub_comes_back(body in request()) {
        let (back, dropped) = there_and_back(&body);
        if marks(&body) <= 4 {
            prop_assert_eq!(back, body);
            prop_assert!(dropped.is_empty(), "{:?}", dropped);
        } else {
            prop_assert_eq!(marks(&back), 4);
            prop_assert_eq!(dropped.names().collect::<Vec<_>>(), ["cache marks"]);
        }
    }

    #[test]
    fn the_same_request_gives_the_same_bytes(body in request()) {
        let once = there_and_back(&body).0.to_string();
        prop_assert_eq!(once, there_and_back(&body).0.to_string());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes, &mut Dropped::default());
    }

    #[test]
    fn no_json_panics(
        json in prop_oneof![any_json(), any_object(&[
            "model", "system", "messages", "tools", "tool_choice", "max_tokens", "thinking",
            "output_config", "stop_sequences", "metadata", "temperature", "cache_control",
        ])],
        messages in prop::collection::vec(
            any_object(&["role", "content", "type", "text", "source", "id", "input", "name"]), 0..4,
        ),
        blocks in prop::collection::vec(any_object(&["type", "text", "content", "source"]), 0..4),
        (calls, results) in (tangle("tool_use"), tangle("tool_result")),
        is_adaptive in any::<bool>(),
    ) {
        let target = Target { is_adaptive, ..TARGET };
        let bodies = [
            json,
            json!({"messages": messages}),
            json!({"messages": calls.into_iter().zip(results).flat_map(|(call, result)| [
                json!({"role": "assistant", "content": call}),
                json!({"role": "user", "content": result}),
            ]).collect::<Vec<_>>()}),
            json!({"messages": [{"role": "assistant", "content": blocks}], "tools": blocks}),
        ];
        for body in bodies {
            let mut dropped = Dropped::default();
            if let Ok(prompt) = read(body.to_string().as_bytes(), &mut dropped) {
                let written = write(&prompt, &target, &mut dropped);
                let messages = written["messages"].as_array().unwrap();
                prop_assert_eq!(&messages[0]["role"], "user");
                prop_assert_eq!(&messages[messages.len() - 1]["role"], "user");
                for pair in messages.windows(2) {
                    prop_assert_ne!(&pair[0]["role"], &pair[1]["role"]);
                    prop_assert_eq!(ids(&pair[0], "tool_use", "id"),
                        ids(&pair[1], "tool_result", "tool_use_id"));
                }
            }
        }
    }
}
