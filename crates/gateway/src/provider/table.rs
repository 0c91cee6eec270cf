//! What an upstream's answers mean, as data: one table for each provider, its
//! rows tried from the top.

use std::time::Duration;

use dialect::chat::error_words;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::resets::{next_day_in_china, next_month, reset_header, told_in_china};
use super::{is_html, retry_after, until};
use crate::outcome::{Outcome, Reset as Ends, Scope};

/// One kind of answer, and what it means.
#[derive(Debug)]
pub(super) struct Row {
    /// What it looks like.
    pub(super) when: When,
    /// What it means for the account and the request.
    pub(super) means: Means,
    /// The same in words, for a person.
    pub(super) why: &'static str,
}

/// A row of a table.
pub(super) const fn row(when: When, means: Means, why: &'static str) -> Row {
    Row { when, means, why }
}

/// What an answer looks like.
#[derive(Debug)]
pub(super) enum When {
    /// Its error code, whatever the status.
    Code(&'static str),
    /// Its status, and words in its body, in lower case.
    Says(u16, &'static str),
    /// A web page with this status.
    Page(u16),
    /// Its status alone.
    Status(u16),
    /// A status of 500 or more.
    ServerError,
}

/// What an answer means.
#[derive(Clone, Copy, Debug)]
pub(super) enum Means {
    /// The request is at fault: no account would take it.
    Fault,
    /// This account does not serve the model, whatever its list says.
    Unserved,
    /// The credential has ended; a fresh one may do.
    Token,
    /// The host is not the account's.
    Host,
    /// The client's identity is out of date, or something on the way answers
    /// in the upstream's place.
    Identity,
    /// The request holds what another account or model has sealed.
    Sealed,
    /// The seat, the plan or the key is refused until a person acts.
    Refused,
    /// A limit, and how its end is known where the answer does not tell it.
    Limit(Scope, Reset),
    /// Too much to do, and whom it hits: it passes soon.
    Overload(Scope),
    /// The upstream failed by itself.
    Failing,
    /// It lost patience before any of a reply: likely a blip.
    Interrupted,
}

/// When a limit ends of which the answer has no `Retry-After`: what it tells
/// in another way, or what the calendar does. A guess is the pool's, and yields.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reset {
    /// Not told: the pool guesses.
    Unknown,
    /// When one of the provider's own windows is renewed that says that it is
    /// used up.
    Window(WindowReset),
    /// The same, and else with the month, 00:00:00 in UTC on its first day.
    Month(WindowReset),
    /// With the day, 00:00:00 in UTC+8.
    DayInChina,
    /// At the time that the words tell, in UTC+8 (`2026-08-27 21:31:39`).
    ToldInChina,
}

/// Finds the reset of the window that blocks in an answer's headers.
pub(super) type WindowReset = fn(&HeaderMap) -> Option<Timestamp>;

/// An answer as the tables see it.
pub(super) struct Answer<'a> {
    status: StatusCode,
    headers: &'a HeaderMap,
    html: bool,
    code: Option<String>,
    /// The upstream's own words, where its body has some.
    pub(super) words: Option<String>,
    text: String,
}

impl<'a> Answer<'a> {
    /// Reads an answer.
    pub(super) fn read(status: StatusCode, headers: &'a HeaderMap, body: &[u8]) -> Self {
        let (code, words) = error_words(body);
        let named = headers.get("x-ratelimit-exceeded");
        let named = named.and_then(|code| code.to_str().ok()).map(str::to_owned);
        Self {
            status,
            headers,
            html: is_html(headers, body),
            code: code.or(named),
            words,
            text: String::from_utf8_lossy(body).to_ascii_lowercase(),
        }
    }

