//! Replies of Messages: read into increments, and written from them.

mod blocks;
mod decode;
mod encode;
mod failed;

pub(super) use blocks::object;
pub use decode::{Decoder, whole};
pub use encode::Encoder;
pub use failed::{error_words, is_too_long, is_worded};
