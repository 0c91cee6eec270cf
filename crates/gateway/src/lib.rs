//! The life of a request, from a client's socket to an upstream's and back.
//!
//! # Layout, in the order in which a request meets it
//!
//! - [`server`]: accept, serve, drain
//! - [`endpoint`]: path to endpoint; [`api`]: a request to its answer; `vectors`, `count`,
//!   `listing` and `socket`: the answers that are no replies of a model
//! - [`admit`]: size limit, decompression, envelope: an HTTP request becomes a
//!   [`call::Call`]; [`session`]: which conversation its client names
//! - [`route`]: a call becomes candidates, best first (pure); [`spoken`]: in which dialect
//!   each is asked
//! - [`pool`]: leases accounts and remembers how they fared ([`clock`]s passed in)
//! - [`dispatch`]: the failover loop; `turn`: one account's turn in it; [`attempt`]: one try on one account;
//!   [`decision`]: why it went so; `exhausted`: what is said when nobody is left
//! - [`provider`]: what is peculiar to Copilot and to Z.ai
//! - [`upstream`]: the HTTP client; [`outbound`]: how it dials
//! - [`outcome`]: what an answer means, and what follows
//! - [`speech`]: a call in the words of one upstream, and its reply's way back
//! - [`relay`]: the streamed reply; [`tap`]: what it tells in passing;
//!   `gather`: what of it goes out together; [`origins`]: who sealed what
//! - [`meter`]: exactly one record for each admitted request
//!
//! Beside the requests:
//!
//! - [`account`]: who serves; [`kept`]: what one task keeps fresh
//! - [`models`]: the live lists of models, [`model_list`]: all of them in one;
//!   [`catalogue`]: what is known of them
//! - [`quota`]: what is left
//! - [`memory`]: what is known between two runs
//! - [`presence`]: whether a server runs; [`orders`]: what a person orders of it;
//!   `following`: which accounts the configuration enables
//! - [`words`]: lengths of time, for people

pub mod account;
pub mod admit;
pub mod api;
pub mod attempt;
pub mod body;
pub mod call;
pub mod catalogue;
pub mod clock;
mod count;
pub mod decision;
pub mod dispatch;
pub mod endpoint;
pub mod error;
mod exhausted;
mod following;
pub mod gateway;
mod gather;
pub mod inflate;
pub mod kept;
mod listing;
pub mod memory;
pub mod meter;
pub mod model_list;
pub mod models;
pub mod orders;
pub mod origins;
pub mod outbound;
pub mod outcome;
pub mod pool;
pub mod presence;
pub mod provider;
pub mod quota;
pub mod relay;
pub mod route;
pub mod server;
pub mod session;
mod socket;
pub mod speech;
pub mod spoken;
pub mod tap;
mod turn;
pub mod upstream;
mod vectors;
pub mod words;

pub use crate::gateway::{Gateway, Setup};
