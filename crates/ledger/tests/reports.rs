//! A report is the fold of the records, however it is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dialect::Usage;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use ledger::{
    By, Ending, Figures, Filter, Key, Ledger, Query, Reader, Record, Step, Tokens, Unpriced,
};
use proptest::option;
use proptest::prelude::*;
use rusqlite::Connection;

use crate::samples::{TO_VERSION_1, numbered, records, time, usual_records, usual_time, zone};

proptest! {
    // Each case makes a database, and waits for the disk to take it.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_report_is_the_fold_of_the_records(
        records in prop_oneof![records(30), usual_records(60)],
        query in query(),
        old in any::<bool>(),
    ) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        write(&path, &records)?;
        if old {
            Connection::open(&path)?.execute_batch(TO_VERSION_1)?;
        }
        let reader = Reader::open(&path)?;
        let report = reader.report(&query)?;
        let meant: Vec<Record> = reader
            .last(usize::MAX)?
            .into_iter()
            .filter(|record| is_meant(record, &query.filter))
            .collect();

        prop_assert!(agree(&report.total, &meant));
        prop_assert_eq!(report.step, query.step.unwrap_or_else(|| step_for(&reader, &query)));

        let mut buckets = BTreeMap::<_, Vec<Record>>::new();
        let mut groups = BTreeMap::<_, Vec<Record>>::new();
        for record in meant {
            let period = report.step.period(&query.zone, record.time);
            buckets.entry(period).or_default().push(record.clone());
            groups.entry(keys(&record, &query)).or_default().push(record);
        }
        prop_assert!(report.series.iter().map(|bucket| &bucket.period).eq(buckets.keys()));
        for (bucket, records) in report.series.iter().zip(buckets.values()) {
            prop_assert!(agree(&bucket.figures, records));
        }
        prop_assert!(report.groups.iter().map(|group| &group.keys).eq(groups.keys()));
        for (group, records) in report.groups.iter().zip(groups.values()) {
            prop_assert!(agree(&group.figures, records));
        }
    }

    #[test]
    fn groups_and_buckets_partition_the_total(records in usual_records(60), query in query()) {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("usage.db");
        write(&path, &records)?;
        let report = Reader::open(&path)?.report(&query)?;
        let groups = report.groups.iter().map(|group| &group.figures);
        prop_assert_eq!(counts(groups), counts([&report.total]));
        let buckets = report.series.iter().map(|bucket| &bucket.figures);
        prop_assert_eq!(counts(buckets), counts([&report.total]));
        let periods = report.series.iter().map(|bucket| bucket.period);
        prop_assert!(periods.is_sorted_by(|one, next| one.end <= next.start));
    }
}

#[test]
fn an_empty_ledger_has_an_empty_report() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    write(&path, &[]).unwrap();
    let report = Reader::open(&path).unwrap().report(&Query::default());
    let report = report.unwrap();
    assert_eq!(report.total, Figures::default());
    assert_eq!((report.series, report.groups), (vec![], vec![]));
}

#[test]
fn a_report_of_what_lies_within_two_days_is_by_the_hour() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let at = |hours| Record {
        time: numbered(0).time + SignedDuration::from_hours(hours),
        ..numbered(usize::try_from(hours).unwrap())
    };
    write(&path, &[at(0), at(48), at(49)]).unwrap();
    let reader = Reader::open(&path).unwrap();
    let step = |hours| {
        let filter = Filter {
            since: Some(at(hours).time),
            ..Filter::default()
        };
        let query = Query {
            filter,
            ..Query::default()
        };
        reader.report(&query).unwrap().step
    };
    assert_eq!(step(0), Step::Day);
    assert_eq!(step(1), Step::Hour);
    assert_eq!(step(50), Step::Hour);
}

#[test]
fn a_price_that_was_told_needs_no_estimate_and_one_of_nothing_does_not_either() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let mut told = numbered(0);
    told.usage.input = 5;
    told.usage.nano_credits = Some(0);
    let mut untold = numbered(1);
    untold.usage.input = 7;
    let nothing = numbered(2);
    write(&path, &[told, untold, nothing]).unwrap();
    let report = Reader::open(&path).unwrap().report(&Query::default());
    let total = report.unwrap().total;
    assert_eq!(
        (total.requests, total.priced, total.nano_credits),
        (3, 1, 0)
    );
    assert_eq!(total.tokens.input, 12);
    let unpriced = Unpriced {
        provider: Some("github-copilot".into()),
        model: "gpt-5-mini".into(),
        requests: 1,
        tokens: Tokens {
            input: 7,
            ..Tokens::default()
        },
    };
    assert_eq!(total.unpriced, [unpriced]);
}

#[test]
fn more_names_than_a_few_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    let records: Vec<Record> = (0..200)
        .map(|number| Record {
            account: Some((number % 50).to_string().into()),
            ..numbered(number)
        })
        .collect();
    write(&path, &records).unwrap();
    let report = Reader::open(&path).unwrap().report(&Query::default());
    let groups = report.unwrap().groups;
    assert_eq!(groups.len(), 50);
    assert!(groups.iter().all(|group| group.figures.requests == 4));
}

#[test]
fn a_row_that_is_damaged_is_an_error_and_the_next_report_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("usage.db");
    write(&path, &[numbered(0)]).unwrap();
    let reader = Reader::open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute("UPDATE record SET input = -1", []).unwrap();
    assert!(reader.report(&Query::default()).is_err());
    other.execute("UPDATE record SET input = 1", []).unwrap();
    assert_eq!(
        reader.report(&Query::default()).unwrap().total.tokens.input,
        1
    );
}

