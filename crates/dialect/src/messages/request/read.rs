//! A request's body, read into a prompt: the fields around the conversation.

mod content;
mod tools;

use serde_json::Value;

use super::fields::{Fields, refused, word};
use crate::Failure;
use crate::prompt::{Dropped, Format, Part, Prompt, Role, Sampling, Thinking, Turn};

/// Reads a request's body.
///
/// # Errors
/// If it is not what the dialect says, in words for its client.
pub fn read(body: &[u8], dropped: &mut Dropped) -> Result<Prompt, Failure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| refused(format!("the body is not JSON: {error}")))?;
    let body = Fields::of(&body, String::new())?;
    name_unknown(&body, dropped);
    let (tool_choice, parallel_calls) = tools::choice(&body)?;
    Ok(Prompt {
        model: body.text("model")?.unwrap_or_default().to_owned(),
        stream: body.flag("stream")?.unwrap_or_default(),
        turns: turns(&body, dropped)?,
        tools: tools::tools(&body, dropped)?,
        tool_choice,
        parallel_calls,
        max_tokens: body.count("max_tokens")?,
        sampling: Sampling {
            temperature: body.number("temperature")?.cloned(),
            top_p: body.number("top_p")?.cloned(),
            top_k: body.number("top_k")?.cloned(),
            ..Sampling::default()
        },
        stop: stop(&body)?,
        thinking: thinking(&body, dropped)?,
        format: format(&body, dropped)?,
        user: user(&body)?,
        service_tier: service_tier(&body)?,
        ..Prompt::default()
    })
}

/// Names what the hub cannot carry. Versions and betas speak of the API, not of the
/// request, and what begins with `x_` is a client's own.
fn name_unknown(body: &Fields<'_>, dropped: &mut Dropped) {
    const KNOWN: [&str; 18] = [
        "anthropic_beta",
        "anthropic_version",
        "betas",
        "cache_control",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "output_config",
        "output_format",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
    ];
    for (name, _) in body.all() {
        let is_read = KNOWN.contains(&name) || ["top_k", "top_p"].contains(&name);
        if !is_read && !name.starts_with("x_") && !name.starts_with("x-") {
            dropped.name(word(name));
        }
    }
}

fn turns(body: &Fields<'_>, dropped: &mut Dropped) -> Result<Vec<Turn>, Failure> {
    let mut turns = Vec::new();
    let mut system = content::told(body, "system", dropped)?;
    // Claude Code's first block changes with each request: it breaks the prefix that
    // other upstreams cache by.
    if let (Some(Value::Array(_)), Some(Part::Text { text, .. })) =
        (body.any("system"), system.first())
        && text.starts_with("x-anthropic-billing-header:")
    {
        system.remove(0);
    }
    if !system.is_empty() {
        turns.push(Turn {
            role: Role::System,
            parts: system,
        });
    }
    if !body.has("messages") {
        return Err(refused("`messages` is missing"));
    }
    for (index, message) in body.list("messages")?.iter().enumerate() {
        let message = Fields::of(message, format!("messages[{index}]"))?;
        let role = match message.needed_text("role")? {
            "user" => Role::User,
            "assistant" => Role::Assistant,
            "system" => Role::System,
            _ => {
                let place = message.place("role");
                return Err(refused(format!(
                    "`{place}` is none of user, assistant and system"
                )));
            }
        };
        let parts = match role {
            Role::Assistant => content::parts(&message, "content", dropped)?,
            _ => content::told(&message, "content", dropped)?,
        };
        turns.push(Turn { role, parts });
    }
    if body.has("cache_control")
        && let Some(part) = turns.last_mut().and_then(|turn| turn.parts.last_mut())
    {
        mark(part);
    }
    Ok(turns)
}

/// A mark on the request itself is one on its last block.
fn mark(part: &mut Part) {
    match part {
        Part::Text { cache, .. }
        | Part::Image { cache, .. }
        | Part::Document { cache, .. }
        | Part::Result { cache, .. } => *cache = true,
        Part::Reasoning(_) | Part::Refusal(_) | Part::Call(_) => {}
    }
}

fn stop(body: &Fields<'_>) -> Result<Vec<String>, Failure> {
    if let Some(Value::String(one)) = body.any("stop_sequences") {
        return Ok(vec![one.clone()]);
    }
    let text = |(index, value): (usize, &Value)| match value {
        Value::String(text) => Ok(text.clone()),
        _ => Err(refused(format!(
            "`stop_sequences[{index}]` is not a string"
        ))),
    };
    let list = body.list("stop_sequences")?;
    list.iter().enumerate().map(text).collect()
}

fn thinking(body: &Fields<'_>, dropped: &mut Dropped) -> Result<Option<Thinking>, Failure> {
    let config = body.object("output_config")?;
    let effort = match &config {
        Some(config) => config.text("effort")?.map(str::to_owned),
        None => None,
    };
    let of_effort = effort.clone().map(|effort| Thinking {
        effort: Some(effort),
        ..Thinking::default()
    });
    let Some(told) = body.object("thinking")? else {
        return Ok(of_effort);
    };
    let summary = told.text("display")?.map(str::to_owned);
    Ok(match told.needed_text("type")? {
        "enabled" => Some(Thinking {
            effort,
            budget: told.count("budget_tokens")?,
            summary,
            ..Thinking::default()
        }),
        "adaptive" => Some(Thinking {
            effort,
            is_adaptive: true,
            summary,
            ..Thinking::default()
        }),
        "disabled" => Some(Thinking {
            is_off: true,
            ..Thinking::default()
        }),
        _ => {
            dropped.name("thinking");
            of_effort
        }
    })
}

fn format(body: &Fields<'_>, dropped: &mut Dropped) -> Result<Option<Format>, Failure> {
    let told = match body.object("output_config")? {
        Some(config) => config.object("format")?,
        None => None,
    };
    // Its name before it was one of `output_config`'s.
    let told = match told {
        None => body.object("output_format")?,
        told => told,
    };
    let Some(told) = told else { return Ok(None) };
    // A list, say, is no schema, and no upstream takes it for one.
    told.object("schema")?;
    match (told.text("type")?, told.any("schema")) {
        (Some("json_schema"), Some(schema)) => Ok(Some(Format::Schema {
            name: told.text("name")?.map(str::to_owned),
            description: None,
            schema: tools::plain_schema(schema),
            strict: None,
        })),
        (Some("text"), _) => Ok(None),
        _ => {
            dropped.name("output_config.format");
            Ok(None)
        }
    }
}

fn user(body: &Fields<'_>) -> Result<Option<String>, Failure> {
    let metadata = body.object("metadata")?;
    let user = metadata.map(|metadata| metadata.text("user_id"));
    Ok(user.transpose()?.flatten().map(str::to_owned))
}

/// OpenAI's word for Anthropic's `standard_only` is `default`.
fn service_tier(body: &Fields<'_>) -> Result<Option<String>, Failure> {
    let tier = body.text("service_tier")?;
    Ok(tier.map(|tier| match tier {
        "standard_only" => "default".to_owned(),
        tier => tier.to_owned(),
    }))
}
