//! Whose file it is, and which files are refused and left as they are.

use std::fs;
use std::path::Path;
use std::thread;

use ledger::{Error, Ledger, Reader, Record};
use rusqlite::Connection;

use crate::samples::{TO_VERSION_1, numbered};

#[cfg(unix)]
#[test]
fn a_new_ledger_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("share/tokn-router/usage.db");
    let ledger = Ledger::open(&path).unwrap();
    ledger.record(numbered(0));
    while ledger.backlog() > 0 {
        thread::yield_now();
    }
    let mode = |name: &str| {
        let metadata = fs::metadata(directory.path().join("share").join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!(mode(""), 0o700);
    assert_eq!(mode("tokn-router"), 0o700);
    for name in ["usage.db", "usage.db-wal", "usage.db-shm"] {
        assert_eq!(mode(&format!("tokn-router/{name}")), 0o600, "{name}");
    }
}

#[test]
fn a_ledger_that_is_opened_again_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    for number in 0..3 {
        let ledger = Ledger::open(&path).unwrap();
        ledger.record(numbered(number));
        ledger.close().unwrap();
    }
    let records = Reader::open(&path).unwrap().last(2).unwrap();
    assert_eq!(records, [numbered(1), numbered(2)]);
}

#[test]
fn a_ledger_that_many_begin_at_once_is_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Ledger::open(&path).unwrap().close().unwrap());
        }
    });
    assert_eq!(Reader::open(&path).unwrap().count().unwrap(), 0);
}

#[test]
fn reading_makes_no_ledger() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    assert!(matches!(Reader::open(&path), Err(Error::Missing { .. })));
    assert!(!path.exists());
    // Another process is about to make its tables.
    fs::File::create(&path).unwrap();
    assert!(matches!(Reader::open(&path), Err(Error::Missing { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[test]
fn a_ledger_of_a_later_release_is_refused() {
    let path_in = |directory: &Path| directory.join("usage.db");
    let directory = tempfile::tempdir().unwrap();
    let path = path_in(directory.path());
    Ledger::open(&path).unwrap().close().unwrap();
    Connection::open(&path)
        .and_then(|other| other.execute_batch("PRAGMA user_version = 1000"))
        .unwrap();
    refused(&path, |error, said| {
        assert!(matches!(error, Error::Newer { found: 1000, .. }));
        assert!(said.ends_with("is a ledger of version 1000, and this release knows none above 4"));
    });
}

#[test]
fn a_ledger_of_an_earlier_release_is_read_as_it_is_and_written_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    ledger.record(numbered(0));
    ledger.close().unwrap();
    Connection::open(&path)
        .and_then(|other| other.execute_batch(TO_VERSION_1))
        .unwrap();
    let old = Reader::open(&path).unwrap();
    assert_eq!(old.last(1).unwrap(), [numbered(0)]);

    let decided = Record {
        decision: Some("{}".into()),
        ..numbered(1)
    };
    let ledger = Ledger::open(&path).unwrap();
    ledger.record(decided.clone());
    ledger.close().unwrap();
    let new = Reader::open(&path).unwrap();
    assert_eq!(new.last(2).unwrap(), [numbered(0), decided]);
    // Who has it open since before the change reads on.
    assert_eq!(old.last(2).unwrap()[1].request_id, numbered(1).request_id);
}

#[test]
fn another_programs_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    Connection::open(&path)
        .and_then(|other| other.execute_batch("CREATE TABLE history (url TEXT)"))
        .unwrap();
    refused(&path, |_, said| {
        assert!(said.ends_with("is not a ledger: it is another program's database"));
    });
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    for bytes in [&b"a"[..], b"[server]\nport = 4141\n", &[0xa5; 10_000]] {
        write(&path, bytes);
        refused(&path, |_, said| {
            assert!(
                said.ends_with("is not a ledger: it is not an SQLite database"),
                "{said}"
            );
        });
    }
}

#[test]
fn a_ledger_that_is_damaged_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let ledger = Ledger::open(&path).unwrap();
    ledger.record(numbered(0));
    ledger.close().unwrap();
    let whole = fs::read(&path).unwrap();

    let mut overwritten = whole.clone();
    overwritten[100..4096].fill(0xa5);
    for bytes in [&overwritten[..], &whole[..3000], &whole[..4096]] {
        write(&path, bytes);
        refused(&path, |_, said| {
            assert!(said.contains("is not a ledger"), "{said}")
        });
    }
}

#[test]
fn a_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = Ledger::open(directory.path()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&*directory.path().to_string_lossy())
    );
}

/// Proves that neither a writer nor a reader opens the file, that both name it,
/// and that neither changes it.
fn refused(path: &Path, check: impl Fn(&Error, &str)) {
    let before = fs::read(path).unwrap();
    for error in [
        Ledger::open(path).unwrap_err(),
        Reader::open(path).unwrap_err(),
    ] {
        let said = error.to_string();
        assert!(said.starts_with(&*path.to_string_lossy()), "{said}");
        check(&error, &said);
    }
    assert_eq!(fs::read(path).unwrap(), before);
}

#[expect(clippy::disallowed_methods, reason = "a test's file need not survive")]
fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}
