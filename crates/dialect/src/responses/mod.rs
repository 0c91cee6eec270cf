//! Responses: its requests and its replies.

mod json;
pub mod reply;
pub mod request;
pub mod socket;

#[cfg(test)]
mod golden;
