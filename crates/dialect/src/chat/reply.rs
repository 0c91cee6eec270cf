//! Replies of Chat Completions: read into increments, and written from them.

mod calls;
mod decode;
mod encode;
mod finish;
mod whole;

pub use decode::{Decoder, whole};
pub use encode::Encoder;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
