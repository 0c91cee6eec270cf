//! The command line of `config`.

use std::path::PathBuf;

use clap::Subcommand;

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
