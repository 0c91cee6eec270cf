//! The fields of a request's body, each by its own rule: those that the router
//! acts on must be right and stand there once, the others are taken or left.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::raw::{members, span, text};
use crate::turns::Turns;

/// The fields as they stand in the body.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    pub(crate) model: Option<&'a RawValue>,
    pub(crate) stream: bool,
    pub(crate) stream_options: Option<&'a RawValue>,
    pub(crate) thinking: Option<&'a RawValue>,
    pub(crate) reasoning_effort: Option<&'a RawValue>,
    pub(crate) messages: Turns<'a>,
    pub(crate) input: Turns<'a>,
    session: Session,
}

/// What may name the conversation, in the order in which it is believed.
#[derive(Default)]
struct Session {
    prompt_cache_key: Option<String>,
    session_id: Option<String>,
    metadata_session_id: Option<String>,
    metadata_user_id: Option<String>,
}

impl<'a> Fields<'a> {
    /// Reads `body` in one pass.
    ///
    /// # Errors
    /// If it is no JSON object, or a field that the router acts on has a wrong
    /// type or stands there twice.
    pub(crate) fn read(body: &'a [u8]) -> serde_json::Result<Self> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let fields = json.deserialize_map(FieldsVisitor { body })?;
        json.end()?;
        Ok(fields)
    }

    /// The conversation's id, where the client names one.
    pub(crate) fn take_session(&mut self) -> Option<String> {
        let session = std::mem::take(&mut self.session);
        session
            .prompt_cache_key
            .or(session.session_id)
            .or(session.metadata_session_id)
            .or(session.metadata_user_id)
    }
}

impl Session {
    fn read_metadata(&mut self, metadata: &RawValue) {
        // What is no object names nothing, and is the upstream's to judge.
        let _ = members(metadata.get(), |member| match &*member.name() {
            "session_id" => keep(&mut self.metadata_session_id, id(member.value)),
            "user_id" => {
                let user = id(member.value).map(|user| session_of_user(&user).unwrap_or(user));
                keep(&mut self.metadata_user_id, user);
            }
            _ => {}
        });
    }
}

/// The session inside the JSON that Claude Code sends as a user's id.
fn session_of_user(user: &str) -> Option<String> {
    let mut session = None;
    members(user, |member| {
        if member.name() == "session_id" {
            keep(&mut session, id(member.value));
        }
    })
    .ok()?;
    session
}

/// A string that is not empty.
fn id(raw: &RawValue) -> Option<String> {
    text(raw)
        .filter(|id| !id.is_empty())
        .map(|id| id.into_owned())
}

/// Of members with the same key the last usable one counts.
fn keep(kept: &mut Option<String>, new: Option<String>) {
    if new.is_some() {
        *kept = new;
    }
}

struct FieldsVisitor<'a> {
    body: &'a [u8],
}

impl<'de> Visitor<'de> for FieldsVisitor<'de> {
    type Value = Fields<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        let (mut model, mut stream, mut stream_options) = (None, None, None);
        let (mut thinking, mut reasoning_effort) = (None, None);
        let (mut messages, mut input) = (None, None);
        while let Some(key) = map.next_key::<&RawValue>()? {
            let name = text(key).unwrap_or_default();
            match &*name {
                "model" => once(&mut map, "model", &mut model)?,
                "stream" => once(&mut map, "stream", &mut stream)?,
                "stream_options" => once(&mut map, "stream_options", &mut stream_options)?,
                "thinking" => once(&mut map, "thinking", &mut thinking)?,
                "reasoning_effort" => once(&mut map, "reasoning_effort", &mut reasoning_effort)?,
                "messages" => once(&mut map, "messages", &mut messages)?,
                "input" if input.is_none() && value_is_string(self.body, key) => {
                    input = Some(Turns::text(map.next_value()?));
                }
                "input" => once(&mut map, "input", &mut input)?,
                "prompt_cache_key" => {
                    keep(&mut fields.session.prompt_cache_key, id(map.next_value()?));
                }
                "session_id" => keep(&mut fields.session.session_id, id(map.next_value()?)),
                "metadata" => fields.session.read_metadata(map.next_value()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Fields {
            // A null model is none; null options are there and to be replaced.
            model: model.flatten(),
            stream: stream.flatten().unwrap_or(false),
            stream_options,
            thinking,
            reasoning_effort,
            messages: messages.unwrap_or_default(),
            input: input.unwrap_or_default(),
            ..fields
        })
    }
}

