//! What stands beside a text: annotations and the probabilities of its tokens, which
//! the hub has as Chat has them.

use serde_json::{Map, Value, json};

use crate::json::put;

/// An annotation as Chat has it: with what it says in an object of its own.
pub(super) fn read_annotation(note: &Value) -> Value {
    let Some(fields) = note.as_object().filter(|_| note["type"] == "url_citation") else {
        return note.clone();
    };
    if note["url_citation"].is_object() {
        return note.clone();
    }
    let fields = fields
        .clone()
        .into_iter()
        .filter(|(name, _)| name != "type");
    json!({"type": "url_citation", "url_citation": fields.collect::<Map<_, _>>()})
}

/// An annotation as this dialect has it: flat.
pub(super) fn write_annotation(note: &Value) -> Value {
    let Some(citation) = note["url_citation"].as_object() else {
        return note.clone();
    };
    let mut flat = Map::new();
    put(&mut flat, "type", Some("url_citation"));
    flat.extend(citation.clone());
    flat.into()
}

/// A token's probability with the token's bytes, which the events of a stream leave
/// out. Chat has them everywhere.
pub(super) fn read_logprob(entry: &Value) -> Value {
    let mut entry = with_bytes(entry);
    if let Some(others) = entry["top_logprobs"].as_array() {
        let others: Vec<Value> = others.iter().map(with_bytes).collect();
        entry["top_logprobs"] = others.into();
    }
    entry
}

fn with_bytes(entry: &Value) -> Value {
    let mut entry = entry.clone();
    if let Some(fields) = entry.as_object_mut()
        && !fields.get("bytes").is_some_and(Value::is_array)
        && let Some(token) = fields.get("token").and_then(Value::as_str)
    {
        let bytes: Vec<u8> = token.bytes().collect();
        put(fields, "bytes", Some(bytes));
    }
    entry
}
