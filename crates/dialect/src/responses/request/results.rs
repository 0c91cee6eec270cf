//! Writes what tools returned.

use serde_json::{Value, json};

use super::parts;
use crate::prompt::{Dropped, Part, Role};

/// Writes the result of a call: a string where it is but text, as all models take it.
pub(super) fn write(
    call: &str,
    parts: &[Part],
    is_error: bool,
    is_custom: bool,
    dropped: &mut Dropped,
) -> Value {
    let kind = match is_custom {
        true => "custom_tool_call_output",
        false => "function_call_output",
    };
    let output = match texts(parts) {
        Some(text) if is_error && !says_error(&text) => format!("Error: {text}").into(),
        Some(text) => text.into(),
        None => list(parts, is_error, dropped),
    };
    json!({"type": kind, "call_id": call, "output": output})
}

/// All of it, if it is but text.
fn texts(parts: &[Part]) -> Option<String> {
    let texts = parts.iter().map(|part| match part {
        Part::Text { text, .. } | Part::Refusal(text) => Some(&**text),
        _ => None,
    });
    let texts: Option<Vec<&str>> = texts.collect();
    Some(texts?.join("\n"))
}

fn list(parts: &[Part], is_error: bool, dropped: &mut Dropped) -> Value {
    let says_so = parts.iter().any(|part| match part {
        Part::Text { text, .. } => says_error(text),
        _ => false,
    });
    let note = (is_error && !says_so).then(|| parts::input_text("Error:"));
    let written = parts
        .iter()
        .filter_map(|part| parts::write(part, Role::User, dropped));
    note.into_iter().chain(written).collect()
}

/// Whether a text begins with the news that something failed. This dialect has no field
/// for it.
fn says_error(text: &str) -> bool {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.to_ascii_lowercase().contains("error")
}
