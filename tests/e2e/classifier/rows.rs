//! The rows, as data: an answer of each one's shape, and what comes of it.

use std::time::Duration;

use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp};
use mock_upstream::Fault;
use serde_json::Value;

use crate::support::accounts::until;

/// A row: its name in the table, an answer of its shape, and what comes of it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) answer: Fault,
    pub(super) then: Then,
}

pub(super) enum Then {
    /// The client gets this very answer, and nothing is held against the account.
    Answered,
    /// Another account serves, and this one is passed over.
    Passed(Held),
    /// The same, once it was asked again in vain: with a renewed credential, or
    /// after what may have been a blip.
    PassedTheSecondTime(Held),
    /// Another account serves; this one is passed over for the model alone.
    ModelPassed(Held),
    /// Another provider's account serves; this one's are passed over, all of them.
    ProviderPassed(Held),
}

/// What is held against an account, or a model on it.
pub(super) struct Held {
    state: &'static str,
    basis: &'static str,
    until: Until,
}

pub(super) enum Until {
    /// Nobody knows; some time to come.
    Guessed,
    /// So many seconds after the answer.
    After(i64),
    At(Timestamp),
    /// Midnight in UTC before the first of the next month.
    MonthsEnd,
    /// Midnight in UTC+8.
    DaysEndInChina,
}

pub(super) const GUESS: Held = Held {
    state: "cooling",
    basis: "guess",
    until: Until::Guessed,
};
const MONTH: Held = Held {
    state: "spent",
    basis: "calendar",
    until: Until::MonthsEnd,
};

const fn cooling(until: Until) -> Held {
    let (state, basis) = ("cooling", "told");
    Held {
        state,
        basis,
        until,
    }
}

const fn spent(until: Until) -> Held {
    let (state, basis) = ("spent", "told");
    Held {
        state,
        basis,
        until,
    }
}

