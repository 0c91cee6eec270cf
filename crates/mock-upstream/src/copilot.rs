//! Copilot's door: whom it lets in, and how it words a refusal.

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::quota;
use crate::reply::{Refusal, Reply};
use crate::script::Kind;
use crate::state::{Caller, Credential, Seat, State, lock};

/// Lets in a fresh Copilot token under an editor's name.
pub(crate) fn admit<'a>(
    headers: &HeaderMap,
    caller: Option<Caller<'a>>,
) -> Result<&'a Seat, Refusal> {
    let seat = match caller {
        Some(caller) if caller.seat.account.kind == Kind::Copilot => match caller.credential {
            Credential::Token => caller.seat,
            Credential::DeadToken => return Err(unauthorized("token expired")),
            Credential::BareSecret => return Err(unauthorized("no scheme before the token")),
            Credential::Secret => return Err(unauthorized("a GitHub token was not exchanged")),
        },
        _ => return Err(unauthorized("unknown token")),
    };
    if !headers.contains_key("editor-version") {
        return Err(bad_text("missing Editor-Version header for IDE auth"));
    }
    if !headers.contains_key("copilot-integration-id") {
        return Err(bad_text("missing Copilot-Integration-Id header"));
    }
    Ok(seat)
}

/// Copilot looks at images only when a header announces them.
pub(crate) fn admit_images(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get("copilot-vision-request") {
        Some(value) if value == "true" => Ok(()),
        _ => Err(bad_text(
            "missing required Copilot-Vision-Request header for vision requests",
        )),
    }
}

/// The headers of a reply that was served.
pub(crate) fn headers(state: &State, seat: &Seat) -> HeaderMap {
    let mut headers = state.request_ids(Kind::Copilot);
    headers.insert(
        "x-ratelimit-remaining-requests",
        HeaderValue::from_static("4999"),
    );
    let quota = *lock(&seat.quota);
    let mut put = |name, entitlement, percent, total: f64, resets_at| {
        let reset = quota::instant(resets_at).replace(':', "%3A");
        let snapshot = format!(
            "ent={entitlement}&ov=0.0&ovPerm=false&rem={percent:?}&rst={reset}&totRem={total:?}"
        );
        if let Ok(snapshot) = HeaderValue::try_from(snapshot) {
            headers.insert(name, snapshot);
        }
    };
    let entitlement = if quota.unlimited {
        -1
    } else {
        i64::from(quota.entitlement)
    };
    put(
        "x-quota-snapshot-premium_interactions",
        entitlement,
        quota.remaining_percent,
        quota.remaining(),
        quota.month_ends(&state.clock),
    );
    let windows = [
        ("x-usage-ratelimit-session", quota.session),
        ("x-usage-ratelimit-weekly", quota.weekly),
    ];
    for (name, window) in windows {
        if let Some(window) = window {
            // Of an entitlement of 100, what is left is its percentage.
            let left = window.remaining_percent;
            put(name, 100, left, left, window.resets_at);
        }
    }
    headers
}

pub(crate) fn not_found() -> Reply {
    Reply::text(StatusCode::NOT_FOUND, "404 page not found\n")
}

pub(crate) fn model_not_supported() -> Reply {
    bad_request(
        "The requested model is not supported.",
        "model_not_supported",
    )
}

/// A model asked for by the wrong path.
pub(crate) fn wrong_endpoint(model: &str, path: &str) -> Reply {
    bad_request(
        &format!("model \"{model}\" is not accessible via the {path} endpoint"),
        "unsupported_api_for_model",
    )
}

pub(crate) fn bad_request(message: &str, code: &str) -> Reply {
    Reply::json(
        StatusCode::BAD_REQUEST,
        &json!({"error": {"message": message, "code": code, "type": "invalid_request_error"}}),
    )
}

fn unauthorized(why: &str) -> Refusal {
    Reply::text(StatusCode::UNAUTHORIZED, format!("unauthorized: {why}\n")).into()
}

fn bad_text(why: &str) -> Refusal {
    Reply::text(StatusCode::BAD_REQUEST, format!("bad request: {why}\n")).into()
}
