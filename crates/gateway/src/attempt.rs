//! One try of a request on one account: send, and read until it is clear
//! whether this is a reply.

use std::time::Duration;

use bytes::Bytes;
use dialect::chat::error_words;
use dialect::chunk::is_failure;
use dialect::{Dialect, Failure};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use jiff::Timestamp;
use tokio::time::{Instant, timeout, timeout_at};

use crate::account::Account;
use crate::error::{Refusal, Whole};
use crate::gather::Gather;
use crate::inflate::inflate;
use crate::outbound::chain;
use crate::outcome::Outcome;
use crate::provider::Verdict;
use crate::tap::Tap;
use crate::upstream::{SendError, collect};

/// A reply that is not streamed is read whole before any of it is handed on,
/// so that one that breaks off can still move. None comes near this size.
const LARGEST_REPLY: usize = 64 << 20;
/// How long the body of an error may take: what counts is its status.
const ERROR_BODY: Duration = Duration::from_secs(5);

/// A reply to hand on.
pub enum Answer {
    /// A stream that has begun.
    Stream(Box<Begun>),
    /// A reply in one piece.
    Whole(Whole),
}

/// A streamed reply, read up to its first real event.
pub struct Begun {
    /// The upstream's status.
    pub status: StatusCode,
    /// The upstream's headers.
    pub headers: HeaderMap,
    /// What was read, to be handed on first.
    pub lead: Bytes,
    /// The rest.
    pub body: Incoming,
    /// What has read the lead and reads the rest.
    pub tap: Tap,
}

/// A try that gave no reply.
#[derive(Debug)]
pub struct Failed {
    /// What it means for the account and the request.
    pub outcome: Outcome,
    /// The same in words, for a person.
    pub why: &'static str,
    /// What the upstream said, or what is to be said instead.
    pub refusal: Refusal,
}

impl Failed {
    /// The upstream's own word for it, or ours.
    pub fn code(&self) -> Option<String> {
        match &self.refusal {
            Refusal::Upstream(whole) => error_words(&whole.body).0,
            Refusal::Own(failure) => Some(failure.code.to_string()),
        }
    }

    /// What went wrong, for a person, in our words and the upstream's; where
    /// `reveals` is not, without those, which may name an account or a host.
    pub fn told(&self, reveals: bool) -> String {
        /// An upstream's words, a web page even, are not told without end.
        const MOST: usize = 300;
        match &self.refusal {
            Refusal::Own(failure) if reveals => failure.message.clone(),
            Refusal::Own(failure) => format!("{} ({})", self.why, failure.code),
            Refusal::Upstream(whole) => {
                let status = whole.status.as_u16();
                let words = if reveals {
                    let words = error_words(&whole.body).1;
                    words.unwrap_or_else(|| String::from_utf8_lossy(&whole.body).into())
                } else {
                    String::new()
                };
                let words = words.trim();
                match &words[..words.floor_char_boundary(MOST)] {
                    "" => format!("{} (HTTP {status})", self.why),
                    words => format!("{} (HTTP {status}: {words})", self.why),
                }
            }
        }
    }
}

/// Sends `request` on behalf of `account`.
///
/// # Errors
/// Everything but a reply: the outcome tells what follows.
pub async fn attempt(
    account: &Account,
    request: Request<Full<Bytes>>,
    dialect: Dialect,
    strip_usage: bool,
) -> Result<Answer, Failed> {
    let host = request.uri().host().unwrap_or("the upstream").to_owned();
    let limits = *account.http.limits();
    let deadline = Instant::now() + limits.first_byte;
    let silent = || SendError::Silent {
        host: host.clone(),
        limit: limits.first_byte,
    };
    let sent = timeout_at(deadline, account.http.send(request)).await;
    let (head, body) = match sent {
        Ok(Ok(response)) => response.into_parts(),
        Ok(Err(error)) => return Err(unreachable(&error)),
        Err(_) => return Err(unreachable(&silent())),
    };
    account.overhear(&head.headers);
    if !head.status.is_success() {
        return Err(refused(account, &host, head, body).await);
    }
    if !is_event_stream(&head.headers) {
        return whole(account, &host, head, body, dialect).await;
    }
    if head.headers.contains_key(CONTENT_ENCODING) {
        // It was asked not to; a client that did not ask could not read it.
        let reason = "it packs its stream".to_owned();
        return Err(unreachable(&SendError::Broken { host, reason }));
    }
    let tap = Tap::new(dialect, strip_usage);
    timeout_at(deadline, begin(account, &host, head, body, tap))
        .await
        .unwrap_or_else(|_| Err(unreachable(&silent())))
}

