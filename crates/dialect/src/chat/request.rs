//! Requests of Chat Completions: read into the hub, and written from it.

mod calls;
mod choices;
mod formats;
mod parts;
mod read;
mod slots;
mod tools;
mod turns;
mod write;

pub(in crate::chat) use calls::as_text;
pub use read::read;
pub use write::write;

#[cfg(test)]
pub(in crate::chat) mod laws;
#[cfg(test)]
mod tests;
