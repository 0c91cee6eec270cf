//! Writes the conversation: `instructions`, and the items of `input`.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{parts, results};
use crate::Dialect;
use crate::json::put;
use crate::prompt::{Call, Dropped, Input, Part, Reasoning, Role, Seal, Turn};

/// The conversation as this dialect has it.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// What the system says before all others.
    pub(super) instructions: Option<String>,
    /// All that follows.
    pub(super) input: Vec<Value>,
}

/// Writes all turns.
pub(super) fn write<'a>(turns: &'a [Turn], dropped: &'a mut Dropped) -> Written {
    let is_system = |turn: &Turn| {
        let is_text = |part: &Part| matches!(part, Part::Text { .. });
        turn.role == Role::System && turn.parts.iter().all(is_text)
    };
    let leading = turns.iter().take_while(|turn| is_system(turn)).count();
    // There has to be some input.
    let leading = if leading == turns.len() { 0 } else { leading };
    let (system, others) = turns.split_at_checked(leading).unwrap_or((&[], turns));
    let texts = system.iter().flat_map(|turn| &turn.parts);
    let texts: Vec<&str> = texts
        .filter_map(|part| match part {
            Part::Text { text, .. } if !text.is_empty() => Some(&**text),
            _ => None,
        })
        .collect();
    let mut items = Items {
        items: Vec::new(),
        are_custom: HashMap::new(),
        dropped,
    };
    for turn in others {
        items.turn(turn);
    }
    Written {
        instructions: Some(texts.join("\n\n")).filter(|text| !text.is_empty()),
        input: items.items,
    }
}

struct Items<'a> {
    items: Vec<Value>,
    /// Whether each call is of a custom tool: its result has to be of the same kind.
    are_custom: HashMap<&'a str, bool>,
    dropped: &'a mut Dropped,
}

impl<'a> Items<'a> {
    fn turn(&mut self, turn: &'a Turn) {
        let mut content = Vec::new();
        // The upstream refuses reasoning that nothing of the model's follows.
        let mut thought = Vec::new();
        for part in &turn.parts {
            let item = match part {
                Part::Reasoning(reasoning) => {
                    self.message(turn.role, &mut content);
                    thought.extend(self.reasoning(reasoning));
                    continue;
                }
                Part::Call(call) => {
                    let is_custom = matches!(call.input, Input::Text(_));
                    self.are_custom.insert(&call.id, is_custom);
                    write_call(call)
                }
                Part::Result {
                    call,
                    parts,
                    is_error,
                    is_custom,
                    ..
                } => {
                    let is_custom = *self.are_custom.get(&**call).unwrap_or(is_custom);
                    results::write(call, parts, *is_error, is_custom, self.dropped)
                }
                part => {
                    if let Some(part) = parts::write(part, turn.role, self.dropped) {
                        self.items.append(&mut thought);
                        content.push(part);
                    }
                    continue;
                }
            };
            self.message(turn.role, &mut content);
            self.items.append(&mut thought);
            self.items.push(item);
        }
        self.message(turn.role, &mut content);
        let is_lost = !thought.is_empty();
        self.dropped
            .name_if(is_lost, "reasoning that nothing follows");
    }

    /// Writes what one side has said until now as one message.
    fn message(&mut self, role: Role, content: &mut Vec<Value>) {
        let role = match role {
            Role::System => "system",
            Role::Developer => "developer",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        if !content.is_empty() {
            let content = std::mem::take(content);
            self.items
                .push(json!({"type": "message", "role": role, "content": content}));
        }
    }

    /// Writes reasoning that this upstream can read.
    fn reasoning(&mut self, reasoning: &Reasoning) -> Option<Value> {
        let own = |seal: &&Seal| seal.dialect == Dialect::Responses;
        let Some(seal) = reasoning.seal.as_ref().filter(own) else {
            self.dropped.name("reasoning of another maker");
            return None;
        };
        let summary: Vec<Value> = Some(&reasoning.text)
            .filter(|text| !text.is_empty())
            .map(|text| json!({"type": "summary_text", "text": text}))
            .into_iter()
            .collect();
        let mut item = Map::new();
        put(&mut item, "type", Some("reasoning"));
        put(&mut item, "id", seal.id.as_deref());
        put(&mut item, "summary", Some(summary));
        put(&mut item, "encrypted_content", Some(&*seal.value));
        Some(item.into())
    }
}

fn write_call(call: &Call) -> Value {
    let (kind, field, input) = match &call.input {
        Input::Json(text) if text.trim().is_empty() => ("function_call", "arguments", "{}"),
        Input::Json(text) => ("function_call", "arguments", &**text),
        Input::Text(text) => ("custom_tool_call", "input", &**text),
    };
    let mut item = Map::new();
    put(&mut item, "type", Some(kind));
    put(&mut item, "call_id", Some(&*call.id));
    put(&mut item, "name", Some(&*call.name));
    put(&mut item, "namespace", call.namespace.as_deref());
    put(&mut item, field, Some(input));
    item.into()
}
