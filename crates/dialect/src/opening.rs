//! Tells conversations apart by how they open: a key that all turns of one
//! share, and that the subagents of one session do not.

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use crate::raw::{elements, members, span};
use crate::turns::Turns;

/// Of each text, this much at either end is hashed: enough to tell texts
/// apart, and a file of ten megabytes costs no more than a page.
const END: usize = 2048;

/// Content up to this size is looked into; more counts as one text.
const TAKEN_APART: usize = 256 * 1024;

/// Where the contents of the first turns stand in a body, up to the first one
/// of the user.
#[derive(Debug, Default)]
pub(crate) struct Opening(Vec<Range<usize>>);

impl Opening {
    pub(crate) fn of(turns: &Turns<'_>, body: &[u8]) -> Self {
        let contents = turns.opening().map(|content| span(body, content.get()));
        Self(contents.collect())
    }

    /// The key of the conversation that opens like this and belongs to
    /// `session`, or none where neither is known.
    pub(crate) fn key(&self, session: Option<&[u8]>, body: &[u8]) -> Option<u64> {
        let contents: Vec<&[u8]> = self
            .0
            .iter()
            .filter_map(|at| body.get(at.clone()))
            .collect();
        if session.is_none() && contents.is_empty() {
            return None;
        }
        let mut hasher = DefaultHasher::new();
        hasher.write_u8(session.is_some().into());
        write_ends(&mut hasher, session.unwrap_or_default());
        for content in contents {
            write_content(&mut hasher, content);
        }
        Some(hasher.finish())
    }
}

/// Clients move their cache marks from turn to turn, and Claude Code writes
/// the text of a marked message as a list, that of an unmarked one as a
/// string. So only what the parts say is hashed, and a list of one text is
/// that text.
fn write_content(hasher: &mut DefaultHasher, content: &[u8]) {
    let small = Some(content).filter(|content| content.len() <= TAKEN_APART);
    let list = small.and_then(|content| std::str::from_utf8(content).ok());
    let mut parts = Vec::new();
    if list.is_none_or(|list| elements(list, |part| parts.push(part)).is_err()) {
        return write_ends(hasher, content);
    }
    for part in parts {
        let no_object = members(part.get(), |member| {
            if !matches!(&*member.name(), "type" | "cache_control") {
                write_ends(hasher, member.value.get().as_bytes());
            }
        });
        if no_object.is_err() {
            write_ends(hasher, part.get().as_bytes());
        }
    }
}

