//! The streamed reply on its way: the response body *is* the upstream body,
//! polled through. No task and no channel between them, so a client that reads
//! slowly slows the upstream, and one that leaves cancels it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use dialect::responses::steady::Steady;
use dialect::sse::{Event, event_end};
use dialect::{Dialect, Failure, chunk};
use http::HeaderMap;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::account::Account;
use crate::attempt::{Begun, error_inside};
use crate::clock::Now;
use crate::gateway::Gateway;
use crate::gather::Gather;
use crate::meter::Meter;
use crate::outbound::chain;
use crate::outcome::Outcome;
use crate::pool::Lease;
use crate::speech::{Back, Stream};
use crate::tap::Tap;

/// One streamed reply, after its beginning.
pub struct Relay {
    body: Incoming,
    tap: Tap,
    /// Brings events back into the client's dialect, where that is another. Boxed, since
    /// most streams have none and each would have room for it.
    back: Option<Box<Stream>>,
    /// Keeps the ids of a response that passes as it is.
    steady: Option<Box<Steady>>,
    /// Whether the upstream's error has been looked at.
    worded: bool,
    /// What has come and is not handed on yet.
    gathered: Gather,
    /// The end, while something is still to be handed on before it.
    end: Option<End>,
    /// When the upstream last said something.
    heard: Instant,
    idle: Duration,
    maker: Maker,
    /// What the end settles. Taken then, which is once.
    settlement: Option<(Meter, Lease)>,
}

/// Whose reply it is, and who is to know of what it seals.
pub struct Maker {
    /// Remembers who sealed what.
    pub gateway: Arc<Gateway>,
    /// The account that answers.
    pub account: Arc<Account>,
}

/// What comes of one look at the upstream.
enum Piece {
    Bytes(Bytes),
    End(End),
}

/// How the upstream ended.
enum End {
    /// As HTTP wants it.
    Closed,
    /// For this reason.
    Broken(String),
}

impl Relay {
    /// The relay of a reply that has begun.
    pub fn new(
        begun: Begun,
        back: Option<Back>,
        mut meter: Meter,
        lease: Lease,
        maker: Maker,
    ) -> Self {
        let now = Instant::now();
        meter.begun(begun.status.as_u16(), now);
        meter.used(begun.tap.usage());
        let keeps_ids = back.is_none() && begun.tap.dialect() == Dialect::Responses;
        let mut relay = Self {
            steady: keeps_ids.then(Box::default),
            body: begun.body,
            tap: begun.tap,
            back: back.map(|back| Box::new(back.stream())),
            worded: false,
            gathered: Gather::default(),
            end: None,
            heard: now,
            idle: maker.account.http.limits().idle,
            maker,
            settlement: Some((meter, lease)),
        };
        let lead = relay.brought_back(begun.lead);
        relay.gathered.push(lead);
        relay
    }

