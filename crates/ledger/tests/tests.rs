//! The ledger as its users see it: one test binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails where it is not as it should be"
)]

mod faults;
mod files;
mod kill;
mod laws;
mod load;
mod periods;
mod prunes;
mod reports;
mod samples;
mod tails;
