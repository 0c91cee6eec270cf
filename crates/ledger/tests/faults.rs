//! A file that cannot be written for a while costs nothing; one that cannot be
//! written to the end costs what is said.

use std::path::Path;
use std::thread;

use ledger::{Error, Ledger, Reader};
use rusqlite::Connection;

use crate::samples::numbered;

#[test]
fn another_process_that_locks_the_file_for_a_while_costs_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for number in 0..1000 {
        ledger.record(numbered(number));
    }
    assert_eq!(ledger.backlog(), 1000);
    other.execute_batch("COMMIT").unwrap();
    ledger.close().unwrap();
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 1000);
}

#[test]
fn records_that_are_refused_for_a_while_are_written_later() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let other = refuse_writes(&path);
    for number in 0..1000 {
        ledger.record(numbered(number));
    }
    assert_eq!(ledger.backlog(), 1000);
    other.execute_batch("DROP TRIGGER refuse").unwrap();
    ledger.close().unwrap();
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 1000);
}

#[test]
fn a_close_that_cannot_write_says_how_many_records_are_lost() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let _other = refuse_writes(&path);
    for number in 0..3 {
        ledger.record(numbered(number));
    }
    for _ in 0..2 {
        let error = ledger.close().unwrap_err();
        assert!(matches!(error, Error::Lost { records: 3, .. }), "{error}");
        assert!(error.to_string().starts_with("3 records were lost"));
    }
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 0);
}

#[test]
fn a_record_after_the_close_is_counted_as_lost() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(&directory.path().join("usage.db")).unwrap();
    ledger.close().unwrap();
    ledger.record(numbered(0));
    assert!(matches!(
        ledger.close(),
        Err(Error::Lost { records: 1, .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_file_that_is_removed_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    ledger.record(numbered(0));
    while ledger.backlog() > 0 {
        thread::yield_now();
    }
    std::fs::remove_file(&path).unwrap();
    ledger.record(numbered(1));
    ledger.close().unwrap();
    let records = Reader::open(&path).unwrap().last(usize::MAX).unwrap();
    assert_eq!(records, [numbered(1)]);
}

/// Makes every write fail, as a full disk would, and for every connection.
fn refuse_writes(path: &Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other
        .execute_batch(
            "CREATE TRIGGER refuse BEFORE INSERT ON record
             BEGIN SELECT RAISE(ABORT, 'refused by a test'); END",
        )
        .unwrap();
    other
}
