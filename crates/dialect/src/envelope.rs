//! What routing needs to know of a request, read shallowly, and the splices
//! that change single fields while every other byte stays.
//!
//! Upstream prompt caches hash bytes, so a body is never parsed into a tree
//! and written anew: that would reorder keys, and costs eight times as much.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::fields::Fields;
use crate::opening::Opening;
use crate::raw::span;
use crate::turns::Content;
use crate::{Dialect, Initiator};

/// Why a body cannot be routed. The message is for the client.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is no JSON object, or a field has a wrong type.
    #[error("the request body is not valid: {0}")]
    Invalid(#[from] serde_json::Error),
    /// The body is JSON, perhaps, but no object.
    #[error("the request body is no JSON object")]
    NoObject,
    /// There is no `model`.
    #[error("the request body names no model: set \"model\" to a string")]
    NoModel,
}

/// The fields of a request that a router looks at.
#[derive(Debug)]
pub struct Envelope {
    /// The model as the client named it.
    pub model: String,
    /// Whether the reply is to be streamed.
    pub stream: bool,
    /// Whether the client itself asked for the usage chunk of a stream.
    pub include_usage: bool,
    /// Whether an image is anywhere in the request.
    pub vision: bool,
    /// Who caused the request, by its last turn.
    pub initiator: Initiator,
    /// Whether the client itself says how to think: Z.ai's `thinking`, or
    /// `reasoning_effort`.
    pub thinking: bool,
    /// The conversation as the client's body names it: `prompt_cache_key`,
    /// `session_id`, or in `metadata` (facts: clients, 2).
    pub session: Option<String>,
    opening: Opening,
    at: Positions,
}

/// Where the fields stand that may be spliced.
#[derive(Debug)]
struct Positions {
    /// Behind the opening brace.
    open: usize,
    model: Range<usize>,
    stream_options: Option<StreamOptionsAt>,
}

#[derive(Debug)]
enum StreamOptionsAt {
    /// An object without `include_usage`: behind its opening brace.
    Object { open: usize, empty: bool },
    /// The value to replace: null, or `include_usage` itself.
    Value { range: Range<usize>, is_whole: bool },
}

impl Envelope {
    /// Reads what is needed of `body`, in one pass.
    ///
    /// # Errors
    /// If the body is no JSON object, names no model, or names a routed field
    /// twice, by which a client could make the router see one model and the
    /// upstream another.
    pub fn read(dialect: Dialect, body: &[u8]) -> Result<Self, Error> {
        if !body.trim_ascii_start().starts_with(b"{") {
            // serde would read an array as a struct too.
            return Err(Error::NoObject);
        }
        let mut fields = Fields::read(body)?;
        let model_raw = fields.model.ok_or(Error::NoModel)?;
        let model: Option<String> = serde_json::from_str(model_raw.get())?;
        let model = model
            .filter(|model| !model.is_empty())
            .ok_or(Error::NoModel)?;
        let turns = match dialect {
            Dialect::Chat | Dialect::Messages => std::mem::take(&mut fields.messages),
            Dialect::Responses => std::mem::take(&mut fields.input),
        };
        let (include_usage, stream_options) = match fields.stream_options {
            Some(raw) => read_stream_options(body, raw)?,
            None => (false, None),
        };
        Ok(Self {
            model,
            stream: fields.stream,
            include_usage,
            vision: memchr::memmem::find(body, b"image").is_some() && turns.has_image(),
            initiator: turns.initiator(dialect),
            thinking: fields.thinking.is_some() || fields.reasoning_effort.is_some(),
            session: fields.take_session(),
            opening: Opening::of(&turns, body),
            at: Positions {
                open: body
                    .iter()
                    .position(|byte| *byte == b'{')
                    .map_or(0, |at| at + 1),
                model: span(body, model_raw.get()),
                stream_options,
            },
        })
    }

    /// A key of the conversation that this request goes on with: the same for
    /// all its turns, another for another opening, such as a subagent's under
    /// the same session. `session` is what a header says, which wins over the
    /// body; `body` is the one that was read. `None` where nothing tells.
    pub fn conversation(&self, session: Option<&[u8]>, body: &[u8]) -> Option<u64> {
        let session = session
            .filter(|session| !session.is_empty())
            .or_else(|| self.session.as_deref().map(str::as_bytes));
        self.opening.key(session, body)
    }

