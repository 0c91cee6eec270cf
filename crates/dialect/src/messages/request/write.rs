//! A request's body, written from a prompt: only what every backend that Claude runs on
//! takes, since they differ from request to request (facts: Copilot, 9).

mod blocks;
pub(super) mod marks;
mod schema;
mod thinking;
mod tools;
mod turns;

use serde_json::{Map, Value, json};

use crate::prompt::{Dropped, Format, Prompt, Sampling};
use crate::translate::Target;

/// Writes a request's body.
pub fn write(prompt: &Prompt, target: &Target<'_>, dropped: &mut Dropped) -> Value {
    let conversation = turns::write(prompt, dropped);
    let tools = tools::write(prompt, &conversation.called, dropped);
    let max_tokens = max_tokens(prompt, target);
    let thinking = thinking::write(
        prompt,
        target,
        thinking::Setting {
            max_tokens,
            is_forced: tools.is_forced,
            has_lost_thoughts: conversation.has_lost_thoughts,
        },
        dropped,
    );
    name_dropped(prompt, dropped);

    let mut body = Map::new();
    body.insert("model".to_owned(), json!(target.model));
    body.insert("max_tokens".to_owned(), json!(max_tokens));
    let mut put = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(field.to_owned(), value);
        }
    };
    put("tools", tools.tools);
    put("tool_choice", tools.choice);
    put("system", conversation.system);
    put("messages", Some(conversation.messages));
    let sampling = &prompt.sampling;
    let (temperature, top_p, top_k) =
        thinking::sampling(sampling, target, thinking.field.is_some(), dropped);
    put("temperature", temperature);
    put("top_p", top_p);
    put("top_k", top_k);
    put("stop_sequences", stop(prompt, dropped));
    put("thinking", thinking.field);
    put(
        "output_config",
        output_config(prompt, thinking.effort, dropped),
    );
    put("metadata", user(prompt, dropped));
    put("stream", prompt.stream.then_some(json!(true)));

    let mut body = Value::Object(body);
    marks::keep_few(&mut body, dropped);
    body
}

/// Anthropic has no default for it.
fn max_tokens(prompt: &Prompt, target: &Target<'_>) -> u64 {
    const DEFAULT: u64 = 16_384;
    let most = target.max_output.unwrap_or(u64::MAX);
    let asked = prompt.max_tokens.or(target.max_output).unwrap_or(DEFAULT);
    asked.min(most).max(1)
}

/// Sequences without a visible character are refused.
fn stop(prompt: &Prompt, dropped: &mut Dropped) -> Option<Value> {
    let (blank, stop): (Vec<_>, Vec<_>) = prompt
        .stop
        .iter()
        .partition(|sequence| sequence.trim().is_empty());
    dropped.name_if(!blank.is_empty(), "stop");
    (!stop.is_empty()).then(|| json!(stop))
}

fn output_config(
    prompt: &Prompt,
    effort: Option<&'static str>,
    dropped: &mut Dropped,
) -> Option<Value> {
    let mut config = Map::new();
    if let Some(effort) = effort {
        config.insert("effort".to_owned(), json!(effort));
    }
    match &prompt.format {
        None => {}
        // Without a schema there is nothing to hold the model to.
        Some(Format::Json) => dropped.name("response_format"),
        Some(Format::Schema { schema, .. }) => {
            let schema = schema::closed(schema);
            let format = json!({"type": "json_schema", "schema": schema});
            config.insert("format".to_owned(), format);
        }
    }
    (!config.is_empty()).then_some(Value::Object(config))
}

/// Anthropic refuses ids of more than 256 characters.
fn user(prompt: &Prompt, dropped: &mut Dropped) -> Option<Value> {
    const MOST: usize = 256;
    let user = prompt.user.as_ref().filter(|user| !user.is_empty())?;
    if user.chars().count() > MOST {
        dropped.name("user");
        return None;
    }
    Some(json!({"user_id": user}))
}

/// Names what Messages has no word for, or Copilot takes none for.
fn name_dropped(prompt: &Prompt, dropped: &mut Dropped) {
    let Sampling {
        presence_penalty,
        frequency_penalty,
        seed,
        logit_bias,
        choices,
        logprobs,
        ..
    } = &prompt.sampling;
    for (is_there, name) in [
        (presence_penalty.is_some(), "presence_penalty"),
        (frequency_penalty.is_some(), "frequency_penalty"),
        (seed.is_some(), "seed"),
        (logit_bias.is_some(), "logit_bias"),
        (choices.is_some_and(|choices| choices != 1), "choices"),
        (logprobs.is_some(), "logprobs"),
        (prompt.verbosity.is_some(), "verbosity"),
        (!prompt.metadata.is_empty(), "metadata"),
        (prompt.cache_key.is_some(), "prompt_cache_key"),
        (prompt.service_tier.is_some(), "service_tier"),
        // Nothing is stored here anyhow.
        (prompt.store == Some(true), "store"),
    ] {
        dropped.name_if(is_there, name);
    }
}
