//! Replies of Responses: read into increments, and written from them.

mod close;
mod decode;
mod encode;
mod events;
mod heard;
mod item;
mod notes;
mod response;
mod usage;

pub use decode::{Decoder, whole};
pub use encode::Encoder;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
