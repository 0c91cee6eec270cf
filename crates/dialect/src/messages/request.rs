//! Requests of Messages: read into the hub, and written from it.

mod fields;
mod read;
mod write;

pub use read::read;
pub(crate) use write::marks::mark_conversation;
pub use write::write;
