//! Requests of Messages: read into the hub, and written from it.

mod fields;
mod read;
mod write;

pub use read::read;
pub use write::write;
