//! A whole gateway over the simulated upstream, in one process.

mod account;
mod failover;
mod headers;
mod models;
mod outbound;
mod requests;
mod streams;
mod support;
