//! What is said: the wire formats of the APIs, as pure functions over bytes.
//!
//! Nothing here does I/O, reads a clock or panics on any input. The parts, in
//! the order in which a request meets them:
//!
//! - [`envelope`]: the few fields that routing needs, read shallowly, and the
//!   splices that change a body in place; which conversation a request goes on
//!   with, by its session and its opening
//! - [`sealed`]: the state in a conversation that only its maker can read, and
//!   a body without it
//! - [`sse`]: bytes to events, cut anywhere
//! - [`usage`]: tokens and credits of a reply, in one convention
//! - [`failure`]: an error, worded in the client's dialect
//! - [`chunk`]: what an event of a reply means to a relay
//! - [`chat`], [`responses`], [`messages`]: what each dialect is
//! - [`embeddings`]: requests for vectors, and vectors; [`tokens`]: how many a prompt has,
//!   about
//! - [`translate`]: from one to another, through the hub: [`prompt`], a request in no
//!   dialect, and [`delta`], a reply in increments; [`way_back`] and [`tag`]: what must
//!   be known, or carried, to come back

pub mod chat;
pub mod chunk;
pub mod delta;
pub mod embeddings;
pub mod envelope;
pub mod failure;
mod fields;
mod json;
pub mod messages;
mod opening;
mod plain;
pub mod prompt;
mod raw;
pub mod responses;
pub mod sealed;
pub mod sse;
pub mod tag;
pub mod tokens;
pub mod translate;
mod turns;
pub mod usage;
pub mod way_back;

pub use envelope::Envelope;
pub use failure::Failure;
pub use usage::Usage;

/// One of the wire formats that clients and upstreams speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI Chat Completions, `/chat/completions`.
    Chat,
    /// OpenAI Responses, `/responses`.
    Responses,
    /// Anthropic Messages, `/v1/messages`.
    Messages,
}

impl Dialect {
    /// The name used in logs and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Messages => "messages",
        }
    }
}

/// What is asked of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// A reply.
    Generate,
    /// Vectors of texts, `/embeddings`.
    Embed,
    /// How many tokens a prompt has, `/v1/messages/count_tokens`.
    CountTokens,
}

impl Operation {
    /// The name used in logs and in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Embed => "embed",
            Self::CountTokens => "count_tokens",
        }
    }
}

/// Who caused a request, in the sense of Copilot's `X-Initiator` header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Initiator {
    /// A person's own turn.
    User,
    /// A follow-up that an agent sent by itself, such as a tool's result.
    Agent,
}

impl Initiator {
    /// The header's value, and the ledger's.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Agent => "agent",
        }
    }

    /// Reads a header's value: trimmed, in any case (facts: Copilot, 11).
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if value.eq_ignore_ascii_case("user") {
            Some(Self::User)
        } else if value.eq_ignore_ascii_case("agent") {
            Some(Self::Agent)
        } else {
            None
        }
    }
}
