//! Writes replies from increments: the events of a stream, in the order that Anthropic's
//! SDKs insist on.

mod whole;

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::blocks::{Block, Kind, Scan, seal_text};
use super::failed;
use crate::Usage;
use crate::delta::{Delta, Finish};
use crate::plain::{write_number, write_text};
use crate::prompt::Seal;
use crate::translate::Asked;

/// Writes a reply for its client.
#[derive(Debug)]
pub struct Encoder {
    asked: Asked,
    has_begun: bool,
    /// Whether it has ended, well or not.
    is_over: bool,
    /// The index of the first of the blocks.
    index: u64,
    /// The blocks that are not over. The first is written as it comes.
    blocks: VecDeque<Block>,
    calls: usize,
    has_refusal: bool,
    usage: Usage,
    finish: Option<Finish>,
}

impl Encoder {
    /// Of a reply that has not begun.
    pub fn new(asked: Asked) -> Self {
        Self {
            asked,
            has_begun: false,
            is_over: false,
            index: 0,
            blocks: VecDeque::new(),
            calls: 0,
            has_refusal: false,
            usage: Usage::default(),
            finish: None,
        }
    }

    /// Writes the events of one increment.
    pub fn delta(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        match delta {
            Delta::Begin { id, model, .. } => return self.begin(id, model, out),
            Delta::Failed { code, message } => {
                self.is_over = true;
                return event(out, &failed::body(code.as_deref(), &message));
            }
            Delta::Usage(usage) => return self.usage.merge(usage),
            Delta::Finish(finish) => {
                self.finish.get_or_insert(finish);
                return;
            }
            // Anthropic's citations prove themselves with an index that nobody else
            // can make, and it tells no probabilities.
            Delta::Annotation(_) | Delta::Logprobs(_) => return,
            Delta::Text(text) => self.text(text, false),
            Delta::Refusal(text) => self.text(text, true),
            Delta::Thought { text, is_summary } => self.thought(text, is_summary),
            Delta::Sealed(seal) => self.sealed(&seal),
            Delta::Call {
                number,
                id,
                name,
                is_custom,
            } => self.call(number, id, &name, is_custom),
            Delta::Arguments { number, text } => self.arguments(number, &text),
        }
        self.write_blocks(out);
    }

