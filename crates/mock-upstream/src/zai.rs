//! Z.ai's door: whom it lets in, and how it words a refusal.

use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;

use crate::reply::{Refusal, Reply};
use crate::script::Kind;
use crate::state::{Caller, Seat, State};

/// The path below either of the two bases.
pub(crate) fn path_below_base(path: &str) -> Option<&str> {
    ["/api/coding/paas/v4", "/api/paas/v4"]
        .iter()
        .find_map(|base| path.strip_prefix(base))
}

/// Lets in a key.
pub(crate) fn admit(caller: Option<Caller<'_>>) -> Result<&Seat, Refusal> {
    match caller {
        Some(caller) if caller.seat.account.kind == Kind::Zai => Ok(caller.seat),
        _ => Err(error(StatusCode::UNAUTHORIZED, "1000", "Authentication Failed").into()),
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
