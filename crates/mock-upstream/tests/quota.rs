//! What the quota endpoints and headers tell.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use mock_upstream::{Clock, Fault, Mock, Quota, Script, Window};
use serde_json::{Value, json};

use crate::client::{Ask, Reply, chat, demo, hi, with_octocat};

const ZAI: &str = "/api/monitor/usage/quota/limit";
const SNAPSHOT: &str = "x-quota-snapshot-premium_interactions";

/// 2026-08-15T12:00:00Z, and the end of the five hours since 1970 that it lies in.
const NOW: u64 = 1_786_795_200;
const FIVE_HOURS_END: u64 = 1_786_806_000;
/// 2026-09-01T00:00:00Z.
const NEXT_MONTH: u64 = 1_788_220_800;

async fn demo_in_august() -> Mock {
    let script = Script {
        clock: Clock::of(|| SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)),
        ..Script::demo()
    };
    Mock::start(script).await.unwrap()
}

fn copilot_user(mock: &Mock) -> Ask {
    Ask::get(mock, "/copilot_internal/user").by_github("gho_demo_octocat")
}

async fn premium(mock: &Mock) -> Value {
    let mut user = copilot_user(mock).send().await.json();
    user["quota_snapshots"]["premium_interactions"].take()
}

fn zai(mock: &Mock, authorization: &str) -> Ask {
    Ask::get(mock, ZAI).with("authorization", authorization)
}

async fn zai_limits(mock: &Mock) -> Value {
    let reply = zai(mock, "zai-demo-key").send().await;
    assert_eq!(reply.status, StatusCode::OK);
    reply.json()["data"]["limits"].take()
}

async fn served(mock: &Mock) -> Reply {
    let reply = chat(mock, &hi()).send().await;
    assert_eq!(reply.status, StatusCode::OK);
    reply
}

fn left(remaining_percent: f64) -> Quota {
    Quota {
        remaining_percent,
        ..Quota::default()
    }
}

#[tokio::test]
async fn copilot_tells_the_same_quota_on_its_page_and_in_its_headers() {
    let mock = demo_in_august().await;
    let premium = premium(&mock).await;
    assert_eq!(premium["entitlement"], 300);
    assert_eq!(premium["remaining"], 106);
    assert_eq!(premium["quota_remaining"], 106.5);
    assert_eq!(premium["percent_remaining"], 35.5);
    assert_eq!(premium["unlimited"], false);
    assert_eq!(premium["has_quota"], true);
    assert_eq!(premium["quota_reset_at"], "2026-09-01T00:00:00Z");
    assert_eq!(
        served(&mock).await.header(SNAPSHOT),
        "ent=300&ov=0.0&ovPerm=false&rem=35.5&rst=2026-09-01T00%3A00%3A00Z&totRem=106.5"
    );
}

#[tokio::test]
async fn a_quota_that_is_set_while_the_mock_runs_is_told_from_then_on() {
    let mock = demo_in_august().await;
    mock.set_quota(
        "octocat",
        Quota {
            has_quota: false,
            resets_at: Some(NOW),
            ..left(-2.5)
        },
    );
    let user = copilot_user(&mock).send().await.json();
    assert_eq!(user["quota_reset_date"], "2026-08-15");
    assert_eq!(user["quota_reset_date_utc"], "2026-08-15T12:00:00Z");
    let premium = &user["quota_snapshots"]["premium_interactions"];
    assert_eq!(premium["quota_remaining"], -7.5);
    assert_eq!(premium["percent_remaining"], -2.5);
    assert_eq!(premium["has_quota"], false);
    assert_eq!(
        served(&mock).await.header(SNAPSHOT),
        "ent=300&ov=0.0&ovPerm=false&rem=-2.5&rst=2026-08-15T12%3A00%3A00Z&totRem=-7.5"
    );
}

#[tokio::test]
async fn an_unlimited_seat_is_told_by_a_flag_on_the_page_and_by_minus_one_in_headers() {
    let unlimited = Quota {
        unlimited: true,
        ..left(100.0)
    };
    let mock = with_octocat(|octocat| octocat.quota = unlimited).await;
    let premium = premium(&mock).await;
    assert_eq!(premium["unlimited"], true);
    assert_eq!(premium["entitlement"], 0);
    let snapshot = served(&mock).await;
    let snapshot = snapshot.header(SNAPSHOT);
    assert!(snapshot.starts_with("ent=-1&ov=0.0&ovPerm=false&rem=100.0&rst="));
}

