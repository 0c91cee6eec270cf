//! Responses: its requests and its replies.

pub mod reply;
pub mod request;
pub mod socket;
pub mod steady;

#[cfg(test)]
mod golden;
