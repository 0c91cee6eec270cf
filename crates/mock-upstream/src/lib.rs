//! A scripted GitHub, Copilot and Z.ai on loopback: what tests, benchmarks and the demo talk to.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use mock_upstream::{Fault, Mock, Script};
//!
//! let mock = Mock::start(Script::demo()).await?;
//! mock.set_faults("octocat", vec![Fault::rate_limited(3)]);
//! // … send requests to mock.url() …
//! assert_eq!(mock.seen().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//! - `script` – what the mock plays; `fault` – what goes wrong; `plan` – what that means
//! - `mock` – the handle; `server` – connections and paths; `state` – seats and tokens
//! - `login`, `github` – sign-in, the user, the token exchange; `quota` – what is left
//! - `copilot`, `zai` – each provider's door and wording; `data` – what both serve
//! - `chat`, `embeddings`, `models` – the content; `drip` – the benchmark replies
//! - `reply`, `deliver`, `body` – from an answer to bytes, pauses and breaks
//! - `seen` – the requests as they came; `flight` – how many at once, and when each is over
//! - [`control`] – the HTTP interface for other languages

mod body;
mod chat;
pub mod control;
mod copilot;
mod data;
mod deliver;
mod drip;
mod embeddings;
mod fault;
mod flight;
mod github;
mod login;
mod mock;
mod models;
mod plan;
mod quota;
mod reply;
mod script;
mod seen;
mod server;
mod state;
mod zai;

pub use fault::{Fault, Faults, Quirk};
pub use mock::Mock;
pub use models::{Model, Task};
pub use quota::{Quota, Window};
pub use script::{Account, Clock, Kind, Login, Poll, ReplyShape, Script};
pub use seen::Seen;
