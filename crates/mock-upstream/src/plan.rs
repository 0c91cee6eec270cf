//! What the faults of one request mean for its reply.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use crate::fault::{Fault, Faults, Quirk};
use crate::reply::{Refused, Reply};
use crate::state::lock;

/// How one reply is to go wrong; the default is that it does not.
#[derive(Default)]
pub(crate) struct Plan {
    /// The pause before anything is answered.
    pub(crate) silence: Duration,
    /// What to answer instead.
    pub(crate) instead: Option<Result<Reply, Refused>>,
    /// Habits of the reply's content.
    pub(crate) quirks: Vec<Quirk>,
    /// Whether a stream is answered whole.
    pub(crate) json_despite_stream: bool,
    /// Whether reasoning that another account sealed is refused.
    pub(crate) refuse_foreign_seals: bool,
    /// How the reply goes over the wire.
    pub(crate) delivery: Delivery,
}

/// How a reply goes over the wire.
#[derive(Clone, Default)]
pub(crate) struct Delivery {
    pub(crate) end: End,
    pub(crate) stall: Option<Stall>,
    pub(crate) pace: Duration,
    pub(crate) one_byte: bool,
    pub(crate) framing: Framing,
}

/// Where and how a reply ends.
#[derive(Clone, Default)]
pub(crate) enum End {
    #[default]
    Whole,
    Error {
        after: usize,
        body: Bytes,
    },
    Cut {
        after: usize,
        clean: bool,
    },
    Half,
}

/// A pause inside a reply.
#[derive(Clone, Copy)]
pub(crate) struct Stall {
    pub(crate) after: usize,
    pub(crate) pause: Duration,
}

/// How events are written as server-sent events.
#[derive(Clone, Copy, Default)]
pub(crate) struct Framing {
    pub(crate) line_end: LineEnd,
    pub(crate) comments: bool,
    pub(crate) terse: bool,
    pub(crate) open_end: bool,
}

/// The three line ends that the SSE grammar allows.
#[derive(Clone, Copy, Default)]
pub(crate) enum LineEnd {
    #[default]
    Lf,
    CrLf,
    Cr,
}

/// A reply that heeds the next of the faults; made only when the silence before it is over.
pub(crate) async fn heed(
    faults: &Mutex<Faults>,
    reply: impl FnOnce() -> Reply,
) -> Result<Reply, Refused> {
    let mut plan = Plan::of(lock(faults).take());
    if let Some(instead) = plan.begin().await {
        return instead;
    }
    let mut reply = reply();
    reply.delivery = plan.delivery;
    Ok(reply)
}

impl Plan {
    pub(crate) fn of(fault: Option<Fault>) -> Self {
        let mut plan = Self::default();
        if let Some(fault) = fault {
            plan.add(fault);
        }
        plan
    }

    /// Waits out the silence, and says what to answer instead, if anything.
    pub(crate) async fn begin(&mut self) -> Option<Result<Reply, Refused>> {
        if !self.silence.is_zero() {
            tokio::time::sleep(self.silence).await;
        }
        self.instead.take()
    }

    pub(crate) fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    fn add(&mut self, fault: Fault) {
        let delivery = &mut self.delivery;
        match fault {
            Fault::Pass => {}
            Fault::Status {
                status,
                headers,
                body,
            } => self.instead = Some(Ok(Reply::scripted(status, &headers, body))),
            Fault::Html { status } => self.instead = Some(Ok(html(status))),
            Fault::Refuse => self.instead = Some(Err(Refused)),
            Fault::Silence { millis, then } => {
                self.silence += Duration::from_millis(millis);
                if let Some(then) = then {
                    self.add(*then);
                }
            }
            Fault::ErrorInStream { after_events, body } => {
                delivery.end = End::Error {
                    after: after_events,
                    body: body.into(),
                }
            }
            Fault::CutStream {
                after_events,
                clean,
            } => {
                delivery.end = End::Cut {
                    after: after_events,
                    clean,
                }
            }
            Fault::CutBody => delivery.end = End::Half,
            Fault::SilenceInStream {
                after_events,
                millis,
            } => {
                delivery.stall = Some(Stall {
                    after: after_events,
                    pause: Duration::from_millis(millis),
                })
            }
            Fault::SlowChunks { millis } => delivery.pace = Duration::from_millis(millis),
            Fault::OneByteWrites => delivery.one_byte = true,
            Fault::Crlf => delivery.framing.line_end = LineEnd::CrLf,
            Fault::Cr => delivery.framing.line_end = LineEnd::Cr,
            Fault::Comments => delivery.framing.comments = true,
            Fault::NoTrailingBlankLine => delivery.framing.open_end = true,
            Fault::TerseFields => delivery.framing.terse = true,
            Fault::JsonDespiteStream => self.json_despite_stream = true,
            Fault::RefuseForeignSeals => self.refuse_foreign_seals = true,
            Fault::Quirk(quirk) => self.quirks.push(quirk),
            Fault::Together(faults) => faults.into_iter().for_each(|fault| self.add(fault)),
        }
    }
}

impl LineEnd {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

fn html(status: u16) -> Reply {
    const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Access denied</title></head>\
        <body><h1>Access denied</h1><p>Your organisation has blocked this site.</p></body></html>\n";
    Reply::page(
        StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN),
        "text/html; charset=utf-8",
        PAGE,
    )
}
