//! Reads the conversation: the items of `input`, and the turns that they make.

use serde_json::Value;

use super::parts;
use super::read::wrong;
use crate::Dialect;
use crate::Failure;
use crate::json::{list, string, text, word};
use crate::prompt::{Call, Dropped, Input, Part, Reasoning, Role, Seal, Turn};
use crate::tag::untagged;

/// Reads `instructions` and `input`.
///
/// # Errors
/// If an item is not what the dialect says.
pub(super) fn read(body: &Value, dropped: &mut Dropped) -> Result<Vec<Turn>, Failure> {
    let mut turns = Vec::new();
    // Some send a list of items here, as replies have them.
    let instructions = &body["instructions"];
    if instructions.is_array() {
        items(instructions, "instructions", &mut turns, dropped)?;
    } else if let Some(text) = text(instructions) {
        add(&mut turns, Role::System, vec![Part::text(text)]);
    }
    match &body["input"] {
        Value::String(text) => add(&mut turns, Role::User, vec![Part::text(text)]),
        input if input.is_array() => items(input, "input", &mut turns, dropped)?,
        _ => return Err(wrong("input", "has to be a string or a list of items")),
    }
    Ok(turns)
}

fn items(
    items: &Value,
    name: &str,
    turns: &mut Vec<Turn>,
    dropped: &mut Dropped,
) -> Result<(), Failure> {
    for (at, item) in list(items).iter().enumerate() {
        let place = format!("{name}[{at}]");
        if let Some(text) = item.as_str() {
            add(turns, Role::User, vec![Part::text(text)]);
        } else if item.is_object() {
            read_item(item, &place, turns, dropped)?;
        } else {
            return Err(wrong(&place, "has to be an item"));
        }
    }
    Ok(())
}

fn read_item(
    item: &Value,
    place: &str,
    turns: &mut Vec<Turn>,
    dropped: &mut Dropped,
) -> Result<(), Failure> {
    let kind = item["type"].as_str().unwrap_or("message");
    match kind {
        "message" => {
            let role = role(item, place)?;
            let parts = parts::read(&item["content"], &format!("{place}.content"), dropped)?;
            add(turns, role, parts);
        }
        "reasoning" => {
            let part = Part::Reasoning(reasoning(item));
            add(turns, Role::Assistant, vec![part]);
        }
        "function_call" | "custom_tool_call" => {
            let part = Part::Call(call(item, place, kind == "custom_tool_call")?);
            add(turns, Role::Assistant, vec![part]);
        }
        "function_call_output" | "custom_tool_call_output" => {
            let output = &item["output"];
            let part = Part::Result {
                call: call_id(item, place)?,
                parts: parts::read(output, &format!("{place}.output"), dropped)?,
                is_error: false,
                is_custom: kind == "custom_tool_call_output",
                cache: false,
            };
            add(turns, Role::User, vec![part]);
        }
        other => dropped.name(format!("input.{}", word(other))),
    }
    Ok(())
}

/// Adds a turn. What the model says in several items is one, and what the tools return
/// to its calls is one.
fn add(turns: &mut Vec<Turn>, role: Role, parts: Vec<Part>) {
    let is_result = |part: &Part| matches!(part, Part::Result { .. });
    let goes_on = |last: &Turn| {
        let are_results = last.parts.iter().chain(&parts).all(is_result);
        last.role == role && (role == Role::Assistant || are_results)
    };
    match turns.last_mut() {
        _ if parts.is_empty() => {}
        Some(last) if goes_on(last) => last.parts.extend(parts),
        _ => turns.push(Turn { role, parts }),
    }
}

fn role(item: &Value, place: &str) -> Result<Role, Failure> {
    match item["role"].as_str() {
        Some("user") => Ok(Role::User),
        Some("assistant") => Ok(Role::Assistant),
        Some("system") => Ok(Role::System),
        Some("developer") => Ok(Role::Developer),
        Some(other) => Err(wrong(
            &format!("{place}.role"),
            &format!("is not known: {other:?}"),
        )),
        None => Err(wrong(&format!("{place}.role"), "has to be a string")),
    }
}

/// The state that only its maker can read keeps its id: the upstream checks that both
/// belong together (facts: Copilot, 9).
fn reasoning(item: &Value) -> Reasoning {
    let texts = |field: &str| -> Vec<&str> {
        let parts = list(&item[field]).iter();
        parts.filter_map(|part| text(&part["text"])).collect()
    };
    let (said, summary) = (texts("content"), texts("summary"));
    let is_summary = said.is_empty() && !summary.is_empty();
    let texts = if is_summary { summary } else { said };
    let seal = text(&item["encrypted_content"]).map(|value| {
        untagged(value).unwrap_or_else(|| Seal {
            dialect: Dialect::Responses,
            id: string(&item["id"]),
            value: value.to_owned(),
            is_redacted: false,
        })
    });
    Reasoning {
        text: texts.join("\n\n"),
        is_summary,
        seal,
    }
}

fn call(item: &Value, place: &str, is_custom: bool) -> Result<Call, Failure> {
    let name =
        text(&item["name"]).ok_or_else(|| wrong(&format!("{place}.name"), "has to name a tool"))?;
    let input = match is_custom {
        true => Input::Text(as_text(&item["input"])),
        false => Input::Json(as_text(&item["arguments"])),
    };
    Ok(Call {
        id: call_id(item, place)?,
        name: name.to_owned(),
        namespace: string(&item["namespace"]),
        input,
    })
}

fn call_id(item: &Value, place: &str) -> Result<String, Failure> {
    let id = string(&item["call_id"]).or_else(|| string(&item["id"]));
    id.ok_or_else(|| wrong(&format!("{place}.call_id"), "has to name the call"))
}

/// Arguments are a string; some clients send the object itself.
fn as_text(arguments: &Value) -> String {
    match arguments {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        object => object.to_string(),
    }
}
