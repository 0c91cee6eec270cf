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
    /// The request holds state that another account or model has sealed.
    Foreign,
    /// The account does not serve the model, though its list may say so.
    Unserved,
    /// The credential was not accepted: a fresh one may be.
    Unauthorized,
    /// The host is not the account's (421): its endpoints are to be read anew.
    Misdirected,
    /// The client's identity is not taken, or something on the way answers in
    /// the upstream's place.
    Unrecognised,
    /// The account may not serve until a person acts: its seat is gone, its
    /// key is revoked. It takes two answers in a row to believe it.
    Refused,
    /// A limit was hit.
    Limited {
        /// What the limit covers.
        scope: Scope,
        /// When it ends.
        reset: Reset,
    },
    /// The upstream has too much to do: it passes soon, and is no fault of
    /// this account's.
    Overloaded {
        /// Whom it hits.
        scope: Scope,
        /// When to try again, where the upstream told.
        retry_after: Option<Duration>,
    },
    /// It broke off, or lost patience, before any of a reply: likely a blip,
    /// such as a connection that has gone stale.
    Interrupted,
    /// The upstream failed by itself: 5xx, an error inside a stream.
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

/// When a limit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// After this long, as the upstream told.
    Told(Duration),
    /// After this long, as the calendar tells of quotas of this kind.
    Calendar(Duration),
    /// Nobody knows.
    Unknown,
}

/// What follows for the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The client gets this answer.
    Answer,
    /// The same account again, once, with a renewed credential.
    Renew,
    /// The same account again, once, without the sealed state.
    Strip,
    /// The same account again, at once: once for each request.
    Again,
    /// The same account again after its limit, or another one.
    Move,
}

/// What was already done about a request on one account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mended {
    /// Its credential was renewed.
    pub renewed: bool,
    /// The state that others sealed was taken out, or there was none.
    pub stripped: bool,
    /// The request was sent again after an interruption.
    pub resent: bool,
}

impl Mended {
    /// Nothing more can be done about it.
    pub const ALL: Self = Self {
        renewed: true,
        stripped: true,
        resent: true,
    };
}

impl Outcome {
    /// What to do with a request of which no byte has reached the client.
    pub const fn next(self, mended: Mended) -> Next {
        match self {
            Self::Served | Self::Rejected => Next::Answer,
            Self::Foreign if mended.stripped => Next::Answer,
            Self::Foreign => Next::Strip,
            Self::Unauthorized | Self::Misdirected if !mended.renewed => Next::Renew,
            Self::Interrupted if !mended.resent => Next::Again,
            Self::Interrupted
            | Self::Unauthorized
            | Self::Misdirected
            | Self::Unserved
            | Self::Unrecognised
            | Self::Refused
            | Self::Limited { .. }
            | Self::Overloaded { .. }
            | Self::Failing { .. }
            | Self::Unreachable => Next::Move,
        }
    }

    /// A stable word for the record of a decision.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Served => "served",
            Self::Rejected => "rejected",
            Self::Foreign => "foreign_state",
            Self::Unserved => "unserved",
            Self::Unauthorized => "unauthorized",
            Self::Misdirected => "misdirected",
            Self::Unrecognised => "unrecognised",
            Self::Refused => "refused",
            Self::Limited { .. } => "limited",
            Self::Overloaded { .. } => "overloaded",
            Self::Failing { .. } => "failing",
            Self::Interrupted => "interrupted",
            Self::Unreachable => "unreachable",
        }
    }
}
