//! The body that hyper sends: bytes, pauses and breaks, polled one after the other.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;

use crate::drip::Drip;
use crate::flight::Owed;

/// A response body that knows whether it went out whole.
pub(crate) struct Body {
    source: Source,
    sleep: Option<Pin<Box<Sleep>>>,
    owed: Owed,
}

enum Source {
    Whole(Bytes),
    Steps {
        steps: VecDeque<Step>,
        one_byte: bool,
    },
    Drip(Drip),
}

/// One thing to do on the way through a body.
pub(crate) enum Step {
    Send(Bytes),
    /// Lets hyper write what it has before the next step.
    Flush,
    Wait(Duration),
    /// Breaks the connection.
    Break,
}

impl Body {
    pub(crate) fn whole(bytes: Bytes, owed: Owed) -> Self {
        let empty = bytes.is_empty();
        let mut body = Self::new(Source::Whole(bytes), owed);
        if empty {
            // hyper never polls a body that is already at its end.
            body.finish();
        }
        body
    }

    pub(crate) fn steps(steps: Vec<Step>, one_byte: bool, owed: Owed) -> Self {
        let source = Source::Steps {
            steps: steps.into(),
            one_byte,
        };
        Self::new(source, owed)
    }

    pub(crate) fn drip(drip: Drip, owed: Owed) -> Self {
        Self::new(Source::Drip(drip), owed)
    }

    fn new(source: Source, owed: Owed) -> Self {
        Self {
            source,
            sleep: None,
            owed,
        }
    }

    /// From here on a client that leaves has missed nothing.
    fn finish(&mut self) {
        std::mem::take(&mut self.owed).settle();
    }

    fn next_step(&mut self) -> Option<Step> {
        match &mut self.source {
            Source::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then_some(Step::Send(bytes))
            }
            Source::Steps { steps, one_byte } => {
                let step = steps.pop_front()?;
                match step {
                    Step::Send(mut bytes) if *one_byte && bytes.len() > 1 => {
                        let first = bytes.split_to(1);
                        steps.push_front(Step::Send(bytes));
                        steps.push_front(Step::Flush);
                        Some(Step::Send(first))
                    }
                    step => Some(step),
                }
            }
            Source::Drip(drip) => drip.next(),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.next_step() {
                Some(Step::Send(bytes)) if bytes.is_empty() => {}
                Some(Step::Send(bytes)) => {
                    if self.is_end_stream() {
                        self.finish();
                    }
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Flush) => {
                    // Pending is what makes hyper write; the wake brings it back at once.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Wait(pause)) => {
                    self.sleep = Some(Box::pin(tokio::time::sleep(pause)));
                }
                Some(Step::Break) => {
                    self.finish();
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())));
                }
                None => {
                    self.finish();
                    return Poll::Ready(None);
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Whole(bytes) => bytes.is_empty(),
            Source::Steps { steps, .. } => steps.is_empty() && self.sleep.is_none(),
            Source::Drip(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Source::Steps { .. } | Source::Drip(_) => SizeHint::default(),
        }
    }
}
