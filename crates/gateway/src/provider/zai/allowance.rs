//! What Z.ai tells of a key's allowance, at a host of its own and for the raw
//! key (facts: Z.ai).

use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use jiff::Timestamp;
use serde::Deserialize;

use crate::quota::{Quota, Window};

/// Where the allowance of a key is asked for, and the key as a header.
pub(super) fn place(base: &str, key: &str) -> Option<(Uri, HeaderValue)> {
    let mut parts = base.parse::<Uri>().ok()?.into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/api/monitor/usage/quota/limit"));
    let mut key = HeaderValue::from_str(key).ok()?;
    key.set_sensitive(true);
    Some((Uri::from_parts(parts).ok()?, key))
}

/// Reads the answer.
///
/// # Errors
/// If it is no answer, or one that refuses.
pub(super) fn read(body: &[u8]) -> Result<Quota, String> {
    #[derive(Deserialize)]
    struct Answer {
        success: Option<bool>,
        msg: Option<String>,
        data: Option<Data>,
    }
    #[derive(Deserialize)]
    struct Data {
        level: Option<String>,
        #[serde(rename = "planName")]
        plan_name: Option<String>,
        #[serde(default)]
        limits: Vec<serde_json::Value>,
    }
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| format!("not what it should be: {error}"))?;
    let Some(data) = answer.data.filter(|_| answer.success != Some(false)) else {
        return Err(answer.msg.unwrap_or_else(|| "refused".into()));
    };
    let limits = data.limits.into_iter();
    Ok(Quota {
        plan: data.level.or(data.plan_name),
        windows: limits
            .filter_map(|limit| window(serde_json::from_value(limit).ok()?))
            .collect(),
        told: None,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limit {
    r#type: String,
    unit: Option<u32>,
    number: Option<u32>,
    percentage: Option<f64>,
    next_reset_time: Option<i64>,
}

/// A limit as a window. `TIME_LIMIT` is the month's allowance of tools, which
/// no chat counts against; what its unit says is not so.
fn window(limit: Limit) -> Option<Window> {
    let counts = limit.r#type != "TIME_LIMIT";
    let name = match (limit.unit, limit.number) {
        _ if !counts => "tools".into(),
        (Some(3), Some(hours)) => format!("{hours}h"),
        (Some(1), Some(days)) => format!("{days}d"),
        (Some(6), _) => "week".into(),
        (Some(5), Some(minutes)) => format!("{minutes}min"),
        _ => limit.r#type.to_ascii_lowercase(),
    };
    let used = limit.percentage.filter(|used| !used.is_nan())?;
    Some(Window {
        name,
        left: (1.0 - used / 100.0).clamp(0.0, 1.0),
        unlimited: false,
        resets: limit
            .next_reset_time
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
        counts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_a_window_and_only_those_of_tokens_count() {
        let body = br#"{"code":200,"success":true,"data":{"level":"pro","limits":[
            {"type":"TOKENS_LIMIT","unit":3,"number":5,"percentage":64.5,"nextResetTime":1795000000000},
            {"type":"CREDIT_LIMIT","unit":6,"number":1,"percentage":10},
            {"type":"TIME_LIMIT","unit":5,"number":1,"percentage":100,"usageDetails":[]},
            {"type":"NEW_LIMIT","percentage":120},
            7, {"type":"EMPTY"}]}}"#;
        let quota = read(body).unwrap();
        let told: Vec<_> = quota
            .windows
            .iter()
            .map(|window| format!("{} {:.3} {}", window.name, window.left, window.counts))
            .collect();
        assert_eq!(
            told,
            [
                "5h 0.355 true",
                "week 0.900 true",
                "tools 0.000 false",
                "new_limit 0.000 true"
            ]
        );
        assert_eq!(quota.plan.as_deref(), Some("pro"));
        assert_eq!(
            quota.windows[0].resets,
            Timestamp::from_second(1_795_000_000).ok()
        );
    }

    #[test]
    fn a_refusal_says_why() {
        let body = br#"{"code":401,"success":false,"msg":"token expired"}"#;
        assert_eq!(read(body).unwrap_err(), "token expired");
        assert!(read(b"<html>").is_err());
    }

    #[test]
    fn the_place_is_at_the_hosts_root_whatever_the_base() {
        for base in ["https://api.z.ai/api/coding/paas/v4", "https://api.z.ai"] {
            let (place, key) = place(base, "k").unwrap();
            assert_eq!(place, "https://api.z.ai/api/monitor/usage/quota/limit");
            assert_eq!(key, "k");
        }
    }
}
