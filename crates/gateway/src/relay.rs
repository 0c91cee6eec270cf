//! The streamed reply on its way: the response body *is* the upstream body,
//! polled through. No task and no channel between them, so a client that reads
//! slowly slows the upstream, and one that leaves cancels it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use dialect::Failure;
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::time::Instant;

use crate::attempt::Begun;
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
    account: String,
    /// Taken at the end, which comes once.
    accounts: Option<(Meter, Lease)>,
}

impl Relay {
    /// The relay of a reply that has begun.
    pub fn new(
        begun: Begun,
        mut meter: Meter,
        lease: Lease,
        account: &str,
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
            account: account.to_owned(),
            accounts: Some((meter, lease)),
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
        if self.tap.is_whole() || self.tap.error().is_some() {
            self.end();
            return Poll::Ready(None);
        }
        self.broken("the stream ended before the reply was whole")
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
        if self.tap.is_whole() {
            // All of the reply is there; how the connection ended is no matter.
            self.end();
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Err(self.fail("upstream_broken", reason))))
    }

    fn fail(&mut self, code: &'static str, reason: &str) -> Failure {
        if let Some((mut meter, lease)) = self.accounts.take() {
            meter.used(self.tap.usage());
            meter.fail(None, code);
            lease.settle(Outcome::Unreachable, Instant::now().into_std());
        }
        let account = &self.account;
        Failure::new(
            502,
            code,
            format!("account {account}: the upstream broke off in mid-reply: {reason}"),
        )
    }

    fn end(&mut self) {
        let Some((mut meter, lease)) = self.accounts.take() else {
            return;
        };
        meter.used(self.tap.usage());
        let outcome = if self.tap.error().is_some() {
            Outcome::Failing { retry_after: None }
        } else {
            Outcome::Served
        };
        lease.settle(outcome, Instant::now().into_std());
        match self.tap.error() {
            None => meter.complete(),
            Some(json) => {
                let code = dialect::chat::error_words(json).0;
                meter.fail(None, code.unwrap_or_else(|| "upstream_error".into()));
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if self.lead.is_empty() && self.tap.is_done() {
            // The client has all of the reply and did not wait for more.
            self.end();
        } else if let Some((meter, _)) = &mut self.accounts {
            // The client left: what was told until now still counts.
            meter.used(self.tap.usage());
        }
    }
}
