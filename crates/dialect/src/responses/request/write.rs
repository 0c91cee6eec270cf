//! Writes a request's body: its fields, always in the same order, since prompt caches
//! hash bytes.

use serde_json::{Map, Value, json};

use super::read::{LOGPROBS, SEALS};
use super::{choice, items, parts, tools};
use crate::json::put;
use crate::prompt::{Dropped, Format, Prompt, Thinking};
use crate::translate::Target;

/// OpenAI refuses to generate less.
const FEWEST_TOKENS: u64 = 16;

/// OpenAI takes no longer name of a user or of a cache's key.
const LONGEST_KEY: usize = 64;

/// Writes a request's body.
pub fn write(prompt: &Prompt, target: &Target<'_>, dropped: &mut Dropped) -> Value {
    let mut body = Map::new();
    put(&mut body, "model", Some(target.model));
    let written = items::write(&prompt.turns, dropped);
    put(&mut body, "instructions", written.instructions);
    put(&mut body, "input", Some(written.input));
    if !prompt.tools.is_empty() {
        put(&mut body, "tools", Some(tools::write(&prompt.tools)));
        put(&mut body, "tool_choice", choice::write(prompt, dropped));
        put(&mut body, "parallel_tool_calls", prompt.parallel_calls);
    }
    let most = target.max_output.unwrap_or(u64::MAX);
    let tokens = |tokens: u64| tokens.min(most).max(FEWEST_TOKENS);
    put(
        &mut body,
        "max_output_tokens",
        prompt.max_tokens.map(tokens),
    );
    let mut include = vec![SEALS];
    if sampling(prompt, target, &mut body, dropped) {
        include.push(LOGPROBS);
    }
    let thinking = prompt.thinking.as_ref();
    let thinking = thinking.and_then(|thinking| reasoning(thinking, target, dropped));
    put(&mut body, "reasoning", thinking);
    put(&mut body, "text", text(prompt));
    caller(prompt, &mut body, dropped);
    put(&mut body, "include", Some(include));
    // Copilot refuses `store` and `service_tier` (`unsupported_value`).
    put(&mut body, "store", Some(false));
    put(&mut body, "stream", Some(prompt.stream));
    let is_off = prompt.thinking.as_ref().is_some_and(|it| it.is_off);
    dropped.name_if(is_off, "thinking");
    name_unsaid(prompt, dropped);
    body.into()
}

/// Writes how words are chosen; returns whether probabilities are told.
fn sampling(
    prompt: &Prompt,
    target: &Target<'_>,
    body: &mut Map<String, Value>,
    dropped: &mut Dropped,
) -> bool {
    let sampling = &prompt.sampling;
    if thinks(prompt, target.model) {
        dropped.name_if(sampling.temperature.is_some(), "temperature");
        dropped.name_if(sampling.top_p.is_some(), "top_p");
        dropped.name_if(sampling.logprobs.is_some(), "logprobs");
        return false;
    }
    put(body, "temperature", sampling.temperature.clone());
    put(body, "top_p", sampling.top_p.clone());
    put(body, "top_logprobs", sampling.logprobs);
    sampling.logprobs.is_some()
}

/// Whether the model thinks before it speaks. Those that do refuse to be told how words
/// are chosen, unless their effort is `none` (OpenAI, "Using GPT-5.2").
fn thinks(prompt: &Prompt, model: &str) -> bool {
    let is_reasoner = model.starts_with("gpt-5")
        || model.strip_prefix('o').is_some_and(|rest| {
            let first = rest.bytes().next();
            first.is_some_and(|byte| byte.is_ascii_digit())
        });
    is_reasoner || prompt.thinking.as_ref().is_some_and(|it| !it.is_off)
}