fn once<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    name: &'static str,
    field: &mut Option<T>,
) -> Result<(), A::Error> {
    if field.is_some() {
        return Err(A::Error::duplicate_field(name));
    }
    *field = Some(map.next_value()?);
    Ok(())
}

/// Whether the value behind `key` is a string. A visitor is not told where a
/// string with escapes stands, so it must be known before it is read.
fn value_is_string(body: &[u8], key: &RawValue) -> bool {
    body.get(span(body, key.get()).end..)
        .and_then(|rest| rest.trim_ascii_start().strip_prefix(b":"))
        .is_some_and(|value| value.trim_ascii_start().starts_with(b"\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::{Dialect, Envelope};

    fn session(body: &str) -> Option<String> {
        Envelope::read(Dialect::Chat, body.as_bytes())
            .unwrap()
            .session
    }

    #[test]
    fn a_session_is_named_in_any_of_four_places() {
        let cases = [
            (r#"{"model":"m"}"#, None),
            (r#"{"model":"m","prompt_cache_key":"a"}"#, Some("a")),
            (r#"{"model":"m","session_id":"\u0062"}"#, Some("b")),
            (r#"{"model":"m","metadata":{"session_id":"c"}}"#, Some("c")),
            (r#"{"model":"m","metadata":{"user_id":"d"}}"#, Some("d")),
            (
                r#"{"model":"m","metadata":{"user_id":"{\"device_id\":\"x\",\"session_id\":\"e\"}"}}"#,
                Some("e"),
            ),
            (
                r#"{"model":"m","metadata":{"user_id":"{\"device_id\":\"x\"}"}}"#,
                Some(r#"{"device_id":"x"}"#),
            ),
            (
                r#"{"metadata":{"user_id":"d","session_id":"c"},"session_id":"b","prompt_cache_key":"a","model":"m"}"#,
                Some("a"),
            ),
            (
                r#"{"metadata":{"user_id":"d","session_id":"c"},"session_id":"","prompt_cache_key":7,"model":"m"}"#,
                Some("c"),
            ),
        ];
        for (body, expected) in cases {
            assert_eq!(session(body).as_deref(), expected, "{body}");
        }
    }

    #[test]
    fn a_session_named_twice_is_no_error() {
        for body in [
            r#"{"model":"m","session_id":"a","session_id":"b","session_id":null}"#,
            r#"{"model":"m","metadata":{"session_id":"a"},"metadata":{"session_id":"b"},"metadata":[]}"#,
        ] {
            assert_eq!(session(body).as_deref(), Some("b"), "{body}");
        }
    }

    #[test]
    fn a_routed_field_named_twice_is_an_error() {
        for name in [
            "model",
            "stream",
            "stream_options",
            "thinking",
            "reasoning_effort",
            "messages",
            "input",
        ] {
            let value = if name == "model" { r#""m""# } else { "null" };
            for second in [value, "null"] {
                let body = format!(r#"{{"{name}":{value},"x":1,"{name}":{second}}}"#);
                let error = Envelope::read(Dialect::Chat, body.as_bytes()).unwrap_err();
                let expected = format!("duplicate field `{name}`");
                assert!(error.to_string().contains(&expected), "{body}: {error}");
            }
        }
        let body = r#"{"model":"m","input":"a","input":"b"}"#;
        assert!(Envelope::read(Dialect::Responses, body.as_bytes()).is_err());
    }

    proptest! {
        #[test]
        fn nothing_where_a_session_may_stand_is_an_error(
            value in prop_oneof![
                Just(json!(null)), Just(json!(7)), Just(json!([{"session_id": "a"}])),
                Just(json!({"user_id": {"session_id": "a"}})), "\\PC{0,20}".prop_map(Value::from),
            ],
        ) {
            for name in ["prompt_cache_key", "session_id", "metadata"] {
                let mut body = json!({"model": "m"});
                body[name] = value.clone();
                let expected = value.as_str().filter(|id| !id.is_empty() && name != "metadata");
                let session = session(&body.to_string());
                prop_assert_eq!(session.as_deref(), expected);
            }
        }
    }
}
