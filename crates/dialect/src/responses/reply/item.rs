//! The items of a reply as they are written: what they hold, and their JSON.

use serde_json::{Map, Value, json};

use crate::Dialect;
use crate::json::put;
use crate::prompt::Seal;
use crate::tag::tagged;

/// An item.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: String,
    /// `in_progress` while it is open, then `completed` or `incomplete`.
    pub(super) status: &'static str,
    pub(super) body: Body,
}

/// What an item holds.
#[derive(Debug)]
pub(super) enum Body {
    /// Reasoning: what can be read of it, and what cannot.
    Reasoning { text: String, seal: Option<Seal> },
    /// What the model says.
    Message(Vec<Part>),
    /// A call.
    Call(Called),
}

/// A part of a message.
#[derive(Debug)]
pub(super) enum Part {
    /// Text with what stands beside it.
    Text {
        text: String,
        annotations: Vec<Value>,
        logprobs: Vec<Value>,
    },
    /// A refusal.
    Refusal(String),
}

/// A call.
#[derive(Debug)]
pub(super) struct Called {
    /// Which of the reply's it is, in the hub.
    pub(super) number: usize,
    pub(super) call_id: String,
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    pub(super) form: Form,
    /// What it is called with until now, as the upstream says it.
    pub(super) input: String,
}

/// How a call comes from the upstream, and goes to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With a JSON object, as it is.
    Function,
    /// With text, as it is.
    Custom,
    /// To the upstream it is a function of `input`, to the client a custom tool.
    Wrapped,
}

impl Item {
    /// What its id begins with.
    pub(super) const fn prefix(body: &Body) -> &'static str {
        match body {
            Body::Reasoning { .. } => "rs",
            Body::Message(_) => "msg",
            Body::Call(Called { form, .. }) => match form {
                Form::Function => "fc",
                Form::Custom | Form::Wrapped => "ctc",
            },
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.status == "in_progress"
    }

    /// Its JSON: as far as it was said, or without what it holds when it begins.
    pub(super) fn json(&self) -> Value {
        match &self.body {
            Body::Reasoning { text, seal } => reasoning(&self.id, text, seal.as_ref()),
            Body::Message(parts) => {
                let content: Vec<Value> = parts.iter().map(Part::json).collect();
                json!({
                    "id": self.id,
                    "type": "message",
                    "status": self.status,
                    "role": "assistant",
                    "content": content,
                })
            }
            Body::Call(call) => self.call(call),
        }
    }

    fn call(&self, call: &Called) -> Value {
        let mut json = Map::new();
        let (kind, field, input) = match call.form {
            Form::Function => ("function_call", "arguments", call.input.clone()),
            Form::Custom => ("custom_tool_call", "input", call.input.clone()),
            Form::Wrapped => ("custom_tool_call", "input", unwrapped(&call.input)),
        };
        put(&mut json, "id", Some(&*self.id));
        put(&mut json, "type", Some(kind));
        put(&mut json, "status", Some(self.status));
        put(&mut json, "call_id", Some(&*call.call_id));
        put(&mut json, "name", Some(&*call.name));
        put(&mut json, "namespace", call.namespace.as_deref());
        put(&mut json, field, Some(input));
        json.into()
    }
}

/// All thoughts are told as a summary, since clients show no others and some give no
/// others back.
///
/// A seal of this dialect stands as it is where the item has its id. In a stream the
/// item got another one before the seal came, and OpenAI's SDKs refuse an item that
/// changes its id: there the seal carries its own in its tag.
fn reasoning(id: &str, text: &str, seal: Option<&Seal>) -> Value {
    let mut json = json!({"id": id, "type": "reasoning", "summary": []});
    if !text.is_empty() {
        json["summary"] = json!([summary(text)]);
    }
    if let Some(seal) = seal {
        let is_own = seal.dialect == Dialect::Responses && seal.id.as_deref() == Some(id);
        let value = match is_own {
            true => seal.value.clone(),
            false => tagged(seal),
        };
        json["encrypted_content"] = value.into();
    }
    json
}

/// A part of a summary.
pub(super) fn summary(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}

impl Part {
    /// Its JSON.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Text {
                text,
                annotations,
                logprobs,
            } => json!({
                "type": "output_text",
                "text": text,
                "annotations": annotations,
                "logprobs": logprobs,
            }),
            Self::Refusal(text) => json!({"type": "refusal", "refusal": text}),
        }
    }
}

/// The text that a custom tool is called with, out of the object that a function gets.
/// What is no such object is passed on as it was generated.
pub(super) fn unwrapped(arguments: &str) -> String {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(mut fields)) => match fields.remove("input") {
            Some(Value::String(text)) => text,
            _ if fields.is_empty() => String::new(),
            _ => arguments.to_owned(),
        },
        Ok(Value::String(text)) => text,
        _ => arguments.to_owned(),
    }
}
