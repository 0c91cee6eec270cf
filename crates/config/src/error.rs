//! Why a configuration cannot be read or written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::Problems;

/// Why a configuration cannot be read or written, or where it is cannot be told.
#[derive(Debug)]
pub enum Error {
    /// The system refused.
    Io {
        /// What was tried, as in `cannot read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than its owner may use a file that holds secrets.
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its mode, of which only the low nine bits are set.
        mode: u32,
    },
    /// The configuration is wrong.
    Problems(Problems),
    /// What was asked for cannot be done: there is no such key, or it cannot have that value.
    Refused {
        /// Why.
        message: String,
        /// What to do instead.
        hint: Option<String>,
    },
    /// Neither `HOME` nor its kin are set.
    NoHome,
}

impl Error {
    /// What to do about it, when the message does not say it already.
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NoHome => Some("set HOME, or name the file with --config PATH"),
            Self::Refused { hint, .. } => hint.as_deref(),
            Self::Io { .. } | Self::Permissions { .. } | Self::Problems(_) => None,
        }
    }

    /// Says why something is not done, and what to do instead.
    pub(crate) fn refused(message: impl Into<String>, hint: Option<String>) -> Self {
        let message = message.into();
        Self::Refused { message, hint }
    }

    /// Says of a file what was tried when the system refused.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io {
                action,
                path,
                source,
            } => write!(f, "{action} {}: {source}", path.display()),
            Self::Permissions { path, mode } => write!(
                f,
                "{} holds secrets, and others may use it (mode {mode:04o}): run chmod 600 {}",
                path.display(),
                shell_quoted(path),
            ),
            Self::Problems(problems) => problems.fmt(f),
            Self::Refused { message, .. } => f.write_str(message),
            Self::NoHome => f.write_str("no home directory is known"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A path as one word of a POSIX shell.
fn shell_quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
