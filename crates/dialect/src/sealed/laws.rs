//! The laws of sealed pieces, over generated conversations and replies.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

pub(super) const DIALECTS: [Dialect; 3] = [Dialect::Chat, Dialect::Responses, Dialect::Messages];

/// What the assistant does in one go, and what is said to it before.
#[derive(Clone, Debug)]
struct Turn {
    asked: Option<String>,
    /// Each sealed text and whether it is to go.
    pieces: Vec<(String, bool)>,
    said: Option<String>,
    /// Whether the said stands in front of the sealed.
    said_first: bool,
}

impl Turn {
    fn messages(&self, kept: impl Fn(bool) -> bool) -> Vec<Value> {
        let said = self
            .said
            .iter()
            .map(|said| json!({"type": "text", "text": said}));
        let thought = self.pieces.iter().filter(|(_, goes)| kept(*goes));
        let thought = thought.map(|(text, _)| {
            if text.len().is_multiple_of(2) {
                json!({"type": "thinking", "signature": text, "thinking": "", "cache": [1, {}]})
            } else {
                json!({"type": "redacted_thinking", "data": text})
            }
        });
        let content: Vec<Value> = if self.said_first {
            said.chain(thought).collect()
        } else {
            thought.chain(said).collect()
        };
        let empty = content.is_empty() && !self.pieces.is_empty();
        let message = json!({"role": "assistant", "content": content});
        self.ask().chain(Some(message).filter(|_| !empty)).collect()
    }

    fn chat(&self, kept: impl Fn(bool) -> bool) -> Vec<Value> {
        let mut message =
            json!({"role": "assistant", "content": self.said, "reasoning_content": ""});
        if self.said_first {
            message["tool_calls"] = json!([{"id": self.said}]);
        }
        if let Some((text, _)) = self.pieces.first().filter(|(_, goes)| kept(*goes)) {
            message["reasoning_opaque"] = json!(text);
            message["reasoning_text"] = json!("I think");
        }
        self.ask().chain([message]).collect()
    }

    fn responses(&self, kept: impl Fn(bool) -> bool) -> Vec<Value> {
        let mut items: Vec<Value> = self.ask().collect();
        let output = |paired: bool| {
            let mut message = json!({"type": "message", "role": "assistant", "content": self.said});
            let mut call = json!({"type": "function_call", "call_id": "c", "arguments": "{}"});
            if paired {
                message["id"] = json!("msg_1");
                call["id"] = json!("fc_1");
            }
            [message, call]
        };
        if self.said_first {
            items.extend(output(true));
        }
        // Only an item of the user ends what the last reasoning is paired with.
        items.push(json!({"role": "user", "id": "msg_0", "content": "go on"}));
        for (text, _) in self.pieces.iter().filter(|(_, goes)| kept(*goes)) {
            items.push(json!({"type": "reasoning", "id": "rs_1", "encrypted_content": text}));
        }
        let last_stays = self.pieces.last().is_none_or(|(_, goes)| kept(*goes));
        items.extend(output(last_stays));
        items.push(json!({"type": "function_call_output", "id": "fco_1", "output": ""}));
        items
    }

    fn ask(&self) -> impl Iterator<Item = Value> {
        let asked = self.asked.iter();
        asked.map(|asked| json!({"role": "user", "content": asked}))
    }

    /// The sealed texts that this dialect has a place for.
    fn sealed(&self, dialect: Dialect) -> &[(String, bool)] {
        let most = if dialect == Dialect::Chat { 1 } else { 9 };
        &self.pieces[..self.pieces.len().min(most)]
    }
}

/// The conversation with those pieces for which `kept` says so.
fn conversation(dialect: Dialect, turns: &[Turn], kept: impl Fn(bool) -> bool) -> Value {
    let turns = turns.iter().flat_map(|turn| match dialect {
        Dialect::Chat => turn.chat(&kept),
        Dialect::Responses => turn.responses(&kept),
        Dialect::Messages => turn.messages(&kept),
    });
    let all: Value = [json!({"role": "user", "content": "hi"})]
        .into_iter()
        .chain(turns)
        .collect();
    match dialect {
        Dialect::Responses => json!({"input": all, "model": "m", "x": 1}),
        Dialect::Chat | Dialect::Messages => json!({"messages": all, "model": "m"}),
    }
}

