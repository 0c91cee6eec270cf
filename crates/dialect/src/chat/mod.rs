//! Chat Completions: what a chunk of a reply is, and a reply as a chunk.

#[cfg(test)]
mod golden;
mod opaque;
pub mod reply;
pub mod request;

use std::sync::LazyLock;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use memchr::memmem::Finder;

use crate::Usage;

/// What one event of a streamed reply means to a relay.
#[derive(Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Part of the reply, or something that a relay need not know.
    Content {
        /// Whether it tells why the reply ended.
        finish: bool,
        /// What the request used, where this chunk tells it.
        usage: Option<Usage>,
    },
    /// Comes before the reply and is no part of it: no choices, no usage
    /// (Copilot's `prompt_filter_results` and `copilot_references`).
    Preamble,
    /// The extra chunk that `stream_options.include_usage` asks for.
    Usage(Usage),
    /// The reply begins, and has said nothing yet (Messages).
    Start {
        /// What the prompt used, where it is told already.
        usage: Option<Usage>,
    },
    /// The last event of a reply, which is no more than that it is whole (Messages,
    /// Responses).
    Last {
        /// What the request used, where this event tells it.
        usage: Option<Usage>,
    },
    /// An error inside the stream, as its JSON.
    Error,
    /// `[DONE]`.
    Done,
}

impl Chunk {
    /// Tells what the `data` of an event is. Parses JSON only where a search
    /// for a few words says that it may matter, since this runs on each chunk.
    pub fn read(data: &[u8]) -> Self {
        let content = Self::Content {
            finish: false,
            usage: None,
        };
        match data.trim_ascii() {
            b"[DONE]" => return Self::Done,
            b"" => return Self::Preamble,
            _ => {}
        }
        let words = &*WORDS;
        let has_usage = tells(data, &words.usage) || tells(data, &words.copilot_usage);
        let has_finish = tells(data, &words.finish_reason);
        let has_error = tells(data, &words.error);
        let has_choices = words.delta.find(data).is_some();
        if has_choices && !has_usage && !has_finish && !has_error {
            return content;
        }
        let Ok(shape) = serde_json::from_slice::<Shape>(data) else {
            return content;
        };
        let no_choices = shape.choices.as_ref().is_none_or(Vec::is_empty);
        if no_choices && shape.error.is_some() {
            return Self::Error;
        }
        let usage = if has_usage {
            Usage::read_chat(data)
        } else {
            None
        };
        match usage {
            Some(usage) if no_choices => Self::Usage(usage),
            None if no_choices => Self::Preamble,
            usage => Self::Content {
                finish: shape
                    .choices
                    .iter()
                    .flatten()
                    .any(|choice| choice.finish_reason.as_ref().is_some_and(tells_something)),
                usage,
            },
        }
    }
}

