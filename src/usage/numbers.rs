//! Numbers for people: short ones for tables, whole ones for sentences.

use std::time::Duration;

/// A count with three digits that matter, in five characters at most: `999`,
/// `1.23k`, `45.6M`.
pub(super) fn short(count: u64) -> String {
    if count < 1000 {
        return count.to_string();
    }
    // In units of the third digit, so that what rounds up to 1000 of one unit is one
    // of the next.
    let mut scale = 1_u128;
    let mut rounded = u128::from(count);
    while rounded >= 1000 {
        scale *= 10;
        rounded = (u128::from(count) + scale / 2) / scale;
    }
    let decimals = scale.ilog10();
    let unit = UNITS[(decimals as usize).div_ceil(3) - 1];
    let text = rounded.to_string();
    match decimals % 3 {
        0 => format!("{text}{unit}"),
        1 => format!("{}.{}{unit}", &text[..1], &text[1..]),
        _ => format!("{}.{}{unit}", &text[..2], &text[2..]),
    }
}

/// Above a thousand: of each of these three digits more.
const UNITS: [&str; 6] = ["k", "M", "G", "T", "P", "E"];

/// A count with all its digits, in threes: `1,234,567`.
pub(super) fn whole(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Dollars of nano-credits, with as many digits as matter.
pub(super) fn dollars(nano_credits: u64) -> String {
    let dollars = usd(nano_credits);
    match nano_credits {
        0 => "$0".to_owned(),
        // What is not nothing is not told as nothing.
        1..=9_999_999 => "<$0.0001".to_owned(),
        _ if dollars < 0.01 => format!("${dollars:.4}"),
        _ if dollars < 1.0 => format!("${dollars:.3}"),
        _ if dollars < 1000.0 => format!("${dollars:.2}"),
        _ => format!("${}", whole(dollars.round() as u64)),
    }
}

/// The same as a number; 1e11 nano-credits are a dollar (facts: Copilot, 6).
pub(super) fn usd(nano_credits: u64) -> f64 {
    nano_credits as f64 / 1e11
}

/// A length of time with as many digits as matter: `812ms`, `4.21s`, `72.1s`.
pub(super) fn latency(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match time.as_millis() {
        millis @ ..1000 => format!("{millis}ms"),
        1000..9_995 => format!("{seconds:.2}s"),
        9_995..99_950 => format!("{seconds:.1}s"),
        _ => format!("{seconds:.0}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> f64 {
        let unit = text.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
        let power = UNITS.iter().position(|known| *known == unit);
        let scale = power.map_or(1.0, |power| 1000_f64.powi(power as i32 + 1));
        text.trim_end_matches(unit).parse::<f64>().unwrap() * scale
    }

    #[test]
    fn a_short_number_is_within_half_a_percent_and_five_characters() {
        let mut count = 1_u64;
        while count < u64::MAX / 3 {
            for count in [count, count - 1, count + 1, count / 2 + 1] {
                let told = short(count);
                assert!(told.len() <= 5, "{count}: {told}");
                let difference = (value(&told) - count as f64).abs();
                assert!(difference <= count as f64 * 0.005, "{count}: {told}");
            }
            count = count * 3 / 2 + 1;
        }
        assert_eq!(short(u64::MAX), "18.4E");
    }

    #[test]
    fn what_rounds_up_to_a_thousand_has_the_next_unit() {
        let told: Vec<String> = [999, 1000, 9_994, 9_995, 99_949, 99_950, 999_499, 999_500]
            .map(short)
            .to_vec();
        assert_eq!(
            told,
            [
                "999", "1.00k", "9.99k", "10.0k", "99.9k", "100k", "999k", "1.00M"
            ]
        );
    }

    #[test]
    fn digits_stand_in_threes() {
        let told = [0, 12, 123, 1_234, 123_456, 1_234_567].map(whole);
        assert_eq!(told, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }

    #[test]
    fn dollars_have_the_digits_that_matter() {
        let told = [
            0,
            1,
            10_000_000,
            123_000_000,
            12_340_000_000,
            123_456_000_000,
            123_456_000_000_000,
        ]
        .map(dollars);
        let expected = [
            "$0", "<$0.0001", "$0.0001", "$0.0012", "$0.123", "$1.23", "$1,235",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_latency_has_the_digits_that_matter() {
        let told = [0, 999, 1_000, 9_994, 9_995, 72_100, 123_400]
            .map(Duration::from_millis)
            .map(latency);
        let expected = ["0ms", "999ms", "1.00s", "9.99s", "10.0s", "72.1s", "123s"];
        assert_eq!(told, expected);
    }
}
