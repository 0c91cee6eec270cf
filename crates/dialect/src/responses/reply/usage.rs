//! What a reply used, read and written.

use serde_json::{Value, json};

use crate::Usage;
use crate::json::count;

/// Reads it from an event, or from a whole reply. Copilot tells its price in one of
/// three places.
pub(super) fn read(event: &Value) -> Option<Usage> {
    let response = match event["response"].is_object() {
        true => &event["response"],
        false => event,
    };
    let usage = &response["usage"];
    let credits = [usage, response, event]
        .into_iter()
        .find_map(|place| count(&place["copilot_usage"]["total_nano_aiu"]));
    if !usage.is_object() && credits.is_none() {
        return None;
    }
    let (input, output) = (
        &usage["input_tokens_details"],
        &usage["output_tokens_details"],
    );
    let told = |value: &Value| count(value).unwrap_or(0);
    Some(Usage {
        input: told(&usage["input_tokens"]),
        output: told(&usage["output_tokens"]),
        cache_read: told(&input["cached_tokens"]),
        cache_write: told(&input["cache_write_tokens"]).max(told(&input["cache_creation_tokens"])),
        reasoning: told(&output["reasoning_tokens"]),
        nano_credits: credits,
    })
}

/// Writes it as a reply's `usage`.
pub(super) fn write(usage: &Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read,
            "cache_write_tokens": usage.cache_write,
        },
        "output_tokens": usage.output,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.input.saturating_add(usage.output),
    })
}
