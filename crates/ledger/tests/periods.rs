//! Hours and days partition time, and are those of the clock on the wall.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ledger::{Period, Step};
use proptest::prelude::*;

use crate::samples::{time, usual_time, zone};

proptest! {
    #[test]
    fn periods_partition_time(moment in moment(), zone in zone(), step in step(), inside in 0.0..1.0) {
        let period = step.period(&zone, moment);
        prop_assert!(period.start <= moment);
        prop_assert!(moment < period.end || period.end == Timestamp::MAX);
        let length = period.end.duration_since(period.start);
        prop_assert!(length <= SignedDuration::from_hours(26), "{period:?}");

        // Each moment in it tells the same, and none around it does.
        let elsewhere = period.start + length.mul_f64(inside);
        for inside in [period.start, elsewhere, period.end - NANOSECOND] {
            prop_assert_eq!(step.period(&zone, inside), period);
        }
        if period.end < Timestamp::MAX {
            prop_assert_eq!(step.period(&zone, period.end).start, period.end);
        }
        if period.start > Timestamp::MIN {
            prop_assert_eq!(step.period(&zone, period.start - NANOSECOND).end, period.start);
        }
    }

    #[test]
    fn days_are_those_of_the_calendar(moment in usual_time(), zone in zone()) {
        let there = moment.to_zoned_datetime(zone.clone());
        let noon = there.date().tomorrow()?.at(12, 0, 0, 0);
        let tomorrow = noon.to_zoned_datetime(zone.clone())?.start_of_day()?.timestamp();
        // In Newfoundland a day had begun, for a minute, before another ended.
        prop_assume!(moment < tomorrow);
        let day = Step::Day.period(&zone, moment);
        prop_assert_eq!(day.start, there.start_of_day()?.timestamp());
        prop_assert_eq!(day.end, tomorrow);
    }

    #[test]
    fn hours_begin_when_the_clock_shows_a_full_one_or_is_put(moment in usual_time(), zone in zone()) {
        let hour = Step::Hour.period(&zone, moment);
        let shown = zone.to_datetime(hour.start);
        let put = zone
            .preceding(hour.start + NANOSECOND)
            .next()
            .is_some_and(|change| change.timestamp() == hour.start);
        prop_assert!(put || (shown.minute(), shown.second()) == (0, 0), "{shown}");
        prop_assert!(hour.end.duration_since(hour.start) <= SignedDuration::from_hours(1));
    }
}

#[test]
fn the_hour_that_comes_twice_is_two_and_the_one_that_is_skipped_is_none() {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    assert_eq!(
        walk(Step::Hour, &zone, "2026-10-25T00:00+02", 5),
        ["00:00+02", "01:00+02", "02:00+02", "02:00+01", "03:00+01"]
    );
    assert_eq!(
        walk(Step::Hour, &zone, "2026-03-29T00:00+01", 4),
        ["00:00+01", "01:00+01", "03:00+02", "04:00+02"]
    );
}

#[test]
fn the_hour_in_which_the_clock_is_put_by_a_half_ends_early() {
    let zone = TimeZone::posix("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0").unwrap();
    assert_eq!(
        walk(Step::Hour, &zone, "2026-04-05T01:00+11", 4),
        ["01:00+11", "01:30+1030", "02:00+1030", "03:00+1030"]
    );
    assert_eq!(
        walk(Step::Hour, &zone, "2026-10-04T01:00+1030", 3),
        ["01:00+1030", "02:30+11", "03:00+11"]
    );
}

#[test]
fn the_days_in_which_the_clock_is_put_have_23_and_25_hours() {
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
    let hours = |day: &str| {
        let day: Timestamp = day.parse().unwrap();
        let period = Step::Day.period(&zone, day);
        period.end.duration_since(period.start).as_hours()
    };
    let days = ["2026-03-07", "2026-03-08", "2026-03-09", "2026-11-01"];
    let hours = days.map(|day| hours(&format!("{day}T12:00-05")));
    assert_eq!(hours, [24, 23, 24, 25]);
}

/// When the next periods begin, by the clock.
fn walk(step: Step, zone: &TimeZone, from: &str, periods: usize) -> Vec<String> {
    let first = step.period(zone, from.parse().unwrap());
    let next = |period: &Period| Some(step.period(zone, period.end));
    std::iter::successors(Some(first), next)
        .take(periods)
        .map(|period| {
            let shown = zone.to_datetime(period.start);
            let offset = zone.to_offset(period.start).to_string().replace(':', "");
            format!("{:02}:{:02}{offset}", shown.hour(), shown.minute())
        })
        .collect()
}

/// Times near a change of the clock, and any.
fn moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        usual_time(),
        time(),
        Just(Timestamp::MIN),
        Just(Timestamp::MAX)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![Just(Step::Hour), Just(Step::Day)]
}

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);
