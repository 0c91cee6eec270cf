//! A whole gateway over the simulated upstream, in one process.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod account;
mod dialects;
mod endpoints;
mod failover;
mod headers;
mod models;
mod outbound;
mod requests;
mod sealed;
mod sockets;
mod streams;
mod support;
mod waiting;