    /// The splice that names another model.
    pub fn with_model(&self, model: &str) -> Splice {
        Splice {
            range: self.at.model.clone(),
            text: Cow::Owned(serde_json::Value::from(model).to_string()),
        }
    }

    /// The splice that asks for usage at the end of a stream; none where the
    /// client asks for it itself.
    pub fn with_usage(&self) -> Option<Splice> {
        if self.include_usage {
            return None;
        }
        let splice = match &self.at.stream_options {
            None => self.with_field("stream_options", r#"{"include_usage":true}"#),
            Some(StreamOptionsAt::Object { open, empty }) => Splice {
                range: *open..*open,
                text: Cow::Borrowed(if *empty {
                    r#""include_usage":true"#
                } else {
                    r#""include_usage":true,"#
                }),
            },
            Some(StreamOptionsAt::Value { range, is_whole }) => Splice {
                range: range.clone(),
                text: Cow::Borrowed(if *is_whole {
                    r#"{"include_usage":true}"#
                } else {
                    "true"
                }),
            },
        };
        Some(splice)
    }

    /// The splice that adds a field, which must not be there yet, in front of
    /// all others. `json` is its value.
    pub fn with_field(&self, name: &str, json: &str) -> Splice {
        Splice {
            range: self.at.open..self.at.open,
            text: Cow::Owned(format!("\"{name}\":{json},")),
        }
    }
}

/// One change of a body: the bytes of `range` give way to `text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Splice {
    range: Range<usize>,
    text: Cow<'static, str>,
}

impl Splice {
    /// The splice that takes bytes out.
    pub(crate) const fn cut(range: Range<usize>) -> Self {
        Self {
            range,
            text: Cow::Borrowed(""),
        }
    }

    /// The splice that puts a text in the place of bytes.
    pub(crate) const fn replace(range: Range<usize>, text: String) -> Self {
        Self {
            range,
            text: Cow::Owned(text),
        }
    }
}

/// The body with all splices made, which must not overlap.
pub fn splice(body: &[u8], splices: &mut [Splice]) -> Vec<u8> {
    splices.sort_by_key(|splice| splice.range.start);
    let grown: usize = splices.iter().map(|splice| splice.text.len()).sum();
    let mut spliced = Vec::with_capacity(body.len() + grown);
    let mut from = 0;
    for splice in splices {
        spliced.extend_from_slice(&body[from..splice.range.start]);
        spliced.extend_from_slice(splice.text.as_bytes());
        from = splice.range.end;
    }
    spliced.extend_from_slice(&body[from..]);
    spliced
}

/// Keeps a null as a value that is there, unlike serde's `Option`.
fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