    /// The first row of `table` that fits; an answer that none knows is the
    /// request's own fault.
    pub(super) fn row(&self, table: &'static [Row]) -> &'static Row {
        static FAULT: Row = row(When::Status(400), Means::Fault, "the request is at fault");
        let fits = |row: &&Row| match row.when {
            // Copilot adds the plan to some: `user_weekly_rate_limited:pro_plus`.
            When::Code(code) => {
                let told = self.code.as_deref().and_then(|told| told.split(':').next());
                told == Some(code)
            }
            When::Says(status, words) => self.status == status && self.text.contains(words),
            When::Page(status) => self.status == status && self.html,
            When::Status(status) => self.status == status,
            When::ServerError => self.status.as_u16() >= 500,
        };
        table.iter().find(fits).unwrap_or(&FAULT)
    }

    /// The outcome of a meaning, with the reset of the window that blocks.
    pub(super) fn outcome(&self, means: Means, now: Timestamp) -> Outcome {
        // No wait at all is none that was told: it would be no rest.
        let asked = retry_after(self.headers, now).filter(|asked| !asked.is_zero());
        match means {
            Means::Fault => Outcome::Rejected,
            Means::Unserved => Outcome::Unserved,
            Means::Token => Outcome::Unauthorized,
            Means::Host => Outcome::Misdirected,
            Means::Identity => Outcome::Unrecognised,
            Means::Sealed => Outcome::Foreign,
            Means::Refused => Outcome::Refused,
            Means::Failing => Outcome::Failing { retry_after: asked },
            Means::Interrupted => Outcome::Interrupted,
            Means::Overload(scope) => Outcome::Overloaded {
                scope,
                retry_after: asked,
            },
            Means::Limit(scope, reset) => Outcome::Limited {
                scope,
                reset: self.reset(reset, asked, now),
            },
        }
    }

    /// When a limit ends: what is asked for in general, and of the window that
    /// blocks in particular, whichever is later.
    fn reset(&self, reset: Reset, asked: Option<Duration>, now: Timestamp) -> Ends {
        let ahead = |at: Option<Timestamp>| {
            let wait = until(at?, now);
            // Snapshots lag: a moment that has passed tells nothing.
            (!wait.is_zero()).then_some(wait)
        };
        let window = match reset {
            Reset::Unknown | Reset::DayInChina => None,
            Reset::Window(find) | Reset::Month(find) => ahead(find(self.headers)),
            Reset::ToldInChina => ahead(told_in_china(&self.text, now)),
        };
        let general = asked.or_else(|| reset_header(self.headers, now));
        let calendar = match reset {
            Reset::Month(_) => ahead(next_month(now)),
            Reset::DayInChina => ahead(next_day_in_china(now)),
            Reset::Unknown | Reset::Window(_) | Reset::ToldInChina => None,
        };
        match (window.max(general), calendar) {
            (Some(told), _) => Ends::Told(told),
            (None, Some(calendar)) => Ends::Calendar(calendar),
            (None, None) => Ends::Unknown,
        }
    }
}

/// What each row's own answer is read as, one line each, also with the wait
/// that an upstream asks for: the golden text of a table.
#[cfg(test)]
pub(super) fn golden(
    table: &'static [Row],
    recorded: impl Fn(&Row) -> (u16, String),
    read: impl Fn(StatusCode, &HeaderMap, &[u8], Timestamp) -> super::Verdict,
) -> String {
    let now = Timestamp::from_second(1_795_000_000).expect("a moment in November 2026");
    let mut asked = HeaderMap::new();
    asked.insert(
        http::header::RETRY_AFTER,
        http::HeaderValue::from_static("3"),
    );
    let mut lines = Vec::new();
    for row in table {
        let (status, body) = recorded(row);
        let status = StatusCode::from_u16(status).expect("a status");
        let verdict = read(status, &HeaderMap::new(), body.as_bytes(), now);
        assert_eq!(
            verdict.why, row.why,
            "another row takes the answer of {row:?}"
        );
        let waited = read(status, &asked, body.as_bytes(), now).outcome;
        let code = error_words(body.as_bytes()).0.unwrap_or_default();
        lines.push(format!(
            "{} {code}: {:?}, asked to wait: {waited:?}, {}",
            status.as_u16(),
            verdict.outcome,
            row.why
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn the_later_of_a_general_wait_and_the_windows_own_end_counts_and_none_of_the_past() {
        let now = at("2026-08-27T13:00:00Z");
        let mut headers = HeaderMap::new();
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("60"));
        let body = br#"{"error":{"code":"1310","message":"reset at 2026-08-27 21:31:39"}}"#;
        let ends = |headers: &HeaderMap, now| {
            let answer = Answer::read(StatusCode::TOO_MANY_REQUESTS, headers, body);
            answer.outcome(Means::Limit(Scope::Account, Reset::ToldInChina), now)
        };
        let told = |secs| Outcome::Limited {
            scope: Scope::Account,
            reset: Ends::Told(Duration::from_secs(secs)),
        };
        assert_eq!(ends(&headers, now), told(31 * 60 + 39));
        assert_eq!(ends(&headers, at("2026-08-28T00:00:00Z")), told(60));
        headers.insert(http::header::RETRY_AFTER, HeaderValue::from_static("0"));
        let unknown = Outcome::Limited {
            scope: Scope::Account,
            reset: Ends::Unknown,
        };
        assert_eq!(ends(&headers, at("2026-08-28T00:00:00Z")), unknown);
    }

    #[test]
    fn a_code_with_the_plan_behind_it_is_the_code() {
        let headers = HeaderMap::new();
        let body = br#"{"error":{"code":"user_global_rate_limited:pro_plus","message":"m"}}"#;
        let answer = Answer::read(StatusCode::TOO_MANY_REQUESTS, &headers, body);
        static TABLE: &[Row] = &[row(
            When::Code("user_global_rate_limited"),
            Means::Failing,
            "it",
        )];
        assert_eq!(answer.row(TABLE).why, "it");
    }
}