/// How hard to think. A budget is one in the words of Messages; without thinking, the
/// model does as it does by itself, since many cannot but think.
fn reasoning(thinking: &Thinking, target: &Target<'_>, dropped: &mut Dropped) -> Option<Value> {
    if thinking.is_off {
        return None;
    }
    let effort = match (thinking.effort.as_deref(), thinking.budget) {
        // Anthropic's hardest is OpenAI's `xhigh`.
        (Some("max"), _) => Some("xhigh"),
        (Some(effort), _) => Some(effort),
        (None, Some(..=4096)) => Some("low"),
        (None, Some(..=16384)) => Some("medium"),
        (None, Some(_)) => Some("high"),
        (None, None) => None,
    };
    let taken = effort.and_then(|effort| target.effort(effort));
    if effort.is_some() && taken.is_none() {
        dropped.name("thinking");
        return None;
    }
    let summary = match thinking.summary.as_deref() {
        Some(known @ ("concise" | "detailed")) => Some(known),
        Some("omitted") => None,
        _ => Some("auto"),
    };
    let mut json = Map::new();
    put(&mut json, "effort", taken);
    put(&mut json, "summary", summary);
    Some(json.into()).filter(|_| effort.is_some() || summary.is_some())
}

fn text(prompt: &Prompt) -> Option<Value> {
    let mut json = Map::new();
    put(&mut json, "format", prompt.format.as_ref().map(format));
    put(&mut json, "verbosity", prompt.verbosity.as_deref());
    Some(json.into()).filter(|_| prompt.format.is_some() || prompt.verbosity.is_some())
}

fn format(format: &Format) -> Value {
    let Format::Schema {
        name,
        description,
        schema,
        strict,
    } = format
    else {
        return json!({"type": "json_object"});
    };
    let mut json = Map::new();
    put(&mut json, "type", Some("json_schema"));
    let name = name.as_deref().unwrap_or("response");
    put(&mut json, "name", Some(name));
    put(&mut json, "description", description.as_deref());
    put(&mut json, "schema", Some(schema.clone()));
    put(&mut json, "strict", *strict);
    json.into()
}

/// Who asks.
fn caller(prompt: &Prompt, body: &mut Map<String, Value>, dropped: &mut Dropped) {
    /// OpenAI's own limits.
    const MOST_PAIRS: usize = 16;
    const LONGEST_VALUE: usize = 512;
    let fits = |(key, value): &(&String, &Value)| {
        let value = value.as_str();
        key.len() <= LONGEST_KEY && value.is_some_and(|value| value.len() <= LONGEST_VALUE)
    };
    let pairs = prompt.metadata.iter().filter(fits).take(MOST_PAIRS);
    let pairs: Map<String, Value> = pairs
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    dropped.name_if(pairs.len() < prompt.metadata.len(), "metadata");
    put(
        body,
        "metadata",
        Some(pairs).filter(|pairs| !pairs.is_empty()),
    );
    for (name, key) in [
        ("user", &prompt.user),
        ("prompt_cache_key", &prompt.cache_key),
    ] {
        let fits = |key: &&String| key.len() <= LONGEST_KEY;
        dropped.name_if(key.as_ref().is_some_and(|key| !fits(&key)), name);
        put(body, name, key.as_ref().filter(fits).cloned());
    }
}

/// Names what this dialect has no words for.
fn name_unsaid(prompt: &Prompt, dropped: &mut Dropped) {
    let sampling = &prompt.sampling;
    dropped.name_if(!prompt.stop.is_empty(), "stop");
    dropped.name_if(sampling.top_k.is_some(), "top_k");
    dropped.name_if(sampling.seed.is_some(), "seed");
    dropped.name_if(sampling.presence_penalty.is_some(), "presence_penalty");
    dropped.name_if(sampling.frequency_penalty.is_some(), "frequency_penalty");
    dropped.name_if(sampling.logit_bias.is_some(), "logit_bias");
    let choices = sampling.choices.unwrap_or(1);
    dropped.name_if(choices > 1, "choices");
    let mut marks = prompt.turns.iter().flat_map(|turn| &turn.parts);
    let is_marked = prompt.tools.iter().any(|tool| tool.cache) || marks.any(parts::asks_for_cache);
    dropped.name_if(is_marked, "cache marks");
    let is_default = |tier: &str| matches!(tier, "auto" | "default");
    let tier = prompt.service_tier.as_deref();
    dropped.name_if(tier.is_some_and(|tier| !is_default(tier)), "service_tier");
    dropped.name_if(prompt.store == Some(true), "store");
}
