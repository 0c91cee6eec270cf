//! Writes a whole reply for a client of Chat Completions.

use serde_json::{Map, Value, json};

use super::encode::Heading;
use super::finish;
use crate::chat::opaque;
use crate::delta::{Block, Reply};
use crate::json::put;
use crate::prompt::{Input, Seal};
use crate::translate::Asked;
use crate::{Dialect, Failure, Usage};

/// The JSON of a reply, or of the failure that it is.
pub(super) fn write(asked: &Asked, reply: &Reply) -> Value {
    if let Some((code, message)) = &reply.failure {
        let code = code.clone().unwrap_or_else(|| "upstream_error".to_owned());
        let body = Failure::new(502, code, message.clone()).body(Dialect::Chat);
        return serde_json::from_slice(&body).unwrap_or_default();
    }
    let mut said = Said::default();
    for block in &reply.blocks {
        said.add(asked, block);
    }
    let heading = Heading::new(
        asked,
        reply.id.as_deref(),
        reply.model.clone(),
        reply.created,
    );
    let reason = finish::write(reply.finish.as_ref(), !said.calls.is_empty());
    let logprobs = std::mem::take(&mut said.logprobs);
    let logprobs = match logprobs.is_empty() {
        true => Value::Null,
        false => json!({"content": logprobs, "refusal": null}),
    };
    let mut body = Map::new();
    put(&mut body, "id", Some(heading.id));
    put(&mut body, "object", Some("chat.completion"));
    put(&mut body, "created", Some(heading.created));
    put(&mut body, "model", Some(heading.model));
    put(
        &mut body,
        "choices",
        Some(json!([{
            "index": 0,
            "message": said.message(),
            "logprobs": logprobs,
            "finish_reason": reason,
        }])),
    );
    put(&mut body, "usage", reply.usage.map(usage));
    body.into()
}

/// The JSON of a usage.
pub(super) fn usage(usage: Usage) -> Value {
    let mut prompt = Map::new();
    put(&mut prompt, "cached_tokens", Some(usage.cache_read));
    // Copilot's name for what OpenAI does not tell.
    let written = Some(usage.cache_write).filter(|written| *written > 0);
    put(&mut prompt, "cache_creation_tokens", written);
    json!({
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input.saturating_add(usage.output),
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}

/// The text in the arguments of a custom tool that the upstream knows as a function;
/// of what is no such JSON, as it is.
pub(super) fn unwrapped(arguments: &str) -> String {
    let arguments = arguments.trim();
    if arguments.is_empty() {
        return String::new();
    }
    let json: Value = serde_json::from_str(arguments).unwrap_or_default();
    match json["input"].as_str() {
        Some(input) => input.to_owned(),
        None if json == json!({}) => String::new(),
        None => arguments.to_owned(),
    }
}

/// What the reply's one message says.
#[derive(Default)]
struct Said {
    reasoning: String,
    /// The first ones that stand together, as in a stream.
    seals: Vec<Seal>,
    is_sealed: bool,
    text: Option<String>,
    refusal: String,
    annotations: Vec<Value>,
    logprobs: Vec<Value>,
    calls: Vec<Value>,
}

impl Said {
    fn add(&mut self, asked: &Asked, block: &Block) {
        match block {
            Block::Reasoning { text, seal, .. } => {
                self.reasoning.push_str(text);
                self.seals.extend(seal.clone().filter(|_| !self.is_sealed));
                return;
            }
            Block::Text {
                text,
                annotations,
                logprobs,
            } => {
                self.text.get_or_insert_default().push_str(text);
                self.annotations.extend_from_slice(annotations);
                self.logprobs.extend_from_slice(logprobs);
            }
            Block::Refusal(text) => self.refusal.push_str(text),
            Block::Call { id, name, input } => self.calls.push(call(asked, id, name, input)),
        }
        self.is_sealed |= !self.seals.is_empty();
    }

    fn message(self) -> Value {
        let is_silent = self.calls.is_empty() && self.refusal.is_empty();
        let content = self.text.or_else(|| is_silent.then(String::new));
        let refusal = Some(self.refusal).filter(|text| !text.is_empty());
        let some = |list: Vec<Value>| Some(list).filter(|list| !list.is_empty());
        let mut message = Map::new();
        put(&mut message, "role", Some("assistant"));
        put(&mut message, "content", Some(json!(content)));
        put(&mut message, "refusal", Some(json!(refusal)));
        put(&mut message, "annotations", some(self.annotations));
        let reasoning = Some(self.reasoning).filter(|text| !text.is_empty());
        put(&mut message, "reasoning_content", reasoning);
        put(
            &mut message,
            "reasoning_opaque",
            opaque::of_seals(&self.seals),
        );
        put(&mut message, "tool_calls", some(self.calls));
        message.into()
    }
}

fn call(asked: &Asked, id: &str, flat: &str, input: &Input) -> Value {
    let known = asked.way_back.tool(flat);
    let name = known.map_or(flat, |known| &known.name);
    let custom = match input {
        Input::Text(text) => Some(text.clone()),
        Input::Json(text) if known.is_some_and(|known| known.is_custom) => Some(unwrapped(text)),
        Input::Json(_) => None,
    };
    match (custom, input) {
        (Some(input), _) => json!({
            "id": id, "type": "custom", "custom": {"name": name, "input": input},
        }),
        (None, Input::Json(text) | Input::Text(text)) => {
            let arguments = if text.trim().is_empty() { "{}" } else { text };
            json!({
                "id": id, "type": "function",
                "function": {"name": name, "arguments": arguments},
            })
        }
    }
}
