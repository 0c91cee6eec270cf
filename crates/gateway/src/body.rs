//! The body of every answer, without boxes for the common case.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use dialect::{Dialect, Failure};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::dispatch::{Refused, Reply};
use crate::relay::Relay;
use crate::speech::as_events;

/// A comment between two events: keeps clients and middleboxes from giving up.
const KEEP_ALIVE: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// How long an upstream may take to hang up after its last word. Waiting for it
/// keeps the connection for the next request.
const LAST_WORD: Duration = Duration::from_secs(1);

/// How long a client has to take the error event before the connection breaks.
const FLUSH: Duration = Duration::from_millis(100);

/// The search for an account that answers, as a stream waits for it.
pub type Search = Pin<Box<dyn Future<Output = Result<Reply, Refused>> + Send>>;

/// The body of an answer.
pub enum Body {
    /// In one piece, or empty.
    Full(Option<Bytes>),
    /// A stream of events.
    Stream(Box<Stream>),
}

/// A stream of events, which says something at least once in a while.
pub struct Stream {
    state: State,
    dialect: Dialect,
    pulse: Pin<Box<Sleep>>,
    period: Duration,
    /// When the client was last told anything.
    told: Instant,
    /// Whether all is said and only the upstream's end is waited for.
    closing: bool,
}

#[expect(
    clippy::large_enum_variant,
    reason = "the stream is boxed as a whole, and nearly every one is a relay"
)]
enum State {
    /// Only comments have gone out; the request may still move.
    Waiting(Search),
    Relaying(Relay),
    /// What is left to say.
    Last(Bytes, Ending),
    /// All is said.
    Over(Ending),
}

/// How the stream ends towards the client.
#[derive(Clone, Copy)]
enum Ending {
    Clean,
    /// The error event has been said. A clean end would make it look whole to
    /// a client that does not know error events, so the connection breaks.
    Broken {
        said: Option<Instant>,
    },
}

impl Ending {
    /// How a stream ends whose relay has ended.
    const fn of(relay: &Relay) -> Self {
        if relay.ended_in_error() {
            Self::Broken { said: None }
        } else {
            Self::Clean
        }
    }
}

impl Body {
    /// A body in one piece.
    pub const fn full(bytes: Bytes) -> Self {
        Self::Full(Some(bytes))
    }

    /// A reply that has begun.
    pub fn relay(relay: Relay, dialect: Dialect, period: Duration) -> Self {
        Self::stream(State::Relaying(relay), dialect, period, Instant::now())
    }

    /// A reply that is still searched for, after one period of silence: the
    /// first comment goes out at once.
    pub fn waiting(search: Search, dialect: Dialect, period: Duration) -> Self {
        let overdue = Instant::now()
            .checked_sub(period)
            .unwrap_or_else(Instant::now);
        Self::stream(State::Waiting(search), dialect, period, overdue)
    }

    fn stream(state: State, dialect: Dialect, period: Duration, told: Instant) -> Self {
        let wait = period.saturating_sub(told.elapsed());
        Self::Stream(Box::new(Stream {
            state,
            dialect,
            pulse: Box::pin(sleep(wait)),
            period,
            told,
            closing: false,
        }))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(stream) => stream
                .poll(context)
                .map(|next| next.map(|next| next.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(bytes) if bytes.as_ref().is_none_or(Bytes::is_empty))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

impl Stream {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            let next = match &mut self.state {
                State::Waiting(search) => match search.as_mut().poll(context) {
                    Poll::Ready(found) => {
                        self.state = self.found(found);
                        continue;
                    }
                    Poll::Pending => None,
                },
                State::Relaying(relay) => match relay.poll_next(context) {
                    Poll::Ready(Some(Ok(bytes))) => Some(bytes),
                    Poll::Ready(Some(Err(failure))) => {
                        self.state = self.failed(&failure);
                        continue;
                    }
                    Poll::Ready(None) => {
                        self.state = State::Over(Ending::of(relay));
                        continue;
                    }
                    Poll::Pending => None,
                },
                State::Last(bytes, ending) => {
                    let (bytes, ending) = (std::mem::take(bytes), *ending);
                    self.state = State::Over(ending);
                    Some(bytes)
                }
                State::Over(Ending::Clean) => return Poll::Ready(None),
                State::Over(Ending::Broken { said: Some(at) }) if *at + FLUSH <= Instant::now() => {
                    return Poll::Ready(Some(Err(io::ErrorKind::UnexpectedEof.into())));
                }
                State::Over(Ending::Broken { said }) => {
                    // hyper drops what it has not written when a body fails;
                    // it writes while a body has nothing for the moment.
                    let at = *said.get_or_insert_with(Instant::now);
                    self.pulse.as_mut().reset(at + FLUSH);
                    if self.pulse.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                    continue;
                }
            };
            if let Some(bytes) = next {
                self.told = Instant::now();
                return Poll::Ready(Some(Ok(bytes)));
            }
            if let State::Relaying(relay) = &mut self.state
                && relay.has_said_all()
                && !self.closing
            {
                self.closing = true;
                // The account is free for the next request from now on.
                relay.finish();
                self.pulse.as_mut().reset(Instant::now() + LAST_WORD);
            }
            if self.pulse.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            if let Some(comment) = self.beat(Instant::now()) {
                return Poll::Ready(Some(Ok(comment)));
            }
        }
    }

    /// The timer has run out, which may have been set before the last event:
    /// resetting it for each of them would cost more than this.
    fn beat(&mut self, now: Instant) -> Option<Bytes> {
        if self.closing
            && let State::Relaying(relay) = &mut self.state
        {
            relay.finish();
            self.state = State::Over(Ending::of(relay));
            return None;
        }
        if let State::Relaying(relay) = &mut self.state
            && relay.is_idle(now)
        {
            let failure = relay.give_up();
            self.state = self.failed(&failure);
            return None;
        }
        let due = self.told + self.period;
        if now < due {
            self.pulse.as_mut().reset(due);
            return None;
        }
        self.told = now;
        self.pulse.as_mut().reset(now + self.period);
        Some(KEEP_ALIVE)
    }

    fn found(&self, found: Result<Reply, Refused>) -> State {
        match found {
            Ok(Reply::Stream(begun)) => State::Relaying(begun.into_relay()),
            Ok(Reply::Whole(reply)) => {
                let Some(events) = as_events(self.dialect, &reply.whole.body) else {
                    let text = "the upstream answered a stream with something that is no reply";
                    let failure = Failure::new(502, "upstream_error", text);
                    reply.fail("upstream_error");
                    return self.failed(&failure);
                };
                reply.complete();
                State::Last(events, Ending::Clean)
            }
            Err(refused) => {
                let refusal = refused.in_stream();
                self.failed(&refusal.into_failure())
            }
        }
    }

    fn failed(&self, failure: &Failure) -> State {
        let event = failure.event(self.dialect);
        State::Last(event.into(), Ending::Broken { said: None })
    }
}

/// So that `hyper` may be served a future that cannot fail.
pub type Answered = Result<http::Response<Body>, Infallible>;
