//! A killed process takes along at most what it had not yet committed.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use ledger::{Ledger, Reader};

use crate::samples::numbered;

#[test]
fn a_killed_process_leaves_all_that_it_had_committed() {
    let directory = tempfile::tempdir().unwrap();
    for lines in [1, 2, 5, 20, 50] {
        let path = directory.path().join(format!("{lines}.db"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "kill::child_that_records_until_it_is_killed"])
            .args(["--ignored", "--nocapture"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut committed = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .filter_map(|line| line.unwrap().strip_prefix("committed ")?.parse().ok());
        let mut last = committed.nth(lines - 1).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        // It may have said more before it died.
        last = committed.last().unwrap_or(last);

        // Neither one that was committed is missing, nor one between others.
        let records = Reader::open(&path).unwrap().last(usize::MAX).unwrap();
        assert!(records.len() >= last, "{} of {last}", records.len());
        assert!(records.iter().cloned().eq((0..records.len()).map(numbered)));

        let ledger = Ledger::open(&path).unwrap();
        ledger.record(numbered(records.len()));
        ledger.close().unwrap();
        let count = Reader::open(&path).unwrap().count().unwrap();
        assert_eq!(count, records.len() as u64 + 1);
    }
}

#[test]
#[ignore = "the test above runs it, and kills it"]
#[expect(clippy::disallowed_methods, reason = "the test above tells where")]
fn child_that_records_until_it_is_killed() {
    let path = PathBuf::from(std::env::var_os(PATH).unwrap());
    let ledger = Ledger::open(&path).unwrap();
    for number in 0.. {
        ledger.record(numbered(number));
        if number % 500 == 499 {
            while ledger.backlog() > 0 {
                thread::yield_now();
            }
            writeln!(std::io::stdout(), "committed {}", number + 1).unwrap();
        }
    }
}

const PATH: &str = "TOKN_ROUTER_TEST_LEDGER";
