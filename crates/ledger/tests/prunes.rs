//! Pruning removes what is old, nothing else, and gives its room back.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use ledger::{Error, Ledger, Reader, Record, prune};
use proptest::prelude::*;
use rusqlite::Connection;

use crate::samples::{TO_VERSION_1, numbered, records, time, usual_records, usual_time};

proptest! {
    // Each case makes a database, and waits for the disk to take it.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn pruning_removes_exactly_what_is_before_and_keeps_the_rest_equal(
        records in prop_oneof![records(20), usual_records(40)],
        before in prop_oneof![usual_time(), time()],
        old in any::<bool>(),
    ) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        write(&path, records)?;
        if old {
            Connection::open(&path)?.execute_batch(TO_VERSION_1)?;
        }
        let reader = Reader::open(&path)?;
        let (removed, kept): (Vec<_>, Vec<_>) = reader
            .last(usize::MAX)?
            .into_iter()
            .partition(|record| record.time < before);

        prop_assert_eq!(reader.count_before(before)?, removed.len() as u64);
        prop_assert_eq!(prune(&path, before)?, removed.len() as u64);
        prop_assert_eq!(reader.last(usize::MAX)?, kept);
        prop_assert_eq!(prune(&path, before)?, 0);
        let version: u32 = Connection::open(&path)?
            .query_row("PRAGMA user_version", [], |row| row.get(0))?;
        prop_assert_eq!(version == 1, old);
    }
}

#[test]
fn more_than_one_transaction_removes_all_and_the_file_becomes_shorter() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    write(&path, (0..9000).map(numbered).collect()).unwrap();
    let size = || fs::metadata(&path).unwrap().len();
    let before = size();
    assert_eq!(prune(&path, numbered(8000).time).unwrap(), 8000);
    let left = Reader::open(&path).unwrap().last(usize::MAX).unwrap();
    assert!(left.into_iter().eq((8000..9000).map(numbered)));
    assert!(size() < before / 4, "{} of {before} bytes", size());

    let check: String = Connection::open(&path)
        .and_then(|other| other.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn pruning_makes_no_ledger_and_touches_no_other_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let error = prune(&path, Timestamp::MAX).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }), "{error}");
    assert!(!path.exists());

    Connection::open(&path)
        .and_then(|other| other.execute_batch("CREATE TABLE record (time_us INTEGER)"))
        .unwrap();
    let before = fs::read(&path).unwrap();
    let error = prune(&path, Timestamp::MAX).unwrap_err();
    assert!(matches!(error, Error::Foreign { .. }), "{error}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

fn write(path: &Path, records: Vec<Record>) -> Result<(), Error> {
    let ledger = Ledger::open(path)?;
    for record in records {
        ledger.record(record);
    }
    ledger.close()
}
