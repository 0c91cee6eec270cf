//! What the model may call: `tools`, read and written.

use serde_json::{Map, Value, json};

use super::read::wrong;
use crate::Failure;
use crate::json::{list, put, string, text, word};
use crate::prompt::{Dropped, Takes, Tool};
use crate::translate::Target;
use crate::way_back::flat;

/// Reads `tools`, and `functions` of the time before them.
pub(super) fn read(body: &Value, dropped: &mut Dropped) -> Result<Vec<Tool>, Failure> {
    let mut tools = Vec::new();
    for (at, tool) in list(&body["tools"]).iter().enumerate() {
        let place = format!("tools[{at}]");
        let is_marked = ["cache_control", "copilot_cache_control"]
            .into_iter()
            .any(|mark| !tool[mark].is_null());
        let read = match tool["type"].as_str() {
            Some("function") | None => function(&tool["function"], &place)?,
            Some("custom") => custom(&tool["custom"], &place)?,
            Some(_) => {
                dropped.name(format!(
                    "tools.{}",
                    word(text(&tool["type"]).unwrap_or_default())
                ));
                continue;
            }
        };
        tools.push(Tool {
            cache: is_marked,
            ..read
        });
    }
    for (at, tool) in list(&body["functions"]).iter().enumerate() {
        tools.push(function(tool, &format!("functions[{at}]"))?);
    }
    Ok(tools)
}

fn function(function: &Value, place: &str) -> Result<Tool, Failure> {
    let schema = function
        .get("parameters")
        .filter(|schema| schema.is_object());
    let takes = Takes::Json {
        schema: schema.cloned(),
        strict: function["strict"].as_bool(),
    };
    tool(function, takes, place)
}

fn custom(custom: &Value, place: &str) -> Result<Tool, Failure> {
    let format = custom.get("format").filter(|format| format.is_object());
    let takes = Takes::Text {
        format: format.map(nested_to_flat),
    };
    tool(custom, takes, place)
}

fn tool(said: &Value, takes: Takes, place: &str) -> Result<Tool, Failure> {
    let name = text(&said["name"]).ok_or_else(|| wrong(place, "has to have a name"))?;
    Ok(Tool {
        name: name.to_owned(),
        namespace: None,
        description: string(&said["description"]),
        takes,
        cache: false,
    })
}

/// Chat keeps a grammar in a field of its own, which Responses, after which the hub's
/// formats go, does not.
fn nested_to_flat(format: &Value) -> Value {
    match format["grammar"].as_object() {
        Some(grammar) => {
            let mut flat = Map::new();
            put(&mut flat, "type", Some("grammar"));
            flat.extend(grammar.clone());
            flat.into()
        }
        None => format.clone(),
    }
}

/// Writes tools, all of them functions: Copilot's and Z.ai's Chat know no others.
pub(super) fn write(tools: &[Tool], target: &Target<'_>, dropped: &mut Dropped) -> Vec<Value> {
    let tools = tools.iter();
    tools
        .map(|tool| write_tool(tool, target, dropped))
        .collect()
}

fn write_tool(tool: &Tool, target: &Target<'_>, dropped: &mut Dropped) -> Value {
    let mut function = Map::new();
    let name = flat(tool.namespace.as_deref(), &tool.name);
    put(&mut function, "name", Some(name));
    match &tool.takes {
        Takes::Json { schema, strict } => {
            put(&mut function, "description", tool.description.clone());
            put(
                &mut function,
                "parameters",
                Some(object_schema(schema.as_ref())),
            );
            // Z.ai holds no model to a schema.
            match target.has_developer {
                true => put(&mut function, "strict", *strict),
                false => dropped.name_if(*strict == Some(true), "tools.strict"),
            }
        }
        Takes::Text { format } => {
            let grammar = format
                .as_ref()
                .and_then(|format| text(&format["definition"]));
            dropped.name_if(grammar.is_some(), "tools.format");
            put(
                &mut function,
                "description",
                description(tool, format.as_ref(), grammar),
            );
            let parameters = json!({
                "type": "object",
                "properties": {"input": {"type": "string"}},
                "required": ["input"],
            });
            put(&mut function, "parameters", Some(parameters));
        }
    }
    json!({"type": "function", "function": function})
}

/// The grammar that a custom tool's input is no longer held to is at least told.
fn description(tool: &Tool, format: Option<&Value>, grammar: Option<&str>) -> Option<String> {
    let Some(grammar) = grammar else {
        return tool.description.clone();
    };
    let syntax = format.and_then(|format| text(&format["syntax"]));
    let syntax = syntax.map_or_else(String::new, |syntax| format!("{syntax} "));
    let told = format!("`input` has to follow this {syntax}grammar:\n{grammar}");
    let before = tool
        .description
        .iter()
        .map(|before| format!("{before}\n\n"));
    Some(before.chain([told]).collect())
}

/// OpenAI refuses a schema whose top is not an object with properties.
fn object_schema(schema: Option<&Value>) -> Value {
    let mut schema = schema
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    if schema.get("type").is_none_or(Value::is_null) {
        schema.insert("type".to_owned(), json!("object"));
    }
    if schema["type"] == "object" {
        schema.entry("properties").or_insert_with(|| json!({}));
    }
    schema.into()
}
