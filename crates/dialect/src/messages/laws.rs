//! Laws of Messages: of requests there and back, of replies written and read again.

mod replies;
mod requests;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON of any shape, in which the words of the dialect are common.
fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        word.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        let fields = prop::collection::vec((word.clone(), inner.clone()), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            fields.prop_map(|fields| Value::Object(Map::from_iter(fields))),
        ]
    })
}

/// An object with fields of the dialect's, each of any value.
fn any_object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let field = (prop::sample::select(names), any_json());
    prop::collection::vec(field, 0..8).prop_map(|fields| {
        let named = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        Value::Object(Map::from_iter(named))
    })
}

const WORDS: [&str; 40] = [
    "type",
    "text",
    "role",
    "user",
    "assistant",
    "system",
    "content",
    "image",
    "document",
    "source",
    "base64",
    "url",
    "data",
    "media_type",
    "tool_use",
    "tool_result",
    "tool_use_id",
    "id",
    "name",
    "input",
    "thinking",
    "signature",
    "redacted_thinking",
    "cache_control",
    "index",
    "delta",
    "usage",
    "input_tokens",
    "stop_reason",
    "message",
    "content_block",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_start",
    "message_delta",
    "text_delta",
    "input_json_delta",
    "partial_json",
    "error",
];
