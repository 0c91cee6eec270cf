//! What an upstream's answer means for its account, and what follows for the
//! request: the whole retry policy.

use std::time::Duration;

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The account answered the request.
    Served,
    /// The request itself is at fault: no other account would take it.
    Rejected,
    /// The account does not serve the model, though its list may say so.
    Unserved,
    /// The credential was not accepted: a fresh one may be.
    Unauthorized,
    /// The host is not the account's (421): its endpoints are to be read anew.
    Misdirected,
    /// The account may not serve: its seat, plan or identity is refused.
    Refused,
    /// A limit was hit.
    Limited {
        /// What the limit covers.
        scope: Scope,
        /// When it ends, where the upstream told.
        retry_after: Option<Duration>,
    },
    /// The upstream failed by itself: 408, 5xx, an error inside a stream.
    Failing {
        /// When to try again, where the upstream told.
        retry_after: Option<Duration>,
    },
    /// No answer: no connection, a broken one, or silence.
    Unreachable,
}

/// What a limit covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// How fast the account asks: it passes within seconds or minutes.
    Pace,
    /// One model on the account.
    Model,
    /// Everything that the account does, until its window or quota is renewed.
    Account,
    /// Every account of the provider alike.
    Provider,
}

/// What follows for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The client gets this answer.
    Answer,
    /// The same account again, once, with a renewed credential.
    Renew,
    /// Another account.
    Move,
}

impl Outcome {
    /// What to do with a request of which no byte has reached the client.
    /// `renewed` tells whether this account's credential was renewed for it.
    pub const fn next(self, renewed: bool) -> Next {
        match self {
            Self::Served | Self::Rejected => Next::Answer,
            Self::Unauthorized | Self::Misdirected if !renewed => Next::Renew,
            Self::Unauthorized
            | Self::Misdirected
            | Self::Unserved
            | Self::Refused
            | Self::Limited { .. }
            | Self::Failing { .. }
            | Self::Unreachable => Next::Move,
        }
    }
}
