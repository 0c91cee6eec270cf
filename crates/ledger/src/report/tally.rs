//! Adds rows up: each once in its bucket and once in its group.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::types::{FromSqlError, FromSqlResult, ValueRef};

use super::names::Names;
use super::sums::{Addend, Sums};
use super::{Bucket, By, Group, Key, Period, Query, Report, Step, Tokens};
use crate::Ending;

/// What a report needs to know of a record.
pub(super) struct Line<'r> {
    /// In microseconds since 1970.
    pub(super) time: i64,
    pub(super) account: ValueRef<'r>,
    pub(super) provider: ValueRef<'r>,
    pub(super) model: ValueRef<'r>,
    pub(super) client: ValueRef<'r>,
    pub(super) ending: Ending,
    pub(super) tokens: Tokens,
    pub(super) nano_credits: Option<u64>,
    /// In microseconds.
    pub(super) first_byte: Option<u64>,
}

/// A report while it is made.
pub(super) struct Tally {
    by: Vec<By>,
    step: Step,
    names: Names,
    hours: Periods,
    days: Periods,
    /// By the number of their period.
    series: Vec<Sums>,
    groups: Vec<Sums>,
    /// The place of a group by its keys, of which those beyond `by` are 0.
    places: HashMap<Keys, usize>,
}

/// One for each way of telling records apart.
type Keys = [u32; 5];

impl Tally {
    pub(super) fn new(query: &Query, step: Step) -> Self {
        let mut by = Vec::new();
        for one in &query.by {
            if !by.contains(one) {
                by.push(*one);
            }
        }
        Self {
            by,
            step,
            names: Names::default(),
            hours: Periods::new(Step::Hour, &query.zone),
            days: Periods::new(Step::Day, &query.zone),
            series: Vec::new(),
            groups: Vec::new(),
            places: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, line: &Line<'_>) -> FromSqlResult<()> {
        let addend = Addend {
            ending: line.ending,
            tokens: line.tokens,
            nano_credits: line.nano_credits,
            unpriced: self.unpriced(line)?,
            first_byte: line.first_byte,
        };
        let group = self.group(line)?;
        self.groups[group].add(&addend);
        let bucket = self.bucket(line.time)?;
        self.series[bucket].add(&addend);
        Ok(())
    }

    /// The report. The buckets have everything, each once, and so the total.
    pub(super) fn told(self) -> Report {
        let mut total = Sums::default();
        for bucket in &self.series {
            total.merge(bucket);
        }
        let periods = &self.periods(self.step).met;
        let mut series: Vec<Bucket> = self
            .series
            .iter()
            .zip(periods)
            .map(|(sums, period)| (sums.told(&self.names), *period))
            .filter(|(figures, _)| figures.requests > 0)
            .map(|(figures, period)| Bucket { period, figures })
            .collect();
        series.sort_unstable_by_key(|bucket| bucket.period);
        let mut groups: Vec<Group> = self
            .places
            .iter()
            .map(|(keys, place)| Group {
                keys: self.keys(keys),
                figures: self.groups[*place].told(&self.names),
            })
            .collect();
        groups.sort_unstable_by(|one, other| one.keys.cmp(&other.keys));
        Report {
            total: total.told(&self.names),
            step: self.step,
            series,
            groups,
        }
    }

    fn unpriced(&mut self, line: &Line<'_>) -> FromSqlResult<Option<(u32, u32)>> {
        // Without tokens there is nothing to pay.
        if line.nano_credits.is_some() || line.tokens == Tokens::default() {
            return Ok(None);
        }
        let provider = self.names.number(line.provider)?;
        Ok(Some((provider, self.names.number(line.model)?)))
    }

    fn group(&mut self, line: &Line<'_>) -> FromSqlResult<usize> {
        let mut keys = Keys::default();
        for (key, by) in keys.iter_mut().zip(&self.by) {
            *key = match by {
                By::Account => self.names.number(line.account)?,
                By::Model => self.names.number(line.model)?,
                By::Client => self.names.number(line.client)?,
                By::Hour => self.hours.number(line.time)?,
                By::Day => self.days.number(line.time)?,
            };
        }
        Ok(*self.places.entry(keys).or_insert_with(|| {
            self.groups.push(Sums::default());
            self.groups.len() - 1
        }))
    }

    fn bucket(&mut self, time: i64) -> FromSqlResult<usize> {
        let number = match self.step {
            Step::Hour => self.hours.number(time)?,
            Step::Day => self.days.number(time)?,
        } as usize;
        if number >= self.series.len() {
            self.series.resize_with(number + 1, Sums::default);
        }
        Ok(number)
    }

    const fn periods(&self, step: Step) -> &Periods {
        match step {
            Step::Hour => &self.hours,
            Step::Day => &self.days,
        }
    }

    fn keys(&self, keys: &Keys) -> Vec<Key> {
        let period = |step, number: u32| self.periods(step).met[number as usize];
        let told = |(by, number): (&By, &u32)| match by {
            By::Account => Key::Account(self.names.name(*number)),
            By::Model => Key::Model(self.names.name(*number).unwrap_or_default()),
            By::Client => Key::Client(self.names.name(*number)),
            By::Hour => Key::Time(period(Step::Hour, *number)),
            By::Day => Key::Time(period(Step::Day, *number)),
        };
        self.by.iter().zip(keys).map(told).collect()
    }
}

/// The hours or days that were met, numbered as they came.
struct Periods {
    step: Step,
    zone: TimeZone,
    met: Vec<Period>,
    /// Where each ends and its number, by where it begins, in microseconds.
    known: BTreeMap<i64, (i64, u32)>,
    /// The one met last, as it most often comes again.
    last: (i64, i64, u32),
}

impl Periods {
    fn new(step: Step, zone: &TimeZone) -> Self {
        Self {
            step,
            zone: zone.clone(),
            met: Vec::new(),
            known: BTreeMap::new(),
            last: (0, 0, 0),
        }
    }

    /// The number of the period that holds a time.
    fn number(&mut self, time: i64) -> FromSqlResult<u32> {
        let (from, to, number) = self.last;
        if (from..to).contains(&time) {
            return Ok(number);
        }
        self.last = match self.known.range(..=time).next_back() {
            Some((from, (to, number))) if time < *to => (*from, *to, *number),
            _ => self.meet(time)?,
        };
        Ok(self.last.2)
    }

    fn meet(&mut self, time: i64) -> FromSqlResult<(i64, i64, u32)> {
        let moment =
            Timestamp::from_microsecond(time).map_err(|_| FromSqlError::OutOfRange(time))?;
        let period = self.step.period(&self.zone, moment);
        let from = period.start.as_microsecond();
        // The last of all has the last of all moments in it.
        let to = if period.end == Timestamp::MAX {
            i64::MAX
        } else {
            period.end.as_microsecond()
        };
        let number = u32::try_from(self.met.len()).expect("there are fewer hours in jiff's years");
        self.met.push(period);
        self.known.insert(from, (to, number));
        Ok((from, to, number))
    }
}
