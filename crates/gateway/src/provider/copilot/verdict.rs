//! What Copilot's answers mean (facts: Copilot, 7), and the words for those
//! that say nothing to a person.

use dialect::Failure;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::allowance::reset_of;
use super::identity::PROFILE;
use crate::outcome::Scope::{Account, Model, Pace, Provider};
use crate::provider::Verdict;
use crate::provider::table::Means::{
    Failing, Fault, Host, Identity, Interrupted, Limit, Overload, Refused, Sealed, Token, Unserved,
};
use crate::provider::table::When::{Code, Page, Says, ServerError, Status};
use crate::provider::table::{Answer, Reset, Row, row};

/// The table. A code says more than a status, so codes come first, but for
/// those that come with a 400: they are the request's own fault, but that another
/// account may well serve the model, and that what others sealed can be taken out.
#[rustfmt::skip]
pub(super) static TABLE: &[Row] = &[
    row(Says(400, "model_not_supported"), Unserved, "the account's plan or policy has not this model"),
    row(Says(400, "invalid_encrypted_content"), Sealed, "the request holds another account's sealed reasoning"),
    row(Says(400, "encrypted content"), Sealed, "the request holds another account's sealed reasoning"),
    row(Says(400, "invalid `signature` in `thinking`"), Sealed, "the request holds another account's signature"),
    row(Says(400, "required reasoning item"), Sealed, "the request lacks the reasoning that an item of it belongs to"),
    row(Status(400), Fault, "the request is at fault"),
    row(Page(401), Identity, "answered with a web page instead of JSON"),
    row(Page(403), Identity, "answered with a web page instead of JSON"),
    row(Status(466), Identity, "no longer supports this client or API version"),
    row(Says(403, "access to this endpoint is forbidden"), Identity, "forbids this endpoint"),
    row(Says(403, "rate limit exceeded"), Limit(Pace, Reset::Unknown), "too many requests to GitHub"),
    row(Says(403, "token expired"), Token, "the Copilot token has ended"),
    row(Status(401), Token, "the Copilot token has ended"),
    row(Status(421), Host, "the host does not serve this seat"),
    row(Code("quota_exceeded"), Limit(Account, Reset::Month(allotment)), "the month's credits are used up"),
    row(Code("free_quota_exceeded"), Limit(Account, Reset::Month(allotment)), "the free plan's month is used up"),
    row(Code("overage_limit_reached"), Limit(Account, Reset::Month(allotment)), "the budget beyond the plan is used up"),
    row(Status(402), Limit(Account, Reset::Month(allotment)), "the month's credits are used up"),
    row(Code("user_global_rate_limited"), Limit(Account, Reset::Window(session)), "the session limit is reached"),
    row(Code("user_weekly_rate_limited"), Limit(Account, Reset::Window(weekly)), "the weekly limit is reached"),
    row(Code("agent_mode_limit_exceeded"), Limit(Account, Reset::Unknown), "the limit of agent mode is reached"),
    row(Code("user_model_rate_limited"), Limit(Model, Reset::Unknown), "the limit of this model is reached"),
    row(Code("model_overloaded"), Overload(Model), "the model is overloaded"),
    row(Code("upstream_provider_rate_limit"), Overload(Model), "the model's own provider is at its limit"),
    row(Code("integration_rate_limited"), Limit(Provider, Reset::Unknown), "the client integration is at its limit"),
    row(Code("rate_limited"), Limit(Pace, Reset::Unknown), "too many requests at once"),
    row(Code("extension_blocked"), Refused, "the client extension is blocked"),
    row(Status(403), Refused, "the seat is refused"),
    row(Status(429), Limit(Pace, Reset::Unknown), "a limit of unknown kind"),
    row(Status(503), Overload(Model), "the model's own provider is at its limit"),
    row(Status(408), Interrupted, "the upstream waited too long for the request"),
    row(Status(424), Interrupted, "something behind the upstream failed"),
    row(Status(499), Interrupted, "the upstream cancelled the request"),
    row(ServerError, Failing, "the upstream failed"),
];

