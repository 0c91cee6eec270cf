//! What the ledger of a home holds.

use std::path::Path;

use ledger::{Ending, Reader, Record};

use super::eventually;

/// All records of the ledger at `path`.
#[track_caller]
pub(crate) fn records(path: &Path) -> Vec<Record> {
    let reader = Reader::open(path).expect("there is a ledger");
    reader.last(usize::MAX).unwrap()
}

/// Waits until the ledger at `path` holds at least so many records.
pub(crate) async fn records_until(path: &Path, count: usize) -> Vec<Record> {
    eventually("the records", || {
        let records = Reader::open(path).ok()?.last(usize::MAX).unwrap();
        (records.len() >= count).then_some(records)
    })
    .await
}

/// How many records ended so.
pub(crate) fn count(records: &[Record], ending: Ending) -> usize {
    let same = records.iter().filter(|record| record.outcome == ending);
    same.count()
}
