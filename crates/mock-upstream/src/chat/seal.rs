//! Seals reasoning in an account's name, and refuses what another account sealed.

use http::StatusCode;
use serde_json::json;

use crate::reply::{Refusal, Reply};
use crate::state::{Seat, State};

use super::request::Request;

/// What Copilot tells of the reasoning in the open.
pub(super) const REASONING: &str = "I weigh the question.";

/// A seal unlike all before it.
pub(super) fn new(state: &State, seat: &Seat) -> String {
    format!("{}{}", prefix(seat), state.next_serial())
}

/// Refuses a request that brings back reasoning which this account did not seal.
pub(super) fn verify(request: &Request, seat: &Seat) -> Result<(), Refusal> {
    let own = prefix(seat);
    if request.seals().all(|seal| seal.starts_with(&own)) {
        return Ok(());
    }
    Err(Reply::json(
        StatusCode::BAD_REQUEST,
        &json!({"error": {
            "message": "Encrypted content could not be verified",
            "code": "invalid_encrypted_content",
        }}),
    )
    .into())
}

fn prefix(seat: &Seat) -> String {
    format!("sealed-by-{}-", seat.account.id)
}
