//! GitHub's own API: who the user is, and a Copilot token for a GitHub token.

use http::header::USER_AGENT;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::plan;
use crate::quota::{self, Quota};
use crate::reply::{Refusal, Refused, Reply};
use crate::script::Kind;
use crate::state::{Caller, Credential, Seat, State, lock};

/// `GET /user`.
pub(crate) fn user(headers: &HeaderMap, caller: Option<Caller<'_>>) -> Reply {
    let seat = match admit(headers, caller) {
        Ok(seat) => seat,
        Err(refusal) => return *refusal,
    };
    let login = &seat.account.id;
    Reply::json(
        StatusCode::OK,
        &json!({
            "login": login, "id": 583_231, "type": "User", "name": login,
            "plan": {"name": "free", "space": 976_562_499, "collaborators": 0},
        }),
    )
}

/// `GET /copilot_internal/v2/token`.
pub(crate) async fn exchange(
    state: &State,
    headers: &HeaderMap,
    caller: Option<Caller<'_>>,
) -> Result<Reply, Refused> {
    let seat = match admit(headers, caller) {
        Ok(seat) => seat,
        Err(refusal) => return Ok(*refusal),
    };
    plan::heed(&seat.exchange_faults, || {
        if seat.account.seat {
            token(state, seat)
        } else {
            no_seat(seat)
        }
    })
    .await
}

/// `GET /copilot_internal/user`.
pub(crate) async fn quota(
    state: &State,
    headers: &HeaderMap,
    caller: Option<Caller<'_>>,
) -> Result<Reply, Refused> {
    let seat = match admit(headers, caller) {
        Ok(seat) => seat,
        Err(refusal) => return Ok(*refusal),
    };
    plan::heed(&seat.quota_faults, || copilot_user(state, seat)).await
}

/// GitHub answers nobody without a User-Agent, and asks for a GitHub token.
fn admit<'a>(headers: &HeaderMap, caller: Option<Caller<'a>>) -> Result<&'a Seat, Refusal> {
    if !headers.contains_key(USER_AGENT) {
        return Err(Reply::text(
            StatusCode::FORBIDDEN,
            "Request forbidden by administrative rules. Please make sure your request has a \
             User-Agent header.\n",
        )
        .into());
    }
    match caller {
        Some(caller)
            if caller.credential == Credential::Secret
                && caller.seat.account.kind == Kind::Copilot =>
        {
            Ok(caller.seat)
        }
        _ => Err(Reply::json(
            StatusCode::UNAUTHORIZED,
            &json!({
                "message": "Bad credentials", "documentation_url": "https://docs.github.com/rest",
                "status": "401",
            }),
        )
        .into()),
    }
}

fn copilot_user(state: &State, seat: &Seat) -> Reply {
    let account = &seat.account;
    let quota = *lock(&seat.quota);
    let reset = quota::instant(quota.month_ends(&state.clock));
    let unlimited = |name: &str| {
        json!({
            "entitlement": 0, "remaining": 0, "quota_remaining": 0.0, "percent_remaining": 100.0,
            "overage_count": 0, "overage_permitted": false, "unlimited": true,
            "quota_id": name, "has_quota": true,
        })
    };
    Reply::json(
        StatusCode::OK,
        &json!({
            "login": account.id, "access_type_sku": account.sku, "copilot_plan": account.plan,
            "chat_enabled": account.seat, "token_based_billing": false,
            "organization_login_list": [],
            "quota_reset_date": reset.split('T').next(), "quota_reset_date_utc": reset,
            "quota_snapshots": {
                "chat": unlimited("chat"),
                "completions": unlimited("completions"),
                "premium_interactions": premium_interactions(&quota, &reset),
            },
            "endpoints": endpoints(&state.url),
        }),
    )
}

fn premium_interactions(quota: &Quota, reset: &str) -> Value {
    let remaining = quota.remaining();
    json!({
        "entitlement": quota.told_entitlement(),
        "remaining": remaining.floor() as i64, "quota_remaining": remaining,
        "percent_remaining": quota.remaining_percent,
        "overage_count": 0, "overage_permitted": false, "unlimited": quota.unlimited,
        "quota_id": "premium_interactions", "has_quota": quota.has_quota,
        "quota_reset_at": reset,
    })
}

fn token(state: &State, seat: &Seat) -> Reply {
    let exchange = state.exchange(seat);
    let account = &seat.account;
    Reply::json(
        StatusCode::OK,
        &json!({
            "token": exchange.token, "expires_at": exchange.expires_at,
            "refresh_in": account.token_lifetime_secs * 5 / 6,
            "sku": account.sku, "individual": account.plan.starts_with("individual"),
            "chat_enabled": true, "annotations_enabled": true, "tracking_id": account.id,
            "endpoints": endpoints(&state.url),
            "limited_user_quotas": null, "limited_user_reset_date": null,
        }),
    )
}

fn no_seat(seat: &Seat) -> Reply {
    let login = &seat.account.id;
    Reply::json(
        StatusCode::FORBIDDEN,
        &json!({
            "can_signup_for_limited": true,
            "message": "Resource not accessible by integration",
            "error_details": {
                "message": format!("No access to GitHub Copilot found. You are currently logged in as {login}."),
                "notification_id": "no_copilot_access",
                "title": "Signup for GitHub Copilot",
                "url": "https://github.com/settings/copilot",
            },
        }),
    )
}

fn endpoints(url: &str) -> Value {
    json!({"api": url, "proxy": url, "telemetry": url, "origin-tracker": url})
}
