//! Measures how long reports over a million records take, and the removal of half:
//! `cargo run --release -p ledger --example report [RECORDS [PATH]]`.
//! Without a path the ledger is a temporary one; one that is there is reported.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::{BACKLOG_BOUND, By, Ending, Filter, Ledger, Query, Reader, Record, Step};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let records = arguments
        .next()
        .map_or(Ok(1_000_000), |text| text.parse())?;
    let directory = tempfile::tempdir()?;
    let path = arguments
        .next()
        .map_or_else(|| directory.path().join("usage.db"), PathBuf::from);
    let end: Timestamp = "2026-11-05T12:00:00Z".parse()?;
    if !path.exists() {
        fill(&path, records, end)?;
    }

    let reader = Reader::open(&path)?;
    let size = std::fs::metadata(&path)?.len();
    println!(
        "{} records, {} bytes each",
        reader.count()?,
        size / reader.count()?
    );
    let since = |hours| Filter {
        since: Some(end - SignedDuration::from_hours(hours)),
        ..Filter::default()
    };
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0")?;
    let query = |filter, by: &[By]| Query {
        filter,
        by: by.to_vec(),
        step: None,
        zone: zone.clone(),
    };
    let usual = [By::Account, By::Model];
    let all = Filter::default;
    let of = |account: Option<&str>, model: Option<&str>| Filter {
        account: account.map(Into::into),
        model: model.map(Into::into),
        ..Filter::default()
    };
    measure(&reader, "all", &query(all(), &usual))?;
    measure(
        &reader,
        "all, by the hour",
        &Query {
            step: Some(Step::Hour),
            ..query(all(), &[By::Hour])
        },
    )?;
    measure(&reader, "all, by day", &query(all(), &[By::Day]))?;
    measure(&reader, "all, by client", &query(all(), &[By::Client]))?;
    measure(
        &reader,
        "one account",
        &query(of(Some("octocat-3"), None), &usual),
    )?;
    measure(
        &reader,
        "one model",
        &query(of(None, Some("glm-5.3")), &usual),
    )?;
    measure(&reader, "last 30 days", &query(since(30 * 24), &usual))?;
    measure(&reader, "last 7 days", &query(since(7 * 24), &usual))?;
    measure(&reader, "last 24 hours", &query(since(24), &usual))?;
    drop(reader);
    measure_prune(&path, end - SignedDuration::from_hours(45 * 24), end)
}

/// Removes the older half, while a server records one request after another.
fn measure_prune(
    path: &Path,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), Box<dyn std::error::Error>> {
    let ledger = Ledger::open(path)?;
    let names = Names::default();
    let pruned = AtomicBool::new(false);
    let start = Instant::now();
    let (removed, mut waits) = thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let mut waits = Vec::new();
            while !pruned.load(Ordering::Acquire) {
                let start = Instant::now();
                ledger.record(names.record(now, usize::MAX / 2 + waits.len()));
                while ledger.backlog() > 0 {
                    thread::sleep(Duration::from_millis(1));
                }
                waits.push(start.elapsed());
            }
            waits
        });
        let removed = ledger::prune(path, before);
        pruned.store(true, Ordering::Release);
        (removed, waits.join())
    });
    let took = start.elapsed();
    let waits = waits
        .as_mut()
        .map_err(|_| "the recording thread has died")?;
    waits.sort_unstable();
    let size = std::fs::metadata(path)?.len() >> 20;
    println!(
        "prune             {} removed in {took:.2?}, {size} MiB left",
        removed?
    );
    println!(
        "a record meanwhile is written in {:.2?} (99 of 100: {:.2?}; all {}: {:.2?})",
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100],
        waits.len(),
        waits[waits.len() - 1],
    );
    Ok(())
}

/// Asks five times, and tells the shortest: on the clock, and on the processor.
fn measure(reader: &Reader, what: &str, query: &Query) -> Result<(), ledger::Error> {
    let mut times = Vec::new();
    let mut busy = Vec::new();
    let mut told = (0, 0, 0);
    for _ in 0..5 {
        let (start, ran) = (Instant::now(), processor_time());
        let report = reader.report(query)?;
        times.push(start.elapsed());
        busy.push(processor_time() - ran);
        told = (
            report.total.requests,
            report.series.len(),
            report.groups.len(),
        );
    }
    let (requests, buckets, groups) = told;
    println!(
        "{what:<17} {:>9.2?}  {:>9.2?}  {requests:>8} requests, {buckets:>5} buckets, {groups:>5} groups",
        times.iter().min().copied().unwrap_or_default(),
        busy.iter().min().copied().unwrap_or_default(),
    );
    Ok(())
}

