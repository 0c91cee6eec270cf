//! What can go wrong on demand, in the form that tests write it.
//!
//! The JSON form is serde's external tagging in snake case: a fault without
//! fields is its name, one with fields an object of its name.
//!
//! ```json
//! ["refuse", {"status": {"status": 429, "headers": [["retry-after", "3"]], "body": "slow"}}]
//! ```

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// One thing that goes wrong with one reply.
///
/// The streams of benchmark models heed only those that come before the reply or replace it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Nothing goes wrong: a place in the queue for a reply that works.
    Pass,
    /// Another status, headers and body instead of the reply.
    Status {
        /// The HTTP status.
        status: u16,
        /// Headers to send besides; a `content-type` here replaces `application/json`.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// The body, sent as it is.
        #[serde(default)]
        body: String,
    },
    /// An HTML page, as a company's web filter answers.
    Html {
        /// The HTTP status, usually 401 or 403.
        status: u16,
    },
    /// The connection closes without a reply.
    Refuse,
    /// Nothing happens for a while before the headers.
    Silence {
        /// How long.
        millis: u64,
        /// What goes wrong after it; the reply works when absent.
        #[serde(default)]
        then: Option<Box<Self>>,
    },
    /// A 200 stream that ends with an error event. A reply that is no stream is 200 with this body.
    ErrorInStream {
        /// How many events go before it; never all of them.
        after_events: usize,
        /// The data of the event, sent as it is; an error object by default.
        #[serde(default = "overloaded")]
        body: String,
    },
    /// A stream that ends before its `[DONE]`. A reply that is no stream is cut as by `CutBody`.
    CutStream {
        /// How many events go before it; never all of them.
        after_events: usize,
        /// Whether HTTP ends in order (a whole body that lacks events) or the connection breaks.
        #[serde(default)]
        clean: bool,
    },
    /// Half of the body, though `content-length` names the whole; then the connection breaks.
    CutBody,
    /// A pause inside the body. A reply that is no stream pauses in its middle.
    SilenceInStream {
        /// How many events go before it; never all of them.
        after_events: usize,
        /// How long.
        millis: u64,
    },
    /// A pause after each event. A reply that is no stream comes in sixteen pieces.
    SlowChunks {
        /// How long each.
        millis: u64,
    },
    /// Each byte in a write, and so in an HTTP chunk, of its own.
    OneByteWrites,
    /// SSE lines that end in CR LF.
    Crlf,
    /// SSE lines that end in CR alone.
    Cr,
    /// SSE comments between events and inside them.
    Comments,
    /// A last event that ends its line, but not in a blank one.
    NoTrailingBlankLine,
    /// SSE fields without the space after the colon, a byte order mark first, and `id` lines.
    TerseFields,
    /// A whole JSON reply though a stream was asked.
    JsonDespiteStream,
    /// 400 `invalid_encrypted_content` to a chat request that brings back reasoning which another
    /// account sealed: an assistant message's `reasoning_opaque` that does not begin with
    /// `sealed-by-<account id>-`. All others are served; benchmark models read no messages.
    RefuseForeignSeals,
    /// A habit of Copilot's, in form or in words.
    Quirk(Quirk),
    /// Several at once. Of those that replace the reply, the last counts.
    Together(Vec<Self>),
}

/// A habit of Copilot's chat replies that clients stumble on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quirk {
    /// A first chunk with `choices: []`, `prompt_filter_results` and an empty id.
    FirstChunkWithoutChoices,
    /// A first chunk with `choices: null` and `copilot_references`.
    NullChoices,
    /// Chunks without `object` that repeat the role, and tool ids of Claude's.
    ClaudeChunks,
    /// Usage on the finish chunk, asked or not, and no chunk of its own.
    UsageOnFinish,
    /// Zero usage in each chunk, whole tool calls, `reasoning_text` and then `reasoning_opaque`.
    ZeroUsageEachChunk,
    /// Text and tool calls of a whole reply in two choices without `index`.
    TwoChoices,
    /// No finish chunk: `[DONE]` follows the content. In a whole reply `finish_reason` is null.
    MissingFinish,
    /// `finish_reason: "stop"` though tools are called.
    FinishStopWithTools,
    /// Tool arguments of nothing but `\r\n\t`, thirty pieces of it.
    WhitespaceArguments,
    /// `reasoning_text`, and `reasoning_opaque` of `sealed-by-<account id>-<serial>`: in a stream
    /// both in the chunk before the finish. In a stream of Responses a last item of reasoning
    /// that is sealed so.
    SealedReasoning,
    /// Events of a stream of Responses that name one item by an id of their own each.
    ChangingItemIds,
}

/// The faults of one account: some for a reply each, one for all the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form")]
pub struct Faults {
    /// Each is used once, in order.
    pub queue: VecDeque<Fault>,
    /// Used for every reply while the queue is empty.
    pub standing: Option<Fault>,
}

/// The JSON of [`Faults`]: an array is a queue, an object names both.
#[derive(Deserialize)]
#[serde(untagged)]
enum Form {
    Queue(VecDeque<Fault>),
    Both {
        #[serde(default)]
        queue: VecDeque<Fault>,
        #[serde(default)]
        standing: Option<Fault>,
    },
}

impl Fault {
    /// A status with a body.
    pub fn status(status: u16, body: impl Into<String>) -> Self {
        Self::Status {
            status,
            headers: Vec::new(),
            body: body.into(),
        }
    }

    /// A 429 that names the seconds to wait.
    pub fn rate_limited(retry_after_secs: u64) -> Self {
        let body =
            r#"{"error":{"message":"Sorry, you have been rate-limited.","code":"rate_limited"}}"#;
        Self::Status {
            status: 429,
            headers: vec![("retry-after".to_owned(), retry_after_secs.to_string())],
            body: body.to_owned(),
        }
    }

    /// A pause before the headers, and then the reply.
    pub fn silence(millis: u64) -> Self {
        Self::Silence { millis, then: None }
    }
}

impl Faults {
    /// The same fault for every reply.
    pub fn always(fault: Fault) -> Self {
        Self {
            queue: VecDeque::new(),
            standing: Some(fault),
        }
    }

    pub(crate) fn take(&mut self) -> Option<Fault> {
        self.queue.pop_front().or_else(|| self.standing.clone())
    }
}

impl From<Vec<Fault>> for Faults {
    fn from(queue: Vec<Fault>) -> Self {
        Self {
            queue: queue.into(),
            standing: None,
        }
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self::from(vec![fault])
    }
}

impl From<Form> for Faults {
    fn from(form: Form) -> Self {
        let (queue, standing) = match form {
            Form::Queue(queue) => (queue, None),
            Form::Both { queue, standing } => (queue, standing),
        };
        Self { queue, standing }
    }
}

fn overloaded() -> String {
    r#"{"error":{"message":"The model is overloaded.","code":"model_overloaded"}}"#.to_owned()
}