#[rustfmt::skip]
pub(super) fn copilot_rows() -> Vec<Row> {
    use Then::{Answered, ModelPassed, Passed, PassedTheSecondTime, ProviderPassed};
    vec![
        row(r#"Says(400, "model_not_supported")"#, coded(400, "model_not_supported"), ModelPassed(GUESS)),
        row(r#"Says(400, "invalid_encrypted_content")"#, coded(400, "invalid_encrypted_content"), Answered),
        row(r#"Says(400, "encrypted content")"#, said(400, "Encrypted content could not be verified"), Answered),
        row(r#"Says(400, "invalid `signature` in `thinking`")"#, said(400, "Invalid `signature` in `thinking` block"), Answered),
        row(r#"Says(400, "required reasoning item")"#, said(400, "Item of type message was provided without its required reasoning item"), Answered),
        row("Status(400)", said(400, "Bad Request"), Answered),
        row("Page(401)", Fault::Html { status: 401 }, Passed(GUESS)),
        row("Page(403)", Fault::Html { status: 403 }, Passed(GUESS)),
        row("Status(466)", said(466, "client version not supported"), Passed(GUESS)),
        row(r#"Says(403, "access to this endpoint is forbidden")"#, said(403, "Access to this endpoint is forbidden"), Passed(GUESS)),
        row(r#"Says(403, "rate limit exceeded")"#, said(403, "API rate limit exceeded for user ID 1"), Passed(GUESS)),
        row(r#"Says(403, "token expired")"#, said(403, "unauthorized: token expired"), PassedTheSecondTime(GUESS)),
        row("Status(401)", said(401, "unauthorized: token expired"), PassedTheSecondTime(GUESS)),
        row("Status(421)", said(421, "Misdirected Request"), PassedTheSecondTime(GUESS)),
        row(r#"Code("quota_exceeded")"#, coded(402, "quota_exceeded"), Passed(MONTH)),
        row(r#"Code("free_quota_exceeded")"#, coded(402, "free_quota_exceeded"), Passed(MONTH)),
        row(r#"Code("overage_limit_reached")"#, coded(402, "overage_limit_reached"), Passed(MONTH)),
        row("Status(402)", said(402, "You have no quota"), Passed(MONTH)),
        row(r#"Code("user_global_rate_limited")"#, coded(429, "user_global_rate_limited"), Passed(GUESS)),
        row(r#"Code("user_weekly_rate_limited")"#, coded(429, "user_weekly_rate_limited"), Passed(GUESS)),
        row(r#"Code("agent_mode_limit_exceeded")"#, coded(429, "agent_mode_limit_exceeded"), Passed(GUESS)),
        row(r#"Code("user_model_rate_limited")"#, coded(429, "user_model_rate_limited"), ModelPassed(GUESS)),
        row(r#"Code("model_overloaded")"#, coded(429, "model_overloaded"), ModelPassed(GUESS)),
        row(r#"Code("upstream_provider_rate_limit")"#, coded(429, "upstream_provider_rate_limit"), ModelPassed(GUESS)),
        row(r#"Code("integration_rate_limited")"#, coded(429, "integration_rate_limited"), ProviderPassed(GUESS)),
        row(r#"Code("rate_limited")"#, coded(429, "rate_limited"), Passed(GUESS)),
        row(r#"Code("extension_blocked")"#, coded(403, "extension_blocked"), Passed(GUESS)),
        row("Status(403)", said(403, "no access to Copilot Chat"), Passed(GUESS)),
        row("Status(429)", said(429, "Too Many Requests"), Passed(GUESS)),
        row("Status(503)", said(503, "Service Unavailable"), ModelPassed(GUESS)),
        row("Status(408)", said(408, "user_request_timeout"), PassedTheSecondTime(GUESS)),
        row("Status(424)", said(424, "Failed Dependency"), PassedTheSecondTime(GUESS)),
        row("Status(499)", said(499, "context canceled"), PassedTheSecondTime(GUESS)),
        row("ServerError", said(502, "Bad Gateway"), Passed(GUESS)),
    ]
}

#[rustfmt::skip]
pub(super) fn zai_rows() -> Vec<Row> {
    use Then::{Answered, ModelPassed, Passed, PassedTheSecondTime, ProviderPassed};
    let (at, words) = in_chinas_words(7 * 3600);
    let reset = || Passed(spent(Until::At(at)));
    let limit = |code| zai(429, code, &format!("Usage limit reached. Your limit will reset at {words}"));
    vec![
        row(r#"Code("1113")"#, zai(429, "1113", "Insufficient balance or no resource package"), Passed(GUESS)),
        row(r#"Code("1302")"#, zai(429, "1302", "High concurrency usage of this API"), Passed(GUESS)),
        row(r#"Code("1303")"#, zai(429, "1303", "High frequency usage of this API"), Passed(GUESS)),
        row(r#"Code("1304")"#, zai(429, "1304", "Daily call limit for this API reached"), Passed(Held { until: Until::DaysEndInChina, ..MONTH })),
        row(r#"Code("1305")"#, zai(429, "1305", "The service may be temporarily overloaded"), ProviderPassed(GUESS)),
        row(r#"Code("1312")"#, zai(429, "1312", "This model is currently experiencing high traffic"), ProviderPassed(GUESS)),
        row(r#"Code("1308")"#, limit("1308"), reset()),
        row(r#"Code("1309")"#, zai(429, "1309", "Your GLM Coding Plan package has expired"), Passed(GUESS)),
        row(r#"Code("1310")"#, limit("1310"), reset()),
        row(r#"Code("1316")"#, limit("1316"), reset()),
        row(r#"Code("1317")"#, limit("1317"), reset()),
        row(r#"Code("1311")"#, zai(429, "1311", "Your plan does not yet include access to this model"), ModelPassed(GUESS)),
        row(r#"Code("1313")"#, zai(429, "1313", "Your account does not comply with the Fair Usage Policy"), Passed(GUESS)),
        row(r#"Says(400, "invalid `signature` in `thinking`")"#, zai(400, "1210", "Invalid `signature` in `thinking` block"), Answered),
        row(r#"Code("1210")"#, zai(400, "1210", "API call parameters are incorrect"), Answered),
        row(r#"Code("1214")"#, zai(400, "1214", "Incorrect role information"), Answered),
        row(r#"Code("1234")"#, zai(500, "1234", "Network error, please try again later"), Passed(GUESS)),
        row("Status(401)", zai(401, "1000", "Authentication Failed"), Passed(GUESS)),
        row("Status(402)", zai(402, "9999", "Payment Required"), Passed(GUESS)),
        row("Status(403)", zai(403, "9999", "Forbidden"), Passed(GUESS)),
        row("Status(429)", zai(429, "9999", "Too Many Requests"), Passed(GUESS)),
        row("Status(503)", zai(503, "9999", "Service Unavailable"), Passed(GUESS)),
        row("Status(408)", zai(408, "9999", "Request Timeout"), PassedTheSecondTime(GUESS)),
        row("ServerError", said(502, "Bad Gateway"), Passed(GUESS)),
    ]
}

/// Copilot's answers that tell when the limit ends, each in a way of its own.
#[rustfmt::skip]
pub(super) fn copilot_ends() -> Vec<Row> {
    use Then::{ModelPassed, Passed};
    let at = whole_second_in(5 * 3600);
    let later = at + Duration::from_secs(86_400);
    let snapshot = |left: f64, at: Timestamp| {
        let at = at.to_string().replace(':', "%3A");
        format!("ent=100&ov=0.0&ovPerm=false&rem={left:?}&rst={at}&totRem={left:?}")
    };
    let (used_up, other) = (snapshot(0.0, at), snapshot(35.5, later));
    let passed = snapshot(0.0, whole_second_in(-60));
    let mut ends = vec![
        row("seconds", with(coded(429, "rate_limited"), &[("retry-after", "600")]), Passed(cooling(Until::After(600)))),
        row("a date", with(coded(429, "rate_limited"), &[("retry-after", &http_date(at))]), Passed(cooling(Until::At(at)))),
        row("seconds of an overload", with(said(503, ""), &[("retry-after", "600")]), ModelPassed(cooling(Until::After(600)))),
        row("seconds of a failure", with(said(500, ""), &[("retry-after", "600")]), Passed(cooling(Until::After(600)))),
        row("seconds of a model's limit", with(coded(429, "user_model_rate_limited"), &[("retry-after", "600")]), ModelPassed(spent(Until::After(600)))),
        row("seconds of a quota", with(coded(402, "quota_exceeded"), &[("retry-after", "600")]), Passed(spent(Until::After(600)))),
        row("a reset in seconds", with(said(429, ""), &[("x-ratelimit-reset", "600")]), Passed(cooling(Until::After(600)))),
        row("a reset since 1970", with(said(429, ""), &[("x-ratelimit-reset", &at.as_second().to_string())]), Passed(cooling(Until::At(at)))),
        row("a reset as Go writes it", with(said(429, ""), &[("x-ratelimit-reset-requests", "10m0s")]), Passed(cooling(Until::After(600)))),
        row("no seconds at all", with(coded(429, "user_global_rate_limited"), &[("retry-after", "0")]), Passed(GUESS)),
        row("the later of two", with(coded(429, "user_global_rate_limited"), &[("retry-after", "60"), ("x-usage-ratelimit-session", &used_up)]), Passed(spent(Until::At(at)))),
        row("a reset that has passed", with(coded(429, "user_global_rate_limited"), &[("x-usage-ratelimit-session", &passed)]), Passed(GUESS)),
        row("the reset of the window that is empty", with(said(429, ""), &[
            ("x-ratelimit-remaining-requests", "12"), ("x-ratelimit-reset-requests", "86400"),
            ("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "600"),
        ]), Passed(cooling(Until::After(600)))),
    ];
    for (code, window, others) in [
        ("user_global_rate_limited", "x-usage-ratelimit-session", "x-usage-ratelimit-weekly"),
        ("user_weekly_rate_limited:pro_plus", "x-usage-ratelimit-weekly", "x-usage-ratelimit-session"),
        ("quota_exceeded", "x-quota-snapshot-premium_interactions", "x-usage-ratelimit-weekly"),
    ] {
        let answer = with(coded(429, code), &[(window, &used_up), (others, &other)]);
        ends.push(row(window, answer, Passed(spent(Until::At(at)))));
    }
    let left_over = with(coded(402, "quota_exceeded"), &[("x-quota-snapshot-premium_interactions", &other)]);
    ends.push(row("a window that has something left tells nothing", left_over, Passed(MONTH)));
    ends
}

/// The same of Z.ai's.
#[rustfmt::skip]
pub(super) fn zai_ends() -> Vec<Row> {
    use Then::Passed;
    let at = whole_second_in(5 * 3600);
    let (in_words, words) = in_chinas_words(3 * 86_400);
    let week = format!("Weekly/Monthly Limit Exhausted. Your limit will reset at {words}");
    vec![
        row("seconds", with(zai(429, "1302", "slow"), &[("retry-after", "600")]), Passed(cooling(Until::After(600)))),
        row("a date", with(zai(429, "1303", "slow"), &[("retry-after", &http_date(at))]), Passed(cooling(Until::At(at)))),
        row("seconds of a day", with(zai(429, "1304", "Daily call limit"), &[("retry-after", "600")]), Passed(spent(Until::After(600)))),
        row("words", zai(429, "1310", &week), Passed(spent(Until::At(in_words)))),
        row("a reset in seconds", with(zai(429, "1302", "slow"), &[("x-ratelimit-reset", "600")]), Passed(cooling(Until::After(600)))),
        row("words of no time", zai(429, "1310", "Your limit will reset soon"), Passed(GUESS)),
    ]
}

impl Held {
    #[track_caller]
    pub(super) fn is(&self, told: &Value, row: &str) {
        let found = (told["state"].as_str(), told["basis"].as_str());
        assert_eq!(
            found,
            (Some(self.state), Some(self.basis)),
            "{row}: {told:#}"
        );
    }

    /// It is told to end when it should, after an answer between these two
    /// moments.
    #[track_caller]
    pub(super) fn ends(&self, told: &Value, asked: Timestamp, answered: Timestamp, row: &str) {
        let end = until(told);
        let (first, last) = match self.until {
            Until::Guessed => (asked, Timestamp::MAX),
            Until::After(seconds) => (after(asked, seconds), after(answered, seconds)),
            Until::At(moment) => (moment, after(moment, 1)),
            Until::MonthsEnd => (months_end(asked), after(months_end(answered), 1)),
            Until::DaysEndInChina => (
                days_end_in_china(asked),
                after(days_end_in_china(answered), 1),
            ),
        };
        assert!(
            (first..=last).contains(&end),
            "{row}: {first} to {last}: {told:#}"
        );
    }
}

pub(super) const fn row(name: &'static str, answer: Fault, then: Then) -> Row {
    Row { name, answer, then }
}

/// Copilot's error with a code.
pub(super) fn coded(status: u16, code: &str) -> Fault {
    let error = serde_json::json!({"error": {"message": "Sorry.", "code": code}});
    Fault::status(status, error.to_string())
}

/// Words without a code.
pub(super) fn said(status: u16, words: &str) -> Fault {
    Fault::status(status, format!("{words}\n"))
}

/// Z.ai's error.
pub(super) fn zai(status: u16, code: &str, words: &str) -> Fault {
    let error = serde_json::json!({"error": {"message": words, "code": code}});
    Fault::status(status, error.to_string())
}

pub(super) fn with(answer: Fault, more: &[(&str, &str)]) -> Fault {
    let Fault::Status {
        status,
        mut headers,
        body,
    } = answer
    else {
        unreachable!("a page has no headers")
    };
    let more = more
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    headers.extend(more);
    Fault::Status {
        status,
        headers,
        body,
    }
}

fn after(moment: Timestamp, seconds: i64) -> Timestamp {
    moment + Span::new().seconds(seconds)
}

/// No header and no words tell less than a second.
fn whole_second_in(seconds: i64) -> Timestamp {
    Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap()
}

fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A moment to come, and the same as Z.ai tells it.
fn in_chinas_words(seconds: i64) -> (Timestamp, String) {
    let at = whole_second_in(seconds);
    let words = at.to_zoned_datetime(china()).strftime("%Y-%m-%d %H:%M:%S");
    (at, words.to_string())
}

fn china() -> TimeZone {
    TimeZone::fixed(Offset::constant(8))
}

fn days_end_in_china(now: Timestamp) -> Timestamp {
    let tomorrow = now.to_zoned_datetime(china()).date().tomorrow().unwrap();
    tomorrow.to_zoned_datetime(china()).unwrap().timestamp()
}

fn months_end(now: Timestamp) -> Timestamp {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    let next = today.first_of_month() + Span::new().months(1);
    next.to_zoned_datetime(TimeZone::UTC).unwrap().timestamp()
}
