//! What the person wrote: the configuration file, its schema, its edits, and private files.
//!
//! This crate quarantines TOML: no other names `toml`. It reads no clock and no
//! environment; both arrive as arguments.
//!
//! # Layout
//!
//! - [`schema`]: every key as data; [`kind`]: what a value may be.
//! - [`check()`]: text in, a [`Config`] or every [`Problem`] out.
//! - [`load()`]: a file in, a [`Config`] out; [`edit`]: changes that keep comments.
//! - [`view`]: every key with its value, and where it comes from.
//! - [`files`]: files that nobody else may read; [`paths`]: where things live.
//! - [`foreign`]: single keys of another program's file.

mod account;
mod assemble;
pub mod check;
pub mod edit;
mod error;
pub mod files;
pub mod foreign;
pub mod kind;
mod layout;
pub mod load;
pub mod nearest;
pub mod paths;
mod problem;
pub mod schema;
mod splice;
mod url;
pub mod view;

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

pub use account::{Account, InitiatorMode, OwnProxy, ProviderId, Settings, Tier};
pub use check::check;
pub use error::Error;
pub use load::{Loaded, load};
pub use problem::{Problem, Problems};

/// The whole configuration. Every value in it is already right.
#[derive(Clone, Debug)]
pub struct Config {
    /// How the local API listens and how long it waits.
    pub server: Server,
    /// How requests are spread over the accounts.
    pub pool: Pool,
    /// What is recorded of each request.
    pub usage: Usage,
    /// The way out; `None` is a direct connection.
    pub proxy: Option<Proxy>,
    /// The accounts, in the order of the file; their ids differ.
    pub accounts: Vec<Account>,
}

/// The `[server]` section.
#[derive(Clone, Debug)]
pub struct Server {
    /// The address or host name to listen on, an IPv6 address without brackets.
    pub host: String,
    /// The port to listen on; 0 lets the system pick one.
    pub port: u16,
    /// The largest request body, before and after it is unpacked.
    pub max_body_bytes: u64,
    /// How long open requests may take to finish once the server was told to end.
    pub drain: Duration,
    /// How long a connection to an upstream may take.
    pub connect_timeout: Duration,
    /// How long an upstream may take to send its first byte.
    pub first_byte_timeout: Duration,
    /// How long an upstream may be silent in mid-reply.
    pub idle_timeout: Duration,
    /// After how much silence the client is sent a keep-alive.
    pub keep_alive: Duration,
    /// Whether answers say which account served, in `x-tokn-router-*` headers.
    pub reveal_account: bool,
    /// Whether `GET /v1/responses` becomes a WebSocket.
    pub websocket: bool,
}

/// The `[pool]` section.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Which account comes first.
    pub strategy: Strategy,
    /// How long an account rests after a failure.
    pub failure_cooldown: Duration,
    /// How long a conversation that says nothing keeps its account, with [`Strategy::Sticky`].
    pub session_ttl: Duration,
    /// How long a request waits for a limit to pass or a turn to come; zero is not at all.
    pub max_wait: Duration,
}

/// Which of the accounts that could serve a request is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Each in its turn, in proportion to its weight.
    RoundRobin,
    /// The one that the conversation began on; each in its turn for a new one.
    Sticky,
    /// The first of the file, until it is at a limit.
    FillFirst,
    /// The one with the most left of its quota.
    MostRemaining,
}

impl Strategy {
    /// Every strategy, by the name that the configuration file gives it.
    pub const NAMES: &[&str] = &[
        Self::RoundRobin.as_str(),
        Self::Sticky.as_str(),
        Self::FillFirst.as_str(),
        Self::MostRemaining.as_str(),
    ];

    /// The strategy with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::RoundRobin,
            Self::Sticky,
            Self::FillFirst,
            Self::MostRemaining,
        ];
        all.into_iter().find(|strategy| strategy.as_str() == name)
    }

    /// The strategy's name in the configuration file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RoundRobin => "round_robin",
            Self::Sticky => "sticky",
            Self::FillFirst => "fill_first",
            Self::MostRemaining => "most_remaining",
        }
    }
}

