//! The tables, and how older ones become them.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::Error;

/// The version of the ledger that `connection` has open; 0 for an empty file.
///
/// # Errors
/// If the file is no ledger, or one of a later release.
pub(crate) fn version(connection: &Connection, path: &Path) -> Result<u32, Error> {
    let foreign = |reason: &str| Error::Foreign {
        path: path.to_owned(),
        reason: reason.to_owned(),
    };
    // One statement sees one state, also while another process migrates.
    let (application, version, tables): (i64, i64, i64) = connection
        .query_row(
            "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(Error::sqlite(path))?;
    if application != APPLICATION && (application, version, tables) != (0, 0, 0) {
        return Err(foreign("it is another program's database"));
    }
    let version = u32::try_from(version).map_err(|_| foreign("its version is negative"))?;
    if version > LATEST {
        return Err(Error::Newer {
            path: path.to_owned(),
            found: version,
            known: LATEST,
        });
    }
    Ok(version)
}

/// Brings a ledger of `version` to the latest, whole or not at all.
pub(crate) fn migrate(connection: &mut Connection, version: u32) -> rusqlite::Result<()> {
    if version == LATEST {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited for its turn.
    let version: u32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", LATEST)?;
    transaction.commit()
}

/// "tokn": says whose database a file is, also to the `file` command.
const APPLICATION: i64 = 0x746f_6b6e;

#[expect(clippy::cast_possible_truncation, reason = "a handful of migrations")]
const LATEST: u32 = MIGRATIONS.len() as u32;

/// The statements that lead from each version to the next. One that was released
/// is never changed.
///
/// Rows are written in the order in which requests end, so that both indices
/// grow at their ends where request ids grow with time. No index serves accounts
/// or models: a report reads its window of time as a whole.
///
/// It reads the index `record_in_time` only, which has all that it needs. So a
/// report costs the same however long decisions are, and of a million records
/// reads 100 MB instead of 690. Warm that takes 0.32 instead of 0.49 s; cold, what
/// the disk takes. Writing a record takes 0.9 µs longer, 3.6 instead of 2.7.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE record (
        id            INTEGER PRIMARY KEY,
        time_us       INTEGER NOT NULL, -- microseconds since 1970
        request_id    TEXT NOT NULL UNIQUE,
        account       TEXT,
        provider      TEXT,
        model_asked   TEXT NOT NULL,
        model_served  TEXT,
        dialect       TEXT NOT NULL,
        stream        INTEGER NOT NULL,
        status        INTEGER NOT NULL,
        outcome       TEXT NOT NULL,
        error_code    TEXT,
        input         INTEGER NOT NULL, -- tokens, those read from a cache included
        output        INTEGER NOT NULL, -- tokens, reasoning included
        cache_read    INTEGER NOT NULL,
        cache_write   INTEGER NOT NULL,
        reasoning     INTEGER NOT NULL,
        nano_credits  INTEGER,          -- NULL is not told, which is not 0
        initiator     TEXT NOT NULL,
        attempts      INTEGER NOT NULL,
        first_byte_us INTEGER,
        total_us      INTEGER NOT NULL,
        client        TEXT
    ) STRICT;
    CREATE INDEX record_by_time ON record (time_us);
",
    "
    ALTER TABLE record ADD COLUMN decision TEXT; -- JSON: how it came to its account
",
    "
    CREATE INDEX record_in_time ON record (
        time_us, account, provider, model_served, model_asked, outcome, input, output,
        cache_read, cache_write, reasoning, nano_credits, first_byte_us, client
    );
    DROP INDEX record_by_time;
",
    "
    ALTER TABLE record ADD COLUMN operation TEXT; -- NULL: a reply was generated
",
];