fn dialect() -> impl Strategy<Value = Dialect> {
    prop::sample::select(&DIALECTS)
}

fn turn() -> impl Strategy<Value = Turn> {
    let text = || prop::option::of("\\PC{0,12}");
    // Text that goes never equals text that stays.
    let piece = ("\\PC{0,12}", any::<bool>())
        .prop_map(|(text, goes)| (format!("{}{text}", if goes { '-' } else { '+' }), goes));
    (text(), vec(piece, 0..4), text(), any::<bool>()).prop_map(
        |(asked, pieces, said, said_first)| Turn {
            asked,
            pieces,
            said,
            said_first,
        },
    )
}

fn digests(turns: &[Turn], dialect: Dialect) -> Vec<(Digest, bool)> {
    let sealed = turns.iter().flat_map(|turn| turn.sealed(dialect));
    sealed
        .map(|(text, goes)| (Digest::of(text), *goes))
        .collect()
}

/// The same JSON with other space in it, and with escapes for all that is not
/// ASCII.
fn rewritten(json: &Value, spaces: &[&str]) -> String {
    let mut spaces = spaces.iter().cycle();
    let mut written = String::new();
    let (mut in_text, mut escaped) = (false, false);
    for char in json.to_string().chars() {
        let structural = !in_text && "{}[],:".contains(char);
        let space = if structural { spaces.next() } else { None }.unwrap_or(&"");
        written.push_str(space);
        if char.is_ascii() {
            written.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                written.push_str(&format!("\\u{unit:04x}"));
            }
        }
        written.push_str(space);
        in_text ^= char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
    }
    written
}

/// A reply of these sealed texts, in one piece.
pub(super) fn reply(dialect: Dialect, texts: &[String]) -> Value {
    let each = |shape: fn(&String) -> Value| texts.iter().map(shape).collect::<Value>();
    match dialect {
        Dialect::Chat => {
            json!({"choices": each(|text| json!({"message": {"reasoning_opaque": text}}))})
        }
        Dialect::Responses => {
            json!({"output": each(|text| json!({"type": "reasoning", "encrypted_content": text}))})
        }
        Dialect::Messages => {
            json!({"content": each(|text| json!({"type": "thinking", "signature": text}))})
        }
    }
}

