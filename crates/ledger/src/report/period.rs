//! Hours and days by the clock on the wall: cuts time into pieces that neither
//! overlap nor leave a gap, whatever is done to the clock.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

/// How long a piece of a time series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// From one full hour to the next. The hour that the clock goes through
    /// twice, when daylight saving time ends, is two.
    Hour,
    /// From one midnight to the next, and so 23 to 25 hours.
    Day,
}

/// A piece of time: from `start`, before `end`.
///
/// The first and the last end where [`Timestamp`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment of the next.
    pub end: Timestamp,
}

impl Step {
    /// The period that holds `moment`, by the clocks of `zone`.
    ///
    /// The periods of a step and zone partition time: that of a period's end is
    /// the next one. So whoever draws a series walks over the periods that a
    /// [`Report`](crate::Report) leaves out because nothing happened in them.
    pub fn period(self, zone: &TimeZone, moment: Timestamp) -> Period {
        match self {
            Self::Hour => hour(zone, moment),
            Self::Day => day(zone, moment),
        }
    }
}

/// The clock shows full hours every 3,600 seconds, also where it is put forward or
/// back by whole hours. Only where it is put by a part of one (Lord Howe Island's
/// half, or a city's mean time given up for a zone's) does the hour end early.
fn hour(zone: &TimeZone, moment: Timestamp) -> Period {
    let shift = |at| i64::from(zone.to_offset(at).seconds());
    let differs = |other: i64| (other - shift(moment)) % HOUR != 0;
    // Rounded down, before 1970 as well.
    let second = moment.as_second() - i64::from(moment.subsec_nanosecond() < 0);
    let past = (second + shift(moment)).rem_euclid(HOUR);
    let start = clamped(second - past);
    let end = clamped(second - past + HOUR);
    let before = zone
        .preceding(later(moment))
        .map(|change| change.timestamp())
        .take_while(|change| *change > start)
        .find(|change| differs(shift(earlier(*change))));
    let after = zone
        .following(moment)
        .map(|change| change.timestamp())
        .take_while(|change| *change < end)
        .find(|change| differs(shift(*change)));
    Period {
        start: before.unwrap_or(start),
        end: after.unwrap_or(end),
    }
}

/// A date begins when the clock first shows its midnight, or would have where
/// midnight is skipped. So a clock that is turned back over midnight does not
/// return to a day that has ended, and a date that is skipped is no day.
fn day(zone: &TimeZone, moment: Timestamp) -> Period {
    let begins = |date: civil::Date| zone.to_timestamp(date.at(0, 0, 0, 0));
    let mut date = zone.to_datetime(moment).date();
    while let Ok(yesterday) = date.yesterday()
        && begins(date).is_ok_and(|start| start > moment)
    {
        date = yesterday;
    }
    let mut start = begins(date).unwrap_or(Timestamp::MIN);
    while let Ok(tomorrow) = date.tomorrow()
        && let Ok(end) = begins(tomorrow)
    {
        if end > moment {
            return Period { start, end };
        }
        (date, start) = (tomorrow, end);
    }
    Period {
        start,
        end: Timestamp::MAX,
    }
}

fn clamped(second: i64) -> Timestamp {
    let bounds = (Timestamp::MIN, Timestamp::MAX);
    Timestamp::from_second(second).unwrap_or(if second < 0 { bounds.0 } else { bounds.1 })
}

fn later(moment: Timestamp) -> Timestamp {
    moment
        .checked_add(SignedDuration::from_nanos(1))
        .unwrap_or(moment)
}

fn earlier(moment: Timestamp) -> Timestamp {
    moment
        .checked_sub(SignedDuration::from_nanos(1))
        .unwrap_or(moment)
}

const HOUR: i64 = 3600;
