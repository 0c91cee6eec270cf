//! Writes turns as `messages`.
//!
//! OpenAI wants what tools return right behind the message that called them, and
//! refuses it anywhere else. Other dialects are not as strict, so each message keeps
//! the results that belong to it, wherever they stand.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{calls, parts};
use crate::Dialect;
use crate::chat::opaque;
use crate::json::put;
use crate::prompt::{Dropped, Part, Prompt, Role, Turn};
use crate::translate::Target;

/// Writes `messages`.
pub(super) fn write(prompt: &Prompt, target: &Target<'_>, dropped: &mut Dropped) -> Vec<Value> {
    let mut slots = Slots {
        has_developer: target.has_developer,
        slots: Vec::new(),
        callers: HashMap::new(),
        dropped,
    };
    let mut turns = prompt.turns.as_slice();
    while let Some(turn) = turns.first() {
        let is_assistant = |turn: &&Turn| turn.role == Role::Assistant;
        let said = turns.iter().take_while(is_assistant).count();
        // What one side says in several turns is one message: the calls in it have
        // to stand together, before all of their results.
        match said {
            0 => slots.other(turn),
            said => slots.assistant(turns.iter().take(said)),
        }
        turns = turns.get(said.max(1)..).unwrap_or_default();
    }
    let written = slots.slots.into_iter();
    written
        .flat_map(|slot| [slot.message].into_iter().chain(slot.results))
        .collect()
}

struct Slots<'p, 'd> {
    has_developer: bool,
    slots: Vec<Slot>,
    /// Where each call stands, by its id; the last one where an id comes again.
    callers: HashMap<&'p str, usize>,
    dropped: &'d mut Dropped,
}

/// A message and what the tools returned that it called.
struct Slot {
    message: Value,
    results: Vec<Value>,
}

impl<'p> Slots<'p, '_> {
    fn push(&mut self, message: Value) {
        let results = Vec::new();
        self.slots.push(Slot { message, results });
    }

    fn other(&mut self, turn: &'p Turn) {
        match turn.role {
            Role::System => self.instructions("system", turn),
            Role::Developer if self.has_developer => self.instructions("developer", turn),
            Role::Developer => self.instructions("system", turn),
            Role::User | Role::Assistant => self.user(turn),
        }
    }

    /// As one string: Z.ai takes no parts here.
    fn instructions(&mut self, role: &str, turn: &Turn) {
        let is_text = |part: &Part| matches!(part, Part::Text { .. });
        self.dropped
            .name_if(!turn.parts.iter().all(is_text), "images in instructions");
        let text = parts::joined(&turn.parts, "\n\n");
        if !text.is_empty() {
            self.push(json!({"role": role, "content": text}));
        }
    }

    fn user(&mut self, turn: &'p Turn) {
        // What stands in a result and is no text goes into the next message of the
        // user, since a result can only be text.
        let (mut moved, mut said) = (Vec::new(), Vec::new());
        for part in &turn.parts {
            match part {
                Part::Result {
                    call,
                    parts,
                    is_error,
                    ..
                } => {
                    let text = result_text(parts, *is_error);
                    self.result(call, text);
                    moved.extend(
                        parts
                            .iter()
                            .filter(|part| !matches!(part, Part::Text { .. })),
                    );
                }
                part => said.push(part),
            }
        }
        moved.append(&mut said);
        if let Some(content) = parts::write(&moved, self.has_developer, self.dropped) {
            self.push(json!({"role": "user", "content": content}));
        }
    }

    fn result(&mut self, call: &str, text: String) {
        let caller = self
            .callers
            .get(call)
            .and_then(|at| self.slots.get_mut(*at));
        match caller {
            Some(slot) => slot.results.push(json!({
                "role": "tool",
                "tool_call_id": call,
                "content": text,
            })),
            // A client has forgotten the call, as after it summed the conversation up.
            None => {
                self.dropped.name("results without their call");
                self.push(json!({"role": "user", "content": text}));
            }
        }
    }

    fn assistant(&mut self, turns: impl Iterator<Item = &'p Turn>) {
        let mut said = Said::default();
        for turn in turns {
            for part in &turn.parts {
                said.add(part, self.dropped);
            }
            // The next turn's words are not the end of this one's.
            said.is_apart = true;
        }
        let at = self.slots.len();
        if let Some(message) = said.message(self.has_developer) {
            self.callers.extend(said.ids.iter().map(|id| (*id, at)));
            self.push(message);
        }
    }
}

