//! The mock's own HTTP interface, for tests that are not written in Rust.
//!
//! | request | does |
//! |---|---|
//! | `PUT /_mock/accounts/{id}/faults` | sets the faults of chat and embeddings; 204 |
//! | `PUT /_mock/accounts/{id}/models-faults` | those of the model list |
//! | `PUT /_mock/accounts/{id}/exchange-faults` | those of the token exchange |
//! | `PUT /_mock/accounts/{id}/quota-faults` | those of what tells the quota |
//! | `DELETE` of the same four | clears them; 204 |
//! | `PUT /_mock/accounts/{id}/quota` | sets what the account has left; 204 |
//! | `POST /_mock/accounts/{id}/revoke` | ends all Copilot tokens of the account; 204 |
//! | `GET /_mock/accounts/{id}` | `{"id":"octocat","kind":"copilot","exchanges":1}` |
//! | `PUT /_mock/login` | scripts the sign-ins that have not begun; 204 |
//! | `GET /_mock/seen` | `[{"number":0,"method":"POST","path":"/chat/completions","headers":[["host","…"]],"body":"…","account":"octocat","disconnected":false}]` |
//! | `DELETE /_mock/seen` | forgets them as `Mock::clear_seen` does; 204 |
//!
//! The body of a `PUT` of faults is an array, each fault used once in order, or
//! `{"queue": […], "standing": fault}`, whose `standing` one is used whenever the
//! queue is empty. A fault is one of:
//!
//! ```json
//! "pass"
//! {"status": {"status": 429, "headers": [["retry-after", "3"]], "body": "{\"error\":{}}"}}
//! {"html": {"status": 403}}
//! "refuse"
//! {"silence": {"millis": 50}}
//! {"silence": {"millis": 50, "then": "refuse"}}
//! {"error_in_stream": {"after_events": 1, "body": "{\"error\":{\"message\":\"overloaded\"}}"}}
//! {"cut_stream": {"after_events": 2, "clean": false}}
//! "cut_body"
//! {"silence_in_stream": {"after_events": 1, "millis": 50}}
//! {"slow_chunks": {"millis": 10}}
//! "one_byte_writes"
//! "crlf"
//! "cr"
//! "comments"
//! "no_trailing_blank_line"
//! "terse_fields"
//! "json_despite_stream"
//! "refuse_foreign_seals"
//! {"quirk": "first_chunk_without_choices"}
//! {"together": ["crlf", "one_byte_writes"]}
//! ```
//!
//! The quirks are `first_chunk_without_choices`, `null_choices`, `claude_chunks`,
//! `usage_on_finish`, `zero_usage_each_chunk`, `two_choices`, `missing_finish`,
//! `finish_stop_with_tools`, `whitespace_arguments`, `sealed_reasoning` and
//! `changing_item_ids`, the last of Responses and all others of chats.
//!
//! A quota is `{"entitlement": 300, "remaining_percent": 35.5, "unlimited": false,
//! "has_quota": true, "resets_at": null, "session": null, "weekly": {"remaining_percent": 80.0,
//! "resets_at": 1800000000}}`, its times in seconds since 1970; what is left out takes its
//! default, which is this without the `weekly`.
//!
//! The models are steered in words: a user who says `call NAME with {…}`, once or more, gets
//! those calls of the tools that he offers, and is told their results afterwards.
//!
//! A login is `{"account": "octocat", "interval": 0, "expires_in": 900, "polls":
//! ["pending", {"slow_down": {"interval": 1}}, "drop", "expired", "denied"]}`;
//! what is left out takes its default.

use std::sync::Mutex;
use std::sync::atomic::Ordering;

use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::fault::Faults;
use crate::reply::{Refusal, Reply};
use crate::state::{Seat, State, lock};

/// Answers a request below `/_mock`.
pub(crate) fn answer(state: &State, method: &Method, path: &str, body: &[u8]) -> Reply {
    let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (method.as_str(), steps.as_slice()) {
        ("GET", ["_mock", "seen"]) => {
            let seen = state.log.as_ref().map(|log| log.all()).unwrap_or_default();
            Reply::json(StatusCode::OK, &json!(seen))
        }
        ("DELETE", ["_mock", "seen"]) => {
            state.clear_seen();
            done()
        }
        ("PUT", ["_mock", "login"]) => match read(body) {
            Ok(login) => {
                lock(&state.logins).script(login);
                done()
            }
            Err(refusal) => *refusal,
        },
        (_, ["_mock", "accounts", id, rest @ ..]) => match state.seat(id) {
            Some(seat) => account(state, seat, method, rest, body),
            None => not_found("account"),
        },
        _ => not_found("page"),
    }
}

fn account(state: &State, seat: &Seat, method: &Method, path: &[&str], body: &[u8]) -> Reply {
    match (method.as_str(), path) {
        ("GET", []) => Reply::json(
            StatusCode::OK,
            &json!({
                "id": seat.account.id, "kind": seat.account.kind,
                "exchanges": seat.exchanges.load(Ordering::Relaxed),
            }),
        ),
        ("POST", ["revoke"]) => {
            state.revoke_tokens(&seat.account.id);
            done()
        }
        ("PUT" | "DELETE", ["faults"]) => put(&seat.faults, method, body),
        ("PUT" | "DELETE", ["models-faults"]) => put(&seat.models_faults, method, body),
        ("PUT" | "DELETE", ["exchange-faults"]) => put(&seat.exchange_faults, method, body),
        ("PUT" | "DELETE", ["quota-faults"]) => put(&seat.quota_faults, method, body),
        ("PUT", ["quota"]) => match read(body) {
            Ok(quota) => {
                *lock(&seat.quota) = quota;
                done()
            }
            Err(refusal) => *refusal,
        },
        _ => not_found("page"),
    }
}

fn put(faults: &Mutex<Faults>, method: &Method, body: &[u8]) -> Reply {
    let new = if method == Method::DELETE {
        Ok(Faults::default())
    } else {
        read(body)
    };
    match new {
        Ok(new) => {
            *lock(faults) = new;
            done()
        }
        Err(refusal) => *refusal,
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Reply::text(StatusCode::BAD_REQUEST, format!("{error}\n")).into())
}

fn done() -> Reply {
    Reply::text(StatusCode::NO_CONTENT, "")
}

fn not_found(what: &str) -> Reply {
    Reply::text(
        StatusCode::NOT_FOUND,
        format!("the mock has no such {what}\n"),
    )
}
