//! The turns of a conversation, read for three questions only: who caused this
//! request, is there an image in it, and how did it open.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::raw::text;
use crate::{Dialect, Initiator};

/// How many turns may stand in front of the user's first one in an opening.
/// Clients send one or two, with their instructions.
const OPENING_TURNS: usize = 16;

/// How deep content may stand inside content before an image in it is no
/// longer looked for. Clients nest once: an image in a tool's result.
const CONTENT_DEPTH: usize = 4;

/// `messages`, or `input`. A value of any other type reads as no turns: the
/// upstream judges it, not the router.
#[derive(Debug, Default)]
pub(crate) struct Turns<'a>(Vec<Turn<'a>>);

#[derive(Debug, Default)]
struct Turn<'a> {
    role: Option<Cow<'a, str>>,
    kind: Option<Cow<'a, str>>,
    content: Option<&'a RawValue>,
}

impl<'a> Turns<'a> {
    /// What the user says in one plain string.
    pub(crate) fn text(said: &'a RawValue) -> Self {
        Self(vec![Turn {
            role: Some(Cow::Borrowed("user")),
            kind: None,
            content: Some(said),
        }])
    }

    /// The contents of the first turns up to the user's first one, of which
    /// there must be one.
    pub(crate) fn opening(&self) -> impl Iterator<Item = &'a RawValue> {
        let user = self
            .0
            .iter()
            .position(|turn| turn.role.as_deref() == Some("user"));
        let (before, user) = match user {
            Some(at) => (&self.0[..at.min(OPENING_TURNS)], &self.0[at..=at]),
            None => (&self.0[..0], &self.0[..0]),
        };
        before.iter().chain(user).filter_map(|turn| turn.content)
    }

    /// Whether any turn holds an image, inside tool results too.
    pub(crate) fn has_image(&self) -> bool {
        self.0.iter().any(|turn| {
            is_image(turn.kind.as_deref())
                || turn
                    .content
                    .is_some_and(|content| has_image(content, CONTENT_DEPTH))
        })
    }

    /// The classifier of facts: Copilot, 11.
    pub(crate) fn initiator(&self, dialect: Dialect) -> Initiator {
        match dialect {
            Dialect::Chat => self.last_verdict(|turn| turn.chat_verdict()),
            Dialect::Responses => self.last_verdict(|turn| turn.responses_verdict()),
            Dialect::Messages => match self.0.last() {
                Some(turn) => turn.messages_verdict(),
                None => Initiator::User,
            },
        }
    }

    fn last_verdict(&self, verdict: impl Fn(&Turn<'_>) -> Option<Initiator>) -> Initiator {
        self.0
            .iter()
            .rev()
            .find_map(verdict)
            .unwrap_or(Initiator::User)
    }
}

impl Turn<'_> {
    fn chat_verdict(&self) -> Option<Initiator> {
        match self.role.as_deref()? {
            "user" => Some(Initiator::User),
            "tool" | "assistant" | "function" => Some(Initiator::Agent),
            _ => None,
        }
    }

    fn responses_verdict(&self) -> Option<Initiator> {
        match self.kind.as_deref() {
            Some(
                "function_call_output"
                | "custom_tool_call_output"
                | "computer_call_output"
                | "function_call"
                | "reasoning",
            ) => Some(Initiator::Agent),
            None | Some("message") => self.chat_verdict(),
            Some(_) => None,
        }
    }

    fn messages_verdict(&self) -> Initiator {
        if self.role.as_deref() != Some("user") {
            return Initiator::Agent;
        }
        let parts = self.content.map(parts).unwrap_or_default();
        let only_results = !parts.is_empty()
            && parts
                .iter()
                .all(|part| part.kind.as_deref() == Some("tool_result"));
        if only_results {
            Initiator::Agent
        } else {
            Initiator::User
        }
    }
}

/// The type of a JSON value, by its first byte.
#[derive(PartialEq, Eq)]
pub(crate) enum Content {
    Array,
    Object,
    Other,
}

impl Content {
    pub(crate) fn of(raw: &RawValue) -> Self {
        match raw.get().as_bytes().first() {
            Some(b'[') => Self::Array,
            Some(b'{') => Self::Object,
            _ => Self::Other,
        }
    }
}

fn has_image(content: &RawValue, depth: usize) -> bool {
    depth > 0
        && parts(content).iter().any(|part| {
            is_image(part.kind.as_deref())
                || part
                    .content
                    .is_some_and(|content| has_image(content, depth - 1))
        })
}

fn is_image(kind: Option<&str>) -> bool {
    matches!(kind, Some("image_url" | "input_image" | "image"))
}

/// The parts of a content array; none where it is no array.
fn parts(content: &RawValue) -> Vec<Turn<'_>> {
    if Content::of(content) != Content::Array {
        return Vec::new();
    }
    serde_json::from_str::<Turns<'_>>(content.get()).map_or_else(|_| Vec::new(), |turns| turns.0)
}

