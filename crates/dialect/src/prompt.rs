//! A request, in no dialect: what all of them can say, and what only some can.
//!
//! A dialect's `request` module reads its wire format into a [`Prompt`] and writes one
//! from it. What a dialect cannot say is dropped there by rule and named in
//! [`Dropped`]; what none of the others knows is not read at all, and named as well.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use crate::Dialect;

/// A request, in no dialect.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// The model as the client named it.
    pub model: String,
    /// Whether the reply is to be streamed.
    pub stream: bool,
    /// The conversation, instructions included, in its order.
    pub turns: Vec<Turn>,
    /// What the model may call.
    pub tools: Vec<Tool>,
    /// Whether and what it must call.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    pub parallel_calls: Option<bool>,
    /// The most tokens that it may generate, reasoning included.
    pub max_tokens: Option<u64>,
    /// How words are chosen.
    pub sampling: Sampling,
    /// What ends the reply when it is generated.
    pub stop: Vec<String>,
    /// How it is to think. `None`: as the model does by itself.
    pub thinking: Option<Thinking>,
    /// What form the text of the reply is to have. `None`: any.
    pub format: Option<Format>,
    /// How long answers are to be: `low`, `medium`, `high`.
    pub verbosity: Option<String>,
    /// Whom the client asks for, as it names them.
    pub user: Option<String>,
    /// What the client wants to find again: string pairs.
    pub metadata: Map<String, Value>,
    /// A key under which the upstream caches prompts.
    pub cache_key: Option<String>,
    /// The class of service.
    pub service_tier: Option<String>,
    /// Whether the upstream is to keep the reply.
    pub store: Option<bool>,
}

/// How words are chosen. Numbers are kept as they were written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sampling {
    /// 0 to 2, to Anthropic 0 to 1.
    pub temperature: Option<Number>,
    /// The share of probability that is considered.
    pub top_p: Option<Number>,
    /// How many tokens are considered.
    pub top_k: Option<Number>,
    /// Against what was said before.
    pub presence_penalty: Option<Number>,
    /// Against what was said often.
    pub frequency_penalty: Option<Number>,
    /// For a reply that can be had again.
    pub seed: Option<Number>,
    /// By token.
    pub logit_bias: Option<Value>,
    /// How many replies are asked for.
    pub choices: Option<u64>,
    /// Whether probabilities are told, and of how many alternatives.
    pub logprobs: Option<u64>,
}

/// What one side says before the other does.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// Who says it.
    pub role: Role,
    /// What.
    pub parts: Vec<Part>,
}

/// Who says something. What tools return is said by the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The instructions of who runs the model.
    System,
    /// The instructions of who wrote the client, where a dialect tells them from the
    /// former.
    Developer,
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// A part of what is said.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
        /// Whether the prompt is to be cached up to here.
        cache: bool,
    },
    /// An image.
    Image {
        /// Where it is.
        source: Source,
        /// How closely it is to be looked at: `low`, `high`, `auto`.
        detail: Option<String>,
        /// Whether the prompt is to be cached up to here.
        cache: bool,
    },
    /// A document, such as a PDF or a text.
    Document {
        /// Where it is.
        source: Source,
        /// What it is called.
        name: Option<String>,
        /// Whether the prompt is to be cached up to here.
        cache: bool,
    },
    /// The model's own reasoning.
    Reasoning(Reasoning),
    /// The model's refusal to say more.
    Refusal(String),
    /// The model's call of a tool.
    Call(Call),
    /// What a tool returned.
    Result {
        /// The id of the call.
        call: String,
        /// Text, images and documents.
        parts: Vec<Self>,
        /// Whether the tool failed.
        is_error: bool,
        /// Whether it is a custom tool's.
        is_custom: bool,
        /// Whether the prompt is to be cached up to here.
        cache: bool,
    },
}

impl Part {
    /// Text without a mark.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            cache: false,
        }
    }
}

/// Where the content of an image or a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Here, in base64.
    Data {
        /// As in `image/png`.
        media_type: String,
        /// In base64.
        data: String,
    },
    /// Here, as plain text.
    Text(String),
    /// There.
    Url(String),
}

