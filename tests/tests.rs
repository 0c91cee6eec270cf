//! End-to-end tests through the real binary, against the simulated upstream on
//! loopback. A test's name is its claim.
//!
//! # Layout
//! - `support` – the language of the tests: a home, a server, a client
//! - `e2e` – the claims, a file for each subject

// File modes, signals and the XDG directories, which most claims touch, are
// Unix's; Windows must compile and no more.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails where what it relies on fails"
)]

mod e2e;
mod support;
