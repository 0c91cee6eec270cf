//! What is answered, before it becomes bytes, pauses and breaks on the wire.

use std::fmt;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use crate::drip::Drip;
use crate::plan::Delivery;

/// What is answered.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content: Content,
    pub(crate) delivery: Delivery,
}

/// The three kinds of body.
pub(crate) enum Content {
    Whole(Bytes),
    /// The data of server-sent events, without the framing.
    Events(Vec<Bytes>),
    Drip(Drip),
}

/// A reply that refuses; boxed, since a `Result` is as large as its larger half.
pub(crate) type Refusal = Box<Reply>;

/// That the connection is to close without a reply.
#[derive(Debug)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is to close without a reply")
    }
}

impl std::error::Error for Refused {}

impl Reply {
    pub(crate) fn page(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        Self::of(status, content_type, Content::Whole(body.into()))
    }

    pub(crate) fn text(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::page(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn json(status: StatusCode, body: &Value) -> Self {
        Self::page(status, "application/json", body.to_string())
    }

    /// JSON that is ready to send.
    pub(crate) fn ready(body: Bytes) -> Self {
        Self::page(StatusCode::OK, "application/json", body)
    }

    pub(crate) fn events(events: Vec<Bytes>) -> Self {
        Self::stream(Content::Events(events))
    }

    pub(crate) fn drip(drip: Drip) -> Self {
        Self::stream(Content::Drip(drip))
    }

    /// What a fault spells out. Headers that HTTP cannot carry are left out.
    pub(crate) fn scripted(status: u16, headers: &[(String, String)], body: String) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut reply = Self::page(status, "application/json", body);
        for (name, value) in headers {
            let (Ok(name), Ok(value)) = (
                HeaderName::try_from(name.as_str()),
                HeaderValue::try_from(value.as_str()),
            ) else {
                continue;
            };
            if name == CONTENT_TYPE {
                reply.headers.insert(name, value);
            } else {
                reply.headers.append(name, value);
            }
        }
        reply
    }

    pub(crate) fn is_events(&self) -> bool {
        matches!(self.content, Content::Events(_))
    }

    /// The same reply with an account's headers, which never replace its own.
    pub(crate) fn with_headers(mut self, mut headers: HeaderMap) -> Self {
        headers.extend(std::mem::take(&mut self.headers));
        self.headers = headers;
        self
    }

    fn stream(content: Content) -> Self {
        let mut reply = Self::of(StatusCode::OK, "text/event-stream", content);
        reply
            .headers
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        reply
    }

    fn of(status: StatusCode, content_type: &'static str, content: Content) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self {
            status,
            headers,
            content,
            delivery: Delivery::default(),
        }
    }
}
