//! Who follows the ledger sees each record once, in the order of writing.

use std::thread;

use ledger::{Filter, Ledger, Place, Reader, Record, Tail};
use proptest::option;
use proptest::prelude::*;

use crate::samples::{numbered, usual_records};

proptest! {
    // Each case makes a database, and waits for the disk to take it.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_follower_sees_each_record_that_is_meant_once_and_in_order(
        records in usual_records(40),
        split in any::<prop::sample::Index>(),
        first in 0..10_usize,
        most in 1..10_usize,
        account in option::of(Just("octocat".to_owned())),
        model in option::of(Just("glm-5.3".to_owned())),
    ) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        let filter = Filter { account, model, ..Filter::default() };
        let is_meant = |record: &&Record| {
            let served = record.model_served.as_ref().unwrap_or(&record.model_asked);
            (filter.account.is_none() || filter.account.as_deref() == record.account.as_deref())
                && filter.model.as_deref().is_none_or(|model| model == &**served)
        };
        let (before, since) = records.split_at(split.index(records.len() + 1));
        let ledger = Ledger::open(&path)?;
        let reader = Reader::open(&path)?;
        write(&ledger, before);
        let tail = reader.tail(None, first, &filter)?;
        let meant: Vec<_> = before.iter().filter(is_meant).collect();
        prop_assert!(tail.records.iter().eq(meant[meant.len().saturating_sub(first)..].iter().copied()));

        write(&ledger, since);
        let mut place = tail.place;
        let mut seen = Vec::new();
        loop {
            let next = reader.tail(Some(place), most, &filter)?;
            prop_assert!(next.records.len() <= most);
            if next.records.is_empty() && next.place == place {
                break;
            }
            place = next.place;
            seen.extend(next.records);
        }
        prop_assert!(seen.iter().eq(since.iter().filter(is_meant)));
    }
}

#[test]
fn a_follower_misses_none_while_they_are_written() {
    const RECORDS: usize = 10_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let reader = Reader::open(&path).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| (0..RECORDS).for_each(|number| ledger.record(numbered(number))));
        let Tail {
            records: mut seen,
            mut place,
        } = follow(&reader, None);
        while seen.len() < RECORDS {
            let tail = follow(&reader, Some(place));
            place = tail.place;
            seen.extend(tail.records);
        }
        assert!(seen.into_iter().eq((0..RECORDS).map(numbered)));
    });
}

#[test]
fn a_follower_of_a_ledger_that_is_pruned_of_all_sees_what_is_written_then() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    let records: Vec<Record> = (0..5).map(numbered).collect();
    write(&ledger, &records);
    let reader = Reader::open(&path).unwrap();
    let place = follow(&reader, None).place;
    let after = numbered(5);
    assert_eq!(ledger::prune(&path, after.time).unwrap(), 5);
    let place = follow(&reader, Some(place)).place;
    write(&ledger, std::slice::from_ref(&after));
    assert_eq!(follow(&reader, Some(place)).records, [after]);
}

fn follow(reader: &Reader, after: Option<Place>) -> Tail {
    reader.tail(after, 20_000, &Filter::default()).unwrap()
}

fn write(ledger: &Ledger, records: &[Record]) {
    for record in records {
        ledger.record(record.clone());
    }
    while ledger.backlog() > 0 {
        thread::yield_now();
    }
}
