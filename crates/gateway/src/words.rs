//! Lengths of time and moments, as people say them.

use std::time::Duration;

use jiff::Timestamp;

const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

/// A length of time in its largest unit, for tables: `2 d`, `42 s`.
pub fn about(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let fits = UNITS.iter().find(|(unit, _)| seconds >= *unit);
    fits.map_or_else(
        || "0 s".into(),
        |(unit, name)| format!("{} {name}", seconds / unit),
    )
}

/// A length of time in its two largest units: `2 d 3 h`, `42 s`.
pub fn length(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let Some(first) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else {
        return "0 s".into();
    };
    let (unit, name) = UNITS[first];
    let whole = format!("{} {name}", seconds / unit);
    match UNITS.get(first + 1) {
        Some((smaller, name)) if seconds % unit >= *smaller => {
            format!("{whole} {} {name}", seconds % unit / smaller)
        }
        _ => whole,
    }
}

/// A moment to the second, in UTC.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_its_two_largest_units() {
        let said = |secs| length(Duration::from_secs(secs));
        assert_eq!(said(0), "0 s");
        assert_eq!(said(42), "42 s");
        assert_eq!(said(60), "1 min");
        assert_eq!(said(61), "1 min 1 s");
        assert_eq!(said(3_600 + 59), "1 h");
        assert_eq!(said(2 * 86_400 + 3 * 3_600 + 61), "2 d 3 h");
        assert_eq!(length(Duration::from_millis(1)), "1 s");
        assert_eq!(about(Duration::from_secs(2 * 86_400 + 3_600)), "2 d");
        assert_eq!(about(Duration::ZERO), "0 s");
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(moment(at), "1970-01-01 00:00:00Z");
    }
}
