//! The record of one request: plain values, cheap to clone.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::Timestamp;

/// What one admitted request was, and what it used.
///
/// Times are kept to the microsecond, counts up to [`i64::MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When the request was admitted.
    pub time: Timestamp,
    /// Its id, of which the ledger keeps one record. Ids that grow with time,
    /// as those of UUID version 7 do, keep the writer fast.
    pub request_id: String,
    /// The account that served it, or failed to last. `None` where none was tried.
    pub account: Option<Arc<str>>,
    /// That account's provider.
    pub provider: Option<Arc<str>>,
    /// The model as the client named it.
    pub model_asked: Arc<str>,
    /// The model as the upstream was asked for it.
    pub model_served: Option<Arc<str>>,
    /// The dialect that the client spoke.
    pub dialect: Dialect,
    /// What it asked for.
    pub operation: Operation,
    /// Whether the client asked for a stream.
    pub stream: bool,
    /// The status that the client got; 499 for one that left before.
    pub status: u16,
    /// How it ended.
    pub outcome: Ending,
    /// A stable word for what went wrong.
    pub error_code: Option<Cow<'static, str>>,
    /// Tokens and credits.
    pub usage: Usage,
    /// Who caused it, as the upstream was told.
    pub initiator: Initiator,
    /// How often an upstream was asked.
    pub attempts: u32,
    /// From admission to the reply's first byte. `None` where none came.
    pub first_byte: Option<Duration>,
    /// From admission to the end.
    pub total: Duration,
    /// The client, where it is known by a key of its own.
    pub client: Option<Arc<str>>,
    /// How it came to its account, as JSON of the gateway's. `None` where there
    /// was nothing to decide.
    pub decision: Option<String>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// The reply reached the client whole.
    Complete,
    /// The client got an error, or a reply that broke.
    Failed,
    /// The client left.
    Cancelled,
}

impl Ending {
    /// The name used in the ledger.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}
