//! The benchmark replies: fixed bytes, chosen by the model's id, made once.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use memchr::memmem;

use crate::body::Step;
use crate::reply::Reply;

/// The ids that are listed when a script asks for them; any `bench-stream-N-D` answers.
pub(crate) const IDS: [&str; 4] = [
    "bench-small",
    "bench-stream-50-20",
    "bench-stream-2000-0",
    "bench-stream-20-5",
];

/// A stream of equal chunks and a short end.
pub(crate) struct Drip {
    left: u32,
    pace: Duration,
    /// Whether the pause before the next chunk is over.
    rested: bool,
    tail: std::vec::IntoIter<Bytes>,
}

/// The reply to a body that asks for a benchmark model. The body is searched, not parsed.
pub(crate) fn answer(body: &[u8]) -> Option<Reply> {
    let id = model(body)?;
    let with_usage = flag(body, b"\"include_usage\"");
    if let Some((chunks, pace)) = stream_shape(id) {
        return Some(Reply::drip(Drip::new(chunks, pace, with_usage)));
    }
    if id != "bench-small" {
        return None;
    }
    Some(if flag(body, b"\"stream\"") {
        Reply::drip(Drip::new(3, Duration::ZERO, with_usage))
    } else {
        Reply::ready(Bytes::from_static(SMALL.as_bytes()))
    })
}

impl Drip {
    fn new(chunks: u32, pace: Duration, with_usage: bool) -> Self {
        let mut tail = vec![Bytes::from_static(FINISH.as_bytes())];
        if with_usage {
            tail.push(usage(chunks));
        }
        tail.push(Bytes::from_static(b"data: [DONE]\n\n"));
        Self {
            left: chunks,
            pace,
            rested: true,
            tail: tail.into_iter(),
        }
    }

    pub(crate) fn next(&mut self) -> Option<Step> {
        if self.left == 0 {
            return self.tail.next().map(Step::Send);
        }
        if !self.rested {
            self.rested = true;
            return Some(Step::Wait(self.pace));
        }
        self.left -= 1;
        self.rested = self.pace.is_zero();
        Some(Step::Send(CHUNK.clone()))
    }
}

/// The value of `"model"`, if it is a benchmark's.
fn model(body: &[u8]) -> Option<&str> {
    let rest = value(body, b"\"model\"")?.strip_prefix(b"\"")?;
    if !rest.starts_with(b"bench-") {
        return None;
    }
    let end = memchr::memchr(b'"', rest)?;
    std::str::from_utf8(&rest[..end]).ok()
}

fn flag(body: &[u8], name: &[u8]) -> bool {
    value(body, name).is_some_and(|value| value.starts_with(b"true"))
}

/// What stands behind the first key of this name.
fn value<'a>(body: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let start = memmem::find(body, name)? + name.len();
    let rest = body[start..].trim_ascii_start().strip_prefix(b":")?;
    Some(rest.trim_ascii_start())
}

fn stream_shape(id: &str) -> Option<(u32, Duration)> {
    let (chunks, millis) = id.strip_prefix("bench-stream-")?.split_once('-')?;
    Some((
        chunks.parse().ok()?,
        Duration::from_millis(millis.parse().ok()?),
    ))
}

fn usage(chunks: u32) -> Bytes {
    let total = chunks + 8;
    Bytes::from(format!(
        "data: {{\"id\":\"bench\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\
         \"model\":\"bench\",\"choices\":[],\"usage\":{{\"prompt_tokens\":8,\
         \"completion_tokens\":{chunks},\"total_tokens\":{total}}}}}\n\n"
    ))
}

/// About 200 bytes on the wire, as one token's chunk is.
static CHUNK: LazyLock<Bytes> = LazyLock::new(|| {
    Bytes::from_static(
        b"data: {\"id\":\"bench\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\
          \"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\
          \"content\":\" tokens\"},\"finish_reason\":null}]}\n\n",
    )
});

const FINISH: &str = "data: {\"id\":\"bench\",\"object\":\"chat.completion.chunk\",\
    \"created\":1760000000,\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{},\
    \"finish_reason\":\"stop\"}]}\n\n";

const SMALL: &str = "{\"id\":\"bench\",\"object\":\"chat.completion\",\"created\":1760000000,\
    \"model\":\"bench-small\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\
    \"content\":\"A short answer.\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":8,\
    \"completion_tokens\":4,\"total_tokens\":12}}";