    /// Writes the events that end a stream whose upstream has ended it well.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        self.begin(None, None, out);
        while let Some(mut block) = self.blocks.pop_front() {
            self.write_block(&mut block, out);
            self.stop_block(block, out);
        }
        self.is_over = true;
        let (stop_reason, stop_sequence) = self.stop_reason(self.finish.as_ref());
        event(
            out,
            &json!({
                "type": "message_delta",
                "delta": {"stop_reason": stop_reason, "stop_sequence": stop_sequence},
                "usage": used(self.usage),
            }),
        );
        event(out, &json!({"type": "message_stop"}));
    }

    fn begin(&mut self, id: Option<String>, model: Option<String>, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        event(
            out,
            &json!({
                "type": "message_start",
                "message": {
                    "id": self.id(id.as_deref()),
                    "type": "message",
                    "role": "assistant",
                    "model": model.as_ref().unwrap_or(&self.asked.model),
                    "content": [],
                    "stop_reason": null,
                    "stop_sequence": null,
                    "usage": used(self.usage),
                },
            }),
        );
    }

    fn text(&mut self, text: String, is_refusal: bool) {
        self.has_refusal |= is_refusal;
        if text.is_empty() {
            return;
        }
        match self.blocks.back_mut() {
            Some(Block {
                kind: Kind::Text { is_refusal: was },
                pending,
                ..
            }) if *was == is_refusal => pending.push_str(&text),
            _ => self
                .blocks
                .push_back(Block::new(Kind::Text { is_refusal }, text)),
        }
    }

    fn thought(&mut self, text: String, is_summary: bool) {
        if text.is_empty() {
            return;
        }
        match self.blocks.back_mut() {
            Some(Block {
                kind:
                    Kind::Thinking {
                        is_summary: was,
                        signature: None,
                    },
                pending,
                ..
            }) if *was == is_summary => pending.push_str(&text),
            _ => {
                let kind = Kind::Thinking {
                    is_summary,
                    signature: None,
                };
                self.blocks.push_back(Block::new(kind, text));
            }
        }
    }

    fn sealed(&mut self, seal: &Seal) {
        let text = seal_text(seal);
        match self.blocks.back_mut() {
            Some(Block {
                kind: Kind::Thinking { signature, .. },
                ..
            }) if signature.is_none() => *signature = Some(text),
            _ => {
                let kind = match seal.is_redacted {
                    true => Kind::Redacted { data: text },
                    false => Kind::Thinking {
                        is_summary: false,
                        signature: Some(text),
                    },
                };
                self.blocks.push_back(Block::new(kind, String::new()));
            }
        }
    }

    fn call(&mut self, number: usize, id: String, name: &str, is_custom: bool) {
        let kind = Kind::Call {
            number,
            id: self.call_id(&id),
            name: self.own_name(name),
            is_custom,
            scan: Scan::default(),
            has_arguments: false,
        };
        self.calls += 1;
        self.blocks.push_back(Block::new(kind, String::new()));
    }

    /// Takes in arguments. Those of a call that is over are blank, or there was more
    /// than one object.
    fn arguments(&mut self, of: usize, text: &str) {
        for block in self.blocks.iter_mut().rev() {
            if let Kind::Call { number, scan, .. } = &mut block.kind
                && *number == of
            {
                scan.take_in(text);
                block.pending.push_str(text);
                return;
            }
        }
    }

    /// Writes what can be written: the first block, and those behind it that have
    /// become the first.
    fn write_blocks(&mut self, out: &mut Vec<u8>) {
        self.begin(None, None, out);
        while let Some(mut block) = self.blocks.pop_front() {
            self.write_block(&mut block, out);
            if self.blocks.is_empty() || !block.is_complete() {
                self.blocks.push_front(block);
                return;
            }
            self.stop_block(block, out);
        }
    }

    fn write_block(&self, block: &mut Block, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut block.is_started, true) {
            let start = match &block.kind {
                Kind::Text { .. } => json!({"type": "text", "text": ""}),
                Kind::Thinking { .. } => {
                    json!({"type": "thinking", "thinking": "", "signature": ""})
                }
                Kind::Redacted { data } => json!({"type": "redacted_thinking", "data": data}),
                Kind::Call { id, name, .. } => {
                    json!({"type": "tool_use", "id": id, "name": name, "input": {}})
                }
            };
            event(
                out,
                &json!({
                    "type": "content_block_start",
                    "index": self.index,
                    "content_block": start,
                }),
            );
        }
        if block.pending.is_empty() {
            return;
        }
        let (kind, field) = match &mut block.kind {
            Kind::Text { .. } => ("text_delta", "text"),
            Kind::Thinking { .. } => ("thinking_delta", "thinking"),
            // Text becomes a member of an object, and is whole only at the end.
            Kind::Redacted { .. }
            | Kind::Call {
                is_custom: true, ..
            } => return,
            Kind::Call { has_arguments, .. } => {
                *has_arguments = true;
                ("input_json_delta", "partial_json")
            }
        };
        self.more(kind, field, &block.pending, out);
        block.pending.clear();
    }

    /// More of a block: what most events are, and so written without a tree.
    fn more(&self, kind: &str, field: &str, text: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(
            b"event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":",
        );
        write_number(self.index, out);
        for piece in [",\"delta\":{\"type\":\"", kind, "\",\"", field, "\":"] {
            out.extend_from_slice(piece.as_bytes());
        }
        write_text(text, out);
        out.extend_from_slice(b"}}\n\n");
    }

    fn stop_block(&mut self, block: Block, out: &mut Vec<u8>) {
        match block.kind {
            Kind::Thinking {
                signature: Some(signature),
                ..
            } => self.more("signature_delta", "signature", &signature, out),
            Kind::Call {
                is_custom: true, ..
            } => {
                let input = json!({"input": block.pending}).to_string();
                self.more("input_json_delta", "partial_json", &input, out);
            }
            Kind::Call {
                has_arguments: false,
                ..
            } => self.more("input_json_delta", "partial_json", "{}", out),
            _ => {}
        }
        let stop = json!({"type": "content_block_stop", "index": self.index});
        event(out, &stop);
        self.index += 1;
    }

    /// Some upstreams end with `stop` though there are calls (facts: Copilot, 8).
    fn stop_reason(&self, finish: Option<&Finish>) -> (&'static str, Option<String>) {
        let reason = match finish {
            _ if self.has_refusal => "refusal",
            None | Some(Finish::Stop) if self.calls > 0 => "tool_use",
            Some(Finish::Calls) if self.calls > 0 => "tool_use",
            None | Some(Finish::Stop | Finish::Calls) => "end_turn",
            Some(Finish::StopSequence(sequence)) => return ("stop_sequence", sequence.clone()),
            Some(Finish::Length) => "max_tokens",
            Some(Finish::Filtered | Finish::Refused) => "refusal",
            Some(Finish::Paused) => "pause_turn",
        };
        (reason, None)
    }

    fn id(&self, told: Option<&str>) -> String {
        match told {
            Some(id) if id.starts_with("msg_") => id.to_owned(),
            _ => format!("msg_{}", self.asked.id),
        }
    }

    fn call_id(&self, told: &str) -> String {
        match told {
            "" => format!("toolu_{}_{}", self.asked.id, self.calls),
            told => told.to_owned(),
        }
    }

    /// The tool's name as the client knows it.
    fn own_name(&self, flat: &str) -> String {
        let known = self.asked.way_back.tool(flat);
        known.map_or_else(|| flat.to_owned(), |tool| tool.name.clone())
    }
}

/// Anthropic counts cached tokens beside the others, not among them.
fn used(usage: Usage) -> Value {
    let cached = usage.cache_read.saturating_add(usage.cache_write);
    json!({
        "input_tokens": usage.input.saturating_sub(cached),
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "output_tokens": usage.output,
    })
}

/// Writes one event, which is named as its data's type.
fn event(out: &mut Vec<u8>, data: &Value) {
    let name = data["type"].as_str().unwrap_or_default();
    out.extend_from_slice(format!("event: {name}\ndata: {data}\n\n").as_bytes());
}
