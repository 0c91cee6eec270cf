//! Reads a request's body: its fields, one after the other.

use serde_json::Value;

use super::{choices, formats, tools, turns};
use crate::Failure;
use crate::json::{list, number, string, text};
use crate::prompt::{Dropped, Prompt, Sampling, Thinking};
use crate::usage::count;

/// Fields that mean something to the model or to the upstream, and that no other
/// dialect has.
const UNKNOWN_ELSEWHERE: [&str; 10] = [
    "audio",
    "chat_template_kwargs",
    "enable_thinking",
    "min_p",
    "moderation",
    "prediction",
    "prompt_cache_retention",
    "repetition_penalty",
    "top_a",
    "web_search_options",
];

/// Reads a request's body.
///
/// # Errors
/// If it is not what the dialect says, in words for its client.
pub fn read(body: &[u8], dropped: &mut Dropped) -> Result<Prompt, Failure> {
    let body: Value = serde_json::from_slice(body).map_err(|error| {
        Failure::new(
            400,
            "invalid_request",
            format!("the body is not JSON: {error}"),
        )
    })?;
    if !body.is_object() {
        return Err(wrong("the body", "has to be a JSON object"));
    }
    let model = text(&body["model"]).ok_or_else(|| wrong("model", "has to name a model"))?;
    for field in UNKNOWN_ELSEWHERE {
        dropped.name_if(!body[field].is_null(), field);
    }
    let is_spoken = |kind: &Value| kind.as_str().is_some_and(|kind| kind != "text");
    dropped.name_if(
        list(&body["modalities"]).iter().any(is_spoken),
        "modalities",
    );
    Ok(Prompt {
        model: model.to_owned(),
        stream: body["stream"].as_bool().unwrap_or_default(),
        turns: turns::read(&body["messages"], dropped)?,
        tools: tools::read(&body, dropped)?,
        tool_choice: choices::read(&body, dropped),
        parallel_calls: body["parallel_tool_calls"].as_bool(),
        max_tokens: count(body.get("max_completion_tokens"))
            .or_else(|| count(body.get("max_tokens"))),
        sampling: sampling(&body),
        stop: stop(&body["stop"]),
        thinking: thinking(&body, dropped),
        format: formats::read(&body["response_format"], dropped)?,
        verbosity: string(&body["verbosity"]),
        user: string(&body["user"]).or_else(|| string(&body["safety_identifier"])),
        metadata: body["metadata"].as_object().cloned().unwrap_or_default(),
        cache_key: string(&body["prompt_cache_key"]),
        service_tier: string(&body["service_tier"]),
        store: body["store"].as_bool(),
    })
}

/// The failure of a request that has something wrong at a place.
pub(super) fn wrong(place: impl AsRef<str>, what: &str) -> Failure {
    let message = format!("{} {what}", place.as_ref());
    Failure::new(400, "invalid_request", message)
}

fn sampling(body: &Value) -> Sampling {
    let logprobs = body["logprobs"].as_bool().unwrap_or_default();
    Sampling {
        temperature: number(&body["temperature"]),
        top_p: number(&body["top_p"]),
        top_k: number(&body["top_k"]),
        presence_penalty: number(&body["presence_penalty"]),
        frequency_penalty: number(&body["frequency_penalty"]),
        seed: number(&body["seed"]),
        logit_bias: body
            .get("logit_bias")
            .filter(|bias| bias.as_object().is_some_and(|bias| !bias.is_empty()))
            .cloned(),
        choices: count(body.get("n")),
        logprobs: logprobs.then(|| count(body.get("top_logprobs")).unwrap_or_default()),
    }
}

fn stop(stop: &Value) -> Vec<String> {
    match stop {
        Value::String(stop) => vec![stop.clone()],
        stop => list(stop).iter().filter_map(string).collect(),
    }
}

/// OpenAI's `reasoning_effort`, Z.ai's `thinking`, Copilot's `thinking_budget` and
/// OpenRouter's `reasoning`, in whichever mixture they come.
fn thinking(body: &Value, dropped: &mut Dropped) -> Option<Thinking> {
    let (zai, router) = (&body["thinking"], &body["reasoning"]);
    dropped.name_if(!zai["clear_thinking"].is_null(), "thinking.clear_thinking");
    let effort = string(&body["reasoning_effort"]).or_else(|| string(&router["effort"]));
    let budget = count(body.get("thinking_budget"))
        .or_else(|| count(zai.get("budget_tokens")))
        .or_else(|| count(router.get("max_tokens")));
    let kind = zai["type"].as_str();
    let thinking = Thinking {
        is_adaptive: kind == Some("adaptive"),
        is_off: kind == Some("disabled")
            || effort.as_deref() == Some("none")
            || router["enabled"] == false,
        effort,
        budget,
        summary: None,
    };
    let is_on = kind == Some("enabled") || router["enabled"] == true;
    (is_on || thinking != Thinking::default()).then_some(thinking)
}
