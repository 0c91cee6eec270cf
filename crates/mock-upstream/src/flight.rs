//! Follows requests from their arrival to the end of their replies.

use std::sync::{Arc, Mutex};

use crate::seen::Watch;
use crate::state::lock;

/// How many requests of an account are under way, and the most that ever were.
#[derive(Default)]
pub(crate) struct Flights(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    now: usize,
    most: usize,
}

/// A request under way, until it is dropped.
pub(crate) struct InFlight(Arc<Flights>);

/// What the end of a reply is told to, kept by whatever owes the reply.
///
/// Dropped before its time, the client has gone. The count goes down first, so that
/// whoever learns of the end from the log finds it counted.
#[derive(Default)]
pub(crate) struct Owed {
    pub(crate) in_flight: Option<InFlight>,
    pub(crate) watch: Option<Watch>,
}

impl Flights {
    pub(crate) fn begin(self: &Arc<Self>) -> InFlight {
        let mut counts = lock(&self.0);
        counts.now += 1;
        counts.most = counts.most.max(counts.now);
        InFlight(Arc::clone(self))
    }

    pub(crate) fn most(&self) -> usize {
        lock(&self.0).most
    }

    /// Starts anew with those that are under way.
    pub(crate) fn forget(&self) {
        let mut counts = lock(&self.0);
        counts.most = counts.now;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        lock(&self.0.0).now -= 1;
    }
}

impl Owed {
    /// From here on a client that leaves has missed nothing.
    pub(crate) fn settle(self) {
        drop(self.in_flight);
        if let Some(watch) = self.watch {
            watch.finish();
        }
    }
}
