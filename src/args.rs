//! The whole command line, as types.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Parser, Subcommand, ValueEnum};
use config::ProviderId;

/// Turns the AI subscriptions you already pay for into one local API.
#[derive(Parser)]
#[command(
    name = "tokn-router",
    version = env!("TOKN_ROUTER_VERSION"),
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
    /// Tell why a request went where it went, or where one would go now
    Explain(Explain),
}

/// Show the accounts, and what is to become of them.
#[derive(Subcommand)]
pub(crate) enum AccountVerb {
    /// Show every account: its plan, its state, what is left and until when
    List(List),
    /// Show all that is known of one account
    Status(Status),
    /// Show an account as the configuration has it, and where each value comes from
    Show(ShowAccount),
    /// Sign in to a provider and add the account; the same as `login`
    #[command(visible_alias = "login")]
    Add(Login),
    /// Add an account from a credential that another program has; the same as `import`
    Import(Import),
    /// Take an account out of the configuration, with its credentials
    Remove(Remove),
    /// End an account's cooldowns, also in a running server
    Reset(Named),
    /// Let an account serve again
    Enable(Named),
    /// Keep an account in the configuration, but let it serve nothing
    Disable(Named),
}

/// Show every account.
#[derive(clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) show: Show,
}

/// Show one account.
#[derive(clap::Args)]
pub(crate) struct Status {
    /// The account
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) show: Show,
}

/// How accounts are shown.
#[derive(clap::Args)]
pub(crate) struct Show {
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask no provider what is left: tell what is known already
    #[arg(long)]
    pub(crate) offline: bool,
    /// Ask straight, without the configured outbound proxies
    #[arg(long)]
    pub(crate) no_proxy: bool,
}

/// One account, by its id.
#[derive(clap::Args)]
pub(crate) struct Named {
    /// The account
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

/// Show an account as the configuration has it.
#[derive(clap::Args)]
pub(crate) struct ShowAccount {
    /// The account
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Show its credentials whole
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Take an account out of the configuration.
#[derive(clap::Args)]
pub(crate) struct Remove {
    /// The account
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Do not ask first
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Read, change and check the configuration file.
#[derive(Subcommand)]
pub(crate) enum ConfigVerb {
    /// Print the value of a key as it takes effect
    Get(Get),
    /// Give a key a value; comments, order and blank lines stay
    Set(Set),
    /// Take a key out, or one value out of a list
    Unset(Unset),
    /// Show every value that takes effect, and where it comes from
    List(ListSettings),
    /// Print where the file is
    Path,
    /// Tell everything that is wrong, with its line and column
    Check(Check),
    /// Print the JSON Schema, by which editors complete and check the file
    Schema,
    /// Open a copy in $VISUAL or $EDITOR, and take it up once it is right
    Edit,
}

/// Print the value of a key.
#[derive(clap::Args)]
pub(crate) struct Get {
    /// The key, as in `server.port`; of an account, as in `settings.user_agent`
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// The account whose key it is
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Show a secret whole
    #[arg(long)]
    pub(crate) show_secrets: bool,
}

/// Give a key a value.
#[derive(clap::Args)]
pub(crate) struct Set {
    /// The key, as in `server.port`; of an account, as in `settings.user_agent`
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// The value; several for a list; none for a secret, which is asked for
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    pub(crate) values: Vec<String>,
    /// The account whose key it is
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Add to a list what it does not hold yet
    #[arg(long)]
    pub(crate) add: bool,
    /// Read the value from stdin, those of a list one a line
    #[arg(long, conflicts_with = "values")]
    pub(crate) stdin: bool,
}

/// Take a key out.
#[derive(clap::Args)]
pub(crate) struct Unset {
    /// The key, as in `server.port`; of an account, as in `settings.user_agent`
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// Take only this value out of a list
    #[arg(value_name = "VALUE")]
    pub(crate) value: Option<String>,
    /// The account whose key it is
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
}

/// Show every value that takes effect.
#[derive(clap::Args)]
pub(crate) struct ListSettings {
    /// Show secrets whole
    #[arg(long)]
    pub(crate) show_secrets: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Tell everything that is wrong.
#[derive(clap::Args)]
pub(crate) struct Check {
    /// Another file than the configuration
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
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
