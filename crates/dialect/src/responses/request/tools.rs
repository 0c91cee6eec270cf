//! The tools of a request, read and written: functions, custom tools, and the
//! namespaces that hold some of them.

use serde_json::{Map, Value, json};

use super::read::wrong;
use crate::Failure;
use crate::json::{list, put, string, text, word};
use crate::prompt::{Dropped, Takes, Tool};

/// Reads `tools`.
///
/// # Errors
/// If one of them has no name.
pub(super) fn read(tools: &Value, dropped: &mut Dropped) -> Result<Vec<Tool>, Failure> {
    let mut read = Vec::new();
    read_list(tools, "tools", None, &mut read, dropped)?;
    Ok(read)
}

fn read_list(
    tools: &Value,
    place: &str,
    namespace: Option<&str>,
    read: &mut Vec<Tool>,
    dropped: &mut Dropped,
) -> Result<(), Failure> {
    for (at, tool) in list(tools).iter().enumerate() {
        let place = format!("{place}[{at}]");
        let kind = tool["type"].as_str().unwrap_or("function");
        let takes = match kind {
            "function" | "custom" => kind,
            // One in another is not of this dialect.
            "namespace" if namespace.is_none() => {
                let name = name(tool, &place)?;
                let place = format!("{place}.tools");
                read_list(&tool["tools"], &place, Some(name), read, dropped)?;
                continue;
            }
            hosted => {
                dropped.name(format!("tools.{}", word(hosted)));
                continue;
            }
        };
        // Some write it as Chat does.
        let tool = match tool[takes].is_object() {
            true => &tool[takes],
            false => tool,
        };
        read.push(Tool {
            name: name(tool, &place)?.to_owned(),
            namespace: namespace.map(str::to_owned),
            description: string(&tool["description"]),
            takes: match takes {
                "custom" => Takes::Text {
                    format: Some(&tool["format"]).filter(|it| it.is_object()).cloned(),
                },
                _ => Takes::Json {
                    schema: Some(&tool["parameters"])
                        .filter(|it| it.is_object())
                        .cloned(),
                    strict: tool["strict"].as_bool(),
                },
            },
            cache: false,
        });
    }
    Ok(())
}

fn name<'a>(tool: &'a Value, place: &str) -> Result<&'a str, Failure> {
    text(&tool["name"]).ok_or_else(|| wrong(&format!("{place}.name"), "has to be a name"))
}

/// Writes `tools`. Those of one namespace stand together, where its first one stood.
pub(super) fn write(tools: &[Tool]) -> Vec<Value> {
    let mut written: Vec<Value> = Vec::new();
    for tool in tools {
        let Some(namespace) = &tool.namespace else {
            written.push(write_tool(tool));
            continue;
        };
        let is_it = |known: &&mut Value| {
            known["type"] == "namespace" && known["name"] == namespace.as_str()
        };
        let known = written.iter_mut().find(is_it);
        if let Some(tools) = known.and_then(|known| known["tools"].as_array_mut()) {
            tools.push(write_tool(tool));
            continue;
        }
        // Copilot refuses an empty description (facts: Copilot, 9).
        written.push(json!({
            "type": "namespace",
            "name": namespace,
            "description": format!("Tools of {namespace}."),
            "tools": [write_tool(tool)],
        }));
    }
    written
}

fn write_tool(tool: &Tool) -> Value {
    let mut json = Map::new();
    let kind = match tool.takes {
        Takes::Json { .. } => "function",
        Takes::Text { .. } => "custom",
    };
    put(&mut json, "type", Some(kind));
    put(&mut json, "name", Some(&*tool.name));
    put(&mut json, "description", tool.description.as_deref());
    match &tool.takes {
        Takes::Json { schema, strict } => {
            put(&mut json, "parameters", Some(parameters(schema.as_ref())));
            // Where this is absent, OpenAI holds the model to a schema that was not
            // written for it, and refuses most.
            put(&mut json, "strict", Some(strict.unwrap_or(false)));
        }
        Takes::Text { format } => put(&mut json, "format", format.as_ref().map(flat_format)),
    }
    json.into()
}

/// OpenAI wants a schema of an object that tells its properties.
fn parameters(schema: Option<&Value>) -> Value {
    let Some(Value::Object(schema)) = schema else {
        return json!({"type": "object", "properties": {}});
    };
    let mut whole = Map::new();
    if schema.get("type").is_none_or(Value::is_null) {
        put(&mut whole, "type", Some("object"));
    }
    whole.extend(
        schema
            .clone()
            .into_iter()
            .filter(|(_, value)| !value.is_null()),
    );
    if whole.get("type").is_some_and(|it| it == "object") && !whole.contains_key("properties") {
        put(&mut whole, "properties", Some(json!({})));
    }
    whole.into()
}

/// Chat has the grammar in an object of its own.
fn flat_format(format: &Value) -> Value {
    let Some(grammar) = format["grammar"].as_object() else {
        return format.clone();
    };
    let mut flat = Map::new();
    put(&mut flat, "type", Some("grammar"));
    flat.extend(grammar.clone());
    flat.into()
}
