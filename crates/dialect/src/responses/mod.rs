//! Responses: its requests and its replies.

mod json;
pub mod reply;
pub mod request;

#[cfg(test)]
mod golden;
