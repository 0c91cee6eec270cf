//! What the ledger of a home holds.

use std::path::Path;
use std::time::Duration;

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::tz::TimeZone;
use ledger::{Ending, Ledger, Reader, Record};

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

/// A request of an afternoon in November, half past a full hour.
pub(crate) fn record(number: u64, hour: i8, account: &str, model: &str) -> Record {
    let provider = match account {
        "work" => "zai-coding-plan",
        _ => "github-copilot",
    };
    Record {
        time: jiff::civil::date(2026, 11, 24)
            .at(hour, 30, 0, 0)
            .to_zoned_datetime(TimeZone::UTC)
            .unwrap()
            .timestamp(),
        request_id: format!("00000000-0000-7000-8000-{number:012}"),
        account: Some(account.into()),
        provider: Some(provider.into()),
        model_asked: model.into(),
        model_served: Some(model.into()),
        dialect: Dialect::Chat,
        operation: Operation::Generate,
        stream: true,
        status: 200,
        outcome: Ending::Complete,
        error_code: None,
        usage: Usage {
            input: 12_000 * number,
            output: 340 * number,
            cache_read: 10_000 * number,
            reasoning: 40 * number,
            nano_credits: (account == "octocat").then_some(1_234_567_890 * number),
            ..Usage::default()
        },
        initiator: Initiator::User,
        attempts: 1,
        first_byte: Some(Duration::from_millis(400 * number)),
        total: Duration::from_secs(2 * number),
        client: None,
        decision: None,
    }
}

/// What three accounts did in an afternoon: told prices, list prices and none, a failure and
/// one that its client left, and a model that nobody has.
pub(crate) fn afternoon() -> Vec<Record> {
    let mut records = vec![
        record(1, 12, "octocat", "claude-sonnet-4.5"),
        record(2, 13, "octocat", "claude-sonnet-4.5"),
        record(3, 13, "octocat", "gpt-5-mini"),
        record(4, 15, "hubot", "gpt-5-mini"),
        record(5, 16, "work", "glm-4.7"),
        record(6, 17, "hubot", "claude-sonnet-4.5"),
    ];
    let nothing_used = |record: Record| Record {
        usage: Usage::default(),
        first_byte: None,
        ..record
    };
    records.push(Record {
        status: 429,
        outcome: Ending::Failed,
        error_code: Some("rate_limited".into()),
        attempts: 2,
        ..nothing_used(record(7, 17, "hubot", "gpt-5-mini"))
    });
    records.push(Record {
        status: 499,
        outcome: Ending::Cancelled,
        ..nothing_used(record(8, 18, "octocat", "claude-sonnet-4.5"))
    });
    records.push(Record {
        account: None,
        provider: None,
        model_served: None,
        status: 404,
        outcome: Ending::Failed,
        error_code: Some("model_not_found".into()),
        attempts: 0,
        ..nothing_used(record(9, 18, "", "gpt-99"))
    });
    records
}

/// Puts records into the ledger at `path`.
pub(crate) fn fill(path: &Path, records: Vec<Record>) {
    let ledger = Ledger::open(path).unwrap();
    for record in records {
        ledger.record(record);
    }
    ledger.close().unwrap();
}
