//! What a request or a reply says that no dialect may lose, however it is cut into blocks.

use dialect::delta::{Block, Reply};
use dialect::prompt::{Dropped, Input, Part, Prompt, Role};
use dialect::way_back::flat;
use serde_json::{Value, json};

/// What is said and called.
#[derive(Debug, PartialEq)]
pub struct Gist {
    /// Text and refusals, in their order.
    pub text: String,
    /// Name and input of each call. Of one that was cut short, the input is not compared:
    /// dialects differ in what they can say of it.
    pub calls: Vec<(String, Option<Value>)>,
}

impl Gist {
    /// Of a reply.
    pub fn of(reply: &Reply) -> Self {
        let mut gist = Self {
            text: String::new(),
            calls: Vec::new(),
        };
        for block in &reply.blocks {
            match block {
                Block::Text { text, .. } | Block::Refusal(text) => gist.text.push_str(text),
                // A name that is longer than any dialect takes is a shorter one elsewhere.
                Block::Call { name, input, .. } => {
                    gist.calls.push((flat(None, name), value(input)));
                }
                Block::Reasoning { .. } => {}
            }
        }
        gist
    }

    /// Whether `other` says the same.
    pub fn is_same(&self, other: &Self) -> bool {
        let mut pairs = self.calls.iter().zip(&other.calls);
        self.text == other.text
            && self.calls.len() == other.calls.len()
            && pairs.all(|((name, input), (other_name, other_input))| {
                name == other_name && (input.is_none() || input == other_input)
            })
    }
}

/// What a conversation says.
#[derive(Debug)]
pub struct Said {
    words: Vec<String>,
    calls: Vec<(String, Value)>,
}

impl Said {
    /// In a request.
    pub fn of(prompt: &Prompt) -> Self {
        let (mut words, mut calls) = (Vec::new(), Vec::new());
        for turn in &prompt.turns {
            for part in &turn.parts {
                match part {
                    Part::Text { text, .. }
                        if matches!(turn.role, Role::User | Role::Assistant) =>
                    {
                        words.extend(text.split_whitespace().map(str::to_owned));
                    }
                    Part::Call(call) => {
                        let name = flat(call.namespace.as_deref(), &call.name);
                        calls.extend(value(&call.input).map(|input| (name, input)));
                    }
                    _ => {}
                }
            }
        }
        Self { words, calls }
    }

    /// The first that `after` does not say, unless it is named as dropped.
    pub fn lost_in(&self, after: &Self, dropped: &Dropped) -> Option<String> {
        if dropped.names().any(|name| name.contains("without")) {
            return None;
        }
        // Pieces of one text may stand together that stood apart, and the other way round.
        let after_it = after.words.concat();
        let mut rest = &after_it[..];
        let word = self
            .words
            .iter()
            .find(|word| match rest.find(word.as_str()) {
                Some(at) => {
                    rest = &rest[at + word.len()..];
                    false
                }
                None => true,
            });
        let mut calls = after.calls.iter();
        let call = self
            .calls
            .iter()
            .find(|call| !calls.any(|other| other == *call));
        word.cloned().or(call.map(|call| format!("{call:?}")))
    }
}

/// What a call is called with, as an object; `None` where that is none. Messages has custom
/// tools as functions that take their text in a member.
fn value(input: &Input) -> Option<Value> {
    match input {
        Input::Json(text) if text.trim().is_empty() => Some(json!({})),
        Input::Json(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        Input::Text(text) => Some(json!({"input": text})),
    }
}
