//! Whether and what the model must call: `tool_choice`, read and written.

use serde_json::{Value, json};

use crate::json::{text, word};
use crate::prompt::{Dropped, Prompt, Takes, Tool, ToolChoice};
use crate::way_back::flat;

/// Reads `tool_choice`.
pub(super) fn read(choice: &Value, dropped: &mut Dropped) -> Option<ToolChoice> {
    if let Some(word) = choice.as_str() {
        return by_word(word, dropped);
    }
    let kind = choice["type"].as_str()?;
    match kind {
        "function" | "custom" => {
            let name = text(&choice["name"]).or_else(|| text(&choice[kind]["name"]));
            dropped.name_if(name.is_none(), "tool_choice");
            name.map(|name| ToolChoice::Named(name.to_owned()))
        }
        "allowed_tools" => {
            dropped.name("tool_choice.allowed_tools");
            by_word(choice["mode"].as_str().unwrap_or("auto"), dropped)
        }
        hosted => {
            dropped.name(format!("tool_choice.{}", word(hosted)));
            None
        }
    }
}

fn by_word(word: &str, dropped: &mut Dropped) -> Option<ToolChoice> {
    match word {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        // Anthropic's word for it, which some clients send to all.
        "required" | "any" => Some(ToolChoice::Required),
        _ => {
            dropped.name("tool_choice");
            None
        }
    }
}

/// Writes `tool_choice`. OpenAI refuses one without tools.
pub(super) fn write(prompt: &Prompt, dropped: &mut Dropped) -> Option<Value> {
    if prompt.tools.is_empty() {
        return None;
    }
    let name = match prompt.tool_choice.as_ref()? {
        ToolChoice::Auto => return Some(json!("auto")),
        ToolChoice::None => return Some(json!("none")),
        ToolChoice::Required => return Some(json!("required")),
        ToolChoice::Named(name) => name,
    };
    // One with a namespace may be named with it or without.
    let is_it =
        |tool: &&Tool| tool.name == *name || flat(tool.namespace.as_deref(), &tool.name) == *name;
    let Some(tool) = prompt.tools.iter().find(is_it) else {
        dropped.name("tool_choice");
        return None;
    };
    let kind = match tool.takes {
        Takes::Json { .. } => "function",
        Takes::Text { .. } => "custom",
    };
    Some(json!({"type": kind, "name": tool.name}))
}
