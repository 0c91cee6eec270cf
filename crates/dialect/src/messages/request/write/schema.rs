//! JSON Schemas as Anthropic takes them.

use serde_json::{Map, Value, json};

use crate::prompt::Dropped;

/// The schema of a tool's input: always one of an object, and one that is no choice
/// between several, which Anthropic refuses at the top.
pub(super) fn input(schema: Option<&Value>, dropped: &mut Dropped) -> Value {
    let Some(Value::Object(fields)) = schema else {
        return json!({"type": "object", "properties": {}});
    };
    let mut fields = fields.clone();
    fields.shift_remove("$schema");
    for choice in ["oneOf", "anyOf", "allOf"] {
        dropped.name_if(
            fields.shift_remove(choice).is_some(),
            format!("tools.{choice}"),
        );
    }
    if fields.get("type").and_then(Value::as_str) != Some("object") {
        fields.insert("type".to_owned(), json!("object"));
    }
    if !fields.get("properties").is_none_or(Value::is_object) {
        fields.insert("properties".to_owned(), json!({}));
    }
    Value::Object(fields)
}

/// The schema of a reply: with objects that are closed, and without the bounds that
/// Anthropic's grammars cannot hold a model to, and refuses
/// (<https://docs.claude.com/en/docs/build-with-claude/structured-outputs>).
pub(super) fn closed(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(fields) = &mut schema {
        fields.shift_remove("$schema");
    }
    close(&mut schema);
    schema
}

fn close(schema: &mut Value) {
    const REFUSED: [&str; 14] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "patternProperties",
        "propertyNames",
        "contains",
    ];
    let Value::Object(fields) = schema else {
        return;
    };
    for word in REFUSED {
        fields.shift_remove(word);
    }
    // Of the least number of items, it knows none and one.
    if fields.get("minItems").and_then(Value::as_u64) > Some(1) {
        fields.shift_remove("minItems");
    }
    if fields.get("type").is_some_and(tells_object) {
        fields.insert("additionalProperties".to_owned(), json!(false));
    }
    close_all(fields);
}

fn close_all(fields: &mut Map<String, Value>) {
    for (word, value) in fields {
        match (&**word, value) {
            ("properties" | "$defs" | "definitions", Value::Object(named)) => {
                named.values_mut().for_each(close);
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(list)) => {
                list.iter_mut().for_each(close);
            }
            ("items" | "not", schema) => close(schema),
            _ => {}
        }
    }
}

fn tells_object(kind: &Value) -> bool {
    let is_object = |kind: &Value| kind.as_str() == Some("object");
    is_object(kind)
        || kind
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(is_object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replys_schema_is_closed_at_every_depth() {
        let schema = json!({"$schema": "x", "type": "object", "properties": {
            "minimum": {"type": "integer", "minimum": 1},
            "list": {"type": "array", "minItems": 2, "items": {"type": ["object", "null"], "properties": {}}},
        }});
        insta::assert_snapshot!(closed(&schema), @r#"{"type":"object","properties":{"minimum":{"type":"integer"},"list":{"type":"array","items":{"type":["object","null"],"properties":{},"additionalProperties":false}}},"additionalProperties":false}"#);
    }

    #[test]
    fn a_tool_always_takes_an_object() {
        let mut dropped = Dropped::default();
        let mut of = |schema: Value| input(Some(&schema), &mut dropped).to_string();
        let empty = r#"{"type":"object","properties":{}}"#;
        assert_eq!(of(Value::Null), empty);
        assert_eq!(of(json!(true)), empty);
        assert_eq!(of(json!({})), r#"{"type":"object"}"#);
        assert_eq!(
            of(json!({"$schema": "x", "properties": null, "anyOf": []})),
            r#"{"properties":{},"type":"object"}"#
        );
        assert_eq!(dropped.names().collect::<Vec<_>>(), ["tools.anyOf"]);
    }
}
