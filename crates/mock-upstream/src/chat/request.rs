//! As much of a chat request as the mock heeds.

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Request {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    #[serde(default)]
    pub(super) stream: bool,
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    tools: Vec<Tool>,
    tool_choice: Option<Value>,
    #[serde(default)]
    pub(super) parallel_tool_calls: Option<bool>,
    thinking: Option<Thinking>,
    #[serde(default)]
    response_format: Value,
}

#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) role: String,
    #[serde(default)]
    content: Value,
    reasoning_opaque: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    #[serde(default)]
    pub(super) parameters: Value,
}

#[derive(Deserialize)]
struct Tool {
    function: Option<Function>,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct Thinking {
    r#type: String,
}

impl Request {
    pub(super) fn wants_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .is_some_and(|options| options.include_usage)
    }

    pub(super) fn wants_thinking(&self) -> bool {
        self.thinking
            .as_ref()
            .is_some_and(|thinking| thinking.r#type == "enabled")
    }

    /// What the text of the reply must fit.
    pub(super) fn schema(&self) -> Option<&Value> {
        self.response_format.pointer("/json_schema/schema")
    }

    pub(super) fn has_image(&self) -> bool {
        self.messages.iter().any(Message::has_image)
    }

    pub(super) fn has_role(&self, role: &str) -> bool {
        self.messages.iter().any(|message| message.role == role)
    }

    /// The functions that may be called now.
    pub(super) fn functions(&self) -> impl Iterator<Item = &Function> {
        let none = self
            .tool_choice
            .as_ref()
            .is_some_and(|choice| choice == "none");
        self.tools
            .iter()
            .filter_map(|tool| tool.function.as_ref())
            .filter(move |_| !none)
    }

    /// Whose turn it was; what the system says in between, as Claude Code lets it, is no turn.
    pub(super) fn last_word(&self) -> Option<&Message> {
        let is_turn = |message: &&Message| !["system", "developer"].contains(&&*message.role);
        self.messages.iter().rev().find(is_turn)
    }

    pub(super) fn last_of(&self, role: &str) -> Option<&Message> {
        self.messages
            .iter()
            .rev()
            .find(|message| message.role == role)
    }

    /// What the assistant's messages say that their reasoning is sealed with.
    pub(super) fn seals(&self) -> impl Iterator<Item = &str> {
        self.messages
            .iter()
            .filter(|message| message.role == "assistant")
            .filter_map(|message| message.reasoning_opaque.as_deref())
    }

    /// All text of all messages, in bytes.
    pub(super) fn text_len(&self) -> usize {
        self.messages
            .iter()
            .map(|message| message.text().len())
            .sum()
    }
}

impl Message {
    /// The text of a string or of the text parts.
    pub(super) fn text(&self) -> String {
        match &self.content {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect::<Vec<_>>()
                .join(" "),
            _ => String::new(),
        }
    }

    fn has_image(&self) -> bool {
        let Value::Array(parts) = &self.content else {
            return false;
        };
        parts
            .iter()
            .any(|part| part["type"] == "image_url" || part["type"] == "image")
    }
}