/// The same reply as a stream, each text in pieces of `size` characters, and
/// the pieces of all texts in turn.
pub(super) fn stream(dialect: Dialect, texts: &[String], size: usize) -> Vec<Value> {
    if dialect == Dialect::Responses {
        let items = reply(dialect, texts);
        let done = |item: &Value| json!({"type": "response.output_item.done", "item": item});
        let mut events: Vec<Value> = items["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(done)
            .collect();
        events.push(json!({"type": "response.completed", "response": items}));
        return events;
    }
    let mut events = Vec::new();
    for from in (0..12).step_by(size) {
        for (index, text) in texts.iter().enumerate() {
            let more: String = text.chars().skip(from).take(size).collect();
            events.push(match dialect {
                Dialect::Chat => {
                    json!({"choices": [{"index": index, "delta": {"reasoning_opaque": more}}]})
                }
                _ if from == 0 => json!({"type": "content_block_start", "index": index,
                    "content_block": {"type": "thinking", "thinking": "", "signature": more}}),
                _ => json!({"type": "content_block_delta", "index": index,
                    "delta": {"type": "signature_delta", "signature": more}}),
            });
        }
    }
    events
}

/// The request in which a client sends these texts back.
fn echo(dialect: Dialect, texts: &[String]) -> Value {
    match dialect {
        Dialect::Chat => {
            let message = |text| json!({"role": "assistant", "reasoning_opaque": text});
            json!({"messages": texts.iter().map(message).collect::<Value>()})
        }
        Dialect::Responses => json!({"input": reply(dialect, texts)["output"]}),
        Dialect::Messages => json!({"messages": [
            {"role": "assistant", "content": reply(dialect, texts)["content"]},
        ]}),
    }
}

proptest! {
    #[test]
    fn what_is_stripped_might_never_have_been_there(dialect in dialect(), turns in vec(turn(), 0..6)) {
        let whole = conversation(dialect, &turns, |_| true);
        let left = conversation(dialect, &turns, |goes| !goes);
        let known = digests(&turns, dialect);
        let goes = |digest| known.contains(&(digest, true));
        let any_goes = known.iter().any(|(_, goes)| *goes);
        for (body, expected) in [
            (whole.to_string(), left.to_string()),
            (format!("{whole:#}"), format!("{left:#}")),
        ] {
            let sealed = pieces(dialect, body.as_bytes());
            let found: Vec<Digest> = sealed.digests().collect();
            let expected_digests: Vec<Digest> = known.iter().map(|(digest, _)| *digest).collect();
            prop_assert_eq!(found, expected_digests);
            prop_assert_eq!(sealed.is_empty(), known.is_empty());
            prop_assert_eq!(sealed.strip(body.as_bytes(), |_| false), None);
            let stripped = sealed.strip(body.as_bytes(), goes);
            let stripped = stripped.map(|stripped| String::from_utf8(stripped).unwrap());
            prop_assert_eq!(stripped, any_goes.then_some(expected));
        }
    }

    #[test]
    fn whatever_is_stripped_the_rest_is_valid_and_untouched(
        dialect in dialect(),
        turns in vec(turn(), 1..6),
        spaces in vec(prop::sample::select(&["", "", " ", "\n\t", "\r\n"]), 1..9),
        all in any::<bool>(),
    ) {
        let body = rewritten(&conversation(dialect, &turns, |_| true), &spaces);
        let known = digests(&turns, dialect);
        let goes = |digest| all || known.contains(&(digest, true));
        let sealed = pieces(dialect, body.as_bytes());
        prop_assert_eq!(sealed.digests().count(), known.len());
        if let Some(stripped) = sealed.strip(body.as_bytes(), goes) {
            let left = conversation(dialect, &turns, |goes| !goes && !all);
            prop_assert_eq!(serde_json::from_slice::<Value>(&stripped).unwrap(), left);
            let mut rest = body.bytes();
            prop_assert!(stripped.iter().all(|byte| rest.any(|other| other == *byte)));
            prop_assert_eq!(sealed.strip(&stripped, goes), None);
        }
    }

    #[test]
    fn what_a_reply_seals_is_found_where_it_is_echoed(
        dialect in dialect(), texts in vec("\\PC{1,12}", 0..5), size in 1..13_usize,
    ) {
        let request = rewritten(&echo(dialect, &texts), &[""]);
        let found: Vec<Digest> = pieces(dialect, request.as_bytes()).digests().collect();
        let expected: Vec<Digest> = texts.iter().map(|text| Digest::of(text)).collect();
        prop_assert_eq!(&found, &expected);
        let (mut whole, mut streamed) = (Seals::new(dialect), Seals::new(dialect));
        whole.whole(reply(dialect, &texts).to_string().as_bytes());
        for event in stream(dialect, &texts, size) {
            streamed.event(event.to_string().as_bytes());
        }
        for seals in [whole, streamed] {
            let sealed: Vec<Digest> = seals.digests().collect();
            prop_assert!(found.iter().all(|digest| sealed.contains(digest)));
            prop_assert!(sealed.iter().all(|digest| found.contains(digest)));
        }
    }

    #[test]
    fn no_input_panics(
        dialect in dialect(), turns in vec(turn(), 1..3),
        at in any::<prop::sample::Index>(), byte in any::<u8>(), junk in vec(any::<u8>(), 0..80),
    ) {
        let whole = conversation(dialect, &turns, |_| true).to_string().into_bytes();
        let at = at.index(whole.len());
        let mut changed = whole.clone();
        changed[at] = byte;
        let stream = stream(dialect, &turns[0].pieces.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>(), 5);
        let events = stream.iter().map(|event| event.to_string().into_bytes());
        for mut body in [whole[..at].to_vec(), changed, junk].into_iter().chain(events) {
            let sealed = pieces(dialect, &body);
            let _ = sealed.strip(&whole, |_| true);
            let mut seals = Seals::new(dialect);
            seals.whole(&body);
            let at = at.min(body.len().saturating_sub(1));
            body.get_mut(at).into_iter().for_each(|old| *old = byte);
            let _ = sealed.strip(&body, |_| true);
            seals.event(&body);
            let _ = seals.digests().count();
        }
    }
}
