//! Whether and what the model must call: `tool_choice`, read and written.

use serde_json::{Map, Value, json};

use super::tools;
use crate::json::{put, text};
use crate::prompt::{Dropped, Prompt, Tool, ToolChoice};
use crate::translate::Target;
use crate::way_back::flat;

/// Reads `tool_choice`, or `function_call` of the time before it.
pub(super) fn read(body: &Value, dropped: &mut Dropped) -> Option<ToolChoice> {
    let choice = &body["tool_choice"];
    let choice = if choice.is_null() {
        &body["function_call"]
    } else {
        choice
    };
    if let Some(word) = choice.as_str() {
        return by_word(word, dropped);
    }
    if choice.is_null() {
        return None;
    }
    if let Some(mode) = choice["allowed_tools"]["mode"].as_str() {
        dropped.name("tool_choice.allowed_tools");
        return by_word(mode, dropped);
    }
    let names = [
        &choice["function"]["name"],
        &choice["custom"]["name"],
        &choice["name"],
    ];
    let name = names.into_iter().find_map(text);
    dropped.name_if(name.is_none(), "tool_choice");
    name.map(|name| ToolChoice::Named(name.to_owned()))
}

fn by_word(word: &str, dropped: &mut Dropped) -> Option<ToolChoice> {
    match word {
        "auto" => Some(ToolChoice::Auto),
        "none" => Some(ToolChoice::None),
        // Mistral's and Anthropic's word for it, which some clients send to all.
        "required" | "any" => Some(ToolChoice::Required),
        _ => {
            dropped.name("tool_choice");
            None
        }
    }
}

/// Writes `tools`, `tool_choice` and `parallel_tool_calls`. OpenAI refuses the latter two
/// without the first.
pub(super) fn write(
    prompt: &Prompt,
    target: &Target<'_>,
    body: &mut Map<String, Value>,
    dropped: &mut Dropped,
) {
    let choice = prompt.tool_choice.as_ref();
    // Z.ai knows only `auto`; without tools at least none is called.
    let may_call = target.has_developer || choice != Some(&ToolChoice::None);
    if prompt.tools.is_empty() || !may_call {
        return;
    }
    let tools = tools::write(&prompt.tools, target, dropped);
    put(body, "tools", Some(tools));
    if target.has_developer {
        put(
            body,
            "tool_choice",
            choice.map(|choice| written(choice, prompt)),
        );
        put(body, "parallel_tool_calls", prompt.parallel_calls);
    } else {
        let is_free = choice.is_none_or(|choice| *choice == ToolChoice::Auto);
        dropped.name_if(!is_free, "tool_choice");
        put(body, "tool_choice", choice.map(|_| "auto"));
        let is_one = prompt.parallel_calls == Some(false);
        dropped.name_if(is_one, "parallel_tool_calls");
    }
}

fn written(choice: &ToolChoice, prompt: &Prompt) -> Value {
    match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => {
            json!({"type": "function", "function": {"name": flat_name(&prompt.tools, name)}})
        }
    }
}

/// The name under which a tool is written that may be named with its namespace or
/// without.
fn flat_name(tools: &[Tool], name: &str) -> String {
    let flat_of = |tool: &Tool| flat(tool.namespace.as_deref(), &tool.name);
    let named = tools.iter().find(|tool| flat_of(tool) == name);
    let named = named.or_else(|| tools.iter().find(|tool| tool.name == name));
    named.map_or_else(|| name.to_owned(), flat_of)
}
