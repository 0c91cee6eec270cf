//! What the model may call, and whether it must.

use serde_json::Value;

use super::super::fields::{Fields, refused, word};
use crate::Failure;
use crate::prompt::{Dropped, Takes, Tool, ToolChoice};

/// The tools that the client runs; those that Anthropic's servers run are dropped.
pub(super) fn tools(body: &Fields<'_>, dropped: &mut Dropped) -> Result<Vec<Tool>, Failure> {
    let mut tools = Vec::new();
    for (index, tool) in body.list("tools")?.iter().enumerate() {
        let tool = Fields::of(tool, format!("tools[{index}]"))?;
        if let Some(kind) = tool.text("type")?.filter(|kind| *kind != "custom") {
            dropped.name(format!("tools.{}", word(undated(kind))));
            continue;
        }
        tools.push(Tool {
            name: tool.name()?.to_owned(),
            namespace: None,
            description: tool.text("description")?.map(str::to_owned),
            takes: Takes::Json {
                schema: tool.any("input_schema").map(plain_schema),
                strict: tool.flag("strict")?,
            },
            cache: tool.has("cache_control"),
        });
    }
    Ok(tools)
}

/// Whether and what must be called, and whether several may be at once.
pub(super) fn choice(body: &Fields<'_>) -> Result<(Option<ToolChoice>, Option<bool>), Failure> {
    let told = match body.any("tool_choice") {
        None => return Ok((None, None)),
        Some(Value::String(kind)) => return Ok((Some(of_kind(kind)?), None)),
        Some(told) => Fields::of(told, "tool_choice".to_owned())?,
    };
    let choice = match told.needed_text("type")? {
        "tool" => ToolChoice::Named(told.name()?.to_owned()),
        kind => of_kind(kind)?,
    };
    let is_single = told.flag("disable_parallel_tool_use")? == Some(true);
    Ok((Some(choice), is_single.then_some(false)))
}

/// A schema without `$schema`, which some upstreams refuse.
pub(super) fn plain_schema(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(fields) = &mut schema {
        fields.shift_remove("$schema");
    }
    schema
}

fn of_kind(kind: &str) -> Result<ToolChoice, Failure> {
    match kind {
        "auto" => Ok(ToolChoice::Auto),
        "any" => Ok(ToolChoice::Required),
        "none" => Ok(ToolChoice::None),
        _ => Err(refused(
            "`tool_choice.type` is none of auto, any, tool and none",
        )),
    }
}

/// A server tool's type without the date of its version: `web_search_20250305`.
fn undated(kind: &str) -> &str {
    match kind.rsplit_once('_') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => {
            name
        }
        _ => kind,
    }
}