/// Reads a stream up to its first real event. An error that comes before it
/// can still move on, though the status was 200.
async fn begin(
    account: &Account,
    host: &str,
    head: Parts,
    mut body: Incoming,
    mut tap: Tap,
) -> Result<Answer, Failed> {
    let broken = |reason| SendError::Broken {
        host: host.to_owned(),
        reason,
    };
    let mut lead = Gather::default();
    loop {
        let ended = match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    lead.push(tap.feed(data));
                }
                false
            }
            Some(Err(error)) => return Err(unreachable(&broken(chain(&error)))),
            None => {
                lead.push(tap.finish());
                true
            }
        };
        if tap.has_begun() {
            break;
        }
        if let Some(error) = tap.error() {
            let failed = error_inside(account, &head.headers, error.clone());
            if failed.outcome != Outcome::Rejected {
                return Err(failed);
            }
            break;
        }
        if ended {
            let reason = "the stream was empty".to_owned();
            return Err(unreachable(&broken(reason)));
        }
    }
    Ok(Answer::Stream(Box::new(Begun {
        status: head.status,
        headers: head.headers,
        lead: lead.take(),
        body,
        tap,
    })))
}

/// Reads a reply that is not streamed. It may take as long as it likes, as
/// long as something comes.
async fn whole(
    account: &Account,
    host: &str,
    head: Parts,
    body: Incoming,
    dialect: Dialect,
) -> Result<Answer, Failed> {
    let body = read(host, &head.headers, body, account.http.limits().idle)
        .await
        .map_err(|error| unreachable(&error))?;
    if is_failure(dialect, &body) {
        return Err(error_inside(account, &head.headers, body));
    }
    Ok(Answer::Whole(Whole {
        status: head.status,
        headers: head.headers,
        body,
    }))
}

/// An answer with a status that is no success.
async fn refused(account: &Account, host: &str, head: Parts, body: Incoming) -> Failed {
    // A body that breaks off, or hangs, does not hide what the status says.
    let body = timeout(ERROR_BODY, read(host, &head.headers, body, ERROR_BODY))
        .await
        .map_or_else(|_| Bytes::new(), Result::unwrap_or_default);
    let verdict = account
        .backend
        .verdict(head.status, &head.headers, &body, Timestamp::now());
    let whole = Whole {
        status: head.status,
        headers: head.headers,
        body,
    };
    failed(verdict, whole)
}

/// An error that came with a status of success.
pub(crate) fn error_inside(account: &Account, headers: &HeaderMap, json: Bytes) -> Failed {
    let mut status = status_of(&json);
    let verdict = account
        .backend
        .verdict(status, headers, &json, Timestamp::now());
    if matches!(verdict.outcome, Outcome::Limited { .. }) && status.is_server_error() {
        // A provider's own code, which only the provider knows for a limit.
        status = StatusCode::TOO_MANY_REQUESTS;
    }
    let mut headers = headers.clone();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let whole = Whole {
        status,
        headers,
        body: json,
    };
    failed(verdict, whole)
}

fn failed(verdict: Verdict, whole: Whole) -> Failed {
    Failed {
        outcome: verdict.outcome,
        why: verdict.why,
        refusal: verdict
            .failure
            .map_or_else(|| Refusal::Upstream(Box::new(whole)), Refusal::own),
    }
}

/// The status that an error inside a 200 would have had, by its code.
fn status_of(json: &[u8]) -> StatusCode {
    let (code, message) = error_words(json);
    let code = code.unwrap_or_default().to_ascii_lowercase();
    if let Some(status) = code
        .parse()
        .ok()
        .and_then(|code: u16| StatusCode::from_u16(code).ok())
        && (400..600).contains(&status.as_u16())
    {
        return status;
    }
    let says = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let text = message.unwrap_or_default().to_ascii_lowercase();
    if says(&[
        "rate_limit",
        "ratelimit",
        "quota",
        "overloaded",
        "limit_exceeded",
    ]) || text.contains("rate limit")
    {
        StatusCode::TOO_MANY_REQUESTS
    } else if says(&[
        "invalid",
        "context_length",
        "unsupported",
        "not_found",
        "not_supported",
        "content_filter",
    ]) {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::BAD_GATEWAY
    }
}

fn unreachable(error: &SendError) -> Failed {
    let (status, code, why) = match error {
        SendError::Connect { .. } => (502, "upstream_unreachable", "no connection"),
        SendError::Broken { .. } | SendError::TooLarge { .. } => {
            (502, "upstream_broken", "the connection broke off")
        }
        SendError::Silent { .. } => (504, "upstream_silent", "no answer in time"),
    };
    let message = error.to_string();
    let outcome = match error {
        SendError::Broken { .. } => Outcome::Interrupted,
        _ => Outcome::Unreachable,
    };
    Failed {
        outcome,
        why,
        refusal: Refusal::own(Failure::new(status, code, message)),
    }
}

/// Reads a body, unpacked: an upstream may pack what it was asked not to, and
/// the client did not ask for it either.
async fn read(
    host: &str,
    headers: &HeaderMap,
    body: Incoming,
    idle: Duration,
) -> Result<Bytes, SendError> {
    let body = collect(host, body, LARGEST_REPLY, idle).await?;
    let Some(encoding) = headers.get(CONTENT_ENCODING) else {
        return Ok(body);
    };
    let encoding = String::from_utf8_lossy(encoding.as_bytes());
    inflate(&encoding, body, LARGEST_REPLY as u64)
        .await
        .map_err(|error| SendError::Broken {
            host: host.to_owned(),
            reason: error.to_string(),
        })
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}
