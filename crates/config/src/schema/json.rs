//! The schema as a JSON Schema, which editors complete and check the file by.

use serde_json::{Map, Value as Json, json};

use super::{KEYS, Key};
use crate::account::{OwnProxy, ProviderId};
use crate::kind::{Kind, Value};

/// The JSON Schema (draft 2020-12) of the whole file, as text.
///
/// It never refuses what [`check()`](crate::check()) accepts; what it cannot say, as that ids must
/// differ, the check still does.
pub fn json_schema() -> String {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tokn-router",
        "description": "The configuration of tokn-router.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            super::SCHEMA_KEY: {
                "description": "The JSON Schema of this file, for editors.",
                "type": "string",
            },
        },
    });
    for key in KEYS {
        let mut table = &mut schema;
        for name in key.section().split('.') {
            table = match name.strip_suffix("[]") {
                Some(list) => &mut properties(table).entry(list).or_insert_with(accounts)["items"],
                None => properties(table).entry(name).or_insert_with(object),
            };
        }
        properties(table).insert(key.name().to_owned(), property(key));
    }
    format!("{schema:#}\n")
}

fn properties(table: &mut Json) -> &mut Map<String, Json> {
    table["properties"]
        .as_object_mut()
        .expect("every table has properties")
}

fn object() -> Json {
    json!({ "type": "object", "additionalProperties": false, "properties": {} })
}

fn accounts() -> Json {
    let with_key: Vec<_> = ProviderId::ALL
        .into_iter()
        .filter(|provider| !provider.is_copilot())
        .map(ProviderId::as_str)
        .collect();
    let mut account = object();
    account["required"] = json!(["id"]);
    account["if"] = json!({
        "properties": { "provider": { "enum": with_key } },
        "required": ["provider"],
    });
    account["then"] = json!({ "required": ["api_key"] });
    account["else"] =
        json!({ "anyOf": [{ "required": ["refresh_token"] }, { "required": ["access_token"] }] });
    json!({ "type": "array", "items": account })
}

fn property(key: &Key) -> Json {
    let mut property = match key.kind {
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::OneOf(words) => json!({ "type": "string", "enum": words }),
        Kind::Id => json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
        Kind::Secret => json!({ "type": "string", "pattern": "^[!-~]+$" }),
        Kind::Header => json!({ "type": "string", "pattern": "^[!-~]([ -~]*[!-~])?$" }),
        Kind::Url | Kind::ProxyUrl => json!({ "type": "string", "format": "uri" }),
        Kind::OwnProxy => json!({
            "type": "string",
            "anyOf": [{ "const": OwnProxy::DIRECT }, { "format": "uri" }],
        }),
        Kind::Host | Kind::GithubHost | Kind::Path => json!({ "type": "string", "minLength": 1 }),
        Kind::Hosts => json!({ "type": "array", "items": { "type": "string", "minLength": 1 } }),
        Kind::Port
        | Kind::Seconds { .. }
        | Kind::Bytes { .. }
        | Kind::Count { .. }
        | Kind::UnixSeconds => {
            let (min, max) = key.kind.range().unwrap_or((i64::MIN, i64::MAX));
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
    };
    property["description"] = json!(key.doc);
    if let Some(default) = key.default_value() {
        property["default"] = default.to_json();
    }
    if key.secret {
        property["writeOnly"] = json!(true);
    }
    property
}

impl Value {
    /// The value in JSON. It may be a secret.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Bool(value) => json!(value),
            Self::Integer(number) => json!(number),
            Self::String(text) => json!(text),
            Self::Strings(texts) => json!(texts),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_in_the_json_schema() {
        let schema: Json = serde_json::from_str(&json_schema()).unwrap();
        for key in KEYS {
            let pointer = format!("/{}", key.path.replace("[]", ".items").replace('.', "/"));
            let pointer = pointer
                .replace('/', "/properties/")
                .replace("/properties/items", "/items");
            let property = schema
                .pointer(&pointer)
                .unwrap_or_else(|| panic!("{pointer}"));
            assert_eq!(property["description"], key.doc);
            assert_eq!(property.get("default").is_some(), key.default.is_some());
        }
    }

    #[test]
    fn the_json_schema_is_what_it_was() {
        insta::assert_snapshot!(json_schema());
    }
}
