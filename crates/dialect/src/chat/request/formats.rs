//! What form the text of the reply is to have: `response_format`, read and written.

use serde_json::{Map, Value, json};

use super::read::wrong;
use crate::Failure;
use crate::json::{put, string};
use crate::prompt::{Dropped, Format};
use crate::translate::Target;

/// Reads `response_format`.
pub(super) fn read(format: &Value, dropped: &mut Dropped) -> Result<Option<Format>, Failure> {
    match format["type"].as_str() {
        None | Some("text") => Ok(None),
        Some("json_object") => Ok(Some(Format::Json)),
        Some("json_schema") => {
            let place = "response_format.json_schema";
            let json = &format["json_schema"];
            if !json.is_object() {
                return Err(wrong(place, "has to be an object"));
            }
            let schema = json.get("schema").filter(|schema| !schema.is_null());
            if schema.is_some_and(|schema| !schema.is_object()) {
                let place = "response_format.json_schema.schema";
                return Err(wrong(place, "has to be a JSON Schema"));
            }
            Ok(Some(Format::Schema {
                name: string(&json["name"]),
                description: string(&json["description"]),
                schema: schema.cloned().unwrap_or_else(|| Map::new().into()),
                strict: json["strict"].as_bool(),
            }))
        }
        Some(_) => {
            dropped.name("response_format");
            Ok(None)
        }
    }
}

/// Writes `response_format`. Z.ai knows no schemas there: it is told of one in words.
pub(super) fn write(
    format: &Format,
    target: &Target<'_>,
    messages: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Value {
    let Format::Schema {
        name,
        description,
        schema,
        strict,
    } = format
    else {
        return json!({"type": "json_object"});
    };
    if !target.has_developer {
        dropped.name("response_format.json_schema");
        let place = messages
            .iter()
            .position(|message| message["role"] != "system");
        let told = format!("Answer only with JSON that fits this JSON Schema:\n{schema}");
        let told = json!({"role": "system", "content": told});
        messages.insert(place.unwrap_or(messages.len()), told);
        return json!({"type": "json_object"});
    }
    let mut json = Map::new();
    let name = name.as_deref().unwrap_or("response");
    put(&mut json, "name", Some(name));
    put(&mut json, "description", description.clone());
    put(&mut json, "schema", Some(schema.clone()));
    put(&mut json, "strict", *strict);
    json!({"type": "json_schema", "json_schema": json})
}
