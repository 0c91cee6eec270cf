//! A whole reply as a message.

use serde_json::{Value, json};

use super::super::blocks::{object, seal_text};
use super::super::failed;
use super::{Encoder, used};
use crate::delta::{Block, Reply};
use crate::prompt::{Input, Seal};

impl Encoder {
    /// A whole reply.
    pub fn whole(&mut self, reply: &Reply) -> Value {
        if let Some((code, message)) = &reply.failure {
            return failed::body(code.as_deref(), message);
        }
        let mut content = Vec::new();
        for block in &reply.blocks {
            match block {
                Block::Text { text, .. } | Block::Refusal(text) => {
                    self.has_refusal |= matches!(block, Block::Refusal(_));
                    if !text.is_empty() {
                        content.push(json!({"type": "text", "text": text}));
                    }
                }
                Block::Reasoning { text, seal, .. } => {
                    content.extend(reasoning(text, seal.as_ref()));
                }
                Block::Call { id, name, input } => {
                    let input = match input {
                        Input::Json(text) => object(text),
                        Input::Text(text) => json!({"input": text}),
                    };
                    content.push(json!({
                        "type": "tool_use",
                        "id": self.call_id(id),
                        "name": self.own_name(name),
                        "input": input,
                    }));
                    self.calls += 1;
                }
            }
        }
        let (stop_reason, stop_sequence) = self.stop_reason(reply.finish.as_ref());
        json!({
            "id": self.id(reply.id.as_deref()),
            "type": "message",
            "role": "assistant",
            "model": reply.model.as_ref().unwrap_or(&self.asked.model),
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": stop_sequence,
            "usage": used(reply.usage.unwrap_or_default()),
        })
    }
}

/// A block of reasoning. What nobody sealed is told nonetheless, and dropped when it
/// comes back.
fn reasoning(text: &str, seal: Option<&Seal>) -> Option<Value> {
    match seal {
        None if text.is_empty() => None,
        Some(seal) if seal.is_redacted && text.is_empty() => {
            Some(json!({"type": "redacted_thinking", "data": seal_text(seal)}))
        }
        seal => Some(json!({
            "type": "thinking",
            "thinking": text,
            "signature": seal.map(seal_text).unwrap_or_default(),
        })),
    }
}