fn result_text(parts: &[Part], is_error: bool) -> String {
    let text = parts::joined(parts, "\n");
    let says_so = |text: &str| {
        let start = text.trim_start().get(..5);
        start.is_some_and(|start| start.eq_ignore_ascii_case("error"))
    };
    match is_error && !says_so(&text) {
        true => format!("Error: {text}"),
        false => text,
    }
}

/// What the model says in one message.
#[derive(Default)]
struct Said<'p> {
    reasoning: String,
    seal: Option<&'p crate::prompt::Seal>,
    text: String,
    /// Whether something else came since the text's end, or its turn is over.
    is_apart: bool,
    refusal: String,
    calls: Vec<Value>,
    ids: Vec<&'p str>,
}

impl<'p> Said<'p> {
    fn add(&mut self, part: &'p Part, dropped: &mut Dropped) {
        let is_text = matches!(part, Part::Text { .. });
        match part {
            Part::Text { text, .. } => {
                let is_apart = self.is_apart && !self.text.is_empty();
                self.text.push_str(if is_apart { "\n\n" } else { "" });
                self.text.push_str(text);
            }
            Part::Reasoning(reasoning) => {
                let is_apart = !self.reasoning.is_empty() && !reasoning.text.is_empty();
                self.reasoning.push_str(if is_apart { "\n\n" } else { "" });
                self.reasoning.push_str(&reasoning.text);
                match &reasoning.seal {
                    // A message has room for one: the last is what a model goes on from.
                    Some(seal) if seal.dialect == Dialect::Chat => self.seal = Some(seal),
                    Some(_) => dropped.name("reasoning of another maker"),
                    None => {}
                }
            }
            Part::Refusal(text) => self.refusal.push_str(text),
            Part::Call(call) => {
                self.calls.push(calls::write(call));
                self.ids.push(&call.id);
            }
            Part::Image { .. } | Part::Document { .. } => dropped.name("images of the assistant"),
            Part::Result { .. } => dropped.name("results of the assistant"),
        }
        self.is_apart = !is_text;
    }

    /// The message, if there is anything in it.
    fn message(&mut self, has_developer: bool) -> Option<Value> {
        let is_refusal = !self.refusal.is_empty();
        // Where OpenAI's newer words are not known, a refusal is just what was said.
        if is_refusal && !has_developer {
            let is_apart = !self.text.is_empty();
            self.text.push_str(if is_apart { "\n\n" } else { "" });
            self.text.push_str(&std::mem::take(&mut self.refusal));
        }
        let content = match self.text.is_empty() {
            false => Value::from(std::mem::take(&mut self.text)),
            true if self.calls.is_empty() && self.refusal.is_empty() => {
                if self.reasoning.is_empty() && self.seal.is_none() {
                    return None;
                }
                json!("")
            }
            true => Value::Null,
        };
        let mut message = Map::new();
        put(&mut message, "role", Some("assistant"));
        opaque::write_reasoning(&mut message, std::mem::take(&mut self.reasoning), self.seal);
        put(&mut message, "content", Some(content));
        let refusal = std::mem::take(&mut self.refusal);
        put(
            &mut message,
            "refusal",
            Some(refusal).filter(|text| !text.is_empty()),
        );
        let calls = std::mem::take(&mut self.calls);
        put(
            &mut message,
            "tool_calls",
            Some(calls).filter(|calls| !calls.is_empty()),
        );
        Some(message.into())
    }
}
