//! What Copilot tells of a seat's allowance: in the headers of its replies, and
//! at `/copilot_internal/user` (facts: Copilot, 6).

use http::HeaderMap;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::quota::{Quota, Window};

/// The windows that the headers of a reply tell. An open set of names.
pub(super) fn told(headers: &HeaderMap) -> Vec<Window> {
    let told = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        let window = name
            .strip_prefix("x-quota-snapshot-")
            .or_else(|| name.strip_prefix("x-usage-ratelimit-"))?;
        snapshot(window, value.to_str().ok()?)
    });
    told.collect()
}

/// When the window of this name begins anew, if it says that it is used up.
pub(super) fn reset_of(headers: &HeaderMap, is_meant: impl Fn(&str) -> bool) -> Option<Timestamp> {
    let used_up = told(headers)
        .into_iter()
        .filter(|window| is_meant(&window.name) && window.left <= 0.0);
    used_up.filter_map(|window| window.resets).max()
}

/// `ent=300&ov=0.0&ovPerm=false&rem=35.5&rst=2026-09-01T00%3A00%3A00Z&totRem=106.5`
fn snapshot(name: &str, value: &str) -> Option<Window> {
    let field = |wanted: &str| {
        let mut fields = value.split('&').filter_map(|field| field.split_once('='));
        let (_, text) = fields.find(|(name, _)| *name == wanted)?;
        percent_decode_str(text).decode_utf8().ok()
    };
    let entitlement: f64 = field("ent")?.parse().ok()?;
    // None at all is no such allotment, not one that is used up.
    if entitlement == 0.0 {
        return None;
    }
    let remaining: f64 = field("rem")?.parse().ok()?;
    let resets = field("rst").and_then(|at| at.parse().ok());
    Some(window(name, remaining, entitlement < 0.0, resets))
}

fn window(name: &str, percent: f64, unlimited: bool, resets: Option<Timestamp>) -> Window {
    let left = if unlimited {
        1.0
    } else {
        (percent / 100.0).clamp(0.0, 1.0)
    };
    Window {
        name: name.to_owned(),
        left: if left.is_nan() { 0.0 } else { left },
        unlimited,
        resets,
        // An editor's own completions; nothing here uses them.
        counts: name != "completions",
    }
}

/// Reads an answer of `/copilot_internal/user`, in which any field may be
/// missing.
///
/// # Errors
/// If it is no JSON object.
pub(super) fn read(body: &[u8]) -> Result<Quota, String> {
    #[derive(Deserialize)]
    struct User {
        copilot_plan: Option<String>,
        quota_reset_date_utc: Option<String>,
        quota_snapshots: Option<Map<String, Value>>,
    }
    let user: User =
        serde_json::from_slice(body).map_err(|error| format!("not what it should be: {error}"))?;
    let resets = user.quota_reset_date_utc.and_then(|at| at.parse().ok());
    let windows = user.quota_snapshots.unwrap_or_default();
    let windows = windows
        .iter()
        .filter_map(|(name, told)| seat_window(name, told, resets));
    Ok(Quota {
        plan: user.copilot_plan,
        windows: windows.collect(),
        told: None,
    })
}

fn seat_window(name: &str, told: &Value, resets: Option<Timestamp>) -> Option<Window> {
    let number = |field: &str| told.get(field).and_then(Value::as_f64);
    let is = |field: &str| told.get(field).and_then(Value::as_bool);
    let own = told.get("quota_reset_at").and_then(Value::as_str);
    let resets = own.and_then(|at| at.parse().ok()).or(resets);
    // Billed by tokens, a seat is blocked by this alone.
    if is("has_quota") == Some(false) {
        return Some(window(name, 0.0, false, resets));
    }
    if is("unlimited") == Some(true) {
        return Some(window(name, 100.0, true, resets));
    }
    if number("entitlement") == Some(0.0) {
        return None;
    }
    Some(window(name, number("percent_remaining")?, false, resets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    fn headers(told: &[(&'static str, &'static str)]) -> HeaderMap {
        told.iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    #[test]
    fn each_header_of_a_window_is_read_and_no_other() {
        let headers = headers(&[
            (
                "x-quota-snapshot-premium_interactions",
                "ent=300&ov=0.0&ovPerm=false&rem=35.5&rst=2026-12-01T00%3A00%3A00Z&totRem=106.5",
            ),
            (
                "x-quota-snapshot-chat",
                "ent=-1&ov=0.0&ovPerm=false&rem=100.0&rst=&totRem=0.0",
            ),
            ("x-quota-snapshot-completions", "ent=2000&rem=-3.0&rst="),
            ("x-quota-snapshot-premium_models", "ent=0&rem=0.0&rst="),
            (
                "x-usage-ratelimit-session",
                "ent=100&rem=0.0&rst=2026-11-25T15%3A00%3A00Z",
            ),
            ("x-quota-snapshot-odd", "ent=many"),
            ("x-request-id", "ent=1&rem=1"),
        ]);
        let told: Vec<_> = told(&headers)
            .into_iter()
            .map(|window| {
                format!(
                    "{} {} {} {}",
                    window.name, window.left, window.unlimited, window.counts
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                "premium_interactions 0.355 false true",
                "chat 1 true true",
                "completions 0 false false",
                "session 0 false true",
            ]
        );
        let reset = |name: &str| reset_of(&headers, |window| window == name);
        assert_eq!(
            reset("session"),
            Some("2026-11-25T15:00:00Z".parse().unwrap())
        );
        assert_eq!(reset("premium_interactions"), None);
    }

    #[test]
    fn what_a_seat_says_of_itself_is_read_field_by_field() {
        let body = br#"{"copilot_plan":"business","quota_reset_date_utc":"2026-12-01T00:00:00Z","quota_snapshots":{
            "a":{"entitlement":300,"percent_remaining":12.5,"has_quota":true},
            "b":{"unlimited":true,"entitlement":0,"percent_remaining":100.0},
            "c":{"unlimited":true,"has_quota":false},
            "d":{"entitlement":0,"percent_remaining":0},
            "e":{"percent_remaining":-4,"quota_reset_at":"2026-11-26T00:00:00Z"},
            "f":{}}}"#;
        let quota = read(body).unwrap();
        let told: Vec<_> = quota
            .windows
            .iter()
            .map(|window| format!("{} {} {}", window.name, window.left, window.unlimited))
            .collect();
        assert_eq!(
            told,
            ["a 0.125 false", "b 1 true", "c 0 false", "e 0 false"]
        );
        assert_eq!(quota.plan.as_deref(), Some("business"));
        assert_eq!(
            quota.windows[3].resets,
            Some("2026-11-26T00:00:00Z".parse().unwrap())
        );
        assert_eq!(read(b"{}").unwrap(), Quota::default());
        assert!(read(b"<html>").is_err());
    }

    proptest! {
        #[test]
        fn no_header_panics(value in "\\PC{0,60}") {
            snapshot("x", &value);
        }
    }
}
