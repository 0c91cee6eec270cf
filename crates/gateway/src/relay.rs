//! The streamed reply on its way: the response body *is* the upstream body,
//! polled through. No task and no channel between them, so a client that reads
//! slowly slows the upstream, and one that leaves cancels it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use dialect::Failure;
use http::HeaderMap;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::account::Account;
use crate::attempt::{Begun, error_inside};
use crate::meter::Meter;
use crate::outbound::chain;
use crate::outcome::Outcome;
use crate::pool::Lease;
use crate::tap::Tap;

/// One streamed reply, after its beginning.
pub struct Relay {
    lead: Bytes,
    body: Incoming,
    tap: Tap,
    /// Whether the upstream has ended and all of it is handed on.
    ended: bool,
    /// When the upstream last said something.
    heard: Instant,
    idle: Duration,
    account: Arc<Account>,
    /// What the end settles. Taken then, which is once.
    settlement: Option<(Meter, Lease)>,
}

impl Relay {
    /// The relay of a reply that has begun.
    pub fn new(
        begun: Begun,
        mut meter: Meter,
        lease: Lease,
        account: Arc<Account>,
        idle: Duration,
    ) -> Self {
        let now = Instant::now();
        meter.begun(begun.status.as_u16(), now);
        meter.used(begun.tap.usage());
        Self {
            lead: begun.lead,
            body: begun.body,
            tap: begun.tap,
            ended: false,
            heard: now,
            idle,
            account,
            settlement: Some((meter, lease)),
        }
    }

    /// The next bytes for the client, whole events always; `None` at the end,
    /// and a failure, once, where the upstream broke off.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        if !self.lead.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.lead))));
        }
        while !self.ended {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    self.heard = Instant::now();
                    let bytes = self.tap.feed(data);
                    if !bytes.is_empty() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Some(Err(error)) => return self.broken(&chain(&error)),
                None => {
                    self.ended = true;
                    let rest = self.tap.finish();
                    if !rest.is_empty() {
                        return Poll::Ready(Some(Ok(rest)));
                    }
                }
            }
        }
        if self.tap.is_whole() || self.has_said_all() {
            self.end();
            return Poll::Ready(None);
        }
        self.broken("the stream ended before the reply was whole")
    }

    /// Whether nothing but the end can come: clients hang up here, and an
    /// upstream that does not is not waited for.
    pub fn has_said_all(&self) -> bool {
        self.tap.is_done() || self.tap.error().is_some()
    }

    /// Whether the upstream has kept silent for too long.
    pub fn is_idle(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard) >= self.idle
    }

    /// Ends a relay whose upstream keeps silent.
    pub fn give_up(&mut self) -> Failure {
        let limit = self.idle.as_secs();
        self.fail("upstream_silent", &format!("nothing came for {limit} s"))
    }

    fn broken(&mut self, reason: &str) -> Poll<Option<Result<Bytes, Failure>>> {
        if self.has_said_all() {
            // All has been said; how the connection ended is no matter.
            self.end();
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Err(self.fail("upstream_broken", reason))))
    }

    fn fail(&mut self, code: &'static str, reason: &str) -> Failure {
        if let Some((mut meter, lease)) = self.settlement.take() {
            meter.used(self.tap.usage());
            meter.fail(None, code);
            lease.settle(Outcome::Unreachable, Instant::now().into_std());
        }
        let account = &self.account.id;
        Failure::new(
            502,
            code,
            format!("account {account}: the upstream broke off in mid-reply: {reason}"),
        )
    }

    /// Ends a relay that has nothing more to say.
    pub fn end(&mut self) {
        let Some((mut meter, lease)) = self.settlement.take() else {
            return;
        };
        meter.used(self.tap.usage());
        let now = Instant::now().into_std();
        let Some(json) = self.tap.error() else {
            lease.settle(Outcome::Served, now);
            return meter.complete();
        };
        // No header of a stream's beginning speaks of an error at its end.
        let failed = error_inside(&self.account, &HeaderMap::new(), json.clone());
        lease.settle(failed.outcome, now);
        meter.fail(None, failed.refusal.code());
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if self.lead.is_empty() && self.has_said_all() {
            // The client has all of the reply and did not wait for more.
            self.end();
        } else if let Some((meter, _)) = &mut self.settlement {
            // The client left: what was told until now still counts.
            meter.used(self.tap.usage());
        }
    }
}
