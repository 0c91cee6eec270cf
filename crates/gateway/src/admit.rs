//! Admission: an HTTP request becomes a [`Call`], or an error that says why
//! not.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialect::{Dialect, Envelope, Failure, Initiator, Operation};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, EXPECT};
use http::request::Parts;
use http_body::Body as _;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout};

use crate::call::Call;
use crate::inflate::{self, inflate};

/// How long an oversized body is read on for, so that a client that writes
/// before it reads gets to see the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest buffer that a declared length alone sets aside.
const TRUSTED_LENGTH: u64 = 1 << 20;

/// What of a request its body does not tell.
pub struct Arrival {
    /// The router's own id of the request.
    pub id: String,
    /// The client's headers.
    pub headers: HeaderMap,
    /// When the request came in.
    pub started: Instant,
}

/// Reads a request whose body may be `most` bytes, and unpacks it.
///
/// # Errors
/// A failure of the client's: too large, or packed in a strange way.
pub async fn arrive(
    id: String,
    head: Parts,
    body: Incoming,
    most: u64,
) -> Result<(Arrival, Bytes), Failure> {
    let started = Instant::now();
    let body = read(&head, body, most).await?;
    let body = match head.headers.get(CONTENT_ENCODING) {
        None => body,
        Some(encoding) => {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            inflate(&encoding, body, most)
                .await
                .map_err(|error| packed(&error, most))?
        }
    };
    let arrival = Arrival {
        id,
        headers: head.headers,
        started,
    };
    Ok((arrival, body))
}

/// Reads what routing needs of a body of `dialect`.
///
/// # Errors
/// A failure of the client's: no JSON, no model.
pub fn admit(
    arrival: Arrival,
    dialect: Dialect,
    operation: Operation,
    body: Bytes,
) -> Result<Call, Failure> {
    let mut envelope = Envelope::read(dialect, &body).map_err(|error| {
        let code = match error {
            dialect::envelope::Error::NoModel => "missing_model",
            dialect::envelope::Error::Invalid(_) | dialect::envelope::Error::NoObject => {
                "invalid_json"
            }
        };
        Failure::new(400, code, error.to_string())
    })?;
    if operation != Operation::Generate {
        // No person's turn: what counts and embeds is a program.
        envelope.initiator = Initiator::Agent;
        envelope.stream = false;
    }
    let initiator = arrival.headers.get("x-initiator");
    let initiator = initiator.and_then(|value| Initiator::parse(value.to_str().ok()?));
    Ok(Call {
        id: arrival.id,
        dialect,
        operation,
        envelope,
        initiator,
        headers: arrival.headers,
        body,
        started: arrival.started,
    })
}

async fn read(head: &Parts, mut body: Incoming, most: u64) -> Result<Bytes, Failure> {
    let declared = body.size_hint().lower();
    if declared > most {
        // A client that waits for a go-ahead is told before it sends anything.
        if !head.headers.contains_key(EXPECT) {
            drain(body, most).await;
        }
        return Err(too_large(most));
    }
    // One frame holds all of most bodies, and is then not copied.
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Failure::new(
                400,
                "incomplete_body",
                format!("the request body broke off: {error}"),
            )
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if (first.len() + whole.len() + data.len()) as u64 > most {
            drain(body, most).await;
            return Err(too_large(most));
        }
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                whole.reserve(usize::try_from(declared.min(TRUSTED_LENGTH)).unwrap_or(0));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    Ok(if whole.is_empty() {
        first
    } else {
        whole.freeze()
    })
}

/// Reads a body on and throws it away, for a while.
async fn drain(mut body: Incoming, most: u64) {
    let reading = async {
        let mut left = most;
        while let Some(Ok(frame)) = body.frame().await {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            let Some(rest) = left.checked_sub(length) else {
                break;
            };
            left = rest;
        }
    };
    // Whether it ended or not, the answer goes out now.
    let _ = timeout(PATIENCE, reading).await;
}

fn too_large(most: u64) -> Failure {
    Failure::new(
        413,
        "request_too_large",
        format!(
            "the request body is larger than {most} bytes (hint: raise [server] max_body_bytes)"
        ),
    )
}

fn packed(error: &inflate::Error, most: u64) -> Failure {
    match error {
        inflate::Error::TooLarge(_) => too_large(most),
        inflate::Error::Unsupported(_) => {
            Failure::new(415, "unsupported_content_encoding", error.to_string())
        }
        inflate::Error::Broken { .. } => Failure::new(400, "invalid_body", error.to_string()),
    }
}