    /// The next bytes for the client, whole events always; `None` at the end,
    /// and a failure, once, where the upstream broke off.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        if let Some(end) = self.end.take() {
            return Poll::Ready(self.conclude(end).map(Err));
        }
        loop {
            match self.poll_piece(context) {
                Poll::Ready(Piece::Bytes(bytes)) => {
                    self.gathered.push(bytes);
                    if self.gathered.is_full() {
                        return Poll::Ready(Some(Ok(self.gathered.take())));
                    }
                }
                Poll::Ready(Piece::End(end)) if self.gathered.is_empty() => {
                    return Poll::Ready(self.conclude(end).map(Err));
                }
                Poll::Ready(Piece::End(end)) => {
                    self.end = Some(end);
                    return Poll::Ready(Some(Ok(self.gathered.take())));
                }
                Poll::Pending if self.gathered.is_empty() => return Poll::Pending,
                Poll::Pending if self.gathered.waits() => {
                    // Not a loop: a few turns at most, so that the task that
                    // feeds the body can bring what has already come.
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Ready(Some(Ok(self.gathered.take()))),
            }
        }
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Piece> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    self.heard = Instant::now();
                    let bytes = self.tap.feed(data);
                    let bytes = self.brought_back(bytes);
                    if !bytes.is_empty() {
                        return Poll::Ready(Piece::Bytes(bytes));
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Piece::End(End::Broken(chain(&error))));
                }
                None => {
                    let rest = self.tap.finish();
                    let mut rest = self.brought_back(rest);
                    if rest.is_empty() && self.tap.is_whole() && self.tap.error().is_none() {
                        rest = self
                            .back
                            .as_mut()
                            .map_or_else(Bytes::new, |back| back.end());
                    }
                    if !rest.is_empty() {
                        self.gathered.push(rest);
                    }
                    return Poll::Ready(Piece::End(End::Closed));
                }
            }
        }
    }

    /// Whole events, in the client's dialect; the end of the reply with the last.
    fn brought_back(&mut self, events: Bytes) -> Bytes {
        let Some(back) = &mut self.back else {
            let events = match &mut self.steady {
                Some(steady) => steadied(steady, events),
                None => events,
            };
            return self.worded(events);
        };
        let events = back.events(&events);
        if !self.tap.is_done() || self.tap.error().is_some() {
            return events;
        }
        let end = back.end();
        match (events.is_empty(), end.is_empty()) {
            (_, true) => events,
            (true, _) => end,
            (false, false) => [events, end].concat().into(),
        }
    }

    /// The upstream's error in the words of the client's dialect in place of its own, where
    /// those are of none: Copilot's gateway words errors alike whatever the dialect, and
    /// clients of Messages do not bear an event without a type.
    fn worded(&mut self, events: Bytes) -> Bytes {
        let Some(json) = self.tap.error().filter(|_| !self.worded) else {
            return events;
        };
        self.worded = true;
        let dialect = self.tap.dialect();
        if chunk::is_known_error(dialect, json) {
            return events;
        }
        let failed = error_inside(&self.maker.account, &HeaderMap::new(), json.clone());
        let event = failed.refusal.into_failure().event(dialect);
        [before(&events, json), &event[..]].concat().into()
    }

    /// The end, as the client is to be told of it.
    fn conclude(&mut self, end: End) -> Option<Failure> {
        match end {
            // All has been said; how the connection ended is no matter.
            _ if self.has_said_all() => {}
            End::Closed if self.tap.is_whole() => {}
            End::Closed => {
                let reason = "the stream ended before the reply was whole";
                return Some(self.fail("upstream_broken", reason));
            }
            End::Broken(reason) => return Some(self.fail("upstream_broken", &reason)),
        }
        self.finish();
        None
    }

    /// Whether nothing but the end can come: clients hang up here, and an
    /// upstream that does not is not waited for.
    pub fn has_said_all(&self) -> bool {
        self.gathered.is_empty() && (self.tap.is_done() || self.tap.error().is_some())
    }

    /// Whether the upstream ended the reply with an error of its own.
    pub const fn ended_in_error(&self) -> bool {
        self.tap.error().is_some() && !self.tap.is_whole()
    }

    /// Whether the upstream has kept silent for too long.
    pub fn is_idle(&self, now: Instant) -> bool {
        // What has come is handed on first.
        self.gathered.is_empty() && now.saturating_duration_since(self.heard) >= self.idle
    }

    /// Ends a relay whose upstream keeps silent.
    pub fn give_up(&mut self) -> Failure {
        let limit = self.idle.as_secs();
        self.fail("upstream_silent", &format!("nothing came for {limit} s"))
    }

    fn fail(&mut self, code: &'static str, reason: &str) -> Failure {
        if let Some((mut meter, lease)) = self.settlement.take() {
            meter.used(self.tap.usage());
            meter.fail(None, code);
            self.remember(&lease);
            lease.settle(Outcome::Unreachable, "the reply broke off", Now::read());
        }
        let account = &self.maker.account.label;
        Failure::new(
            502,
            code,
            format!("account {account}: the upstream broke off in mid-reply: {reason}"),
        )
    }

    /// Ends a relay that has nothing more to say.
    pub fn finish(&mut self) {
        let Some((mut meter, lease)) = self.settlement.take() else {
            return;
        };
        meter.used(self.tap.usage());
        self.remember(&lease);
        let Some(json) = self.tap.error() else {
            lease.settle(Outcome::Served, "", Now::read());
            return meter.complete();
        };
        // No header of a stream's beginning speaks of an error at its end.
        let failed = error_inside(&self.maker.account, &HeaderMap::new(), json.clone());
        lease.settle(failed.outcome, failed.why, Now::read());
        meter.fail(None, failed.refusal.code());
    }

    /// What the reply has sealed comes back with the client's next request.
    fn remember(&self, lease: &Lease) {
        let origins = self.maker.gateway.origins();
        origins.remember(self.tap.seals().digests(), lease.account, &lease.model);
        if let Some(steady) = &self.steady {
            origins.rename(steady.exact());
        }
    }
}

/// Whole events in which each item has one id. Not copied where they are so already.
fn steadied(steady: &mut Steady, events: Bytes) -> Bytes {
    let mut out: Option<Vec<u8>> = None;
    let mut start = 0;
    while start < events.len() {
        let end = event_end(&events[start..], 0).map_or(events.len(), |end| start + end);
        let event = &events[start..end];
        match (steady.event(event), &mut out) {
            (Some(mended), Some(out)) => out.extend_from_slice(&mended),
            (Some(mended), None) => out = Some([&events[..start], &mended].concat()),
            (None, Some(out)) => out.extend_from_slice(event),
            (None, None) => {}
        }
        start = end;
    }
    out.map_or(events, Bytes::from)
}

/// The events before the one whose data is `json`.
fn before<'a>(events: &'a [u8], json: &[u8]) -> &'a [u8] {
    let mut start = 0;
    while start < events.len() {
        let end = event_end(&events[start..], 0).map_or(events.len(), |end| start + end);
        let data = Event::parse(&events[start..end]).data;
        if data.is_some_and(|data| &data[..] == json) {
            break;
        }
        start = end;
    }
    &events[..start]
}

impl Drop for Relay {
    fn drop(&mut self) {
        if self.has_said_all() {
            // The client has all of the reply and did not wait for more.
            self.finish();
        } else if let Some((mut meter, lease)) = self.settlement.take() {
            // The client left: what was told until now still counts.
            meter.used(self.tap.usage());
            self.remember(&lease);
        }
    }
}