impl Source {
    /// Reads a URL, which may be a data URL (RFC 2397) in base64.
    pub fn of_url(url: &str) -> Self {
        let data = url.strip_prefix("data:").and_then(|rest| {
            let (head, data) = rest.split_once(',')?;
            let media_type = head.strip_suffix(";base64")?;
            let media_type = media_type.split(';').next().unwrap_or_default();
            Some((media_type, data))
        });
        match data {
            Some((media_type, data)) => Self::Data {
                media_type: media_type.to_owned(),
                data: data.to_owned(),
            },
            None => Self::Url(url.to_owned()),
        }
    }

    /// As a URL; `None` for plain text.
    pub fn as_url(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Data { media_type, data } => {
                Some(format!("data:{media_type};base64,{data}").into())
            }
            Self::Url(url) => Some(url.as_str().into()),
            Self::Text(_) => None,
        }
    }
}

/// What the model thought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// What can be read of it.
    pub text: String,
    /// Whether the text is a summary of it, not the thing itself.
    pub is_summary: bool,
    /// What only its maker can read.
    pub seal: Option<Seal>,
}

/// Reasoning that only its maker can read, or the proof that it is unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// In which dialect it was made: another upstream cannot use it.
    pub dialect: Dialect,
    /// The id that it must keep (Responses).
    pub id: Option<String>,
    /// The sealed text.
    pub value: String,
    /// Whether it is all there is: Messages' `redacted_thinking`.
    pub is_redacted: bool,
}

/// A call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// By which its result is found.
    pub id: String,
    /// The tool, without its namespace.
    pub name: String,
    /// The tool's namespace, where a dialect has them (Responses).
    pub namespace: Option<String>,
    /// What it is called with.
    pub input: Input,
}

/// What a tool is called with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The text of a JSON object, as it was generated: it may be cut short.
    Json(String),
    /// Text of any form, of a custom tool.
    Text(String),
}

/// What the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Its name, without its namespace.
    pub name: String,
    /// The namespace that it belongs to (Responses).
    pub namespace: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// What it takes.
    pub takes: Takes,
    /// Whether the prompt is to be cached up to here.
    pub cache: bool,
}

/// What a tool takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Takes {
    /// A JSON object of this schema.
    Json {
        /// A JSON Schema. `None`: nothing at all.
        schema: Option<Value>,
        /// Whether the model is held to it.
        strict: Option<bool>,
    },
    /// Text of any form, or of the grammar that this describes.
    Text {
        /// As OpenAI's custom tools have it.
        format: Option<Value>,
    },
}

/// Whether and what the model must call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// Nothing.
    None,
    /// Something.
    Required,
    /// This tool.
    Named(String),
}

/// How the model is to think.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thinking {
    /// How hard: `none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`.
    pub effort: Option<String>,
    /// For how many tokens.
    pub budget: Option<u64>,
    /// Whether the model itself decides how much.
    pub is_adaptive: bool,
    /// Not at all.
    pub is_off: bool,
    /// What can be read of it afterwards: `auto`, `concise`, `detailed` (Responses);
    /// `summarized`, `omitted` (Messages).
    pub summary: Option<String>,
}

/// What form the text of the reply is to have.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Any JSON object.
    Json,
    /// JSON of this schema.
    Schema {
        /// What the schema is called.
        name: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// A JSON Schema.
        schema: Value,
        /// Whether the model is held to it.
        strict: Option<bool>,
    },
}

/// What a translation left out, by name, each once.
///
/// A name is the field as its client wrote it, as in `logit_bias` or
/// `tools.web_search`; docs/dialects.md lists them with the reasons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dropped(BTreeSet<Cow<'static, str>>);

impl Dropped {
    /// Names something that was left out.
    pub fn name(&mut self, what: impl Into<Cow<'static, str>>) {
        /// A client could name no end of fields.
        const MOST: usize = 64;
        if self.0.len() < MOST {
            self.0.insert(what.into());
        }
    }

    /// Names something that was left out if there is any of it.
    pub fn name_if(&mut self, is_there: bool, what: impl Into<Cow<'static, str>>) {
        if is_there {
            self.name(what);
        }
    }

    /// All names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// Whether nothing was left out.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
