//! Claims about the mock, each proved through a real socket.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails where what it relies on fails"
)]

mod asked;
mod bench;
mod chat;
mod client;
mod control;
mod delivery;
mod faults;
mod flight;
mod formats;
mod github;
mod models;
#[cfg(unix)]
mod program;
mod quirks;
mod quota;
mod seals;
mod seen;
