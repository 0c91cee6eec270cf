//! The command line of `setup` and `run`.

use std::ffi::OsString;

use clap::ValueEnum;

/// Tell an agent to use the local API.
#[derive(clap::Args)]
pub(crate) struct Setup {
    /// The agent; without one, each is listed with whether it is on this machine
    #[arg(value_name = "AGENT")]
    pub(crate) agent: Option<Agent>,
    /// Write it into the agent's own file, with a backup beside it
    #[arg(long, requires = "agent", conflicts_with_all = ["undo", "json", "shell"])]
    pub(crate) write: bool,
    /// Take back what --write wrote, and nothing else
    #[arg(long, requires = "agent", conflicts_with_all = ["json", "shell"])]
    pub(crate) undo: bool,
    /// The model to use [default: the newest of the agent's kind that is served]
    #[arg(long, value_name = "ID", requires = "agent", conflicts_with = "undo")]
    pub(crate) model: Option<String>,
    /// Where the local API is [default: where the configuration says]
    #[arg(long, value_name = "URL", requires = "agent", conflicts_with = "undo")]
    pub(crate) url: Option<String>,
    /// Print the environment, in the words of this shell [default: that of $SHELL]
    #[arg(
        long,
        value_name = "SHELL",
        requires = "agent",
        conflicts_with = "json"
    )]
    pub(crate) shell: Option<Shell>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Start an agent that uses the local API.
#[derive(clap::Args)]
#[command(after_long_help = ITS_EXIT_CODE)]
pub(crate) struct Run {
    /// The model to use [default: the newest of the agent's kind that is served]
    #[arg(long, value_name = "ID")]
    pub(crate) model: Option<String>,
    /// Where the local API is [default: where the configuration says]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The agent's program and its arguments, as in `-- claude -p hi`
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    pub(crate) command: Vec<OsString>,
}

/// Who asks models on a person's behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Agent {
    /// Anthropic's Claude Code
    ClaudeCode,
    /// OpenAI's Codex
    Codex,
    /// opencode
    Opencode,
    /// GitHub's Copilot CLI, with a provider of one's own
    Copilot,
    /// Aider
    Aider,
    /// Qwen Code
    QwenCode,
    /// Whatever reads the variables of OpenAI's and Anthropic's libraries
    Env,
}

/// In whose words an environment is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shell {
    /// Any POSIX shell
    Sh,
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
    /// PowerShell
    Pwsh,
}

const ITS_EXIT_CODE: &str = "\
The exit code is the agent's own. Where it is not started, it is as usual, and
  126  what was named cannot be started
  127  there is no such program";