fn write(path: &Path, records: &[Record]) -> Result<(), ledger::Error> {
    let ledger = Ledger::open(path)?;
    for record in records {
        ledger.record(record.clone());
    }
    ledger.close()
}

fn query() -> impl Strategy<Value = Query> {
    let by = [By::Account, By::Model, By::Client, By::Hour, By::Day];
    let moment = || option::of(prop_oneof![usual_time(), usual_time(), time()]);
    let name =
        |names: [&'static str; 2]| option::weighted(0.3, prop::sample::select(names.to_vec()));
    (
        (moment(), moment()),
        name(["octocat", "nobody"]),
        name(["glm-5.3", "fast"]),
        prop::collection::vec(prop::sample::select(by.to_vec()), 0..4),
        option::of(prop_oneof![Just(Step::Hour), Just(Step::Day)]),
        zone(),
    )
        .prop_map(|((since, until), account, model, by, step, zone)| Query {
            filter: Filter {
                since,
                until,
                account: account.map(Into::into),
                model: model.map(Into::into),
            },
            by,
            step,
            zone,
        })
}

fn is_meant(record: &Record, filter: &Filter) -> bool {
    filter.since.is_none_or(|since| record.time >= since)
        && filter.until.is_none_or(|until| record.time < until)
        && (filter.account.is_none() || filter.account.as_deref() == record.account.as_deref())
        && filter
            .model
            .as_ref()
            .is_none_or(|model| **model == *model_of(record))
}

fn model_of(record: &Record) -> Arc<str> {
    let served = record.model_served.as_ref();
    Arc::clone(served.unwrap_or(&record.model_asked))
}

fn step_for(reader: &Reader, query: &Query) -> Step {
    let window = Filter {
        account: None,
        model: None,
        ..query.filter.clone()
    };
    let records = reader.last(usize::MAX).unwrap();
    let times = records
        .iter()
        .filter(|record| is_meant(record, &window))
        .map(|record| record.time);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
        return Step::Hour;
    };
    if last.duration_since(first) > SignedDuration::from_hours(48) {
        Step::Day
    } else {
        Step::Hour
    }
}

fn keys(record: &Record, query: &Query) -> Vec<Key> {
    let mut told = BTreeSet::new();
    let time = |zone: &TimeZone, step: Step| Key::Time(step.period(zone, record.time));
    query
        .by
        .iter()
        .filter(|by| told.insert(**by as u8))
        .map(|by| match by {
            By::Account => Key::Account(record.account.clone()),
            By::Model => Key::Model(model_of(record)),
            By::Client => Key::Client(record.client.clone()),
            By::Hour => time(&query.zone, Step::Hour),
            By::Day => time(&query.zone, Step::Day),
        })
        .collect()
}

/// Whether the figures are what the records add up to.
fn agree(figures: &Figures, records: &[Record]) -> bool {
    let count = |ending| {
        records
            .iter()
            .filter(|record| record.outcome == ending)
            .count() as u64
    };
    let unpriced: Vec<&Record> = records
        .iter()
        .filter(|record| record.usage != Usage::default() && record.usage.nano_credits.is_none())
        .collect();
    let mut by_price = BTreeMap::<_, Vec<&Record>>::new();
    for record in unpriced {
        by_price
            .entry((record.provider.clone(), model_of(record)))
            .or_default()
            .push(record);
    }
    let unpriced: Vec<Unpriced> = by_price
        .into_iter()
        .map(|((provider, model), records)| Unpriced {
            provider,
            model,
            requests: records.len() as u64,
            tokens: tokens(records),
        })
        .collect();
    let prices = records
        .iter()
        .filter_map(|record| record.usage.nano_credits);
    figures.requests == records.len() as u64
        && figures.failed == count(Ending::Failed)
        && figures.cancelled == count(Ending::Cancelled)
        && figures.tokens == tokens(records.iter().collect())
        && figures.priced == prices.clone().count() as u64
        && figures.nano_credits == prices.fold(0, u64::saturating_add)
        && figures.unpriced == unpriced
        && first_bytes_agree(figures, records)
}

fn first_bytes_agree(figures: &Figures, records: &[Record]) -> bool {
    let mut times: Vec<Duration> = records
        .iter()
        .filter_map(|record| record.first_byte)
        .collect();
    times.sort_unstable();
    let Some(told) = figures.first_byte else {
        return times.is_empty();
    };
    let near = |told: Duration, percent: usize| {
        let exact = times[(times.len() * percent).div_ceil(100) - 1];
        told.abs_diff(exact) <= exact / 50
    };
    told.count == times.len() as u64 && near(told.p50, 50) && near(told.p95, 95)
}

fn tokens(records: Vec<&Record>) -> Tokens {
    let sum = |part: fn(&Record) -> u64| {
        records
            .iter()
            .map(|record| part(record))
            .fold(0, u64::saturating_add)
    };
    Tokens {
        input: sum(|record| record.usage.input),
        output: sum(|record| record.usage.output),
        cache_read: sum(|record| record.usage.cache_read),
        cache_write: sum(|record| record.usage.cache_write),
        reasoning: sum(|record| record.usage.reasoning),
    }
}

/// What partitions must have in common with the whole.
fn counts<'f>(figures: impl IntoIterator<Item = &'f Figures>) -> [u64; 6] {
    figures.into_iter().fold([0; 6], |sum, figures| {
        [
            sum[0] + figures.requests,
            sum[1] + figures.failed,
            sum[2] + figures.cancelled,
            sum[3] + figures.priced,
            sum[4].saturating_add(figures.tokens.input),
            sum[5].saturating_add(figures.nano_credits),
        ]
    })
}
