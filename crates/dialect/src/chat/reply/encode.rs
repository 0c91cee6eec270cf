//! Writes a reply's chunks for a client of Chat Completions.

use serde_json::{Map, Value, json};

use super::finish;
use super::whole;
use crate::chat::opaque;
use crate::delta::{Delta, Finish, Reply};
use crate::json::put;
use crate::plain::write_text;
use crate::prompt::Seal;
use crate::translate::Asked;
use crate::{Dialect, Failure, Usage};

/// Writes a reply for its client.
#[derive(Debug)]
pub struct Encoder {
    asked: Asked,
    heading: Option<Heading>,
    /// A chunk of text up to the text, once there was one.
    opening: String,
    has_role: bool,
    /// Those that wait to be written, in one.
    seals: Vec<Seal>,
    /// Whether they have been: a client takes one `reasoning_opaque` from a reply.
    is_sealed: bool,
    calls: Vec<Call>,
    usage: Option<Usage>,
    /// Told at the end: some upstreams say more behind it.
    finish: Option<Finish>,
    has_failed: bool,
    has_ended: bool,
}

/// What each chunk begins with.
#[derive(Debug)]
pub(super) struct Heading {
    pub(super) id: String,
    pub(super) created: u64,
    pub(super) model: String,
}

/// A call that has begun.
#[derive(Debug)]
struct Call {
    number: usize,
    kind: Kind,
    /// Whether anything came of what it is called with.
    has_input: bool,
}

#[derive(Debug)]
enum Kind {
    /// A function's.
    Function,
    /// A custom tool's.
    Custom,
    /// A custom tool's that the upstream knows as a function: all arguments are needed
    /// to find the text in them.
    Wrapped(String),
}

impl Encoder {
    /// Of a reply that has not begun.
    pub fn new(asked: Asked) -> Self {
        Self {
            asked,
            heading: None,
            opening: String::new(),
            has_role: false,
            seals: Vec::new(),
            is_sealed: false,
            calls: Vec::new(),
            usage: None,
            finish: None,
            has_failed: false,
            has_ended: false,
        }
    }

    /// Writes the events of one increment.
    pub fn delta(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.has_failed {
            return;
        }
        match delta {
            Delta::Begin { id, model, created } => {
                self.heading.get_or_insert_with(|| {
                    Heading::new(&self.asked, id.as_deref(), model, created)
                });
            }
            Delta::Sealed(_) if self.is_sealed => {}
            Delta::Sealed(seal) => self.seals.push(seal),
            Delta::Thought { text, .. } => {
                self.say("reasoning_content", text, out);
            }
            Delta::Text(text) => {
                self.seal(out);
                self.more_text(text, out);
            }
            Delta::Refusal(text) => {
                self.seal(out);
                self.say("refusal", text, out);
            }
            Delta::Annotation(note) => self.say("annotations", json!([note]), out),
            Delta::Logprobs(entries) => {
                let logprobs = json!({"content": entries, "refusal": null});
                self.chunk(json!({}), None, Some(logprobs), out);
            }
            Delta::Call {
                number,
                id,
                name,
                is_custom,
            } => {
                self.seal(out);
                self.call(number, id, &name, is_custom, out);
            }
            Delta::Arguments { number, text } => self.arguments(number, text, out),
            Delta::Usage(usage) => match &mut self.usage {
                Some(known) => known.merge(usage),
                None => self.usage = Some(usage),
            },
            Delta::Finish(finish) => {
                self.finish.get_or_insert(finish);
            }
            Delta::Failed { code, message } => {
                self.has_failed = true;
                let code = code.unwrap_or_else(|| "upstream_error".to_owned());
                out.extend(Failure::new(502, code, message).event(Dialect::Chat));
            }
        }
    }

    /// Writes the events that end a stream whose upstream has ended it well.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if self.has_failed || std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.finish(out);
        if let Some(usage) = self.usage.filter(|_| self.asked.include_usage) {
            let mut chunk = self.heading().chunk();
            put(&mut chunk, "choices", Some(json!([])));
            put(&mut chunk, "usage", Some(whole::usage(usage)));
            event(&chunk.into(), out);
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
    }

    /// A whole reply.
    pub fn whole(&mut self, reply: &Reply) -> Value {
        whole::write(&self.asked, reply)
    }

    fn call(&mut self, number: usize, id: String, flat: &str, is_custom: bool, out: &mut Vec<u8>) {
        let known = self.asked.way_back.tool(flat);
        let kind = match known.is_some_and(|known| known.is_custom) {
            _ if is_custom => Kind::Custom,
            true => Kind::Wrapped(String::new()),
            false => Kind::Function,
        };
        let name = known.map_or_else(|| flat.to_owned(), |known| known.name.clone());
        let index = self.calls.len();
        let start = match kind {
            Kind::Function => json!({
                "index": index, "id": id, "type": "function",
                "function": {"name": name, "arguments": ""},
            }),
            // A client counts the calls as they begin, be there nothing more to say of one.
            Kind::Custom | Kind::Wrapped(_) => json!({
                "index": index, "id": id, "type": "custom",
                "custom": {"name": name, "input": ""},
            }),
        };
        self.calls.push(Call {
            number,
            kind,
            has_input: false,
        });
        self.say("tool_calls", json!([start]), out);
    }

