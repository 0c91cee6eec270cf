//! Z.ai's door: whom it lets in, and how it words a refusal.

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::plan;
use crate::reply::{Refusal, Refused, Reply};
use crate::script::Kind;
use crate::state::{Caller, Credential, Seat, State, lock};

/// The path below any of its bases, that of Anthropic's type among them.
pub(crate) fn path_below_base(path: &str) -> Option<&str> {
    ["/api/coding/paas/v4", "/api/paas/v4", "/api/anthropic"]
        .iter()
        .find_map(|base| path.strip_prefix(base))
}

/// Lets in a key after a scheme.
pub(crate) fn admit(caller: Option<Caller<'_>>) -> Result<&Seat, Refusal> {
    match caller {
        Some(Caller {
            seat,
            credential: Credential::Secret,
        }) if seat.account.kind == Kind::Zai => Ok(seat),
        _ => Err(error(StatusCode::UNAUTHORIZED, "1000", "Authentication Failed").into()),
    }
}

/// `GET /api/monitor/usage/quota/limit`, which lets in a key without a scheme, and no other.
pub(crate) async fn quota(state: &State, caller: Option<Caller<'_>>) -> Result<Reply, Refused> {
    match caller {
        Some(Caller {
            seat,
            credential: Credential::BareSecret,
        }) if seat.account.kind == Kind::Zai => {
            plan::heed(&seat.quota_faults, || limits(state, seat)).await
        }
        _ => Ok(Reply::json(
            StatusCode::UNAUTHORIZED,
            &json!({"code": 401, "success": false, "msg": "token expired or incorrect"}),
        )),
    }
}

/// The headers of a reply that was served.
pub(crate) fn headers(state: &State) -> HeaderMap {
    let mut headers = state.request_ids(Kind::Zai);
    headers.insert(
        "x-ratelimit-remaining-requests",
        HeaderValue::from_static("59"),
    );
    headers
}

/// The unit codes are 3 for hours and 6 for weeks; 5 is the month of the tools' calls.
fn limits(state: &State, seat: &Seat) -> Reply {
    let quota = *lock(&seat.quota);
    let tokens = |unit: u8, number: u8, remaining_percent: f64, resets_at: u64| {
        json!({
            "type": "TOKENS_LIMIT", "unit": unit, "number": number,
            "percentage": percent_used(remaining_percent),
            "nextResetTime": millis(resets_at),
        })
    };
    let five_hours_end = quota.five_hours_end(&state.clock);
    let mut limits = vec![tokens(3, 5, quota.remaining_percent, five_hours_end)];
    limits.extend(
        quota
            .weekly
            .map(|weekly| tokens(6, 1, weekly.remaining_percent, weekly.resets_at)),
    );
    limits.push(json!({
        "type": "TIME_LIMIT", "unit": 5, "number": 1,
        "usage": 100, "currentValue": 20, "remaining": 80, "percentage": 20,
        "nextResetTime": millis(state.clock.next_month()), "usageDetails": [],
    }));
    Reply::json(
        StatusCode::OK,
        &json!({
            "code": 200, "success": true,
            "data": {"level": seat.account.plan, "limits": limits},
        }),
    )
}

/// A whole number where it is one, since the upstream writes those without a fraction.
fn percent_used(remaining_percent: f64) -> Value {
    let used = 100.0 - remaining_percent;
    if used.fract() == 0.0 {
        json!(used as i64)
    } else {
        json!(used)
    }
}

fn millis(unix_secs: u64) -> u64 {
    unix_secs.saturating_mul(1000)
}

pub(crate) fn not_found(path: &str) -> Reply {
    Reply::json(
        StatusCode::NOT_FOUND,
        &json!({"timestamp": 1_760_000_000, "status": 404, "error": "Not Found", "path": path}),
    )
}

/// A model that nobody has, or that this plan lacks.
pub(crate) fn no_model(known: bool) -> Reply {
    if known {
        error(
            StatusCode::TOO_MANY_REQUESTS,
            "1311",
            "Your current subscription plan does not yet include access to this model",
        )
    } else {
        error(
            StatusCode::BAD_REQUEST,
            "1211",
            "Unknown Model, please check the model code.",
        )
    }
}

pub(crate) fn bad_request(message: &str) -> Reply {
    error(StatusCode::BAD_REQUEST, "1210", message)
}

pub(crate) fn bad_role() -> Reply {
    error(
        StatusCode::BAD_REQUEST,
        "1214",
        "Incorrect role information",
    )
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    Reply::json(
        status,
        &json!({"error": {"code": code, "message": message}}),
    )
}
