//! Why a ledger cannot be opened, read or closed whole.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a ledger cannot be opened, read or closed whole.
#[derive(Debug, Error)]
pub enum Error {
    /// There is no ledger, and reading does not make one.
    #[error("no ledger at {}", path.display())]
    Missing {
        /// Where it would be.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as in `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A later release has written it, in a form that this one does not know.
    #[error(
        "{} is a ledger of version {found}, and this release knows none above {known}",
        path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The latest that this release knows.
        known: u32,
    },
    /// The file holds something else, or is damaged. It is left as it is.
    #[error("{} is not a ledger: {reason}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// SQLite failed otherwise.
    #[error("cannot use the ledger {}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It was closed while records could not be written.
    #[error("{records} records were lost: the ledger {} could not be written", path.display())]
    Lost {
        /// The file.
        path: PathBuf,
        /// How many records.
        records: usize,
    },
}

impl Error {
    /// Says of a file what was tried when the system refused.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    /// Says of a ledger that SQLite failed, or that it is none.
    pub(crate) fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        move |source| match source.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => Self::Foreign {
                path: path.to_owned(),
                reason: source.to_string(),
            },
            _ => Self::Sqlite {
                path: path.to_owned(),
                source: Box::new(source),
            },
        }
    }
}
