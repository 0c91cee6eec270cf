//! The conversation as Anthropic insists on it: user and assistant by turns, the user
//! first and last, and each call answered right behind it.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{Value, json};

use super::blocks;
use crate::Dialect;
use crate::messages::reply::object;
use crate::prompt::{Call, Dropped, Input, Part, Prompt, Reasoning, Role};
use crate::way_back::flat;

/// A conversation, written.
pub(super) struct Conversation {
    pub(super) system: Option<Value>,
    pub(super) messages: Value,
    /// The tools that are called in it, each once.
    pub(super) called: Vec<String>,
    /// Whether the last message answers calls that were made without thinking: a model
    /// with a budget of tokens may not begin to think there.
    pub(super) has_lost_thoughts: bool,
}

/// Writes the conversation.
pub(super) fn write(prompt: &Prompt, dropped: &mut Dropped) -> Conversation {
    let is_instruction = |role| matches!(role, Role::System | Role::Developer);
    let leading = prompt
        .turns
        .iter()
        .take_while(|turn| is_instruction(turn.role))
        .count();
    let (system, turns) = prompt.turns.split_at(leading);
    let system = system.iter().flat_map(|turn| &turn.parts);
    let system: Vec<Value> = system
        .filter_map(|part| match part {
            Part::Text { text, cache } => blocks::text(text, *cache),
            _ => {
                dropped.name("system content");
                None
            }
        })
        .collect();

    let mut writer = Writer::default();
    for turn in turns {
        let by = match turn.role {
            Role::Assistant => By::Assistant,
            // Only the newest models take instructions in between.
            Role::System | Role::Developer | Role::User => By::User,
        };
        for part in &turn.parts {
            writer.part(by, part, dropped);
        }
    }
    let called = std::mem::take(&mut writer.called);
    let messages = writer.into_messages(dropped);
    Conversation {
        system: plain_or_blocks(system),
        has_lost_thoughts: has_lost_thoughts(&messages),
        messages: messages.into_iter().map(Message::into_json).collect(),
        called,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    User,
    Assistant,
}

struct Message {
    by: By,
    blocks: Vec<Value>,
}

/// The messages until now, and how calls and results are paired.
#[derive(Default)]
struct Writer {
    messages: Vec<Message>,
    called: Vec<String>,
    /// The written ids of calls without a result yet, by the ids that they came with.
    unanswered: HashMap<String, VecDeque<String>>,
    /// All written ids.
    ids: HashSet<String>,
    /// The results, by the written ids of their calls.
    results: HashMap<String, Value>,
}

impl Writer {
    fn part(&mut self, by: By, part: &Part, dropped: &mut Dropped) {
        match part {
            Part::Text { .. } => {
                if let Some(block) = blocks::content(part, dropped) {
                    self.push(by, block);
                }
            }
            Part::Image { .. } | Part::Document { .. } if by == By::Assistant => {
                let is_image = matches!(part, Part::Image { .. });
                dropped.name(if is_image { "image" } else { "document" });
            }
            Part::Image { .. } | Part::Document { .. } => {
                if let Some(block) = blocks::content(part, dropped) {
                    self.push(by, block);
                }
            }
            Part::Refusal(text) => {
                if let Some(block) = blocks::text(text, false) {
                    self.push(By::Assistant, block);
                }
            }
            Part::Reasoning(reasoning) => match thought(reasoning) {
                Some(block) => self.push(By::Assistant, block),
                None => dropped.name("reasoning of another maker"),
            },
            Part::Call(call) => self.call(call),
            Part::Result {
                call,
                parts,
                is_error,
                cache,
                ..
            } => match self.answered(call) {
                Some(id) => {
                    let result = blocks::result(&id, parts, *is_error, *cache, dropped);
                    self.results.insert(id, result);
                    // What the model says before and behind it stays apart.
                    self.messages.push(Message {
                        by: By::User,
                        blocks: Vec::new(),
                    });
                }
                // What no call waits for is refused as a result.
                None => {
                    dropped.name("result without a call");
                    for part in parts {
                        self.part(By::User, part, dropped);
                    }
                }
            },
        }
    }

    fn call(&mut self, call: &Call) {
        let name = flat(call.namespace.as_deref(), &call.name);
        if !self.called.contains(&name) {
            self.called.push(name.clone());
        }
        let id = self.new_id(&call.id);
        let input = match &call.input {
            Input::Json(text) => object(text),
            Input::Text(text) => json!({"input": text}),
        };
        self.push(
            By::Assistant,
            json!({"type": "tool_use", "id": id, "name": name, "input": input}),
        );
        let waiting = self.unanswered.entry(call.id.clone()).or_default();
        waiting.push_back(id);
    }

    /// An id of the letters that Anthropic takes, and of no other call.
    fn new_id(&mut self, told: &str) -> String {
        let plain = |char: char| match char {
            '_' | '-' => char,
            char if char.is_ascii_alphanumeric() => char,
            _ => '_',
        };
        let mut id: String = told.chars().map(plain).collect();
        if id.is_empty() {
            id.push_str("call");
        }
        let mut unique = id.clone();
        let mut number = 2;
        while !self.ids.insert(unique.clone()) {
            unique = format!("{id}_{number}");
            number += 1;
        }
        unique
    }

    /// The written id of the call that a result is for.
    fn answered(&mut self, told: &str) -> Option<String> {
        self.unanswered.get_mut(told)?.pop_front()
    }

    fn push(&mut self, by: By, block: Value) {
        match self.messages.last_mut() {
            Some(last) if last.by == by => last.blocks.push(block),
            _ => self.messages.push(Message {
                by,
                blocks: vec![block],
            }),
        }
    }

    /// All messages, with what is missing and without what is refused.
    fn into_messages(mut self, dropped: &mut Dropped) -> Vec<Message> {
        let mut messages = Vec::with_capacity(self.messages.len() + 2);
        for mut message in std::mem::take(&mut self.messages) {
            if message.by == By::Assistant {
                // Reasoning may not be the last of a message.
                while message.blocks.last().is_some_and(is_thought) {
                    message.blocks.pop();
                    dropped.name("reasoning without a reply");
                }
            }
            let calls = calls(&message.blocks);
            join(&mut messages, message);
            if !calls.is_empty() {
                let blocks = calls
                    .into_iter()
                    .map(|id| self.result(id, dropped))
                    .collect();
                let by = By::User;
                join(&mut messages, Message { by, blocks });
            }
        }
        let say = |text: &str| Message {
            by: By::User,
            blocks: vec![json!({"type": "text", "text": text})],
        };
        if messages.first().is_none_or(|first| first.by != By::User) {
            messages.insert(0, say("Continue."));
        }
        // Copilot goes on with no reply that the client has begun.
        if messages.last().is_some_and(|last| last.by != By::User) {
            messages.push(say("Please continue."));
            dropped.name("prefill");
        }
        messages
    }

    /// The result of a call. One without is refused.
    fn result(&mut self, id: String, dropped: &mut Dropped) -> Value {
        self.results.remove(&id).unwrap_or_else(|| {
            dropped.name("call without a result");
            json!({
                "type": "tool_result",
                "tool_use_id": id,
                "content": "There is no result.",
                "is_error": true,
            })
        })
    }
}

impl Message {
    fn into_json(self) -> Value {
        let role = match self.by {
            By::User => "user",
            By::Assistant => "assistant",
        };
        json!({"role": role, "content": plain_or_blocks(self.blocks)})
    }
}

/// Adds a message, or its blocks to the last one if that is by the same side.
fn join(messages: &mut Vec<Message>, message: Message) {
    if message.blocks.is_empty() {
        return;
    }
    match messages.last_mut() {
        Some(last) if last.by == message.by => last.blocks.extend(message.blocks),
        _ => messages.push(message),
    }
}

/// One plain text as a string, and all else as blocks.
fn plain_or_blocks(mut blocks: Vec<Value>) -> Option<Value> {
    match &mut *blocks {
        [] => None,
        [block] if block["type"] == "text" && block.get("cache_control").is_none() => {
            Some(block["text"].take())
        }
        _ => Some(Value::Array(blocks)),
    }
}

/// Reasoning with Anthropic's own seal: any other is refused.
fn thought(reasoning: &Reasoning) -> Option<Value> {
    let seal = reasoning.seal.as_ref()?;
    match seal.dialect {
        Dialect::Messages if seal.is_redacted => {
            Some(json!({"type": "redacted_thinking", "data": seal.value}))
        }
        Dialect::Messages => Some(json!({
            "type": "thinking",
            "thinking": reasoning.text,
            "signature": seal.value,
        })),
        Dialect::Chat | Dialect::Responses => None,
    }
}

fn is_thought(block: &Value) -> bool {
    matches!(
        block["type"].as_str(),
        Some("thinking" | "redacted_thinking")
    )
}

fn calls(blocks: &[Value]) -> Vec<String> {
    let calls = blocks.iter().filter(|block| block["type"] == "tool_use");
    calls
        .filter_map(|call| call["id"].as_str().map(str::to_owned))
        .collect()
}

/// Whether the model is amid a row of calls that did not begin with a thought. To
/// Anthropic such a row, with the results between, is one turn, and either thinks from
/// its beginning or not at all.
fn has_lost_thoughts(messages: &[Message]) -> bool {
    let answers = |message: &Message| {
        let mut blocks = message.blocks.iter();
        message.by == By::User && blocks.all(|block| block["type"] == "tool_result")
    };
    let is_amid = |message: &&Message| message.by == By::Assistant || answers(message);
    let mut row = messages.iter().rev();
    if !row.clone().next().is_some_and(|last| {
        let mut blocks = last.blocks.iter();
        blocks.any(|block| block["type"] == "tool_result")
    }) {
        return false;
    }
    // What the person adds to the last results begins no new turn.
    row.next();
    let first = row
        .take_while(is_amid)
        .filter(|message| message.by == By::Assistant)
        .last();
    first.is_some_and(|first| !first.blocks.first().is_some_and(is_thought))
}