fn session(headers: &HeaderMap) -> Option<Timestamp> {
    reset_of(headers, |window| window == "session")
}

fn weekly(headers: &HeaderMap) -> Option<Timestamp> {
    reset_of(headers, |window| window == "weekly")
}

/// The allowance of the month, not a window of some hours or days.
fn allotment(headers: &HeaderMap) -> Option<Timestamp> {
    reset_of(headers, |window| {
        !matches!(window, "session" | "weekly" | "completions")
    })
}

/// Reads an answer that is no success.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Verdict {
    let answer = Answer::read(status, headers, body);
    let row = answer.row(TABLE);
    let verdict = Verdict::of(answer.outcome(row.means, now), row.why);
    match row.means {
        Identity => verdict.saying(stale_identity(status, row.why)),
        Host => verdict.saying(wrong_host()),
        _ => verdict,
    }
}

fn wrong_host() -> Failure {
    Failure::new(
        502,
        "wrong_host",
        "this Copilot host does not serve its seat (HTTP 421), also after its endpoints were \
         read anew (hint: remove the account's base_url, or set it to the host of its plan)",
    )
}

fn stale_identity(status: StatusCode, what: &str) -> Failure {
    Failure::new(
        502,
        "stale_identity",
        format!(
            "Copilot {what} (HTTP {}), so the editor identity is likely stale \
             (hint: in its [accounts.settings], set editor_version, editor_plugin_version, \
             user_agent and x_github_api_version to those of the current VS Code Copilot Chat \
             extension; the default profile is of {})",
            status.as_u16(),
            PROFILE.version,
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::table::golden;

    const LIMITED: &str =
        r#"{"error":{"message":"Sorry, you have exceeded your limit.","code":"CODE"}}"#;

    /// An answer of the recorded shape for each row of the table, in order.
    fn recorded(row: &Row) -> (u16, String) {
        match row.when {
            Page(status) => (
                status,
                "<!DOCTYPE html><html><body>Unicorn!</body></html>".into(),
            ),
            Says(status, words) => (status, format!("unauthorized: {words}")),
            Status(402) => (402, r#"{"error":{"message":"You have no quota"}}"#.into()),
            Status(status) => (status, r#"{"error":{"message":"m"}}"#.into()),
            ServerError => (502, "Bad Gateway".into()),
            Code(code @ ("quota_exceeded" | "free_quota_exceeded" | "overage_limit_reached")) => {
                (402, LIMITED.replace("CODE", code))
            }
            Code(code) => (429, LIMITED.replace("CODE", code)),
        }
    }

    #[test]
    fn each_row_of_the_table_is_reached_by_an_answer_of_its_shape() {
        insta::assert_snapshot!(golden(TABLE, recorded, |status, headers, body, now| {
            read(status, headers, body, now)
        }));
    }

    #[test]
    fn a_requests_own_fault_never_moves_it() {
        use crate::outcome::Outcome::Rejected;
        let coded = LIMITED.replace("CODE", "rate_limited");
        for (status, body) in [
            (400, "{}"),
            (404, "{}"),
            (413, "{}"),
            (422, "{}"),
            (400, coded.as_str()),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let verdict = read(
                status,
                &HeaderMap::new(),
                body.as_bytes(),
                Timestamp::UNIX_EPOCH,
            );
            assert_eq!(verdict.outcome, Rejected, "{status}");
        }
    }

    #[test]
    fn what_only_a_person_can_mend_says_what_to_bump() {
        for (status, body, code, word) in [
            (401, "<html>", "stale_identity", "editor_version"),
            (403, "<!DOCTYPE html>", "stale_identity", "editor_version"),
            (466, "", "stale_identity", "x_github_api_version"),
            (421, "", "wrong_host", "base_url"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let verdict = read(
                status,
                &HeaderMap::new(),
                body.as_bytes(),
                Timestamp::UNIX_EPOCH,
            );
            let failure = verdict.failure.unwrap();
            assert_eq!(failure.code, code);
            assert!(failure.message.contains(word), "{}", failure.message);
        }
    }
}
