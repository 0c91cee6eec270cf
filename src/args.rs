//! The whole command line, as types; a file for each family of verbs.

mod accounts;
mod agents;
mod settings;
mod usage;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use accounts::{AccountVerb, Import, Login, Remove, Show, ShowAccount, Source};
pub(crate) use agents::{Agent, Run, Setup, Shell};
pub(crate) use settings::{Check, ConfigVerb, Get, ListSettings, Set, Unset};
pub(crate) use usage::{By, Log, Prune, Usage, UsageVerb};

/// Turns the AI subscriptions you already pay for into one local API.
#[derive(Parser)]
#[command(
    name = "tokn-router",
    version = env!("TOKN_ROUTER_VERSION"),
    arg_required_else_help = true,
    after_long_help = EXIT_CODES,
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
    /// Show the accounts, and what is to become of them
    Account {
        #[command(subcommand)]
        verb: AccountVerb,
    },
    /// Read, change and check the configuration file
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Show the headers that an upstream would be sent, and where each comes from
    Headers(Headers),
    /// Start the local API
    Serve(Serve),
    /// Print what an agent needs to use the local API, write it, or take it back
    Setup(Setup),
    /// Start an agent that uses the local API, with nothing of it edited
    Run(Run),
    /// Tell why a request went where it went, or where one would go now
    Explain(Explain),
    /// Show what was used: in all, over time, and by account and model
    Usage(Usage),
    /// Learn the models, their limits and their list prices anew, from models.dev
    UpdateCatalogue(UpdateCatalogue),
    /// Look for what is wrong, and say what to do about it
    Doctor(Doctor),
    /// Print what makes a shell complete this command line
    Completions(Completions),
    /// Write the manual pages
    Man(Man),
}

/// Show the headers that an upstream would be sent.
#[derive(clap::Args)]
pub(crate) struct Headers {
    /// Only this account's
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell why a request went where it went, or where one would go now.
#[derive(clap::Args)]
pub(crate) struct Explain {
    /// The request's id, as x-tokn-router-request-id told it
    #[arg(value_name = "REQUEST_ID", required_unless_present = "model")]
    pub(crate) request: Option<String>,
    /// Tell what a request for this model would do now, without sending one
    #[arg(long, value_name = "MODEL", conflicts_with = "request")]
    pub(crate) model: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask the upstreams for their models straight, without the configured proxies
    #[arg(long, requires = "model")]
    pub(crate) no_proxy: bool,
}

/// Learn the models, their limits and their list prices anew.
#[derive(clap::Args)]
pub(crate) struct UpdateCatalogue {
    /// Read this file instead, of models.dev's form or of the program's own; - is stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Connect straight, without the configured outbound proxy
    #[arg(long)]
    pub(crate) no_proxy: bool,
}

/// Look for what is wrong.
#[derive(clap::Args)]
pub(crate) struct Doctor {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask no upstream
    #[arg(long)]
    pub(crate) offline: bool,
    /// Ask straight, without the configured outbound proxies
    #[arg(long)]
    pub(crate) no_proxy: bool,
}

/// Print what makes a shell complete this command line.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Write the manual pages.
#[derive(clap::Args)]
pub(crate) struct Man {
    /// The directory to write them to, as in ~/.local/share/man/man1; it is made
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
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

/// As `report` gives them.
const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  something else went wrong
  2  the command line is wrong
  3  the configuration is wrong
  4  a credential or an account is refused
  5  the network, or a server on it, does not answer";

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
