//! Makes values that fit a JSON schema, as far as types go.

use serde_json::{Map, Value, json};

/// A value of the schema's type.
pub(super) fn value(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => object(schema),
        Some("null") => Value::Null,
        _ => json!("mock"),
    }
}

/// An object with all properties of the schema, whether it tells its type or not.
pub(super) fn object(schema: &Value) -> Value {
    let fields: Map<String, Value> = schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), value(schema)))
        .collect();
    Value::Object(fields)
}