    fn arguments(&mut self, number: usize, text: String, out: &mut Vec<u8>) {
        let mut calls = self.calls.iter_mut().enumerate().rev();
        let Some((index, call)) = calls.find(|(_, call)| call.number == number) else {
            return;
        };
        call.has_input |= !text.trim_ascii().is_empty();
        let more = match &mut call.kind {
            _ if text.is_empty() => return,
            Kind::Wrapped(held) => {
                held.push_str(&text);
                return;
            }
            Kind::Function => json!([{"index": index, "function": {"arguments": text}}]),
            Kind::Custom => json!([{"index": index, "custom": {"input": text}}]),
        };
        self.say("tool_calls", more, out);
    }

    /// Writes what is still missing of what was begun, and then why the reply ends.
    fn finish(&mut self, out: &mut Vec<u8>) {
        self.seal(out);
        let calls = std::mem::take(&mut self.calls);
        for (index, call) in calls.iter().enumerate() {
            let rest = match &call.kind {
                Kind::Wrapped(arguments) => json!({
                    "index": index, "custom": {"input": whole::unwrapped(arguments)},
                }),
                // A client parses it as JSON.
                Kind::Function if !call.has_input => {
                    json!({"index": index, "function": {"arguments": "{}"}})
                }
                Kind::Function | Kind::Custom => continue,
            };
            self.say("tool_calls", json!([rest]), out);
        }
        let reason = finish::write(self.finish.as_ref(), !calls.is_empty());
        self.chunk(json!({}), Some(reason), None, out);
    }

    /// Writes the seals that wait, in one. Those that come when it is written have no
    /// place any more.
    fn seal(&mut self, out: &mut Vec<u8>) {
        let seals = std::mem::take(&mut self.seals);
        if let Some(opaque) = opaque::of_seals(&seals) {
            self.is_sealed = true;
            self.say("reasoning_opaque", opaque, out);
        }
    }

    /// More of the text: what most chunks are, and so written without a tree.
    fn more_text(&mut self, text: String, out: &mut Vec<u8>) {
        if !self.has_role {
            return self.say("content", text, out);
        }
        if self.opening.is_empty() {
            let heading = Value::Object(self.heading().chunk()).to_string();
            self.opening = format!(
                "data: {},\"choices\":[{{\"index\":0,\"delta\":{{\"content\":",
                heading.strip_suffix('}').unwrap_or(&heading)
            );
        }
        out.extend_from_slice(self.opening.as_bytes());
        write_text(&text, out);
        out.extend_from_slice(b"},\"finish_reason\":null}]}\n\n");
    }

    fn say(&mut self, field: &str, value: impl Into<Value>, out: &mut Vec<u8>) {
        let mut delta = Map::new();
        put(&mut delta, field, Some(value));
        self.chunk(delta.into(), None, None, out);
    }

    fn chunk(
        &mut self,
        delta: Value,
        finish: Option<&str>,
        logprobs: Option<Value>,
        out: &mut Vec<u8>,
    ) {
        let mut said = Map::new();
        if !std::mem::replace(&mut self.has_role, true) {
            put(&mut said, "role", Some("assistant"));
            put(&mut said, "content", Some(Value::Null));
        }
        if let Value::Object(delta) = delta {
            said.extend(delta);
        }
        let mut choice = Map::new();
        put(&mut choice, "index", Some(0));
        put(&mut choice, "delta", Some(said));
        put(&mut choice, "logprobs", logprobs);
        put(&mut choice, "finish_reason", Some(json!(finish)));
        let mut chunk = self.heading().chunk();
        put(&mut chunk, "choices", Some(json!([choice])));
        event(&chunk.into(), out);
    }

    fn heading(&mut self) -> &Heading {
        let asked = &self.asked;
        self.heading
            .get_or_insert_with(|| Heading::new(asked, None, None, None))
    }
}

impl Heading {
    pub(super) fn new(
        asked: &Asked,
        id: Option<&str>,
        model: Option<String>,
        created: Option<u64>,
    ) -> Self {
        let own = id.filter(|id| id.starts_with("chatcmpl-"));
        Self {
            id: own.map_or_else(|| format!("chatcmpl-{}", asked.id), str::to_owned),
            created: created.unwrap_or(asked.time),
            model: model.unwrap_or_else(|| asked.model.clone()),
        }
    }

    fn chunk(&self) -> Map<String, Value> {
        let mut chunk = Map::new();
        put(&mut chunk, "id", Some(&*self.id));
        put(&mut chunk, "object", Some("chat.completion.chunk"));
        put(&mut chunk, "created", Some(self.created));
        put(&mut chunk, "model", Some(&*self.model));
        chunk
    }
}

fn event(chunk: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(chunk.to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}
