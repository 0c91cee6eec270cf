//! The command line of `usage`.

use clap::{Subcommand, ValueEnum};

/// Show what was used.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Usage {
    #[command(subcommand)]
    pub(crate) verb: Option<UsageVerb>,
    #[command(flatten)]
    pub(crate) window: Window,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// What a row of the table is about; several make a row for each combination
    #[arg(
        long,
        value_name = "WHAT",
        value_delimiter = ',',
        default_value = "account,model"
    )]
    pub(crate) by: Vec<By>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the table as comma-separated values
    #[arg(long, conflicts_with = "json")]
    pub(crate) csv: bool,
}

/// What else can be done about what was used.
#[derive(Subcommand)]
pub(crate) enum UsageVerb {
    /// Show the last requests one by one, and follow those to come
    Log(Log),
    /// Remove old records for good
    Prune(Prune),
}

/// Which stretch of time.
#[derive(clap::Args)]
pub(crate) struct Window {
    /// From then on: 24h, 7d, today, 2026-11-01, 2026-11-01T12:00, or all [default:
    /// 24h, or all where --until is given]
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<String>,
    /// Up to then, in the same words [default: now]
    #[arg(long, value_name = "WHEN")]
    pub(crate) until: Option<String>,
}

/// Whose requests.
#[derive(clap::Args)]
pub(crate) struct Whose {
    /// Only what this account served, or failed to
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<String>,
    /// Only what was asked of this model
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
}

/// What a row of the table is about.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum By {
    /// The account that served, or failed to last
    Account,
    /// The model that was served
    Model,
    /// The day, by the clock on the wall
    Day,
    /// The hour, by the clock on the wall
    Hour,
    /// The client, where it has a key of its own
    Client,
}

/// Show requests one by one.
#[derive(clap::Args)]
pub(crate) struct Log {
    /// Go on with those to come, until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Begin with so many of the last ones
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub(crate) lines: usize,
    #[command(flatten)]
    pub(crate) whose: Whose,
    /// Print a JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Remove old records.
#[derive(clap::Args)]
pub(crate) struct Prune {
    /// Those of requests before then: 90d, 2026-11-01, 2026-11-01T12:00, or all
    #[arg(long, value_name = "WHEN")]
    pub(crate) before: String,
    /// Do not ask first
    #[arg(long)]
    pub(crate) yes: bool,
}
