//! Requests of Responses: read into the hub, and written from it.

mod choice;
mod input;
mod items;
mod parts;
mod read;
mod results;
mod tools;
mod write;

pub use read::read;
pub use write::write;

#[cfg(test)]
pub(in crate::responses) mod laws;
#[cfg(test)]
mod tests;
