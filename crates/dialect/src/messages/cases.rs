//! Cases of Messages: requests and replies of other dialects, as Anthropic has them, and its own.

mod golden;
mod read;
mod replies;
mod requests;