#[tokio::test]
async fn the_session_and_the_week_have_headers_only_where_they_are_scripted() {
    let mock = demo_in_august().await;
    let plain = served(&mock).await;
    assert!(!plain.headers.contains_key("x-usage-ratelimit-session"));
    assert!(!plain.headers.contains_key("x-usage-ratelimit-weekly"));
    let window = |remaining_percent, resets_at| {
        Some(Window {
            remaining_percent,
            resets_at,
        })
    };
    mock.set_quota(
        "octocat",
        Quota {
            session: window(12.5, FIVE_HOURS_END),
            weekly: window(80.0, NEXT_MONTH),
            ..Quota::default()
        },
    );
    let reply = served(&mock).await;
    assert_eq!(
        reply.header("x-usage-ratelimit-session"),
        "ent=100&ov=0.0&ovPerm=false&rem=12.5&rst=2026-08-15T15%3A00%3A00Z&totRem=12.5"
    );
    assert_eq!(
        reply.header("x-usage-ratelimit-weekly"),
        "ent=100&ov=0.0&ovPerm=false&rem=80.0&rst=2026-09-01T00%3A00%3A00Z&totRem=80.0"
    );
}

#[tokio::test]
async fn a_fault_spells_out_its_own_headers_without_the_quota() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::rate_limited(3));
    let limited = chat(&mock, &hi()).send().await;
    assert!(!limited.headers.contains_key(SNAPSHOT));
}

#[tokio::test]
async fn zai_tells_what_is_used_of_five_hours_and_of_the_tools_month() {
    let mock = demo_in_august().await;
    mock.set_quota("zed", left(58.0));
    let told = zai(&mock, "zai-demo-key").send().await.json();
    assert_eq!(
        told,
        json!({"code": 200, "success": true, "data": {"level": "pro", "limits": [
            {"type": "TOKENS_LIMIT", "unit": 3, "number": 5, "percentage": 42,
             "nextResetTime": FIVE_HOURS_END * 1000},
            {"type": "TIME_LIMIT", "unit": 5, "number": 1, "usage": 100, "currentValue": 20,
             "remaining": 80, "percentage": 20, "nextResetTime": NEXT_MONTH * 1000,
             "usageDetails": []},
        ]}})
    );
    assert_eq!(mock.seen()[0].account.as_deref(), Some("zed"));
}

#[tokio::test]
async fn zai_tells_the_week_only_where_it_is_scripted() {
    let mock = demo().await;
    assert_eq!(zai_limits(&mock).await.as_array().unwrap().len(), 2);
    mock.set_quota(
        "zed",
        Quota {
            resets_at: Some(NOW),
            weekly: Some(Window {
                remaining_percent: 9.5,
                resets_at: NEXT_MONTH,
            }),
            ..Quota::default()
        },
    );
    let limits = zai_limits(&mock).await;
    assert_eq!(limits[0]["percentage"], 64.5);
    assert_eq!(limits[0]["nextResetTime"], NOW * 1000);
    assert_eq!(
        limits[1],
        json!({"type": "TOKENS_LIMIT", "unit": 6, "number": 1, "percentage": 90.5,
               "nextResetTime": NEXT_MONTH * 1000})
    );
    assert_eq!(limits[2]["type"], "TIME_LIMIT");
}

#[tokio::test]
async fn zai_tells_its_quota_to_a_bare_key_only_and_a_bare_key_its_quota_only() {
    let mock = demo().await;
    for strange in ["Bearer zai-demo-key", "zai-other-key", "gho_demo_octocat"] {
        let refused = zai(&mock, strange).send().await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{strange}");
        assert_eq!(refused.json()["success"], false);
    }
    let models = Ask::get(&mock, "/api/paas/v4/models").with("authorization", "zai-demo-key");
    assert_eq!(models.send().await.status, StatusCode::UNAUTHORIZED);
    let below_base = Ask::get(&mock, &format!("/api/coding/paas/v4{ZAI}"));
    let below_base = below_base.with("authorization", "zai-demo-key");
    assert_eq!(below_base.send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_quota_goes_wrong_on_demand_apart_from_the_rest_until_cleared() {
    let mock = demo().await;
    mock.set_quota_faults(
        "octocat",
        vec![Fault::status(500, "no"), Fault::Refuse, Fault::CutBody],
    );
    assert_eq!(served(&mock).await.status, StatusCode::OK);
    let failed = copilot_user(&mock).send().await;
    assert_eq!(failed.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(copilot_user(&mock).open().await.is_err());
    assert!(!copilot_user(&mock).send().await.complete);
    assert_eq!(premium(&mock).await["entitlement"], 300);

    mock.set_quota_faults("zed", vec![Fault::status(502, ""), Fault::status(503, "")]);
    let failed = zai(&mock, "zai-demo-key").send().await;
    assert_eq!(failed.status, StatusCode::BAD_GATEWAY);
    mock.clear("zed");
    zai_limits(&mock).await;
}
