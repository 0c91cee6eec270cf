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
//! - `reader`: the questions
//! - `schema`: the tables and their migrations; `open`: the file and its connections

mod error;
mod ledger;
mod open;
mod reader;
mod record;
mod row;
mod schema;
mod writer;

pub use error::Error;
pub use ledger::{BACKLOG_BOUND, Ledger};
pub use reader::Reader;
pub use record::{Ending, Record};
