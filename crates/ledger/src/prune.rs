//! Removes what is old, beside a server that goes on writing.

use std::path::Path;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

use crate::filter::micros;
use crate::{Error, open};

/// Removes the records of requests admitted before a moment from the ledger at
/// `path`, gives their room back to the system, and says how many they were.
/// Blocks until that is done: half a minute for a million.
///
/// It works in small transactions, the oldest records first, and pauses after
/// each: a writer waits for some hundredths of a second at most, a reader not at
/// all, and where it is stopped or fails, what it has removed is removed. A ledger
/// of an earlier release stays one.
///
/// # Errors
/// [`Error::Missing`] if there is no ledger; otherwise if it cannot be opened or
/// written, is no ledger, or is one of a later release.
pub fn prune(path: &Path, before: Timestamp) -> Result<u64, Error> {
    let path = std::path::absolute(path).map_err(Error::io("find", path))?;
    let mut connection = open::existing(&path)?;
    let removed = remove(&mut connection, before).map_err(Error::sqlite(&path))?;
    // The records are gone, whether or not the file can be made shorter now.
    if let Err(error) = give_back(&connection) {
        tracing::debug!(%error, "the ledger is pruned, but could not be tidied");
    }
    Ok(removed)
}

fn remove(connection: &mut Connection, before: Timestamp) -> rusqlite::Result<u64> {
    let mut removed = 0;
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows = transaction
            .prepare_cached(REMOVE)?
            .execute([micros(before), ROWS as i64])?;
        transaction.commit()?;
        removed += rows as u64;
        if rows < ROWS {
            return Ok(removed);
        }
        thread::sleep(PAUSE);
    }
}

/// Moves the file's last pages into the free ones, and makes it shorter. Nothing
/// of that happens in a ledger that was begun without `auto_vacuum`; the next
/// records fill its free pages.
fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
    let incremental: i64 = connection.query_row("PRAGMA auto_vacuum", [], |row| row.get(0))?;
    // The server may take some of them meanwhile, so that fewer turns may do.
    let turns = if incremental == 2 {
        free / PAGES + 1
    } else {
        0
    };
    for _ in 0..turns {
        let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
        let mut pages = statement.query([])?;
        // It frees one page a row.
        while pages.next()?.is_some() {}
        thread::sleep(PAUSE);
    }
    connection.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(PASSIVE);")
}

const REMOVE: &str = "DELETE FROM record WHERE id IN
    (SELECT id FROM record WHERE time_us < ? ORDER BY time_us LIMIT ?)";

/// How many rows are removed in one transaction.
const ROWS: usize = 1000;

/// How many pages are given back in one transaction.
const PAGES: i64 = 250;

/// As long as a transaction takes, or longer: so a writer that looks for the lock
/// now and then finds it free at the first or second look.
const PAUSE: Duration = Duration::from_millis(10);
