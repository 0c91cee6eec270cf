//! Responses: its requests and its replies.

mod json;
pub mod reply;
pub mod request;
pub mod socket;
pub mod steady;

#[cfg(test)]
mod golden;
