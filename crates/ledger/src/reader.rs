//! The questions: reads a ledger over a connection of its own.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, Params};

use crate::filter::micros;
use crate::{Error, Record, open, row};

/// A ledger that is open for reading, also while another process writes it.
#[derive(Debug)]
pub struct Reader {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) version: u32,
}

impl Reader {
    /// Opens the ledger at `path`.
    ///
    /// # Errors
    /// [`Error::Missing`] if there is none yet; otherwise if it cannot be opened,
    /// is no ledger, or is one of a later release.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let path = std::path::absolute(path).map_err(Error::io("find", path))?;
        let (connection, version) = open::readable(&path)?;
        Ok(Self {
            path,
            connection,
            version,
        })
    }

    /// How many records there are.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn count(&self) -> Result<u64, Error> {
        self.connection
            .query_row("SELECT count(*) FROM record", [], |row| {
                row.get::<_, i64>(0)
            })
            .map(i64::unsigned_abs)
            .map_err(Error::sqlite(&self.path))
    }

    /// How many records [`prune`](crate::prune()) would remove.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn count_before(&self, before: Timestamp) -> Result<u64, Error> {
        self.connection
            .query_row(
                "SELECT count(*) FROM record WHERE time_us < ?",
                [micros(before)],
                |row| row.get::<_, i64>(0),
            )
            .map(i64::unsigned_abs)
            .map_err(Error::sqlite(&self.path))
    }

    /// The `most` records that were written last, in the order of writing.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn last(&self, most: usize) -> Result<Vec<Record>, Error> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let mut records = self.records("ORDER BY id DESC LIMIT ?", [most])?;
        records.reverse();
        Ok(records)
    }

    /// The record of one request.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn by_request(&self, id: &str) -> Result<Option<Record>, Error> {
        Ok(self.records("WHERE request_id = ?", [id])?.pop())
    }

    fn records(&self, which: &str, parameters: impl Params) -> Result<Vec<Record>, Error> {
        self.connection
            .prepare_cached(&[row::select(self.version), which].concat())
            .and_then(|mut statement| statement.query_map(parameters, row::read)?.collect())
            .map_err(Error::sqlite(&self.path))
    }
}
