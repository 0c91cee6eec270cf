//! What was used: one SQLite file, one writer.
//!
//! A [`Ledger`] takes a [`Record`] of each request without ever making it wait;
//! one thread writes them, as many in a transaction as are there. A [`Reader`]
//! reads the same file over a connection of its own, also while another process
//! writes it.
//!
//! # Layout
//!
//! - `record`: the [`Record`]; `row`: its columns, and the way there and back
//! - `ledger`: the door that requests come to; `writer`: the thread behind it
//! - `reader`: the questions; `filter`: which records they are about
//! - `report`: what was used, summed up; `tail`: the end of it, to follow
//! - `prune`: removes what is old
//! - `schema`: the tables and their migrations; `open`: the file and its connections

mod error;
mod filter;
mod ledger;
mod open;
mod prune;
mod reader;
mod record;
mod report;
mod row;
mod schema;
mod tail;
mod writer;

pub use error::Error;
pub use filter::Filter;
pub use ledger::{BACKLOG_BOUND, Ledger};
pub use prune::prune;
pub use reader::Reader;
pub use record::{Ending, Record};
pub use report::{
    Bucket, By, Figures, Group, Key, Latency, Period, Query, Report, Step, Tokens, Unpriced,
};
pub use tail::{Place, Tail};