fn read_stream_options(
    body: &[u8],
    raw: &RawValue,
) -> Result<(bool, Option<StreamOptionsAt>), Error> {
    #[derive(Deserialize)]
    struct Options<'a> {
        #[serde(default, borrow, deserialize_with = "present")]
        include_usage: Option<&'a RawValue>,
    }
    let whole = span(body, raw.get());
    if Content::of(raw) != Content::Object {
        let range = whole;
        return Ok((
            false,
            Some(StreamOptionsAt::Value {
                range,
                is_whole: true,
            }),
        ));
    }
    let options: Options<'_> = serde_json::from_str(raw.get())?;
    let at = match options.include_usage {
        Some(asked) if asked.get() == "true" => return Ok((true, None)),
        Some(other) => StreamOptionsAt::Value {
            range: span(body, other.get()),
            is_whole: false,
        },
        None => StreamOptionsAt::Object {
            open: whole.start + 1,
            empty: raw.get()[1..].trim_start().starts_with('}'),
        },
    };
    Ok((false, Some(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn chat(body: &str) -> Envelope {
        Envelope::read(Dialect::Chat, body.as_bytes()).unwrap()
    }

    fn spliced(body: &str, splices: impl IntoIterator<Item = Splice>) -> String {
        let mut splices: Vec<Splice> = splices.into_iter().collect();
        String::from_utf8(splice(body.as_bytes(), &mut splices)).unwrap()
    }

    #[test]
    fn another_model_changes_only_the_models_bytes() {
        let body = r#" { "messages" : [ ], "model" : "a\u0062" , "x": 1.50 }"#;
        let envelope = chat(body);
        assert_eq!(envelope.model, "ab");
        assert_eq!(
            spliced(body, [envelope.with_model("b\"c")]),
            r#" { "messages" : [ ], "model" : "b\"c" , "x": 1.50 }"#
        );
    }

    #[test]
    fn usage_is_asked_for_however_the_client_left_it() {
        let cases = [
            (
                r#"{"model":"a"}"#,
                r#"{"stream_options":{"include_usage":true},"model":"a"}"#,
            ),
            (
                r#"{"model":"a","stream_options":{}}"#,
                r#"{"model":"a","stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"a","stream_options":null}"#,
                r#"{"model":"a","stream_options":{"include_usage":true}}"#,
            ),
            (
                r#"{"model":"a","stream_options":{"x":1}}"#,
                r#"{"model":"a","stream_options":{"include_usage":true,"x":1}}"#,
            ),
            (
                r#"{"model":"a","stream_options":{"include_usage":false}}"#,
                r#"{"model":"a","stream_options":{"include_usage":true}}"#,
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(spliced(body, chat(body).with_usage()), expected);
        }
    }

    #[test]
    fn a_client_that_asks_for_usage_keeps_its_bytes() {
        let envelope = chat(r#"{"model":"a","stream_options":{"include_usage":true}}"#);
        assert!(envelope.include_usage);
        assert_eq!(envelope.with_usage(), None);
    }

    #[test]
    fn a_model_named_twice_is_refused() {
        let error = Envelope::read(Dialect::Chat, br#"{"model":"a","model":"b"}"#).unwrap_err();
        assert!(error.to_string().contains("duplicate field"), "{error}");
    }

    #[test]
    fn a_body_without_a_model_is_told_apart_from_a_broken_one() {
        for body in [r#"{}"#, r#"{"model":null}"#, r#"{"model":""}"#] {
            let error = Envelope::read(Dialect::Chat, body.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::NoModel), "{body}: {error}");
        }
        for body in [
            "{",
            r#"{"model":7}"#,
            r#"{"model":"a","stream":"yes"}"#,
            "{\"model\":\"\u{1}\"}",
        ] {
            let error = Envelope::read(Dialect::Chat, body.as_bytes()).unwrap_err();
            assert!(matches!(error, Error::Invalid(_)), "{body}: {error}");
        }
    }

    #[test]
    fn a_million_nested_arrays_do_not_overflow_the_stack() {
        let deep = "[".repeat(1_000_000);
        let body = format!(r#"{{"model":"a","x":{deep}{}}}"#, "]".repeat(1_000_000));
        assert_eq!(chat(&body).model, "a");
        let part = r#"[{"type":"image","content":"#.repeat(100_000);
        let body = format!(
            r#"{{"model":"a","messages":[{{"content":{part}0{}}}]}}"#,
            "}]".repeat(100_000)
        );
        assert!(chat(&body).vision);
    }

    proptest! {
        #[test]
        fn a_splice_leaves_every_other_field_as_it_was(
            model in "\\PC{1,12}",
            other in "\\PC{0,20}",
            options in prop_oneof![
                Just(None), Just(Some(json!(null))), Just(Some(json!({}))),
                Just(Some(json!({"include_usage": false}))), Just(Some(json!({"a": [1, {}]}))),
            ],
            pretty in any::<bool>(),
        ) {
            let mut before = json!({"a": other, "model": model, "z": {"model": 1}});
            if let Some(options) = options {
                before["stream_options"] = options;
            }
            let body = if pretty { format!("{before:#}") } else { before.to_string() };
            let envelope = chat(&body);
            let splices = [
                Some(envelope.with_model("new")),
                envelope.with_usage(),
                Some(envelope.with_field("thinking", "{}")),
            ];
            let after: Value = serde_json::from_str(&spliced(&body, splices.into_iter().flatten())).unwrap();
            before["model"] = json!("new");
            before["thinking"] = json!({});
            if !before["stream_options"].is_object() {
                before["stream_options"] = json!({});
            }
            before["stream_options"]["include_usage"] = json!(true);
            prop_assert_eq!(after, before);
        }

        #[test]
        fn no_input_panics(body in proptest::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
            for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
                let _ = Envelope::read(dialect, &body);
                let _ = Envelope::read(dialect, text.as_bytes());
                let _ = Envelope::read(dialect, format!(r#"{{"model":"a","messages":{text},"input":[{text}]}}"#).as_bytes());
            }
        }
    }
}
