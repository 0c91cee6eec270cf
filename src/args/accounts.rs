//! The command line of `login`, `import` and `account`.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Subcommand, ValueEnum};
use config::ProviderId;

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

/// Sign in to a provider and add the account.
#[derive(clap::Args)]
pub(crate) struct Login {
    /// Read the credential from stdin: the provider's API key, or a GitHub token
    #[arg(long)]
    pub(crate) key_stdin: bool,
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

fn provider() -> impl clap::builder::TypedValueParser<Value = ProviderId> {
    PossibleValuesParser::new(ProviderId::IDS)
        .map(|id| ProviderId::from_id(&id).unwrap_or(ProviderId::GithubCopilot))
}
