//! Tokens and credits of one reply, in one convention for all dialects.

use serde::Deserialize;

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

    /// Reads the usage of a Chat Completions reply or chunk. `None` where the
    /// JSON is none or tells no usage.
    pub fn read_chat(json: &[u8]) -> Option<Self> {
        let reply: ChatReply = serde_json::from_slice(json).ok()?;
        if reply.usage.is_none() && reply.copilot_usage.is_none() {
            return None;
        }
        let usage = reply.usage.unwrap_or_default();
        let prompt = usage.prompt_tokens_details.unwrap_or_default();
        let completion = usage.completion_tokens_details.unwrap_or_default();
        Some(Self {
            input: usage.prompt_tokens.unwrap_or(0),
            output: usage.completion_tokens.unwrap_or(0),
            cache_read: prompt.cached_tokens.unwrap_or(0),
            cache_write: prompt.cache_creation_tokens.unwrap_or(0),
            reasoning: completion
                .reasoning_tokens
                .or(usage.reasoning_tokens)
                .unwrap_or(0),
            nano_credits: reply.copilot_usage.and_then(|usage| usage.total_nano_aiu),
        })
    }
}

#[derive(Deserialize)]
struct ChatReply {
    usage: Option<ChatUsage>,
    copilot_usage: Option<CopilotUsage>,
}

#[derive(Deserialize, Default)]
struct ChatUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Deserialize, Default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_creation_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize)]
struct CopilotUsage {
    total_nano_aiu: Option<u64>,
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
