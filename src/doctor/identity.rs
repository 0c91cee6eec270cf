//! Whether what Copilot is told of the editor is of today: the default profile, and
//! the settings that keep older values.

use config::{Account, Config};
use gateway::provider::copilot::identity::{PROFILE, overrides};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::finding::Finding;

/// How old a profile may get: Copilot has refused one of half a year.
const MONTHS: i64 = 6;

/// Looks at the profile and at each Copilot account's settings.
pub(super) fn look(config: &Config, now: Timestamp, findings: &mut Vec<Finding>) {
    const ABOUT: &str = "identity";
    let copilot = config.accounts.iter();
    let copilot: Vec<&Account> = copilot
        .filter(|account| account.provider.is_copilot())
        .collect();
    if copilot.is_empty() {
        return;
    }
    let version = &PROFILE.version;
    let today = TimeZone::UTC.to_datetime(now).date();
    findings.push(match age_in_months(version, today) {
        Some(age) if age > MONTHS => Finding::note(
            ABOUT,
            format!("the default profile is of {version}, {age} months ago"),
        )
        .remedy("install a newer release of tokn-router"),
        _ => Finding::well(ABOUT, format!("the default profile is of {version}")),
    });
    for account in copilot {
        for (header, value) in overrides(&account.settings) {
            let (Some(value), Some(default)) = (value, PROFILE.headers.get(header)) else {
                continue;
            };
            if is_older(value, default) {
                let id = &account.id;
                let key = key_of(header);
                findings.push(
                    Finding::note(id, format!("{key} is {value}, older than {default}")).remedy(
                        format!("`tokn-router config unset settings.{key} --account {id}`"),
                    ),
                );
            }
        }
    }
}

/// The key in `[accounts.settings]` that overrides a header.
fn key_of(header: &str) -> String {
    let key = header
        .strip_prefix("x-interaction")
        .map(|rest| format!("interaction{rest}"));
    key.unwrap_or_else(|| header.to_owned()).replace('-', "_")
}

/// From a month such as `2026-10` to a day.
fn age_in_months(version: &str, today: Date) -> Option<i64> {
    let month: Date = format!("{version}-01").parse().ok()?;
    let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
    Some(months(today) - months(month))
}

/// Whether a value is an earlier version of the same thing, as `vscode/1.95.0` is of
/// `vscode/1.124.2`. Dates of API versions compare alike.
fn is_older(value: &str, default: &str) -> bool {
    let (name, version) = split(value);
    let (default_name, default_version) = split(default);
    if name != default_name || version.is_empty() || default_version.is_empty() {
        return false;
    }
    version < default_version
}

/// What stands before the first digit, and the numbers from there on.
fn split(text: &str) -> (&str, Vec<u64>) {
    let at = text
        .find(|char: char| char.is_ascii_digit())
        .unwrap_or(text.len());
    let (name, version) = text.split_at(at);
    let numbers = version.split(|char: char| !char.is_ascii_digit());
    (
        name,
        numbers.map_while(|number| number.parse().ok()).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers_and_only_of_the_same_thing() {
        assert!(is_older("vscode/1.95.0", "vscode/1.124.2"));
        assert!(!is_older("vscode/1.124.2", "vscode/1.124.2"));
        assert!(!is_older("vscode/2.0", "vscode/1.124.2"));
        assert!(is_older("2025-04-01", "2026-06-01"));
        assert!(!is_older("Mine/0.1", "GitHubCopilotChat/0.52.0"));
        assert!(!is_older("conversation-panel", "conversation-agent"));
        assert!(!is_older("", "vscode/1"));
    }

    #[test]
    fn an_age_is_counted_in_months() {
        let today = jiff::civil::date(2026, 11, 25);
        assert_eq!(age_in_months("2026-10", today), Some(1));
        assert_eq!(age_in_months("2025-12", today), Some(11));
        assert_eq!(age_in_months("soon", today), None);
    }

    #[test]
    fn each_header_has_the_key_that_overrides_it() {
        let keys: Vec<String> = overrides(&config::Settings::default())
            .iter()
            .map(|(header, _)| key_of(header))
            .collect();
        for key in &keys {
            let key = format!("settings.{key}");
            assert!(
                config::schema::resolve(&key, Some("octocat")).is_ok(),
                "{key}"
            );
        }
    }
}
