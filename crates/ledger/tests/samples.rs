//! Records to try: one for a number, and all there can be.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use dialect::{Dialect, Initiator, Usage};
use jiff::Timestamp;
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

fn time() -> impl Strategy<Value = Timestamp> {
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
