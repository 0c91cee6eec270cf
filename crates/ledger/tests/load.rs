//! A ledger in use is read, followed and pruned without disturbing its writer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use jiff::SignedDuration;
use ledger::{By, Filter, Ledger, Query, Reader, Record, prune};

use crate::samples::numbered;

/// Reports are made without a pause, from before the first record to after the
/// last, and each is of one state: its groups and its buckets add up to its total.
#[test]
fn reports_beside_a_writer_at_full_speed_lose_nothing_and_hold_up_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let written = AtomicBool::new(false);
    let mut reports = 0;
    thread::scope(|scope| {
        scope.spawn(|| {
            record_within_bound(&ledger, 0..RECORDS);
            ledger.close().unwrap();
            written.store(true, Ordering::Release);
        });
        let reader = Reader::open(&path).unwrap();
        let mut seen = 0;
        loop {
            let last = written.load(Ordering::Acquire);
            let report = reader.report(&by_account_and_hour()).unwrap();
            let requests = report.total.requests;
            assert!(requests >= seen, "{requests} after {seen}");
            seen = requests;
            let groups = report.groups.iter().map(|group| group.figures.requests);
            assert_eq!(groups.sum::<u64>(), requests);
            let buckets = report.series.iter().map(|bucket| bucket.figures.requests);
            assert_eq!(buckets.sum::<u64>(), requests);
            reports += 1;
            if last {
                break;
            }
        }
        assert_eq!(seen, RECORDS as u64);
    });
    assert!(reports > 2, "{reports} reports");
}

#[test]
fn a_ledger_that_is_pruned_while_it_is_written_loses_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let old = RECORDS / 2;
    record_within_bound(&ledger, 0..old);
    while ledger.backlog() > 0 {
        thread::yield_now();
    }
    thread::scope(|scope| {
        let pruning = scope.spawn(|| prune(&path, spread(old).time).unwrap());
        record_within_bound(&ledger, old..RECORDS);
        assert_eq!(pruning.join().unwrap(), old as u64);
    });
    ledger.close().unwrap();
    let reader = Reader::open(&path).unwrap();
    let left = reader.last(usize::MAX).unwrap();
    assert!(left.into_iter().eq((old..RECORDS).map(spread)));
    let report = reader.report(&by_account_and_hour()).unwrap();
    assert_eq!(report.total.requests, (RECORDS - old) as u64);
}

/// Records as fast as the writer writes: the next waits while a small backlog is
/// exceeded, as a request does at admission. A writer that was held up would let
/// this never end.
fn record_within_bound(ledger: &Ledger, numbers: std::ops::Range<usize>) {
    for number in numbers {
        while ledger.backlog() > BACKLOG {
            thread::yield_now();
        }
        ledger.record(spread(number));
    }
}

/// Ten requests a minute, of three accounts.
fn spread(number: usize) -> Record {
    Record {
        time: numbered(0).time + SignedDuration::from_secs(number as i64 * 6),
        account: Some((number % 3).to_string().into()),
        ..numbered(number)
    }
}

fn by_account_and_hour() -> Query {
    Query {
        filter: Filter::default(),
        by: vec![By::Account, By::Hour],
        ..Query::default()
    }
}

const RECORDS: usize = 20_000;
const BACKLOG: usize = 1000;
