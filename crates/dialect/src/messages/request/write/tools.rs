//! What the model may call, and whether it must.

use serde_json::{Map, Value, json};

use super::marks::mark;
use super::schema;
use crate::prompt::{Dropped, Prompt, Takes, Tool, ToolChoice};
use crate::way_back::flat;

/// The fields of a request that are about tools.
pub(super) struct Tools {
    pub(super) tools: Option<Value>,
    pub(super) choice: Option<Value>,
    /// Whether the model must call something: then it may not think.
    pub(super) is_forced: bool,
}

/// Writes the tools. `called` are those that the conversation has calls of.
pub(super) fn write(prompt: &Prompt, called: &[String], dropped: &mut Dropped) -> Tools {
    let mut tools = Map::new();
    for tool in &prompt.tools {
        let name = flat(tool.namespace.as_deref(), &tool.name);
        // Two tools of one name are refused.
        if tools.contains_key(&name) {
            dropped.name("tools of one name");
            continue;
        }
        let written = one(&name, tool, dropped);
        tools.insert(name, written);
    }
    let mut choice = match tools.is_empty() {
        false => choice(prompt, &tools, dropped),
        true => None,
    };
    // Some backends refuse calls in a conversation without tools.
    if tools.is_empty() && !called.is_empty() {
        for name in called {
            let schema = json!({"type": "object", "properties": {}});
            let tool = json!({"name": name, "input_schema": schema});
            tools.insert(name.clone(), tool);
        }
        choice = Some(json!({"type": "none"}));
    }
    let kind = choice.as_ref().and_then(|choice| choice["type"].as_str());
    let is_forced = matches!(kind, Some("any" | "tool"));
    let tools: Vec<Value> = tools.into_iter().map(|(_, tool)| tool).collect();
    Tools {
        tools: (!tools.is_empty()).then_some(Value::Array(tools)),
        choice,
        is_forced,
    }
}

fn one(name: &str, tool: &Tool, dropped: &mut Dropped) -> Value {
    let mut description = tool.description.clone().unwrap_or_default();
    let schema = match &tool.takes {
        Takes::Json { schema, strict } => {
            dropped.name_if(*strict == Some(true), "tools.strict");
            schema::input(schema.as_ref(), dropped)
        }
        Takes::Text { format } => {
            if let Some(grammar) = grammar(format.as_ref()) {
                description.push_str(&grammar);
            }
            json!({
                "type": "object",
                "properties": {"input": {"type": "string"}},
                "required": ["input"],
            })
        }
    };
    let mut written = Map::new();
    written.insert("name".to_owned(), json!(name));
    if !description.trim().is_empty() {
        written.insert("description".to_owned(), json!(description));
    }
    written.insert("input_schema".to_owned(), schema);
    mark(Value::Object(written), tool.cache)
}

/// A grammar that the model cannot be held to, it can be told of.
fn grammar(format: Option<&Value>) -> Option<String> {
    let format = format?;
    let (syntax, definition) = match format.get("grammar") {
        Some(grammar) => (&grammar["syntax"], &grammar["definition"]),
        None => (&format["syntax"], &format["definition"]),
    };
    let syntax = syntax.as_str().unwrap_or("the following");
    let definition = definition.as_str()?;
    Some(format!(
        "\n\nThe input is text of this grammar ({syntax}):\n{definition}"
    ))
}

fn choice(prompt: &Prompt, tools: &Map<String, Value>, dropped: &mut Dropped) -> Option<Value> {
    let named = |name: &str| {
        let of_namespace = || {
            let mut own = prompt.tools.iter();
            let tool = own.find(|tool| tool.name == name)?;
            Some(flat(tool.namespace.as_deref(), name))
        };
        match tools.contains_key(name) {
            true => Some(name.to_owned()),
            false => of_namespace(),
        }
    };
    let choice = match &prompt.tool_choice {
        None => None,
        Some(ToolChoice::Auto) => Some(json!({"type": "auto"})),
        Some(ToolChoice::None) => return Some(json!({"type": "none"})),
        Some(ToolChoice::Required) => Some(json!({"type": "any"})),
        Some(ToolChoice::Named(name)) => match named(name) {
            Some(name) => Some(json!({"type": "tool", "name": name})),
            None => {
                dropped.name("tool_choice");
                None
            }
        },
    };
    if prompt.parallel_calls != Some(false) {
        return choice;
    }
    let mut choice = choice.unwrap_or_else(|| json!({"type": "auto"}));
    choice["disable_parallel_tool_use"] = json!(true);
    Some(choice)
}
