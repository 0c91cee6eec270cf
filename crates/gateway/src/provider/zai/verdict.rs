//! What Z.ai's and Zhipu's answers mean (facts: Z.ai), and the words for those
//! that say nothing to a person.

use dialect::Failure;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use crate::outcome::Scope::{Account, Pace, Provider as Everyone};
use crate::provider::Verdict;
use crate::provider::table::Means::{
    Failing, Fault, Interrupted, Limit, Overload, Refused, Sealed, Token as Credential, Unserved,
};
use crate::provider::table::When::{Code, Says, ServerError, Status};
use crate::provider::table::{Answer, Reset, Row, row};

/// The table (facts: Z.ai). The business code counts for more than the status.
#[rustfmt::skip]
static TABLE: &[Row] = &[
    row(Code("1113"), Refused, "no balance or package on this base URL"),
    row(Code("1302"), Limit(Pace, Reset::Unknown), "too many requests at once"),
    row(Code("1303"), Limit(Pace, Reset::Unknown), "too many requests in a short time"),
    row(Code("1304"), Limit(Account, Reset::DayInChina), "the day's quota is used up"),
    row(Code("1305"), Overload(Everyone), "the service is overloaded"),
    row(Code("1312"), Overload(Everyone), "the service has too much traffic"),
    row(Code("1308"), Limit(Account, Reset::ToldInChina), "the limit of five hours is reached"),
    row(Code("1309"), Refused, "the plan has expired"),
    row(Code("1310"), Limit(Account, Reset::ToldInChina), "the week's or month's quota is used up"),
    row(Code("1316"), Limit(Account, Reset::ToldInChina), "the package is used up"),
    row(Code("1317"), Limit(Account, Reset::ToldInChina), "the package is used up"),
    row(Code("1311"), Unserved, "the plan has not this model"),
    row(Code("1313"), Refused, "the account is limited for unfair use"),
    row(Says(400, "invalid `signature` in `thinking`"), Sealed, "the request holds another account's signature"),
    row(Code("1210"), Fault, "a parameter is wrong"),
    row(Code("1214"), Fault, "the messages are wrong"),
    row(Code("1234"), Failing, "a network error inside the service"),
    row(Status(401), Credential, "the API key is refused"),
    row(Status(402), Limit(Account, Reset::Unknown), "no balance"),
    row(Status(403), Refused, "the key may not do this"),
    row(Status(429), Limit(Pace, Reset::Unknown), "a limit of unknown kind"),
    row(Status(503), Overload(Account), "the service is overloaded"),
    row(Status(408), Interrupted, "the upstream waited too long for the request"),
    row(ServerError, Failing, "the upstream failed"),
];

/// Reads an answer that is no success.
pub(super) fn read(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Verdict {
    let mut answer = Answer::read(status, headers, body);
    let words = answer.words.take();
    let row = answer.row(TABLE);
    let verdict = Verdict::of(answer.outcome(row.means, now), row.why);
    let Code("1113") = row.when else {
        return verdict;
    };
    verdict.saying(Failure::new(
        status.as_u16().max(400),
        "1113",
        format!(
            "{} (hint: the coding plan and the general API have separate \
             wallets and base URLs; check the account's provider and base_url)",
            words.as_deref().unwrap_or(row.why),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Outcome;
    use crate::provider::table::golden;

    /// An answer of the recorded shape for each row of the table.
    fn recorded(row: &Row) -> (u16, String) {
        match row.when {
            Code(code @ ("1308" | "1310" | "1316" | "1317")) => (
                429,
                format!(
                    r#"{{"error":{{"code":"{code}","message":"Usage limit reached. Your limit will reset at 2026-11-20 21:31:39"}}}}"#
                ),
            ),
            Code(code @ ("1210" | "1214")) => (
                400,
                format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#),
            ),
            Code("1234") => (
                500,
                r#"{"error":{"code":1234,"message":"network error"}}"#.into(),
            ),
            Says(status, words) => (
                status,
                format!(r#"{{"error":{{"code":"1214","message":"{words}"}}}}"#),
            ),
            Code(code) => (
                429,
                format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#),
            ),
            Status(status) => (status, r#"{"error":{"code":"9999","message":"m"}}"#.into()),
            ref other => {
                assert!(matches!(other, ServerError), "{other:?}");
                (502, String::new())
            }
        }
    }

    #[test]
    fn each_row_of_the_table_is_reached_by_an_answer_of_its_shape() {
        insta::assert_snapshot!(golden(TABLE, recorded, |status, headers, body, now| {
            read(status, headers, body, now)
        }));
    }

    #[test]
    fn anthropics_form_of_an_error_is_read_too() {
        let body = br#"{"type":"error","error":{"type":"rate_limit_error","code":"1113","message":"[1113][no balance]"}}"#;
        let verdict = read(
            StatusCode::TOO_MANY_REQUESTS,
            &HeaderMap::new(),
            body,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(verdict.outcome, Outcome::Refused);
        assert!(verdict.failure.unwrap().message.contains("base_url"));
    }
}