fn write_ends(hasher: &mut DefaultHasher, text: &[u8]) {
    let head = text.len().min(END);
    let tail = text.len().saturating_sub(END).max(head);
    hasher.write_usize(text.len());
    hasher.write(&text[..head]);
    hasher.write(&text[tail..]);
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::{Dialect, Envelope};

    const DIALECTS: [Dialect; 3] = [Dialect::Chat, Dialect::Responses, Dialect::Messages];

    fn key_of(dialect: Dialect, session: Option<&[u8]>, body: &str) -> Option<u64> {
        let envelope = Envelope::read(dialect, body.as_bytes()).unwrap();
        envelope.conversation(session, body.as_bytes())
    }

    fn key(dialect: Dialect, turns: &Value) -> Option<u64> {
        key_of(dialect, None, &body(dialect, turns).to_string())
    }

    fn body(dialect: Dialect, turns: &Value) -> Value {
        match dialect {
            Dialect::Responses => json!({"model": "m", "input": turns}),
            Dialect::Chat | Dialect::Messages => json!({"model": "m", "messages": turns}),
        }
    }

    fn dialect() -> impl Strategy<Value = Dialect> {
        prop::sample::select(&DIALECTS)
    }

    /// A message's content as a string, or as a list.
    fn content() -> impl Strategy<Value = Value> {
        let text = || "\\PC{0,30}";
        prop_oneof![
            text().prop_map(Value::from),
            vec(text(), 0..3).prop_map(|texts| {
                texts
                    .iter()
                    .map(|text| json!({"type": "text", "text": text}))
                    .collect()
            }),
        ]
    }

    fn turn() -> impl Strategy<Value = Value> {
        let role = prop::sample::select(&["user", "assistant", "system", "tool"]);
        (role, content()).prop_map(|(role, content)| json!({"role": role, "content": content}))
    }

    /// The first turns, which the user's ends.
    fn opening() -> impl Strategy<Value = Vec<Value>> {
        (prop::option::of(content()), content()).prop_map(|(system, user)| {
            let system = system.map(|content| json!({"role": "system", "content": content}));
            let user = json!({"role": "user", "content": user});
            system.into_iter().chain([user]).collect()
        })
    }

    proptest! {
        #[test]
        fn later_turns_and_other_fields_keep_the_key(
            dialect in dialect(),
            opening in opening(),
            later in vec(turn(), 0..4),
            tools in content(),
        ) {
            let first = body(dialect, &json!(opening));
            let mut then = body(dialect, &json!([opening, later].concat()));
            then["tools"] = tools.clone();
            then["model"] = json!("another");
            then["instructions"] = tools;
            let expected = key_of(dialect, None, &first.to_string());
            prop_assert!(expected.is_some());
            prop_assert_eq!(key_of(dialect, None, &then.to_string()), expected);
            prop_assert_eq!(key_of(dialect, None, &format!("{then:#}")), expected);
        }

        #[test]
        fn another_first_message_is_another_conversation(
            dialect in dialect(), opening in opening(), text in "\\PC{0,20}", later in vec(turn(), 0..4),
        ) {
            let first = json!([opening.as_slice(), later.as_slice()].concat());
            let mut other = opening;
            if let Some(user) = other.last_mut() {
                user["content"] = match &user["content"] {
                    Value::String(before) => json!(format!("{before}{text}!")),
                    _ => json!([{"type": "text", "text": format!("another {text}, longer than all before")}]),
                };
            }
            let other = json!([other, later].concat());
            prop_assert_ne!(key(dialect, &first), key(dialect, &other));
        }

        #[test]
        fn another_session_is_another_conversation(
            dialect in dialect(), opening in opening(), a in "\\PC{1,20}", b in "\\PC{1,20}",
        ) {
            prop_assume!(a != b);
            let mut body = body(dialect, &json!(opening));
            let plain = key_of(dialect, None, &body.to_string());
            body["session_id"] = json!(a);
            let body = body.to_string();
            let named = key_of(dialect, None, &body);
            prop_assert_ne!(named, plain);
            prop_assert_eq!(key_of(dialect, Some(b""), &body), named);
            prop_assert_eq!(key_of(dialect, Some(a.as_bytes()), &body), named);
            prop_assert_ne!(key_of(dialect, Some(b.as_bytes()), &body), named);
        }

        #[test]
        fn a_mark_for_the_cache_is_no_part_of_what_was_said(
            dialect in dialect(), text in "\\PC{0,30}", later in vec(turn(), 0..3),
        ) {
            let marked = json!([{"role": "user", "content":
                [{"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}]}]);
            let plain = [vec![json!({"role": "user", "content": text})], later].concat();
            prop_assert_eq!(key(dialect, &marked), key(dialect, &json!(plain)));
        }

        #[test]
        fn a_plain_input_is_an_opening(text in "\\PC{0,30}") {
            let quoted = json!(format!("\"{text}\n"));
            let listed = json!([{"role": "user", "content": quoted}]);
            let key = |turns| key(Dialect::Responses, turns);
            prop_assert_eq!(key(&quoted), key(&listed));
            prop_assert_ne!(key(&quoted), key(&json!(text)));
        }

        #[test]
        fn no_body_panics_whatever_envelope_it_comes_with(
            dialect in dialect(),
            turns in "[\\[\\]{}\",:a-z\\\\ ]{0,60}",
            opening in opening(),
            other in vec(any::<u8>(), 0..80),
        ) {
            let whole = body(dialect, &json!(opening)).to_string();
            for body in [format!(r#"{{"model":"m","messages":[{turns}],"input":{turns}}}"#), whole] {
                let Ok(envelope) = Envelope::read(dialect, body.as_bytes()) else { continue };
                for end in 0..=body.len() {
                    envelope.conversation(None, &body.as_bytes()[..end]);
                }
                envelope.conversation(None, &other);
            }
        }
    }

    #[test]
    fn what_names_no_session_and_opens_with_nothing_has_no_key() {
        for turns in [json!([]), json!([{"role": "system", "content": "a"}])] {
            for dialect in DIALECTS {
                assert_eq!(key(dialect, &turns), None, "{turns}");
                let body = body(dialect, &turns).to_string();
                assert!(key_of(dialect, Some(b"s"), &body).is_some(), "{turns}");
            }
        }
    }

    #[test]
    fn long_texts_are_told_apart_by_their_ends_and_their_length() {
        for size in [3_000, 300_000] {
            let said = |first: char, middle: char, last: char, size: usize| {
                let rest: String = std::iter::repeat_n(middle, size).collect();
                let turns =
                    json!([{"role": "user", "content": format!("{first}{rest}{rest}{last}")}]);
                key(Dialect::Chat, &turns)
            };
            let plain = said('a', 'a', 'a', size);
            assert_ne!(said('b', 'a', 'a', size), plain);
            assert_ne!(said('a', 'a', 'b', size), plain);
            assert_ne!(said('a', 'a', 'a', size + 1), plain);
        }
    }
}
