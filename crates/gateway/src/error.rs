//! The one file in which what went wrong becomes an HTTP answer.

use std::time::Duration;

use bytes::Bytes;
use dialect::chat::error_words;
use dialect::{Dialect, Failure};
use http::header::{
    ALT_SVC, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER,
    SET_COOKIE, STRICT_TRANSPORT_SECURITY, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};

/// What a client is told instead of a reply.
#[derive(Debug)]
pub enum Refusal {
    /// An upstream's own answer, handed on as it is.
    Upstream(Box<Whole>),
    /// Words of our own.
    Own(Box<Failure>),
}

/// An answer that has been read to its end.
#[derive(Debug)]
pub struct Whole {
    /// Its status.
    pub status: StatusCode,
    /// Its headers, as the upstream sent them.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Whole {
    /// What it says where it is no error of an API: its status, and its text where that is
    /// one for people.
    fn in_words(&self) -> String {
        /// Some answer with a page.
        const MOST: usize = 300;
        let text = String::from_utf8_lossy(&self.body);
        let text = text.trim();
        let is_text = !text.is_empty() && !text.starts_with(['<', '{', '[']);
        let told = &text[..text.floor_char_boundary(MOST)];
        match is_text {
            true => format!("the upstream answered {}: {told}", self.status),
            false => format!("the upstream answered {}", self.status),
        }
    }
}

impl Refusal {
    /// A refusal in words of our own.
    pub fn own(failure: Failure) -> Self {
        Self::Own(Box::new(failure))
    }

    /// The refusal in words of our own: an upstream's are put into the shape
    /// of a [`Failure`], for a stream that has begun.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Own(failure) => *failure,
            Self::Upstream(whole) => {
                let (code, message) = error_words(&whole.body);
                let status = whole.status.as_u16();
                Failure::new(
                    status,
                    code.unwrap_or_else(|| "upstream_error".into()),
                    message.unwrap_or_else(|| whole.in_words()),
                )
            }
        }
    }

    /// The status that the client gets.
    pub fn status(&self) -> u16 {
        match self {
            Self::Own(failure) => failure.status,
            Self::Upstream(whole) => whole.status.as_u16(),
        }
    }

    /// A stable word for the ledger.
    pub fn code(&self) -> String {
        match self {
            Self::Own(failure) => failure.code.clone().into_owned(),
            Self::Upstream(whole) => error_words(&whole.body)
                .0
                .unwrap_or_else(|| format!("http_{}", whole.status.as_u16())),
        }
    }

    /// The answer to a client of `dialect`. A 429 or 503 without a
    /// `Retry-After` gets the shortest: some clients give up without one.
    pub fn into_response(self, dialect: Dialect) -> Response<Bytes> {
        let mut response = match self {
            Self::Own(failure) => own(&failure, dialect),
            Self::Upstream(whole) => {
                let whole = *whole;
                let mut response = Response::new(whole.body);
                *response.status_mut() = whole.status;
                *response.headers_mut() = downstream_headers(whole.headers);
                response
            }
        };
        let waits = matches!(response.status().as_u16(), 429 | 503);
        if waits && !response.headers().contains_key(RETRY_AFTER) {
            let headers = response.headers_mut();
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// No account serves the model.
pub fn model_not_found(model: &str, nearest: &[String]) -> Failure {
    let model: String = model.chars().take(100).collect();
    let nearest = match nearest {
        [] => "no account lists any model".to_owned(),
        nearest => format!("the nearest are {}", nearest.join(", ")),
    };
    let text =
        format!("no account serves the model {model:?}: {nearest}; GET /v1/models lists all");
    Failure::new(404, "model_not_found", text)
}

fn own(failure: &Failure, dialect: Dialect) -> Response<Bytes> {
    let mut response = Response::new(failure.body(dialect).into());
    *response.status_mut() =
        StatusCode::from_u16(failure.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(after) = failure.retry_after {
        headers.insert(RETRY_AFTER, whole_seconds(after));
    }
    response
}

/// A client that waits a moment too short is refused again: round up.
fn whole_seconds(after: Duration) -> HeaderValue {
    HeaderValue::from(rounded_up(after))
}

fn rounded_up(after: Duration) -> u64 {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    seconds.max(1)
}

/// An upstream's headers as the client gets them: all but those of its
/// connection (RFC 9110, 7.6.1), its framing, which is ours now, and what only
/// makes sense between it and a browser.
pub fn downstream_headers(mut headers: HeaderMap) -> HeaderMap {
    const OURS: [HeaderName; 9] = [
        CONTENT_LENGTH,
        CONTENT_ENCODING,
        TRANSFER_ENCODING,
        TE,
        TRAILER,
        UPGRADE,
        SET_COOKIE,
        ALT_SVC,
        STRICT_TRANSPORT_SECURITY,
    ];
    let named = headers.remove(CONNECTION);
    let named = named.as_ref().and_then(|value| value.to_str().ok());
    for name in named.unwrap_or_default().split(',') {
        headers.remove(name.trim());
    }
    for name in &OURS {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstreams_answer_reaches_the_client_intact() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("retry-after", "7"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-github-request-id", "A:B"),
            ("content-type", "text/plain"),
            ("transfer-encoding", "chunked"),
            ("set-cookie", "logged_in=no"),
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
        ] {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let body = Bytes::from_static(b"slow down");
        let whole = Whole {
            status: StatusCode::TOO_MANY_REQUESTS,
            headers,
            body,
        };
        let response = Refusal::Upstream(Box::new(whole)).into_response(Dialect::Chat);
        assert_eq!(response.status(), 429);
        let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
        assert_eq!(
            names,
            [
                "retry-after",
                "x-ratelimit-remaining-requests",
                "x-github-request-id",
                "content-type"
            ]
        );
        assert_eq!(response.headers()[RETRY_AFTER], "7");
    }

    #[test]
    fn a_429_and_a_503_always_say_when_to_come_back() {
        for status in [429, 503] {
            let failure = Failure::new(status, "no_account", "none");
            let response = Refusal::own(failure.clone()).into_response(Dialect::Chat);
            assert_eq!(response.headers()[RETRY_AFTER], "1");
            let failure = failure.retry_after(Duration::from_millis(2100));
            let response = Refusal::own(failure).into_response(Dialect::Chat);
            assert_eq!(response.headers()[RETRY_AFTER], "3");
        }
        let refusal = Refusal::own(Failure::new(502, "upstream_unreachable", "down"));
        assert!(
            !refusal
                .into_response(Dialect::Chat)
                .headers()
                .contains_key(RETRY_AFTER)
        );
    }
}
