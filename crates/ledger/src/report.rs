//! What was used, summed up: in all, over time, and by whom and what.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::{Error, Filter, Reader};

pub use period::{Period, Step};

mod names;
mod period;
mod scan;
mod sketch;
mod sums;
mod tally;

/// What is asked of the ledger.
#[derive(Clone, Debug)]
pub struct Query {
    /// Of which records.
    pub filter: Filter,
    /// What tells one group from another, the first first. One that comes again
    /// is ignored; none at all makes one group of all.
    pub by: Vec<By>,
    /// How long each bucket of the series is. `None` is an hour where all that
    /// there is lies within two days, and else a day.
    pub step: Option<Step>,
    /// By whose clocks hours and days begin.
    pub zone: TimeZone,
}

impl Default for Query {
    /// All records by account and model, in universal time.
    fn default() -> Self {
        Self {
            filter: Filter::default(),
            by: vec![By::Account, By::Model],
            step: None,
            zone: TimeZone::UTC,
        }
    }
}

/// What records are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// The account that served, or failed to last.
    Account,
    /// The model that was served, where one was, else the one asked for.
    Model,
    /// The client with a key of its own.
    Client,
    /// The hour of admission.
    Hour,
    /// The day of admission.
    Day,
}

/// The answer: one state of the ledger, also while it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Everything.
    pub total: Figures,
    /// How long a bucket of the series is: as asked, or as it suits.
    pub step: Step,
    /// Everything over time, in its order. Buckets without a request are left
    /// out; [`Step::period`] leads over them.
    pub series: Vec<Bucket>,
    /// Everything by what was asked for, in the order of the keys.
    pub groups: Vec<Group>,
}

/// What happened in a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// When.
    pub period: Period,
    /// What.
    pub figures: Figures,
}

/// What has the same keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// One for each of [`Query::by`], in its order.
    pub keys: Vec<Key>,
    /// What there is of it.
    pub figures: Figures,
}

/// What a group has in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// Its account; `None` where none was tried.
    Account(Option<Arc<str>>),
    /// Its model.
    Model(Arc<str>),
    /// Its client, where that is known.
    Client(Option<Arc<str>>),
    /// Its hour or day.
    Time(Period),
}

/// The sums of some records. Those that do not fit are cut at [`u64::MAX`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// How many there are.
    pub requests: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many the client left.
    pub cancelled: u64,
    /// What they used.
    pub tokens: Tokens,
    /// The prices that were told, in nano-credits (1e11 are one dollar).
    pub nano_credits: u64,
    /// How many requests were told a price.
    pub priced: u64,
    /// What those used that were told none, by what a price depends on. The cost
    /// of all is `nano_credits` and what these are estimated at. In their order.
    pub unpriced: Vec<Unpriced>,
    /// How long the first byte took, where one came.
    pub first_byte: Option<Latency>,
}

/// Tokens of which no price was told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unpriced {
    /// The provider; `None` where no account was tried.
    pub provider: Option<Arc<str>>,
    /// The model that was served, where one was, else the one asked for.
    pub model: Arc<str>,
    /// How many requests used any.
    pub requests: u64,
    /// How many tokens they used.
    pub tokens: Tokens,
}

/// Sums of tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tokens {
    /// Of prompts, cached ones included.
    pub input: u64,
    /// Generated, reasoning included.
    pub output: u64,
    /// Of prompts, read from the upstream's cache.
    pub cache_read: u64,
    /// Of prompts, written to the upstream's cache.
    pub cache_write: u64,
    /// Generated as reasoning.
    pub reasoning: u64,
}

/// How long something took, to within 1.6 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// How many there are of it.
    pub count: u64,
    /// Half took no longer.
    pub p50: Duration,
    /// Nineteen of twenty took no longer.
    pub p95: Duration,
}

impl Reader {
    /// Sums up what was used.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn report(&self, query: &Query) -> Result<Report, Error> {
        scan::report(&self.connection, query).map_err(Error::sqlite(&self.path))
    }
}

/// The step that suits what lies between two moments.
fn suitable(first: Timestamp, last: Timestamp) -> Step {
    if last.duration_since(first) <= HOURS_UP_TO {
        Step::Hour
    } else {
        Step::Day
    }
}

const HOURS_UP_TO: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);
