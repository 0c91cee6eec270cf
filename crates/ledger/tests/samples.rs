//! Records to try: one for a number, and all there can be.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::{Ending, Record};
use proptest::option;
use proptest::prelude::*;

/// The record of a request that is told from others by its number.
pub(crate) fn numbered(number: usize) -> Record {
    Record {
        time: Timestamp::UNIX_EPOCH + Duration::from_micros(number as u64),
        request_id: format!("{number:08}"),
        account: Some("octocat".into()),
        provider: Some("github-copilot".into()),
        model_asked: "gpt-5-mini".into(),
        model_served: Some("gpt-5-mini".into()),
        dialect: Dialect::Chat,
        operation: Operation::Generate,
        stream: true,
        status: 200,
        outcome: Ending::Complete,
        error_code: None,
        usage: Usage::default(),
        initiator: Initiator::User,
        attempts: 1,
        first_byte: Some(Duration::from_millis(1)),
        total: Duration::from_millis(2),
        client: None,
        decision: None,
    }
}

/// Takes a ledger back to the first release's form.
pub(crate) const TO_VERSION_1: &str = "
    CREATE INDEX record_by_time ON record (time_us);
    DROP INDEX record_in_time;
    ALTER TABLE record DROP COLUMN operation;
    ALTER TABLE record DROP COLUMN decision;
    PRAGMA user_version = 1;
";

/// Records as they are: of few names, and of a few days in which a clock is put
/// forward in March 2026 or back in November.
pub(crate) fn usual_records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec((record(), usual()), 0..most).prop_map(|records| {
        let usual = |(number, (record, usual)): (usize, (Record, Usual))| Record {
            time: usual.time,
            account: usual.account.map(Arc::from),
            provider: Some("zai".into()),
            model_asked: usual.model_asked.into(),
            model_served: usual.model_served.map(Arc::from),
            client: usual.client.map(Arc::from),
            first_byte: usual.first_byte,
            request_id: number.to_string(),
            usage: if usual.unused {
                Usage::default()
            } else {
                record.usage
            },
            ..record
        };
        records.into_iter().enumerate().map(usual).collect()
    })
}

#[derive(Debug)]
struct Usual {
    time: Timestamp,
    account: Option<&'static str>,
    model_asked: &'static str,
    model_served: Option<&'static str>,
    client: Option<&'static str>,
    first_byte: Option<Duration>,
    unused: bool,
}

fn usual() -> impl Strategy<Value = Usual> {
    let one_of = |names: [&'static str; 3]| prop::sample::select(names.to_vec());
    let names = (
        option::of(one_of(["octocat", "hubot", "mona"])),
        one_of(["gpt-5-mini", "glm-5.3", "fast"]),
        option::of(one_of(["gpt-5-mini", "glm-5.3", "o1"])),
        option::of(one_of(["laptop", "ci", "octocat"])),
    );
    let first_byte = option::of((0..60_000_000_u64).prop_map(Duration::from_micros));
    (usual_time(), names, first_byte, any::<bool>()).prop_map(
        |(time, names, first_byte, unused)| Usual {
            time,
            account: names.0,
            model_asked: names.1,
            model_served: names.2,
            client: names.3,
            first_byte,
            unused,
        },
    )
}

/// Within three days of a change of the clocks in Europe or America.
pub(crate) fn usual_time() -> impl Strategy<Value = Timestamp> {
    let changes = [1_772_953_200, 1_774_746_000, 1_792_890_000, 1_793_512_800];
    let near = -3 * 86_400_000_000..3 * 86_400_000_000_i64;
    (prop::sample::select(changes.to_vec()), near).prop_map(|(change, micros)| {
        Timestamp::from_microsecond(change * 1_000_000 + micros).unwrap()
    })
}

/// Zones whose clocks are put by an hour, by half of one, at one minute past
/// midnight, from midnight, or not at all.
pub(crate) fn zone() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(vec![
        "UTC0",
        "EST5EDT,M3.2.0,M11.1.0",
        "CET-1CEST,M3.5.0,M10.5.0/3",
        "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
        "NST3:30NDT,M3.2.0/0:01,M11.1.0/0:01",
        "<-04>4<-03>,M3.2.0/0,M11.1.0/0",
        "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
        "<+0545>-5:45",
    ])
    .prop_map(|zone| TimeZone::posix(zone).unwrap())
}

/// Any records at all, of different requests.
pub(crate) fn records(most: usize) -> impl Strategy<Value = Vec<Record>> {
    prop::collection::vec(record(), 0..most).prop_map(|mut records| {
        for (number, record) in records.iter_mut().enumerate() {
            record.request_id += &format!("-{number}");
        }
        records
    })
}

fn record() -> impl Strategy<Value = Record> {
    let who = (
        any::<String>(),
        option::of(text()),
        option::of(text()),
        text(),
        option::of(text()),
        option::of(text()),
    );
    let how = (
        prop::sample::select(vec![Dialect::Chat, Dialect::Responses, Dialect::Messages]),
        any::<bool>(),
        any::<u16>(),
        prop::sample::select(vec![Ending::Complete, Ending::Failed, Ending::Cancelled]),
        option::of(any::<String>()),
        prop::sample::select(vec![Initiator::User, Initiator::Agent]),
        any::<u32>(),
        prop::sample::select(vec![
            Operation::Generate,
            Operation::Embed,
            Operation::CountTokens,
        ]),
    );
    let when = (
        time(),
        option::of(duration()),
        duration(),
        option::of(any::<String>()),
    );
    (who, how, when, usage()).prop_map(|(who, how, when, usage)| Record {
        request_id: who.0,
        account: who.1,
        provider: who.2,
        model_asked: who.3,
        model_served: who.4,
        client: who.5,
        dialect: how.0,
        operation: how.7,
        stream: how.1,
        status: how.2,
        outcome: how.3,
        error_code: how.4.map(Cow::Owned),
        initiator: how.5,
        attempts: how.6,
        time: when.0,
        first_byte: when.1,
        total: when.2,
        decision: when.3,
        usage,
    })
}

fn text() -> impl Strategy<Value = Arc<str>> {
    any::<String>().prop_map(Arc::from)
}

pub(crate) fn time() -> impl Strategy<Value = Timestamp> {
    let range = Timestamp::MIN.as_microsecond()..=Timestamp::MAX.as_microsecond();
    range.prop_map(|time| Timestamp::from_microsecond(time).unwrap())
}

fn duration() -> impl Strategy<Value = Duration> {
    (0..=i64::MAX.unsigned_abs()).prop_map(Duration::from_micros)
}

fn usage() -> impl Strategy<Value = Usage> {
    let count = || 0..=i64::MAX.unsigned_abs();
    let counts = [count(), count(), count(), count(), count()];
    (counts, option::of(count())).prop_map(|(counts, nano_credits)| {
        let [input, output, cache_read, cache_write, reasoning] = counts;
        Usage {
            input,
            output,
            cache_read,
            cache_write,
            reasoning,
            nano_credits,
        }
    })
}
