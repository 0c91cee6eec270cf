//! What went wrong, as a person is told of it: the error, then `hint:` what to
//! do; and the exit code.

use std::fmt::{Arguments, Display};
use std::process::ExitCode;

use gateway::gateway::SetupError;
use gateway::outbound::chain;
use gateway::provider::copilot::github;
use gateway::upstream::SendError;

/// How a command ends.
pub(crate) type Outcome = Result<(), Failure>;

/// Which exit code an error has. 2, for a wrong command line, is clap's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Nobody reads what is printed any more, as after `| head`. That ends a command,
    /// but is no error, and nothing is said of it.
    Unread = 0,
    Other = 1,
    Usage = 2,
    Config = 3,
    Auth = 4,
    Network = 5,
    /// A program that was to be started cannot be, as env(1) tells it.
    CannotRun = 126,
    /// There is no such program.
    NoProgram = 127,
}

/// An error for a person.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(message: impl Display) -> Self {
        Self::of(Kind::Other, message)
    }

    pub(crate) fn of(kind: Kind, message: impl Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            hint: None,
        }
    }

    pub(crate) fn hint(self, hint: impl Display) -> Self {
        Self {
            hint: Some(hint.to_string()),
            ..self
        }
    }

    /// What went wrong, without what to do about it.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Says what went wrong.
    pub(crate) fn tell(&self, say: fn(Arguments<'_>)) {
        say(format_args!("error: {}", self.message));
        if let Some(hint) = &self.hint {
            say(format_args!("hint: {hint}"));
        }
    }
}

/// What is left where it does not matter whether anybody reads what is printed.
pub(crate) fn unread_is_well(outcome: Outcome) -> Outcome {
    match outcome {
        Err(failure) if failure.kind == Kind::Unread => Ok(()),
        outcome => outcome,
    }
}

/// Says what went wrong and gives the exit code.
pub(crate) fn exit(outcome: Outcome, say: fn(Arguments<'_>)) -> ExitCode {
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    if failure.kind != Kind::Unread {
        failure.tell(say);
    }
    ExitCode::from(failure.kind as u8)
}

impl From<config::Error> for Failure {
    fn from(error: config::Error) -> Self {
        let kind = match error {
            // What was asked for is wrong, not what is written.
            config::Error::Refused { .. } => Kind::Usage,
            _ => Kind::Config,
        };
        let failure = Self::of(kind, &error);
        match (error.hint(), &error) {
            (Some(hint), _) => failure.hint(hint),
            (None, config::Error::Io { .. }) => {
                failure.hint("check that the file and its directory are yours to read and write")
            }
            // A problem of the file's is told with its place and what was meant.
            (None, _) => failure,
        }
    }
}

impl From<SendError> for Failure {
    fn from(error: SendError) -> Self {
        Self::of(Kind::Network, error)
            .hint("check the network, and the outbound proxy: [proxy], or --no-proxy")
    }
}

impl From<github::Error> for Failure {
    fn from(error: github::Error) -> Self {
        let (kind, hint) = match error {
            github::Error::Send(error) => return error.into(),
            github::Error::Failed { .. } => (Kind::Network, "try again later"),
            github::Error::Refused(_) => (
                Kind::Auth,
                "sign in with `tokn-router login` as someone who has a Copilot seat",
            ),
            github::Error::Unreadable(_) => (
                Kind::Other,
                "try again; if it stays so, something between here and GitHub answers for it",
            ),
        };
        Self::of(kind, error).hint(hint)
    }
}

impl From<ledger::Error> for Failure {
    fn from(error: ledger::Error) -> Self {
        let failure = Self::new(chain(&error));
        match error {
            ledger::Error::Newer { .. } => {
                failure.hint("use the release of tokn-router that wrote it, or a later one")
            }
            ledger::Error::Foreign { .. } => {
                failure.hint("name another file with `tokn-router config set usage.path PATH`")
            }
            ledger::Error::Missing { .. } => failure.hint(
                "requests are recorded once a server has run, unless [usage] enabled = false",
            ),
            ledger::Error::Io { .. }
            | ledger::Error::Sqlite { .. }
            | ledger::Error::Lost { .. } => failure
                .hint("is the disk full, or the file not yours? `tokn-router doctor` looks at it"),
        }
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        let failure = Self::of(Kind::Config, &error);
        match error {
            SetupError::NoAccount => failure.hint(
                "add one with `tokn-router login`, or try `tokn-router serve --demo` without one",
            ),
            SetupError::Account { .. } | SetupError::Device(_) => failure,
        }
    }
}
