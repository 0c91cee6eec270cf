//! Writes a request's body: its fields, always in the same order, since prompt caches
//! hash bytes.
//!
//! Z.ai is known by that it does not know the role `developer`. It takes fewer fields
//! than OpenAI and Copilot, and narrower ones (docs.z.ai, Chat Completion).

use serde_json::{Map, Number, Value, json};

use super::{choices, formats, parts, slots};
use crate::json::put;
use crate::prompt::{Dropped, Prompt, Thinking};
use crate::translate::Target;

/// OpenAI takes no more sequences that end a reply, and Z.ai only one.
const MOST_STOPS: [usize; 2] = [4, 1];

/// OpenAI takes no longer key of a cache.
const LONGEST_KEY: usize = 64;

/// Writes a request's body.
pub fn write(prompt: &Prompt, target: &Target<'_>, dropped: &mut Dropped) -> Value {
    let mut body = Map::new();
    put(&mut body, "model", Some(target.model));
    let mut messages = slots::write(prompt, target, dropped);
    let format = prompt.format.as_ref();
    let format = format.map(|format| formats::write(format, target, &mut messages, dropped));
    put(&mut body, "messages", Some(messages));
    choices::write(prompt, target, &mut body, dropped);
    // Copilot and Z.ai both know this name; `max_completion_tokens` is OpenAI's alone.
    let most = target.max_output.unwrap_or(u64::MAX);
    put(
        &mut body,
        "max_tokens",
        prompt.max_tokens.map(|tokens| tokens.min(most)),
    );
    sampling(prompt, target, &mut body, dropped);
    stop(prompt, target, &mut body, dropped);
    if let Some(thinking) = &prompt.thinking {
        put(
            &mut body,
            "reasoning_effort",
            effort(thinking, target, dropped),
        );
    }
    put(&mut body, "response_format", format);
    caller(prompt, target, &mut body, dropped);
    put(&mut body, "stream", Some(prompt.stream));
    if prompt.stream {
        put(
            &mut body,
            "stream_options",
            Some(json!({"include_usage": true})),
        );
    }
    let mut marks = prompt.turns.iter().flat_map(|turn| &turn.parts);
    let is_marked = prompt.tools.iter().any(|tool| tool.cache) || marks.any(parts::asks_for_cache);
    dropped.name_if(is_marked, "cache marks");
    body.into()
}

fn sampling(
    prompt: &Prompt,
    target: &Target<'_>,
    body: &mut Map<String, Value>,
    dropped: &mut Dropped,
) {
    let sampling = &prompt.sampling;
    let temperature = sampling.temperature.clone().map(|temperature| {
        // Z.ai's hottest.
        let is_over = |most| temperature.as_f64().is_some_and(|told| told > most);
        match !target.has_developer && is_over(1.0) {
            true => {
                dropped.name("temperature");
                1.into()
            }
            false => temperature,
        }
    });
    put(body, "temperature", temperature);
    put(body, "top_p", sampling.top_p.clone());
    let told = |number: &Option<Number>| number.clone().map(Value::from);
    let of_openai = [
        ("presence_penalty", told(&sampling.presence_penalty)),
        ("frequency_penalty", told(&sampling.frequency_penalty)),
        ("seed", told(&sampling.seed)),
        ("logit_bias", sampling.logit_bias.clone()),
        ("logprobs", sampling.logprobs.map(|_| true.into())),
        (
            "top_logprobs",
            sampling.logprobs.filter(|most| *most > 0).map(Value::from),
        ),
        ("verbosity", prompt.verbosity.clone().map(Value::from)),
    ];
    for (name, value) in of_openai {
        match target.has_developer {
            true => put(body, name, value),
            false => dropped.name_if(value.is_some(), name),
        }
    }
    dropped.name_if(sampling.top_k.is_some(), "top_k");
    // The way back has room for one reply.
    dropped.name_if(
        sampling.choices.is_some_and(|choices| choices > 1),
        "choices",
    );
}

fn stop(
    prompt: &Prompt,
    target: &Target<'_>,
    body: &mut Map<String, Value>,
    dropped: &mut Dropped,
) {
    let [openai, zai] = MOST_STOPS;
    let most = if target.has_developer { openai } else { zai };
    let stops = prompt.stop.iter().filter(|stop| !stop.is_empty());
    let mut stops: Vec<&str> = stops.map(String::as_str).collect();
    dropped.name_if(stops.len() > most, "stop");
    stops.truncate(most);
    put(body, "stop", Some(stops).filter(|stops| !stops.is_empty()));
}

/// How hard to think, in the words of Chat. A budget is one in the words of Messages.
fn effort(thinking: &Thinking, target: &Target<'_>, dropped: &mut Dropped) -> Option<String> {
    let told = thinking.effort.as_deref();
    let is_off = thinking.is_off || told == Some("none") && !target.has_developer;
    let effort = match (told, thinking.budget) {
        // There is no word for it that all models take: many cannot but think.
        (_, _) if is_off && (told.is_none() || !target.has_developer) => {
            dropped.name("thinking");
            return None;
        }
        (Some(told), _) => told,
        (None, Some(..=4096)) => "low",
        (None, Some(..=16384)) => "medium",
        (None, Some(_)) => "high",
        (None, None) => return None,
    };
    let effort = match (effort, target.has_developer) {
        // OpenAI's hardest is Z.ai's and Anthropic's `max`.
        ("max", true) => "xhigh",
        ("xhigh", false) => "max",
        // GLM-5.3 refuses the others (1210), and GLM-5.2 reads medium as high.
        ("minimal", false) => "low",
        ("medium", false) => "high",
        (effort, _) => effort,
    };
    let taken = target.effort(effort).map(str::to_owned);
    dropped.name_if(taken.is_none(), "thinking");
    taken
}

/// Who asks, and how the upstream is to keep it. Copilot refuses `store` and
/// `service_tier` (`unsupported_value`), and OpenAI takes `metadata` only with `store`.
fn caller(
    prompt: &Prompt,
    target: &Target<'_>,
    body: &mut Map<String, Value>,
    dropped: &mut Dropped,
) {
    let user = prompt.user.as_ref();
    let (name, fits) = match target.has_developer {
        true => ("user", 1..=64),
        false => ("user_id", 6..=128),
    };
    let fitting = user.filter(|user| fits.contains(&user.len()));
    dropped.name_if(user.is_some() && fitting.is_none(), "user");
    put(body, name, fitting.cloned());
    let key = prompt.cache_key.as_ref().filter(|_| target.has_developer);
    let fitting = key.filter(|key| key.len() <= LONGEST_KEY);
    dropped.name_if(key.is_some() && fitting.is_none(), "prompt_cache_key");
    put(body, "prompt_cache_key", fitting.cloned());
    dropped.name_if(!prompt.metadata.is_empty(), "metadata");
    let is_default = |tier: &str| matches!(tier, "auto" | "default");
    let tier = prompt.service_tier.as_deref();
    dropped.name_if(tier.is_some_and(|tier| !is_default(tier)), "service_tier");
    dropped.name_if(prompt.store == Some(true), "store");
}
