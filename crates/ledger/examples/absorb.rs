//! Measures how many records a second the ledger absorbs:
//! `cargo run --release -p ledger --example absorb [RECORDS [THREADS [PATH]]]`.
//! Without a path the ledger is a temporary one.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement reads the clock and prints"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::Timestamp;
use ledger::{BACKLOG_BOUND, Ending, Ledger, Reader, Record};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default| {
        arguments
            .next()
            .map_or(Ok(default), |text| text.parse::<usize>())
    };
    let records = number(1_000_000)?;
    let threads = number(2)?;
    let directory = tempfile::tempdir()?;
    let path = arguments
        .next()
        .map_or_else(|| directory.path().join("usage.db"), PathBuf::from);

    let ledger = Ledger::open(&path)?;
    let began = Timestamp::now();
    let start = Instant::now();
    let waited: Vec<Waited> = thread::scope(|scope| {
        let ledger = &ledger;
        let handles: Vec<_> = (0..threads)
            .map(|thread| scope.spawn(move || admit(ledger, began, thread, threads, records)))
            .collect();
        handles
            .into_iter()
            .filter_map(|handle| handle.join().ok())
            .collect()
    });
    let taken = start.elapsed();
    ledger.close()?;
    let written = start.elapsed();

    let calls: Duration = waited.iter().map(|waited| waited.in_calls).sum();
    let longest = waited.iter().map(|waited| waited.longest).max();
    let size = std::fs::metadata(&path)?.len();
    println!("records            {records} from {threads} threads");
    println!("taken after        {taken:.2?}");
    println!("written after      {written:.2?}");
    println!(
        "a second           {:.0}",
        records as f64 / written.as_secs_f64()
    );
    println!(
        "microseconds each  {:.2}",
        written.as_secs_f64() * 1e6 / records as f64
    );
    println!("record(), mean     {:.2?}", calls / u32::try_from(records)?);
    println!("record(), longest  {:.2?}", longest.unwrap_or_default());
    println!("bytes each         {}", size / records as u64);

    let start = Instant::now();
    let reader = Reader::open(&path)?;
    println!(
        "count()            {} in {:.2?}",
        reader.count()?,
        start.elapsed()
    );
    let start = Instant::now();
    let all = reader.last(records)?.len();
    println!("last(all)          {all} in {:.2?}", start.elapsed());
    Ok(())
}

struct Waited {
    in_calls: Duration,
    longest: Duration,
}

/// Records one thread's share, and waits as admission does while the backlog is
/// over its bound.
fn admit(
    ledger: &Ledger,
    began: Timestamp,
    thread: usize,
    threads: usize,
    records: usize,
) -> Waited {
    let mut waited = Waited {
        in_calls: Duration::ZERO,
        longest: Duration::ZERO,
    };
    let names = Names::default();
    for number in (thread..records).step_by(threads) {
        while ledger.backlog() > BACKLOG_BOUND {
            thread::sleep(Duration::from_millis(1));
        }
        let record = names.record(began, number);
        let start = Instant::now();
        ledger.record(record);
        let call = start.elapsed();
        waited.in_calls += call;
        waited.longest = waited.longest.max(call);
    }
    waited
}

struct Names {
    accounts: Vec<Arc<str>>,
    models: Vec<Arc<str>>,
    provider: Arc<str>,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            accounts: (0..8).map(|n| format!("octocat-{n}").into()).collect(),
            models: ["gpt-5.4", "claude-sonnet-4.5", "gpt-5-mini", "glm-5.3"]
                .map(Arc::from)
                .to_vec(),
            provider: "github-copilot".into(),
        }
    }
}

impl Names {
    fn record(&self, began: Timestamp, number: usize) -> Record {
        let model = &self.models[number % self.models.len()];
        let tokens = number as u64 * 7919 % 30_000;
        Record {
            time: began + Duration::from_micros(number as u64 * 500),
            // Of the shape of UUID version 7: what comes later sorts later.
            request_id: format!(
                "{:08x}-{:04x}-7abc-8def-{:012x}",
                number >> 4,
                number & 0xffff,
                number.wrapping_mul(0x9e37_79b9_7f4a) & 0xffff_ffff_ffff
            ),
            account: Some(Arc::clone(&self.accounts[number % self.accounts.len()])),
            provider: Some(Arc::clone(&self.provider)),
            model_asked: Arc::clone(model),
            model_served: Some(Arc::clone(model)),
            dialect: Dialect::Chat,
            operation: Operation::Generate,
            stream: number.is_multiple_of(2),
            status: 200,
            outcome: Ending::Complete,
            error_code: None,
            usage: Usage {
                input: tokens,
                output: tokens / 10,
                cache_read: tokens / 2,
                cache_write: 0,
                reasoning: tokens / 30,
                nano_credits: Some(tokens * 1000),
            },
            initiator: Initiator::User,
            attempts: 1,
            first_byte: Some(Duration::from_micros(tokens)),
            total: Duration::from_micros(tokens * 20),
            client: None,
            decision: None,
        }
    }
}