/// The words that are searched for in each chunk; making a searcher costs more
/// than searching with it.
struct Words {
    usage: Finder<'static>,
    copilot_usage: Finder<'static>,
    finish_reason: Finder<'static>,
    error: Finder<'static>,
    delta: Finder<'static>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    usage: Finder::new(r#""usage""#),
    copilot_usage: Finder::new(r#""copilot_usage""#),
    finish_reason: Finder::new(r#""finish_reason""#),
    error: Finder::new(r#""error""#),
    delta: Finder::new(r#""delta""#),
});

/// Some upstreams send `""` where others send null.
fn tells_something(finish_reason: &Value) -> bool {
    finish_reason.as_str() != Some("")
}

/// Whether `data` holds the quoted `key` with a value that is not null. A key
/// inside a string of the reply does not match: its quotes are escaped there.
fn tells(data: &[u8], key: &Finder<'_>) -> bool {
    key.find_iter(data).any(|at| {
        let rest = data[at + key.needle().len()..].trim_ascii_start();
        rest.strip_prefix(b":")
            .is_some_and(|value| !value.trim_ascii_start().starts_with(b"null"))
    })
}

#[derive(Deserialize)]
struct Shape {
    choices: Option<Vec<Choice>>,
    error: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Choice {
    finish_reason: Option<Value>,
}

/// What an error body says of itself: `(code, message)`, each where known.
///
/// Reads OpenAI's shape (`error.code` or `error.type`, `error.message`; a
/// number as code too, as Z.ai sends), `error` as a plain string, and Responses' events
/// (`response.error`, or `code` and `message` beside the type).
pub fn error_words(json: &[u8]) -> (Option<String>, Option<String>) {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
        #[serde(borrow)]
        response: Option<Response<'a>>,
        code: Option<Value>,
        message: Option<Value>,
    }
    #[derive(Deserialize)]
    struct Response<'a> {
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Words {
        code: Option<Value>,
        r#type: Option<Value>,
        message: Option<Value>,
    }
    let text = |value: Value| match value {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let Ok(body) = serde_json::from_slice::<Body<'_>>(json) else {
        return (None, None);
    };
    let outer = body.message.and_then(text);
    let inner = body.response.and_then(|response| response.error);
    let Some(error) = body.error.or(inner) else {
        return (body.code.and_then(text), outer);
    };
    if let Ok(words) = serde_json::from_str::<Words>(error.get()) {
        let code = words
            .code
            .and_then(text)
            .or_else(|| words.r#type.and_then(text));
        return (code, words.message.and_then(text).or(outer));
    }
    let plain = serde_json::from_str(error.get()).ok().and_then(text);
    (None, plain.or(outer))
}

/// A whole reply as the data of one chunk, for a client that is already
/// reading a stream when the upstream answers without one. `None` where the
/// bytes are no Chat Completions reply.
pub fn reply_as_chunk(json: &[u8]) -> Option<Vec<u8>> {
    let mut reply: Value = serde_json::from_slice(json).ok()?;
    let object = reply.as_object_mut()?;
    object.insert("object".into(), json!("chat.completion.chunk"));
    for (index, choice) in object
        .get_mut("choices")?
        .as_array_mut()?
        .iter_mut()
        .enumerate()
    {
        let choice = choice.as_object_mut()?;
        let mut delta = choice.remove("message")?;
        if let Some(calls) = delta.get_mut("tool_calls").and_then(Value::as_array_mut) {
            for (index, call) in calls.iter_mut().enumerate() {
                call.as_object_mut()?.insert("index".into(), json!(index));
            }
        }
        choice.entry("index").or_insert(json!(index));
        choice.insert("delta".into(), delta);
    }
    Some(reply.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn content(finish: bool) -> Chunk {
        Chunk::Content {
            finish,
            usage: None,
        }
    }

    #[test]
    fn text_that_talks_of_usage_and_errors_is_content() {
        let data = br#"{"choices":[{"index":0,"delta":{"content":"\"error\": {\"usage\": 1} [DONE]"},"finish_reason":null}],"usage":null}"#;
        assert_eq!(Chunk::read(data), content(false));
    }

    #[test]
    fn the_extra_usage_chunk_is_told_from_usage_on_the_finish_chunk() {
        let extra = br#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        let usage = Usage {
            input: 3,
            output: 2,
            ..Usage::default()
        };
        assert_eq!(Chunk::read(extra), Chunk::Usage(usage));
        let finish = br#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;
        assert_eq!(
            Chunk::read(finish),
            Chunk::Content {
                finish: true,
                usage: Some(usage)
            }
        );
    }

    #[test]
    fn copilots_first_chunks_are_a_preamble() {
        assert_eq!(
            Chunk::read(br#"{"choices":[],"id":"","prompt_filter_results":[{"prompt_index":0}]}"#),
            Chunk::Preamble
        );
        assert_eq!(
            Chunk::read(br#"{"choices":null,"copilot_references":[]}"#),
            Chunk::Preamble
        );
    }

    #[test]
    fn an_error_event_is_one_with_and_without_choices() {
        assert_eq!(
            Chunk::read(br#"{"error":{"message":"slow down","code":"rate_limited"}}"#),
            Chunk::Error
        );
        assert_eq!(
            Chunk::read(br#"{"choices":[],"error":{"message":"x"}}"#),
            Chunk::Error
        );
        assert_eq!(
            Chunk::read(br#"{"choices":[{"delta":{}}],"error":null}"#),
            content(false)
        );
    }

    #[test]
    fn an_empty_finish_reason_and_an_empty_event_are_no_end_and_no_beginning() {
        let data = br#"{"choices":[{"delta":{"content":"a"},"finish_reason":""}]}"#;
        assert_eq!(Chunk::read(data), content(false));
        assert_eq!(Chunk::read(b""), Chunk::Preamble);
    }

    #[test]
    fn done_is_done_with_spaces_around_it() {
        assert_eq!(Chunk::read(b" [DONE] "), Chunk::Done);
    }

    #[test]
    fn error_words_are_found_in_every_shape() {
        let words = |code: Option<&str>, message: Option<&str>| {
            (code.map(str::to_owned), message.map(str::to_owned))
        };
        assert_eq!(
            error_words(br#"{"error":{"code":"a","type":"t","message":"m"}}"#),
            words(Some("a"), Some("m"))
        );
        assert_eq!(
            error_words(br#"{"error":{"code":1302,"message":"m"}}"#),
            words(Some("1302"), Some("m"))
        );
        assert_eq!(
            error_words(br#"{"error":{"type":"t","message":"m"}}"#),
            words(Some("t"), Some("m"))
        );
        assert_eq!(
            error_words(br#"{"error":"plain"}"#),
            words(None, Some("plain"))
        );
        assert_eq!(
            error_words(br#"{"message":"Bad credentials"}"#),
            words(None, Some("Bad credentials"))
        );
        assert_eq!(
            error_words(
                br#"{"type":"response.failed","response":{"error":{"code":"a","message":"m"}}}"#
            ),
            words(Some("a"), Some("m"))
        );
        assert_eq!(
            error_words(br#"{"type":"error","code":"a","message":"m","param":null}"#),
            words(Some("a"), Some("m"))
        );
        assert_eq!(error_words(b"<html>"), (None, None));
    }

    #[test]
    fn a_whole_reply_reads_as_a_chunk() {
        let reply = br#"{"object":"chat.completion","choices":[{"message":{"role":"assistant","tool_calls":[{"id":"a"}]},"finish_reason":"tool_calls"}]}"#;
        let chunk = String::from_utf8(reply_as_chunk(reply).unwrap()).unwrap();
        insta::assert_snapshot!(chunk, @r#"{"object":"chat.completion.chunk","choices":[{"finish_reason":"tool_calls","index":0,"delta":{"role":"assistant","tool_calls":[{"id":"a","index":0}]}}]}"#);
    }

    proptest! {
        #[test]
        fn no_input_panics(data in proptest::collection::vec(any::<u8>(), 0..120), text in "\\PC{0,80}") {
            for bytes in [data.as_slice(), text.as_bytes()] {
                Chunk::read(bytes);
                error_words(bytes);
                reply_as_chunk(bytes);
            }
        }
    }
}
