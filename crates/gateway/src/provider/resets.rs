//! When a window is renewed: as headers and words tell it, and as the calendar
//! does.

use std::time::Duration;

use http::HeaderMap;
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, civil};

use super::{LONGEST_WAIT, until};

/// `x-ratelimit-reset`, as a length (`7`, `7.5`, `1s`, `6m0s`) or in seconds
/// since 1970, of the windows that are told to be empty the last one. One with
/// something left does not block.
pub(super) fn reset_header(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| Some(headers.get(name)?.to_str().ok()?.trim());
    let windows = ["", "-requests", "-tokens"].iter();
    let resets = windows.filter_map(|window| {
        let left = text(&format!("x-ratelimit-remaining{window}"));
        if left
            .and_then(|left| left.parse().ok())
            .is_some_and(|left: f64| left > 0.0)
        {
            return None;
        }
        let reset = seconds(text(&format!("x-ratelimit-reset{window}"))?)?;
        // No window is a decade long: a large number is a moment.
        if reset > 300_000_000.0 {
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds do")]
            return Some(until(Timestamp::from_second(reset as i64).ok()?, now));
        }
        Some(Duration::try_from_secs_f64(reset).ok()?.min(LONGEST_WAIT))
    });
    resets.filter(|reset| !reset.is_zero()).max()
}

/// A number of seconds, or a length as Go writes it.
fn seconds(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse() {
        return Some(seconds);
    }
    let (mut sum, mut rest) = (0.0, text);
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, after) = rest.split_at(digits);
        let units = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let (unit, factor) = units
            .into_iter()
            .find(|(unit, _)| after.starts_with(unit))?;
        sum += number.parse::<f64>().ok()? * factor;
        rest = &after[unit.len()..];
    }
    Some(sum)
}

pub(super) fn next_month(now: Timestamp) -> Option<Timestamp> {
    let first = now.to_zoned_datetime(TimeZone::UTC).first_of_month().ok()?;
    let next = first.date().checked_add(Span::new().months(1)).ok()?;
    Some(next.to_zoned_datetime(TimeZone::UTC).ok()?.timestamp())
}

fn china() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

pub(super) fn next_day_in_china(now: Timestamp) -> Option<Timestamp> {
    let tomorrow = now.to_zoned_datetime(china()).date().tomorrow().ok()?;
    Some(tomorrow.to_zoned_datetime(china()).ok()?.timestamp())
}

/// The last `YYYY-MM-DD HH:MM:SS` in a text that is still ahead: some tell when
/// the window began, too.
pub(super) fn told_in_china(text: &str, now: Timestamp) -> Option<Timestamp> {
    const SHAPE: usize = "2026-08-27 21:31:39".len();
    let mut told = (0..text.len().saturating_sub(SHAPE - 1)).filter_map(|at| {
        let candidate = text.get(at..at + SHAPE)?;
        candidate
            .starts_with(|first: char| first.is_ascii_digit())
            .then_some(())?;
        let told = civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", candidate).ok()?;
        Some(told.to_zoned_datetime(china()).ok()?.timestamp())
    });
    told.rfind(|told| *told > now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn a_day_in_china_ends_at_sixteen_hours_utc() {
        assert_eq!(
            next_day_in_china(at("2026-11-23T15:59:59Z")),
            Some(at("2026-11-23T16:00:00Z"))
        );
        assert_eq!(
            next_day_in_china(at("2026-11-23T16:00:00Z")),
            Some(at("2026-11-24T16:00:00Z"))
        );
    }

    #[test]
    fn a_month_ends_at_midnight_utc_also_with_the_year() {
        for (now, next) in [
            ("2026-11-30T23:59:59Z", "2026-12-01T00:00:00Z"),
            ("2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(next_month(at(now)), Some(at(next)));
        }
    }

    #[test]
    fn a_time_in_words_is_read_as_china_tells_it() {
        let text = "usage limit reached for 5 hour. your limit will reset at 2026-08-27 21:31:39 ü";
        let now = at("2026-08-27T00:00:00Z");
        assert_eq!(told_in_china(text, now), Some(at("2026-08-27T13:31:39Z")));
        let both = format!("from 2026-08-27 05:00:00 on; {text}");
        assert_eq!(told_in_china(&both, now), Some(at("2026-08-27T13:31:39Z")));
        assert_eq!(told_in_china("2026-13-27 21:31:39", now), None);
        assert_eq!(told_in_china(text, at("2026-08-28T00:00:00Z")), None);
    }

    #[test]
    fn only_a_window_that_is_empty_tells_when_it_ends() {
        let mut headers = HeaderMap::new();
        let mut set = |name, value| headers.insert(name, HeaderValue::from_static(value));
        set("x-ratelimit-remaining-requests", "12");
        set("x-ratelimit-reset-requests", "86400");
        set("x-ratelimit-remaining-tokens", "0");
        set("x-ratelimit-reset-tokens", "7");
        let now = at("2026-11-23T20:00:00Z");
        assert_eq!(reset_header(&headers, now), Some(Duration::from_secs(7)));
        headers.insert(
            "x-ratelimit-reset-tokens",
            HeaderValue::from(now.as_second() + 90),
        );
        assert_eq!(reset_header(&headers, now), Some(Duration::from_secs(90)));
        headers.insert("x-ratelimit-reset-tokens", HeaderValue::from_static("6m0s"));
        assert_eq!(reset_header(&headers, now), Some(Duration::from_secs(360)));
    }

    #[test]
    fn a_length_is_read_as_a_number_and_as_go_writes_it() {
        for (text, expected) in [
            ("7", Some(7.0)),
            ("7.5", Some(7.5)),
            ("1s", Some(1.0)),
            ("6m0s", Some(360.0)),
            ("1h30m", Some(5400.0)),
            ("250ms", Some(0.25)),
            ("soon", None),
            ("1x", None),
            ("m", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_words_panic(text in "\\PC{0,60}", seconds in -10_000_000_000_i64..10_000_000_000) {
            told_in_china(&text, Timestamp::UNIX_EPOCH);
            self::seconds(&text);
            if let Ok(now) = Timestamp::from_second(seconds) {
                next_day_in_china(now);
                next_month(now);
            }
        }
    }
}
