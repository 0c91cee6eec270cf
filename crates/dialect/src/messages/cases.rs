//! Cases of Messages: requests and replies of other dialects, as Anthropic has them.

mod golden;
mod replies;
mod requests;