impl<'de: 'a, 'a> Deserialize<'de> for Turns<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::List(turns) => Ok(Self(turns)),
            Node::Turn(_) | Node::Other => Ok(Self::default()),
        }
    }
}

/// Any JSON value, of which only turns and lists of them are kept.
enum Node<'a> {
    List(Vec<Turn<'a>>),
    Turn(Turn<'a>),
    Other,
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut turns = Vec::new();
        while let Some(node) = seq.next_element()? {
            turns.push(match node {
                Node::Turn(turn) => turn,
                Node::List(_) | Node::Other => Turn::default(),
            });
        }
        Ok(Node::List(turns))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut turn = Turn::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Role => turn.role = text(map.next_value()?),
                Key::Kind => turn.kind = text(map.next_value()?),
                Key::Content => turn.content = Some(map.next_value()?),
                Key::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Node::Turn(turn))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Other)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Key {
    #[serde(rename = "role")]
    Role,
    #[serde(rename = "type")]
    Kind,
    // A tool's result stands in `output` in Responses; an image URL's own
    // object is not looked into.
    #[serde(rename = "content", alias = "output")]
    Content,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use crate::Initiator::{Agent, User};
    use crate::{Dialect, Envelope, Initiator};

    fn read(dialect: Dialect, turns: &str) -> Envelope {
        let name = if dialect == Dialect::Responses {
            "input"
        } else {
            "messages"
        };
        let body = format!(r#"{{"model":"m","{name}":{turns}}}"#);
        Envelope::read(dialect, body.as_bytes()).unwrap()
    }

    fn check(dialect: Dialect, cases: &[(&str, Initiator)]) {
        for (turns, expected) in cases {
            assert_eq!(
                read(dialect, turns).initiator,
                *expected,
                "{dialect:?} {turns}"
            );
        }
    }

    #[test]
    fn a_chat_is_caused_by_the_last_role_that_is_no_instruction() {
        check(
            Dialect::Chat,
            &[
                ("[]", User),
                ("7", User),
                (r#"[{"role":"user"}]"#, User),
                (
                    r#"[{"role":"user"},{"role":"assistant"},{"role":"tool"}]"#,
                    Agent,
                ),
                (r#"[{"role":"assistant"}]"#, Agent),
                (r#"[{"role":"function"}]"#, Agent),
                (
                    r#"[{"role":"user"},{"role":"system"},{"role":"developer"}]"#,
                    User,
                ),
                (r#"[{"role":"tool"},{"role":"system"}]"#, Agent),
                (r#"[{"role":"\u0074ool"}]"#, Agent),
            ],
        );
    }

    #[test]
    fn a_message_of_only_tool_results_is_the_agents() {
        check(
            Dialect::Messages,
            &[
                ("[]", User),
                (r#"[{"role":"user","content":"hi"}]"#, User),
                (r#"[{"role":"assistant","content":"hi"}]"#, Agent),
                (
                    r#"[{"role":"user","content":[{"type":"tool_result"}]}]"#,
                    Agent,
                ),
                (
                    r#"[{"role":"user","content":[{"type":"tool_result"},{"type":"text"}]}]"#,
                    User,
                ),
                (r#"[{"role":"user","content":[]}]"#, User),
            ],
        );
    }

    #[test]
    fn a_response_is_caused_by_the_last_item_with_a_verdict() {
        check(
            Dialect::Responses,
            &[
                (r#""hi""#, User),
                ("[]", User),
                (r#"[{"role":"user"}]"#, User),
                (r#"[{"type":"message","role":"assistant"}]"#, Agent),
                (
                    r#"[{"role":"user"},{"type":"function_call_output"}]"#,
                    Agent,
                ),
                (
                    r#"[{"role":"user"},{"type":"reasoning"},{"type":"item_reference"}]"#,
                    Agent,
                ),
                (r#"[{"type":"function_call"},{"role":"developer"}]"#, Agent),
                (
                    r#"[{"type":"custom_tool_call_output"},{"type":"message","role":"user"}]"#,
                    User,
                ),
                (r#"[{"type":"computer_call_output"}]"#, Agent),
            ],
        );
    }

    #[test]
    fn an_image_is_seen_wherever_a_client_puts_it() {
        let seen = [
            (
                Dialect::Chat,
                r#"[{"role":"user","content":[{"type":"text"},{"type":"image_url"}]}]"#,
            ),
            (
                Dialect::Chat,
                r#"[{"role":"tool","content":[{"type":"image_url"}]},{"role":"user"}]"#,
            ),
            (
                Dialect::Messages,
                r#"[{"role":"user","content":[{"type":"tool_result","content":[{"type":"image"}]}]}]"#,
            ),
            (
                Dialect::Responses,
                r#"[{"type":"function_call_output","output":[{"type":"input_image"}]}]"#,
            ),
        ];
        for (dialect, turns) in seen {
            assert!(read(dialect, turns).vision, "{turns}");
        }
        let unseen = r#"[{"role":"user","content":"{\"type\":\"image_url\"} an image"}]"#;
        assert!(!read(Dialect::Chat, unseen).vision);
    }
}
