//! Messages: its requests and its replies.

pub mod reply;
pub mod request;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
