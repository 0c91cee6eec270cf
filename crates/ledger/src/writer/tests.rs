//! What the writer does when SQLite fails: it keeps its batch, and says so once.

use std::cell::RefCell;
use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Once};

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::Timestamp;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;
use crate::{Ending, Reader};

#[test]
fn a_full_disk_costs_no_record_and_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let mut writer = writer(&path, 500);
    let limit_pages = |writer: &Writer, pages: u32| {
        let connection = writer.connection.as_ref().unwrap();
        connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    };

    let lines = lines_of(|| {
        limit_pages(&writer, 1);
        for _ in 0..3 {
            assert!(!writer.write());
            assert_eq!(writer.backlog.load(Ordering::Relaxed), 500);
            assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 0);
        }
        limit_pages(&writer, 1_000_000);
        assert!(writer.write());
    });

    assert_eq!(lines, [Level::ERROR, Level::INFO]);
    assert_eq!(writer.backlog.load(Ordering::Relaxed), 0);
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 500);
}

#[test]
fn a_ledger_locked_for_longer_than_the_writer_waits_costs_no_record() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let mut writer = writer(&path, 3);
    let connection = writer.connection.as_ref().unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    let other = Connection::open(&path).unwrap();

    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert!(!writer.write());
    assert!(!writer.write());
    other.execute_batch("ROLLBACK").unwrap();
    assert!(writer.write());
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 3);
}

#[test]
fn a_connection_that_has_failed_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let mut writer = writer(&path, 3);
    let connection = writer.connection.as_ref().unwrap();
    connection.execute_batch("PRAGMA query_only = ON").unwrap();

    assert!(!writer.write());
    assert!(writer.write());
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 3);
}

#[test]
fn a_batch_whose_commit_was_made_and_reported_failed_is_written_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let mut writer = writer(&path, 7);
    let again = writer.batch.clone();
    assert!(writer.write());
    writer.backlog.fetch_add(again.len(), Ordering::Relaxed);
    writer.batch = again;
    assert!(writer.write());
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 7);
}

#[test]
fn pauses_between_attempts_grow_to_a_bound() {
    let directory = tempfile::tempdir().unwrap();
    let mut writer = writer(&directory.path().join("usage.db"), 0);
    let pauses = [1, 2, 3, 7, u32::MAX].map(|failures| {
        writer.failures = failures;
        writer.backoff().as_millis()
    });
    assert_eq!(pauses, [100, 200, 400, 5000, 5000]);
}

fn writer(path: &Path, records: usize) -> Writer {
    let connection = open::writable(path).unwrap();
    let backlog = Arc::new(AtomicUsize::new(records));
    let mut writer = Writer::new(path.to_owned(), connection, backlog);
    writer.batch = (0..records).map(record).collect();
    writer
}

fn record(number: usize) -> Record {
    Record {
        time: Timestamp::UNIX_EPOCH,
        request_id: format!("request-{number}"),
        account: None,
        provider: None,
        model_asked: "gpt-5-mini".into(),
        model_served: None,
        dialect: Dialect::Chat,
        operation: Operation::Generate,
        stream: false,
        status: 499,
        outcome: Ending::Cancelled,
        error_code: None,
        usage: Usage::default(),
        initiator: Initiator::User,
        attempts: 0,
        first_byte: None,
        total: Duration::ZERO,
        client: None,
        decision: None,
    }
}

/// The levels of what is logged in this thread meanwhile.
///
/// The subscriber is global, as one of a scope is not told of a line that another
/// thread has come past before, without a subscriber.
fn lines_of(work: impl FnOnce()) -> Vec<Level> {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        tracing::subscriber::set_global_default(Lines).unwrap();
        tracing::callsite::rebuild_interest_cache();
    });
    LINES.take();
    work();
    LINES.take()
}

thread_local! {
    static LINES: RefCell<Vec<Level>> = const { RefCell::new(Vec::new()) };
}

struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        LINES.with_borrow_mut(|lines| lines.push(*event.metadata().level()));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
