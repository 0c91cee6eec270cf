//! Turns a reply into the bytes, pauses and breaks that go over the wire.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Response};

use crate::body::{Body, Step};
use crate::flight::Owed;
use crate::plan::{Delivery, End, Framing};
use crate::reply::{Content, Reply};

/// A body as pieces, before the pauses between them.
struct Pieces {
    pieces: Vec<Bytes>,
    /// The length that `content-length` names, where there is one.
    length: Option<usize>,
    /// The piece before which there is a pause, and its length.
    stall: Option<(usize, Duration)>,
    broken: bool,
}

/// The response that hyper sends. Benchmark streams heed no delivery faults.
pub(crate) fn deliver(reply: Reply, owed: Owed) -> Response<Body> {
    let delivery = &reply.delivery;
    let mut headers = reply.headers;
    let pieces = match reply.content {
        Content::Drip(drip) => return respond(reply.status, headers, Body::drip(drip, owed)),
        Content::Whole(bytes) if delivery.is_plain() => {
            return respond(reply.status, headers, Body::whole(bytes, owed));
        }
        Content::Whole(bytes) => whole(bytes, delivery),
        Content::Events(events) => stream(&events, delivery),
    };
    if let Some(length) = pieces.length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let steps = steps(pieces, delivery.pace);
    respond(
        reply.status,
        headers,
        Body::steps(steps, delivery.one_byte, owed),
    )
}

fn respond(status: http::StatusCode, headers: http::HeaderMap, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn whole(bytes: Bytes, delivery: &Delivery) -> Pieces {
    let (bytes, length, broken) = match &delivery.end {
        End::Whole => (bytes.clone(), bytes.len(), false),
        End::Error { body, .. } => (body.clone(), body.len(), false),
        End::Cut { .. } | End::Half => (bytes.slice(..bytes.len() / 2), bytes.len(), true),
    };
    let count = if !delivery.pace.is_zero() {
        16
    } else if delivery.stall.is_some() {
        2
    } else {
        1
    };
    let pieces = split(&bytes, count);
    let stall = delivery.stall.map(|stall| (pieces.len() / 2, stall.pause));
    Pieces {
        pieces,
        length: Some(length),
        stall,
        broken,
    }
}

fn stream(events: &[Bytes], delivery: &Delivery) -> Pieces {
    let framing = delivery.framing;
    let last = events.len().saturating_sub(1);
    let frames = |count: usize| -> Vec<Bytes> {
        events[..count]
            .iter()
            .enumerate()
            .map(|(index, data)| framing.write(data, index, index == last))
            .collect()
    };
    let mut length = None;
    let (pieces, broken) = match &delivery.end {
        End::Whole => (frames(events.len()), false),
        End::Error { after, body } => {
            let after = last.min(*after);
            let mut pieces = frames(after);
            pieces.push(framing.write(body, after, true));
            (pieces, false)
        }
        End::Cut { after, clean } => (frames(last.min(*after)), !clean),
        End::Half => {
            let all = Bytes::from(frames(events.len()).concat());
            length = Some(all.len());
            (vec![all.slice(..all.len() / 2)], true)
        }
    };
    let stall = delivery
        .stall
        .map(|stall| (stall.after.min(last), stall.pause));
    Pieces {
        pieces,
        length,
        stall,
        broken,
    }
}

fn steps(pieces: Pieces, pace: Duration) -> Vec<Step> {
    let mut steps = Vec::with_capacity(pieces.pieces.len() * 2 + 2);
    let count = pieces.pieces.len();
    for (index, piece) in pieces.pieces.into_iter().enumerate() {
        if index > 0 && !pace.is_zero() {
            steps.push(Step::Wait(pace));
        }
        if let Some((at, pause)) = pieces.stall
            && at == index
        {
            steps.push(Step::Wait(pause));
        }
        steps.push(Step::Send(piece));
    }
    // A cut may come before the pause would; the client still waits for it.
    if let Some((at, pause)) = pieces.stall
        && at >= count
    {
        steps.push(Step::Wait(pause));
    }
    if pieces.broken {
        // hyper drops what it still holds when a body fails, so it is sent first.
        steps.extend([Step::Flush, Step::Break]);
    }
    steps
}

fn split(bytes: &Bytes, count: usize) -> Vec<Bytes> {
    let size = bytes.len().div_ceil(count).max(1);
    (0..bytes.len())
        .step_by(size)
        .map(|start| bytes.slice(start..bytes.len().min(start + size)))
        .collect()
}

impl Delivery {
    fn is_plain(&self) -> bool {
        matches!(self.end, End::Whole)
            && self.stall.is_none()
            && self.pace.is_zero()
            && !self.one_byte
    }
}

impl Framing {
    fn write(self, data: &[u8], index: usize, last: bool) -> Bytes {
        let line_end = self.line_end.text();
        let mut frame = BytesMut::with_capacity(data.len() + 32);
        let mut put = |parts: &[&[u8]]| {
            for part in parts {
                frame.extend_from_slice(part);
            }
            frame.extend_from_slice(line_end.as_bytes());
        };
        if self.comments {
            put(&[b": a comment of its own"]);
            put(&[]);
            put(&[b":"]);
            put(&[b": data: a comment of the event"]);
        }
        if let Some(name) = named(data) {
            put(&[b"event: ", name]);
        }
        if self.terse {
            let mark: &[u8] = if index == 0 { b"\xEF\xBB\xBF" } else { b"" };
            put(&[mark, b"id:", index.to_string().as_bytes()]);
            put(&[b"data:", data]);
        } else {
            put(&[b"data: ", data]);
        }
        if !(last && self.open_end) {
            put(&[]);
        }
        frame.freeze()
    }
}

/// The events of Responses and Messages are named by their type.
fn named(data: &[u8]) -> Option<&[u8]> {
    let rest = data.strip_prefix(br#"{"type":""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    rest.get(..end)
}
