//! The whole command line, as types.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Parser, Subcommand, ValueEnum};
use config::ProviderId;

/// Turns the AI subscriptions you already pay for into one local API.
#[derive(Parser)]
#[command(
    name = "tokn-router",
    version,
    arg_required_else_help = true,
    max_term_width = 100
)]
pub(crate) struct Args {
    /// Use this configuration file [env: TOKN_ROUTER_CONFIG]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Sign in to a provider and add the account
    Login(Login),
    /// Add an account from a credential that another program has
    Import(Import),
    /// Start the local API
    Serve(Serve),
}

/// Sign in to a provider and add the account.
#[derive(clap::Args)]
pub(crate) struct Login {
    #[command(flatten)]
    pub(crate) account: Account,
}

/// Add an account from a credential that another program has.
#[derive(clap::Args)]
pub(crate) struct Import {
    /// Where the credential is
    #[arg(long, value_name = "SOURCE")]
    pub(crate) from: Source,
    /// Read this environment variable (with --from env)
    #[arg(long, value_name = "NAME")]
    pub(crate) env_var: Option<String>,
    #[command(flatten)]
    pub(crate) account: Account,
}

/// The account that is to be added, and how to reach its provider.
#[derive(clap::Args)]
pub(crate) struct Account {
    /// Whose account it is
    #[arg(long, default_value = "github-copilot", value_name = "PROVIDER", value_parser = provider())]
    pub(crate) provider: ProviderId,
    /// Name the account; else it has its GitHub login or its provider's id
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// The account is of a GitHub tenant with data residency
    #[arg(long, value_name = "SUB.ghe.com")]
    pub(crate) host: Option<String>,
    /// Connect straight, without the configured outbound proxy
    #[arg(long)]
    pub(crate) no_proxy: bool,
}

/// Where a credential can be imported from.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
pub(crate) enum Source {
    /// The GitHub command line
    Gh,
    /// The official Copilot plugin of an editor
    CopilotPlugin,
    /// An environment variable
    Env,
}

/// Start the local API.
#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Listen on this address or name [default: 127.0.0.1, or server.host]
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Listen on this port; 0 picks a free one [default: 4141, or server.port]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,
    /// Reach the upstreams straight, without the configured outbound proxy
    #[arg(long)]
    pub(crate) no_proxy: bool,
    /// Listen beyond this machine, where anyone who can connect can spend
    #[arg(long)]
    pub(crate) insecure_allow_remote: bool,
    /// Try it without an account: the upstream is a simulation in this process
    #[arg(long)]
    pub(crate) demo: bool,
    /// How log lines on stderr look
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

fn provider() -> impl clap::builder::TypedValueParser<Value = ProviderId> {
    PossibleValuesParser::new(ProviderId::IDS)
        .map(|id| ProviderId::from_id(&id).unwrap_or(ProviderId::GithubCopilot))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
