//! Moments as people name them: `24h`, `7d`, `today`, `2026-11-01`, `all`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ZonedDateTime};

use crate::report::{Failure, Kind};

/// What time it is, and where.
pub(super) struct Clock {
    now: ZonedDateTime,
}

impl Clock {
    pub(super) fn new(now: Timestamp, zone: TimeZone) -> Self {
        Self {
            now: now.to_zoned_datetime(zone),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now.timestamp()
    }

    pub(super) fn zone(&self) -> &TimeZone {
        self.now.time_zone()
    }

    /// The moment that was named with `flag`: so long ago, a date or time by the
    /// clock on the wall here, or one with its offset. `None` is no bound at all.
    pub(super) fn moment(&self, flag: &str, named: &str) -> Result<Option<Timestamp>, Failure> {
        let refused =
            |why: &str| Failure::of(Kind::Usage, format_args!("{flag} {named}: {why}")).hint(FORMS);
        let out_of_reach = |_| refused("so far back no clock goes");
        match named {
            "all" => return Ok(None),
            "today" => {
                let midnight = self.now.start_of_day().map_err(out_of_reach)?;
                return Ok(Some(midnight.timestamp()));
            }
            _ => {}
        }
        if let Ok(moment) = named.parse::<Timestamp>() {
            return Ok(Some(moment));
        }
        if let Ok(civil) = named.parse::<DateTime>() {
            let moment = self.zone().to_timestamp(civil).map_err(out_of_reach)?;
            return Ok(Some(moment));
        }
        let span: Span = named
            .parse()
            .map_err(|_| refused("this is no length of time, date or time"))?;
        if span.is_negative() {
            return Err(refused("a length of time cannot be negative"));
        }
        let moment = self.now.checked_sub(span).map_err(out_of_reach)?;
        Ok(Some(moment.timestamp()))
    }

    /// A moment by the clock on the wall, to the minute.
    pub(super) fn told(&self, moment: Timestamp) -> String {
        let local = moment.to_zoned_datetime(self.zone().clone());
        local.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// Whose clock it is.
    pub(super) fn zone_name(&self) -> String {
        let named = self.zone().iana_name().map(str::to_owned);
        named.unwrap_or_else(|| self.now.strftime("UTC%:z").to_string())
    }
}

const FORMS: &str = "say it as in 24h, 7d, today, 2026-11-01, 2026-11-01T12:00 or all";

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> String {
        let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();
        let now = "2026-11-02T12:00:00Z".parse().unwrap();
        match Clock::new(now, zone).moment("--since", text) {
            Ok(None) => "always".to_owned(),
            Ok(Some(moment)) => moment.to_string(),
            Err(failure) => format!("{failure:?}"),
        }
    }

    #[test]
    fn a_length_of_time_is_that_long_ago() {
        assert_eq!(named("24h"), "2026-11-01T12:00:00Z");
        assert_eq!(named("90m"), "2026-11-02T10:30:00Z");
        assert_eq!(named("1h30m"), "2026-11-02T10:30:00Z");
        assert_eq!(named("0s"), "2026-11-02T12:00:00Z");
    }

    #[test]
    fn a_day_is_one_of_the_clock_on_the_wall() {
        // Clocks were put back by an hour in the night before.
        assert_eq!(named("2d"), "2026-10-31T11:00:00Z");
        assert_eq!(named("1w"), "2026-10-26T11:00:00Z");
        assert_eq!(named("today"), "2026-11-02T05:00:00Z");
        assert_eq!(named("2026-11-01"), "2026-11-01T04:00:00Z");
        assert_eq!(named("2026-11-02T06:30"), "2026-11-02T11:30:00Z");
    }

    #[test]
    fn a_moment_with_an_offset_is_that_one() {
        assert_eq!(named("2026-11-01T12:00Z"), "2026-11-01T12:00:00Z");
        assert_eq!(named("2026-11-01T12:00+02:00"), "2026-11-01T10:00:00Z");
    }

    #[test]
    fn all_has_no_beginning() {
        assert_eq!(named("all"), "always");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "yesterdayish", "24", "h", "-5h", "2026-13-01", "99999y"] {
            assert!(named(text).contains("Usage"), "{text}: {}", named(text));
        }
    }
}
