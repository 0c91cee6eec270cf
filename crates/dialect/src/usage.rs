//! Tokens and credits of one reply, in one convention for all dialects.

use serde::Deserialize;
use serde_json::Value;

use crate::Dialect;

/// What one request used.
///
/// `input` counts every prompt token, those read from and written to a cache
/// included, as OpenAI counts them; Anthropic's counts are summed into it.
/// `output` includes `reasoning`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    pub input: u64,
    /// Generated tokens, reasoning included.
    pub output: u64,
    /// Prompt tokens read from the upstream's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the upstream's cache.
    pub cache_write: u64,
    /// Generated tokens that were reasoning.
    pub reasoning: u64,
    /// The price in nano-credits where the upstream tells it (Copilot's
    /// `copilot_usage.total_nano_aiu`; 1e9 are one credit of $0.01). `None`
    /// means not told, which is not zero.
    pub nano_credits: Option<u64>,
}

impl Usage {
    /// Takes the larger of each field: upstreams repeat usage within one
    /// stream, sometimes with zeros, and a cut must not wipe what was known.
    pub fn merge(&mut self, other: Self) {
        self.input = self.input.max(other.input);
        self.output = self.output.max(other.output);
        self.cache_read = self.cache_read.max(other.cache_read);
        self.cache_write = self.cache_write.max(other.cache_write);
        self.reasoning = self.reasoning.max(other.reasoning);
        self.nano_credits = self.nano_credits.max(other.nano_credits);
    }

    /// Reads the usage of a reply, or of an event of one. `None` where the JSON is none
    /// or tells no usage. One odd number costs only itself.
    pub fn read(dialect: Dialect, json: &[u8]) -> Option<Self> {
        match dialect {
            Dialect::Chat => Self::read_chat(json),
            Dialect::Responses => Self::read_nested(json, Self::of_responses),
            Dialect::Messages => Self::read_nested(json, Self::of_messages),
        }
    }

    /// Usage stands at the top of a whole reply, and in an event also in its `response`
    /// or `message`; Copilot's price in either, or in the usage.
    fn read_nested(json: &[u8], of: fn(&Value) -> Self) -> Option<Self> {
        #[derive(Deserialize)]
        struct Reply {
            usage: Option<Value>,
            copilot_usage: Option<Value>,
            #[serde(alias = "message")]
            response: Option<Value>,
        }
        let mut reply: Reply = serde_json::from_slice(json).ok()?;
        // A whole error may have a `message` that is text.
        let mut inner = reply
            .response
            .take()
            .filter(Value::is_object)
            .unwrap_or_default();
        let usage = reply.usage.filter(Value::is_object);
        let usage = usage.or_else(|| Some(inner.get_mut("usage")?.take()).filter(Value::is_object));
        let price = |told: &Value| count(told.pointer("/total_nano_aiu"));
        let nano_credits = reply
            .copilot_usage
            .as_ref()
            .and_then(price)
            .or_else(|| price(inner.get("copilot_usage")?))
            .or_else(|| price(usage.as_ref()?.get("copilot_usage")?));
        if usage.is_none() && nano_credits.is_none() {
            return None;
        }
        Some(Self {
            nano_credits,
            ..usage.as_ref().map(of).unwrap_or_default()
        })
    }

    fn of_responses(usage: &Value) -> Self {
        let told = |path: &str| count(usage.pointer(path)).unwrap_or(0);
        Self {
            input: told("/input_tokens"),
            output: told("/output_tokens"),
            cache_read: told("/input_tokens_details/cached_tokens"),
            cache_write: told("/input_tokens_details/cache_creation_tokens"),
            reasoning: told("/output_tokens_details/reasoning_tokens"),
            nano_credits: None,
        }
    }

    /// Anthropic counts what is read from and written to a cache beside the input.
    fn of_messages(usage: &Value) -> Self {
        let told = |path: &str| count(usage.pointer(path)).unwrap_or(0);
        let (cache_read, cache_write) = (
            told("/cache_read_input_tokens"),
            told("/cache_creation_input_tokens"),
        );
        Self {
            input: told("/input_tokens")
                .saturating_add(cache_read)
                .saturating_add(cache_write),
            output: told("/output_tokens"),
            cache_read,
            cache_write,
            reasoning: told("/output_tokens_details/thinking_tokens"),
            nano_credits: None,
        }
    }

    /// Reads the usage of a Chat Completions reply or chunk. `None` where the
    /// JSON is none or tells no usage. One odd number costs only itself.
    pub fn read_chat(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Reply {
            usage: Option<Value>,
            copilot_usage: Option<Value>,
        }
        let reply: Reply = serde_json::from_slice(json).ok()?;
        if reply.usage.is_none() && reply.copilot_usage.is_none() {
            return None;
        }
        let usage = reply.usage.unwrap_or_default();
        let told = |path: &str| count(usage.pointer(path));
        let reasoning = told("/completion_tokens_details/reasoning_tokens")
            .or_else(|| told("/reasoning_tokens"));
        Some(Self {
            input: told("/prompt_tokens").unwrap_or(0),
            output: told("/completion_tokens").unwrap_or(0),
            cache_read: told("/prompt_tokens_details/cached_tokens").unwrap_or(0),
            cache_write: told("/prompt_tokens_details/cache_creation_tokens").unwrap_or(0),
            reasoning: reasoning.unwrap_or(0),
            nano_credits: count(
                reply
                    .copilot_usage
                    .as_ref()
                    .and_then(|told| told.get("total_nano_aiu")),
            ),
        })
    }
}

/// A count, in whichever way a number may be written.
pub(crate) fn count(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let rounded = || {
        let number = value
            .as_f64()
            .filter(|number| (0.0..1e18).contains(number))?;
        format!("{number:.0}").parse().ok()
    };
    value.as_u64().or_else(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_reply_tells_every_kind_of_token_and_its_price() {
        let json = br#"{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":20,
            "prompt_tokens_details":{"cached_tokens":64,"cache_creation_tokens":8},
            "completion_tokens_details":{"reasoning_tokens":5}},
            "copilot_usage":{"total_nano_aiu":1250000,"token_details":[]}}"#;
        assert_eq!(
            Usage::read_chat(json),
            Some(Usage {
                input: 100,
                output: 20,
                cache_read: 64,
                cache_write: 8,
                reasoning: 5,
                nano_credits: Some(1_250_000),
            })
        );
    }

    #[test]
    fn one_odd_number_costs_only_itself() {
        let json = br#"{"usage":{"prompt_tokens":12.0,"completion_tokens":-3,
            "prompt_tokens_details":"none","completion_tokens_details":{"reasoning_tokens":4}}}"#;
        assert_eq!(
            Usage::read_chat(json),
            Some(Usage {
                input: 12,
                reasoning: 4,
                ..Usage::default()
            })
        );
    }

    #[test]
    fn no_usage_is_not_zero_usage() {
        assert_eq!(Usage::read_chat(br#"{"usage":null,"choices":[]}"#), None);
        assert_eq!(Usage::read_chat(b"[DONE]"), None);
    }

    #[test]
    fn a_later_zero_never_wipes_what_was_known() {
        let mut usage = Usage {
            input: 7,
            nano_credits: Some(0),
            ..Usage::default()
        };
        usage.merge(Usage::default());
        assert_eq!(usage.input, 7);
        assert_eq!(usage.nano_credits, Some(0));
    }
}
