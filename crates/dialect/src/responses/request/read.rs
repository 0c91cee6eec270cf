//! Reads a request's body into the hub: its fields, each by its own rule.

use serde_json::Value;

use super::{choice, input, tools};
use crate::Failure;
use crate::json::{count, list, number, string, text, word};
use crate::prompt::{Dropped, Format, Prompt, Sampling, Thinking};

/// The state of reasoning, for the client to carry. The hub always asks for it.
pub(super) const SEALS: &str = "reasoning.encrypted_content";

/// How probable each token was.
pub(super) const LOGPROBS: &str = "message.output_text.logprobs";

/// Fields that are read here, or that mean nothing elsewhere.
///
/// Codex adds `client_metadata` and `internal_chat_message_metadata_passthrough`
/// (facts: clients, 2); `generate` is of its WebSocket frames; `stream_options` asks
/// for padding against those who listen, which the router does not write.
const KNOWN: &[&str] = &[
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "max_output_tokens",
    "reasoning",
    "text",
    "temperature",
    "top_p",
    "top_logprobs",
    "include",
    "store",
    "stream",
    "stream_options",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "service_tier",
    "truncation",
    "background",
    "previous_response_id",
    "conversation",
    "prompt",
    "client_metadata",
    "internal_chat_message_metadata_passthrough",
    "generate",
    "type",
];

/// Reads a request's body.
///
/// # Errors
/// If it is not what the dialect says, in words for its client.
pub fn read(body: &[u8], dropped: &mut Dropped) -> Result<Prompt, Failure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| wrong("the body", &format!("is not JSON: {error}")))?;
    if !body.is_object() {
        return Err(wrong("the body", "has to be a JSON object"));
    }
    refuse_state(&body)?;
    let Some(model) = text(&body["model"]) else {
        return Err(wrong("model", "has to name a model"));
    };
    name_unknown(&body, dropped);
    let (format, verbosity) = format(&body["text"], dropped)?;
    Ok(Prompt {
        model: model.to_owned(),
        stream: body["stream"].as_bool().unwrap_or(false),
        turns: input::read(&body, dropped)?,
        tools: tools::read(&body["tools"], dropped)?,
        tool_choice: choice::read(&body["tool_choice"], dropped),
        parallel_calls: body["parallel_tool_calls"].as_bool(),
        max_tokens: count(&body["max_output_tokens"]),
        sampling: sampling(&body, dropped),
        stop: Vec::new(),
        thinking: thinking(&body["reasoning"]),
        format,
        verbosity,
        user: string(&body["user"]).or_else(|| string(&body["safety_identifier"])),
        metadata: body["metadata"].as_object().cloned().unwrap_or_default(),
        cache_key: string(&body["prompt_cache_key"]),
        service_tier: string(&body["service_tier"]),
        store: body["store"].as_bool(),
    })
}

/// What is wrong with the field at that place.
pub(super) fn wrong(place: &str, what: &str) -> Failure {
    Failure::new(400, "invalid_request", format!("{place} {what}"))
}

/// A conversation that only the upstream of an earlier reply knows cannot go on
/// anywhere else, and without it the request means something else.
fn refuse_state(body: &Value) -> Result<(), Failure> {
    for field in ["previous_response_id", "conversation"] {
        if !body[field].is_null() {
            let message = format!(
                "{field} names a conversation that is kept elsewhere: this model's \
                 upstream cannot see it; send the whole conversation in `input`"
            );
            return Err(Failure::new(400, "previous_response_not_found", message));
        }
    }
    if !body["prompt"].is_null() {
        let message = "prompt names a template that is kept elsewhere: this model's \
                       upstream cannot see it; send its text in `instructions` or `input`";
        return Err(Failure::new(400, "unsupported_value", message));
    }
    Ok(())
}

fn name_unknown(body: &Value, dropped: &mut Dropped) {
    for (name, value) in body.as_object().into_iter().flatten() {
        let is_of_nobody = value.is_null() || name.starts_with("x_") || name.starts_with("x-");
        if !is_of_nobody && !KNOWN.contains(&&**name) {
            dropped.name(word(name).to_owned());
        }
    }
    dropped.name_if(body["background"] == true, "background");
    let truncation = text(&body["truncation"]);
    dropped.name_if(
        truncation.is_some_and(|how| how != "disabled"),
        "truncation",
    );
    for include in list(&body["include"]).iter().filter_map(Value::as_str) {
        if ![SEALS, LOGPROBS].contains(&include) {
            dropped.name(format!("include.{}", word(include)));
        }
    }
}

fn sampling(body: &Value, dropped: &mut Dropped) -> Sampling {
    let most = count(&body["top_logprobs"]);
    let tells = list(&body["include"])
        .iter()
        .any(|include| include == LOGPROBS);
    dropped.name_if(!tells && most.is_some_and(|most| most > 0), "top_logprobs");
    Sampling {
        temperature: number(&body["temperature"]),
        top_p: number(&body["top_p"]),
        logprobs: tells.then(|| most.unwrap_or(0)),
        ..Sampling::default()
    }
}

fn thinking(reasoning: &Value) -> Option<Thinking> {
    let effort = string(&reasoning["effort"]);
    // `generate_summary` is its name of the time before.
    let summary = string(&reasoning["summary"]).or_else(|| string(&reasoning["generate_summary"]));
    if effort.is_none() && summary.is_none() {
        return None;
    }
    Some(Thinking {
        is_off: effort.as_deref() == Some("none"),
        effort,
        summary,
        ..Thinking::default()
    })
}

fn format(
    text: &Value,
    dropped: &mut Dropped,
) -> Result<(Option<Format>, Option<String>), Failure> {
    let format = &text["format"];
    let read = match format["type"].as_str() {
        None | Some("text") => None,
        Some("json_object") => Some(Format::Json),
        Some("json_schema") => {
            let schema = &format["schema"];
            if !schema.is_object() {
                return Err(wrong("text.format.schema", "has to be a JSON Schema"));
            }
            Some(Format::Schema {
                name: string(&format["name"]),
                description: string(&format["description"]),
                schema: schema.clone(),
                strict: format["strict"].as_bool(),
            })
        }
        Some(other) => {
            dropped.name(format!("text.format.{}", word(other)));
            None
        }
    };
    Ok((read, string(&text["verbosity"])))
}
