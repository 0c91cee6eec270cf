//! What is recorded is there: equal, once, in order, whoever records it and however.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use dialect::Usage;
use ledger::{Ledger, Reader, Record};
use proptest::prelude::*;

use crate::samples::{numbered, records};

proptest! {
    // Each case makes a database, and waits for the disk to take it.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_recorded_is_read_back_equal_once_and_in_order(records in records(30)) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        let ledger = Ledger::open(&path)?;
        for record in &records {
            ledger.record(record.clone());
        }
        ledger.close()?;

        let reader = Reader::open(&path)?;
        prop_assert_eq!(reader.count()?, records.len() as u64);
        for record in &records {
            prop_assert_eq!(reader.by_request(&record.request_id)?, Some(record.clone()));
        }
        let last = &records[records.len() / 2..];
        prop_assert_eq!(reader.last(last.len())?, last);
        prop_assert_eq!(reader.last(usize::MAX)?, records);
    }

    #[test]
    fn a_request_is_recorded_once_however_often_it_is_told(numbers in prop::collection::vec(0..5_usize, 0..30)) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        let ledger = Ledger::open(&path)?;
        let mut expected = Vec::new();
        for number in numbers {
            ledger.record(numbered(number));
            if !expected.contains(&numbered(number)) {
                expected.push(numbered(number));
            }
        }
        ledger.close()?;
        prop_assert_eq!(Reader::open(&path)?.last(usize::MAX)?, expected);
    }

    #[test]
    fn eight_threads_lose_nothing_and_each_keeps_its_order(shares in prop::collection::vec(0..60_usize, 8)) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        let ledger = Ledger::open(&path)?;
        record_in_threads(&ledger, &shares);
        ledger.close()?;
        prop_assert_eq!(&shares_in(&path)?[..8], shares);
    }
}

#[test]
fn sixty_four_threads_leave_all_their_records() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    record_in_threads(&ledger, &[500; 64]);
    ledger.close().unwrap();
    assert_eq!(ledger.backlog(), 0);
    assert_eq!(shares_in(&path).unwrap(), [500; 64]);
}

#[test]
fn what_is_recorded_becomes_readable_without_a_close() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let reader = Reader::open(&path).unwrap();
    for number in 0..3 {
        ledger.record(numbered(number));
        while ledger.backlog() > 0 {
            thread::yield_now();
        }
        assert_eq!(reader.last(1).unwrap(), [numbered(number)]);
    }
}

#[test]
fn a_reader_sees_a_growing_ledger_without_gaps_while_it_is_written() {
    const RECORDS: usize = 30_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let written = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..RECORDS {
                ledger.record(numbered(number));
            }
            ledger.close().unwrap();
            written.store(true, Ordering::Release);
        });
        let reader = Reader::open(&path).unwrap();
        let mut seen = 0;
        while !written.load(Ordering::Acquire) {
            let count = usize::try_from(reader.count().unwrap()).unwrap();
            assert!(count >= seen, "{count} records after {seen}");
            seen = count;
            let last = reader.last(100).unwrap();
            assert!(last.is_sorted_by(|one, next| number_of(one) + 1 == number_of(next)));
        }
    });
    assert_eq!(
        Reader::open(&path).unwrap().count().unwrap(),
        RECORDS as u64
    );
}

#[test]
fn two_ledgers_on_one_file_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    thread::scope(|scope| {
        for half in 0..2 {
            let path = &path;
            scope.spawn(move || {
                // Both make the file and its tables, at the same time.
                let ledger = Ledger::open(path).unwrap();
                for number in 0..2000 {
                    ledger.record(numbered(half * 2000 + number));
                }
                ledger.close().unwrap();
            });
        }
    });
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 4000);
}

#[test]
fn a_ledger_that_is_dropped_has_written_all() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    for number in 0..1000 {
        ledger.record(numbered(number));
    }
    drop(ledger);
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 1000);
}

#[test]
fn a_ledger_is_closed_once_by_however_many() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Arc::new(Ledger::open(&path).unwrap());
    for number in 0..1000 {
        ledger.record(numbered(number));
    }
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                ledger.close().unwrap();
                assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 1000);
            });
        }
    });
}

#[test]
fn a_count_beyond_what_the_file_can_hold_is_cut_and_holds_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    ledger.record(Record {
        usage: Usage {
            input: u64::MAX,
            nano_credits: Some(u64::MAX),
            ..Usage::default()
        },
        total: Duration::MAX,
        ..numbered(0)
    });
    ledger.close().unwrap();
    let read = Reader::open(&path).unwrap().by_request("00000000").unwrap();
    let read = read.unwrap();
    let most = i64::MAX.unsigned_abs();
    assert_eq!(read.usage.input, most);
    assert_eq!(read.usage.nano_credits, Some(most));
    assert_eq!(read.total, Duration::from_micros(most));
}

/// Records each share in a thread of its own, all at the same time.
fn record_in_threads(ledger: &Ledger, shares: &[usize]) {
    thread::scope(|scope| {
        for (thread, share) in shares.iter().enumerate() {
            scope.spawn(move || {
                for number in 0..*share {
                    ledger.record(Record {
                        account: Some(thread.to_string().into()),
                        ..numbered(thread * 10_000 + number)
                    });
                }
            });
        }
    });
}

/// How many records there are of each thread, each in its order and without gaps.
fn shares_in(path: &std::path::Path) -> Result<Vec<usize>, ledger::Error> {
    let mut shares = vec![0; 64];
    for record in Reader::open(path)?.last(usize::MAX)? {
        let thread: usize = record.account.as_deref().unwrap().parse().unwrap();
        assert_eq!(number_of(&record), thread * 10_000 + shares[thread]);
        shares[thread] += 1;
    }
    Ok(shares)
}

fn number_of(record: &Record) -> usize {
    record.request_id.parse().unwrap()
}
