//! Watches one reply go by and gathers the digests of what it seals.

use std::hash::{DefaultHasher, Hasher};

use serde_json::Value;

use super::{Digest, may_hold};
use crate::Dialect;
use crate::json::{list, text};

/// How many pieces of one reply are remembered; a reply has one for each time
/// that the model stopped to think. No text is kept, only its hash.
const MOST: usize = 256;

/// The sealed pieces of one reply.
#[derive(Clone, Debug)]
pub struct Seals {
    dialect: Dialect,
    whole: Vec<Digest>,
    /// Those of which more may come, by the index of their choice or block.
    begun: Vec<(u64, DefaultHasher)>,
}

impl Seals {
    /// Of a reply that has not begun.
    pub const fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            whole: Vec::new(),
            begun: Vec::new(),
        }
    }

    /// Takes in the `data` of one event. Parses it only where a search says
    /// that it may matter, since this runs on each chunk.
    pub fn event(&mut self, data: &[u8]) {
        let Some(event) = self.parse(data) else {
            return;
        };
        match self.dialect {
            Dialect::Chat => self.chat_chunk(&event),
            Dialect::Responses => self.responses_event(&event),
            Dialect::Messages => self.messages_event(&event),
        }
    }

    /// Takes in a reply in one piece.
    pub fn whole(&mut self, json: &[u8]) {
        let Some(reply) = self.parse(json) else {
            return;
        };
        match self.dialect {
            Dialect::Chat => {
                for choice in list(&reply["choices"]) {
                    self.push(text(&choice["message"]["reasoning_opaque"]));
                }
            }
            Dialect::Responses => self.responses_output(&reply),
            Dialect::Messages => {
                for block in list(&reply["content"]) {
                    self.push(text(sealed_in_block(block)));
                }
            }
        }
    }

    /// The digests of what has come so far.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        let begun = self.begun.iter().map(|(_, hasher)| Digest(hasher.finish()));
        self.whole.iter().copied().chain(begun)
    }

    fn parse(&self, json: &[u8]) -> Option<Value> {
        if !may_hold(self.dialect, json) {
            return None;
        }
        serde_json::from_slice(json).ok()
    }

    fn chat_chunk(&mut self, chunk: &Value) {
        for (at, choice) in (0..).zip(list(&chunk["choices"])) {
            let index = choice["index"].as_u64().unwrap_or(at);
            self.go_on(index, text(&choice["delta"]["reasoning_opaque"]));
        }
    }

    fn responses_event(&mut self, event: &Value) {
        // The item as it was added may hold another text than when it is done.
        if event["type"] == "response.output_item.done" {
            self.push(text(sealed_in_item(&event["item"])));
        }
        self.responses_output(&event["response"]);
    }

    fn responses_output(&mut self, response: &Value) {
        for item in list(&response["output"]) {
            self.push(text(sealed_in_item(item)));
        }
    }

    fn messages_event(&mut self, event: &Value) {
        let Some(index) = event["index"].as_u64() else {
            return;
        };
        if event["type"] == "content_block_start" {
            self.end(index);
            self.go_on(index, text(sealed_in_block(&event["content_block"])));
        } else if event["delta"]["type"] == "signature_delta" {
            self.go_on(index, text(&event["delta"]["signature"]));
        }
    }

    fn push(&mut self, sealed: Option<&str>) {
        let Some(digest) = sealed.map(Digest::of) else {
            return;
        };
        // Responses tells each item twice.
        if !self.is_full() && !self.whole.contains(&digest) {
            self.whole.push(digest);
        }
    }

    /// More of the piece at `index`. Hashing text in pieces is hashing it
    /// whole, of which the laws are the proof.
    fn go_on(&mut self, index: u64, more: Option<&str>) {
        let Some(more) = more else { return };
        let begun = self.begun.iter_mut().find(|(begun, _)| *begun == index);
        if let Some((_, hasher)) = begun {
            hasher.write(more.as_bytes());
        } else if !self.is_full() {
            let mut hasher = DefaultHasher::new();
            hasher.write(more.as_bytes());
            self.begun.push((index, hasher));
        }
    }

    /// Nothing more comes of the piece at `index`: another one takes its place.
    fn end(&mut self, index: u64) {
        if let Some(at) = self.begun.iter().position(|(begun, _)| *begun == index) {
            let (_, hasher) = self.begun.remove(at);
            self.whole.push(Digest(hasher.finish()));
        }
    }

    fn is_full(&self) -> bool {
        self.whole.len() + self.begun.len() >= MOST
    }
}

fn sealed_in_item(item: &Value) -> &Value {
    if item["type"] == "reasoning" {
        &item["encrypted_content"]
    } else {
        &Value::Null
    }
}

fn sealed_in_block(block: &Value) -> &Value {
    match block["type"].as_str() {
        Some("thinking") => &block["signature"],
        Some("redacted_thinking") => &block["data"],
        _ => &Value::Null,
    }
}