/// The `[usage]` section.
#[derive(Clone, Debug)]
pub struct Usage {
    /// Whether requests are recorded.
    pub enabled: bool,
    /// Where the ledger is, when not in the data directory; it may begin with `~/`, which
    /// [`paths::usage_database`] resolves.
    pub path: Option<PathBuf>,
}

/// The `[proxy]` section, when it asks for a proxy.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Which proxy.
    pub via: Via,
    /// Hosts reached directly: names, `.suffixes`, addresses, and CIDR blocks.
    pub no_proxy: Vec<String>,
}

/// Which proxy outbound connections take.
#[derive(Clone, Debug)]
pub enum Via {
    /// This `http`, `https`, `socks5` or `socks5h` URL, which may hold a password.
    Url(SecretString),
    /// The one that `HTTPS_PROXY` and its kin name.
    System,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const SPECIFICATION: &str = include_str!("../tests/specification.toml");

    #[test]
    fn the_configuration_of_the_specification_is_accepted() {
        let config = check(SPECIFICATION, Path::new("config.toml")).unwrap();
        insta::assert_snapshot!(format!("{config:#?}"), @r#"
        Config {
            server: Server {
                host: "127.0.0.1",
                port: 4141,
                max_body_bytes: 67108864,
                drain: 300s,
                connect_timeout: 10s,
                first_byte_timeout: 300s,
                idle_timeout: 300s,
                keep_alive: 15s,
                reveal_account: true,
                websocket: true,
            },
            pool: Pool {
                strategy: RoundRobin,
                failure_cooldown: 60s,
                session_ttl: 3600s,
                max_wait: 20s,
            },
            usage: Usage {
                enabled: true,
                path: None,
            },
            proxy: None,
            accounts: [
                Account {
                    id: "personal",
                    provider: GithubCopilot,
                    enabled: true,
                    refresh_token: Some(
                        SecretBox<str>([REDACTED]),
                    ),
                    access_token: Some(
                        SecretBox<str>([REDACTED]),
                    ),
                    access_token_expires_at: Some(
                        1730000000,
                    ),
                    refresh_url: Some(
                        "https://api.github.com/copilot_internal/v2/token",
                    ),
                    base_url: None,
                    api_key: None,
                    host: "github.com",
                    tier: Active,
                    weight: 1,
                    max_concurrent: None,
                    proxy: None,
                    settings: Settings {
                        editor_version: Some(
                            "vscode/1.95.0",
                        ),
                        editor_plugin_version: Some(
                            "copilot-chat/0.20.0",
                        ),
                        user_agent: Some(
                            "GitHubCopilotChat/0.20.0",
                        ),
                        copilot_integration_id: Some(
                            "vscode-chat",
                        ),
                        openai_intent: Some(
                            "conversation-panel",
                        ),
                        x_github_api_version: None,
                        interaction_type: None,
                        initiator_mode: Auto,
                    },
                },
            ],
        }
        "#);
    }

    #[test]
    fn an_empty_file_is_the_default() {
        let empty = check("", Path::new("config.toml")).unwrap();
        assert_eq!(format!("{empty:?}"), format!("{:?}", Config::default()));
        insta::assert_snapshot!(format!("{empty:#?}"), @r#"
        Config {
            server: Server {
                host: "127.0.0.1",
                port: 4141,
                max_body_bytes: 67108864,
                drain: 300s,
                connect_timeout: 10s,
                first_byte_timeout: 300s,
                idle_timeout: 300s,
                keep_alive: 15s,
                reveal_account: true,
                websocket: true,
            },
            pool: Pool {
                strategy: RoundRobin,
                failure_cooldown: 60s,
                session_ttl: 3600s,
                max_wait: 20s,
            },
            usage: Usage {
                enabled: true,
                path: None,
            },
            proxy: None,
            accounts: [],
        }
        "#);
    }
}
