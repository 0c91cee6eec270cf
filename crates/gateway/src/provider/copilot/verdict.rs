//! What Copilot's answers mean (facts: Copilot, 7), and the words for those
//! that say nothing to a person.

use dialect::Failure;
use dialect::chat::error_words;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::identity::PROFILE;
use crate::outcome::{Outcome, Scope};
use crate::provider::{Verdict, is_html, retry_after};

/// Reads an answer that is no success.
pub(super) fn read(
    account: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Verdict {
    let retry_after = retry_after(headers, now);
    match status.as_u16() {
        401 | 403 if is_html(headers, body) => Verdict::saying(
            Outcome::Refused,
            stale_identity(account, status, "answered with a web page instead of JSON"),
        ),
        401 => Verdict::of(Outcome::Unauthorized),
        403 => forbidden(account, status, body),
        402 => Verdict::of(Outcome::Limited {
            scope: Scope::Account,
            retry_after,
        }),
        421 => Verdict::saying(
            Outcome::Misdirected,
            Failure::new(
                502,
                "wrong_host",
                format!(
                    "account {account}: this Copilot host does not serve its seat (HTTP 421), \
                     also after its endpoints were read anew (hint: remove the account's base_url, \
                     or set it to the host of its plan)"
                ),
            ),
        ),
        466 => Verdict::saying(
            Outcome::Refused,
            stale_identity(
                account,
                status,
                "no longer supports this client or API version",
            ),
        ),
        429 => Verdict::of(Outcome::Limited {
            scope: limit_scope(body),
            retry_after,
        }),
        // The upstream's own provider is at its limit: this model's, mostly.
        503 => Verdict::of(Outcome::Limited {
            scope: Scope::Model,
            retry_after,
        }),
        408 | 424 | 499 | 500.. => Verdict::of(Outcome::Failing { retry_after }),
        _ => Verdict::of(Outcome::Rejected),
    }
}

fn forbidden(account: &str, status: StatusCode, body: &[u8]) -> Verdict {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    if text.contains("token expired") {
        return Verdict::of(Outcome::Unauthorized);
    }
    if text.contains("access to this endpoint is forbidden") {
        let failure = stale_identity(account, status, "forbids this endpoint");
        return Verdict::saying(Outcome::Refused, failure);
    }
    Verdict::of(Outcome::Refused)
}

fn stale_identity(account: &str, status: StatusCode, what: &str) -> Failure {
    Failure::new(
        502,
        "stale_identity",
        format!(
            "account {account}: Copilot {what} (HTTP {}), so the editor identity is likely stale \
             (hint: in its [accounts.settings], set editor_version, editor_plugin_version, \
             user_agent and x_github_api_version to those of the current VS Code Copilot Chat \
             extension; the default profile is of {})",
            status.as_u16(),
            PROFILE.version,
        ),
    )
}

fn limit_scope(body: &[u8]) -> Scope {
    match error_words(body).0.as_deref() {
        Some("user_model_rate_limited" | "model_overloaded" | "upstream_provider_rate_limit") => {
            Scope::Model
        }
        _ => Scope::Account,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::time::Duration;

    fn verdict(status: u16, body: &str) -> Verdict {
        let status = StatusCode::from_u16(status).unwrap();
        read(
            "octocat",
            status,
            &HeaderMap::new(),
            body.as_bytes(),
            Timestamp::UNIX_EPOCH,
        )
    }

    fn outcome(status: u16, body: &str) -> Outcome {
        verdict(status, body).outcome
    }

    #[test]
    fn a_requests_own_fault_never_moves_it() {
        for status in [400, 404, 413, 422] {
            assert_eq!(outcome(status, "{}"), Outcome::Rejected, "{status}");
        }
    }

    #[test]
    fn a_dead_token_is_told_from_a_refused_seat() {
        assert_eq!(outcome(401, "{}"), Outcome::Unauthorized);
        assert_eq!(
            outcome(403, "unauthorized: token expired"),
            Outcome::Unauthorized
        );
        assert_eq!(outcome(403, r#"{"message":"no"}"#), Outcome::Refused);
    }

    #[test]
    fn a_limit_covers_what_its_code_says() {
        let model = Outcome::Limited {
            scope: Scope::Model,
            retry_after: None,
        };
        let account = Outcome::Limited {
            scope: Scope::Account,
            retry_after: None,
        };
        assert_eq!(
            outcome(429, r#"{"error":{"code":"user_model_rate_limited"}}"#),
            model
        );
        assert_eq!(
            outcome(429, r#"{"error":{"code":"user_global_rate_limited"}}"#),
            account
        );
        assert_eq!(
            outcome(402, r#"{"error":{"code":"quota_exceeded"}}"#),
            account
        );
        assert_eq!(outcome(503, ""), model);
    }

    #[test]
    fn the_wait_that_the_upstream_asks_for_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("3"));
        let verdict = read(
            "a",
            StatusCode::TOO_MANY_REQUESTS,
            &headers,
            b"",
            Timestamp::UNIX_EPOCH,
        );
        let retry_after = Some(Duration::from_secs(3));
        assert_eq!(
            verdict.outcome,
            Outcome::Limited {
                scope: Scope::Account,
                retry_after
            }
        );
    }

    #[test]
    fn what_only_a_person_can_mend_says_what_to_bump() {
        for (status, body) in [(401, "<html>"), (403, "<!DOCTYPE html>"), (466, "")] {
            let failure = verdict(status, body).failure.unwrap();
            assert_eq!(failure.code, "stale_identity");
            assert!(
                failure.message.contains("editor_version"),
                "{}",
                failure.message
            );
        }
        let failure = verdict(421, "").failure.unwrap();
        assert!(failure.message.contains("base_url"), "{}", failure.message);
    }
}