/// How long this thread has run, which other processes' work does not lengthen.
/// Only Linux tells.
fn processor_time() -> Duration {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|text| text.split(' ').next()?.parse().ok())
        .map_or(Duration::ZERO, Duration::from_nanos)
}

/// A quarter of a year of several people's work.
fn fill(path: &Path, records: usize, end: Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let ledger = Ledger::open(path)?;
    let names = Names::default();
    let apart = Duration::from_secs(90 * 24 * 3600) / u32::try_from(records)?;
    for number in 0..records {
        while ledger.backlog() > BACKLOG_BOUND {
            thread::sleep(Duration::from_millis(1));
        }
        let before = apart * u32::try_from(records - number)?;
        ledger.record(names.record(end - before, number));
    }
    ledger.close()?;
    println!("written in {:.2?}", start.elapsed());
    Ok(())
}

struct Names {
    accounts: Vec<Arc<str>>,
    models: Vec<Arc<str>>,
    clients: Vec<Arc<str>>,
    copilot: Arc<str>,
    zai: Arc<str>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            accounts: (0..8).map(|n| format!("octocat-{n}").into()).collect(),
            models: [
                "gpt-5.4",
                "claude-sonnet-4.5",
                "gpt-5-mini",
                "claude-opus-4.5",
                "gemini-3.1-pro",
                "glm-5.3",
            ]
            .map(Arc::from)
            .to_vec(),
            clients: ["laptop", "ci", "editor"].map(Arc::from).to_vec(),
            copilot: "github-copilot".into(),
            zai: "zai".into(),
        }
    }
}

impl Names {
    fn record(&self, time: Timestamp, number: usize) -> Record {
        let noise = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let some = |shift: u32, below: u64| (noise >> shift) % below;
        let pick = |names: &[Arc<str>], shift| {
            Arc::clone(&names[usize::try_from(some(shift, names.len() as u64)).unwrap_or(0)])
        };
        let model = pick(&self.models, 7);
        let ours = &*model == "glm-5.3";
        let account = pick(&self.accounts, 11);
        let outcome = match some(17, 100) {
            0..3 => Ending::Failed,
            3..5 => Ending::Cancelled,
            _ => Ending::Complete,
        };
        let served = outcome == Ending::Complete;
        let tokens = if served { 200 + some(13, 60_000) } else { 0 };
        Record {
            time,
            // Of the shape of UUID version 7: what comes later sorts later.
            request_id: format!(
                "{:08x}-{:04x}-7abc-8def-{:012x}",
                number >> 4,
                number & 0xffff,
                noise & 0xffff_ffff_ffff
            ),
            provider: Some(Arc::clone(if ours { &self.zai } else { &self.copilot })),
            model_asked: Arc::clone(&model),
            model_served: Some(model),
            dialect: Dialect::Chat,
            operation: Operation::Generate,
            stream: some(3, 4) > 0,
            status: if served { 200 } else { 502 },
            outcome,
            error_code: (outcome == Ending::Failed).then(|| "upstream_unavailable".into()),
            usage: Usage {
                input: tokens,
                output: tokens / 10,
                cache_read: tokens / 2,
                cache_write: 0,
                reasoning: tokens / 30,
                nano_credits: (served && !ours).then_some(tokens * 10_000),
            },
            initiator: Initiator::User,
            attempts: 1,
            first_byte: served.then(|| Duration::from_micros(200_000 + some(5, 1 << 22))),
            total: Duration::from_micros(tokens * 200),
            client: (some(19, 2) > 0).then(|| pick(&self.clients, 23)),
            // Of the shape and length that the gateway's decisions have.
            decision: Some(self.decision(&account)),
            account: Some(account),
        }
    }

    fn decision(&self, served: &str) -> String {
        let candidates: Vec<String> = self
            .accounts
            .iter()
            .map(|account| format!(r#"{{"account":"{account}","standing":"free"}}"#))
            .collect();
        format!(
            r#"{{"strategy":"spread","candidates":[{}],"steps":[{{"step":"served","account":"{served}"}}]}}"#,
            candidates.join(",")
        )
    }
}
