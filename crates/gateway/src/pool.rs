//! Leases accounts to requests and remembers how they fared. The clocks are
//! passed in, chance is a seed, and nothing here does I/O.
//!
//! - [`Search`]: one request's search for an account, attempt after attempt
//! - [`Lease`]: an account lent to one attempt, and what came of it
//! - `state`: what is known of all accounts, under one lock; `seat`: of one
//! - `breaker`: health; `affinity`: conversations; `line`: who waits
//! - [`standing`]: how an account stands towards a request; `condition`: how it
//!   is, for a person
//! - [`health`]: what outlives a restart

mod affinity;
mod breaker;
mod condition;
pub mod health;
mod lease;
mod line;
mod search;
mod seat;
pub mod standing;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use config::{ProviderId, Strategy, Tier};
use tokio::sync::Notify;

pub use self::breaker::{Basis, Cause};
pub use self::condition::{Condition, Health};
pub use self::lease::Lease;
pub use self::search::{Choice, Search};
pub use self::standing::Considered;
use self::state::State;
use crate::clock::Now;
use crate::route::Candidate;

/// All accounts, by their place in the configuration.
pub struct Pool {
    state: Mutex<State>,
    members: Vec<Member>,
    rules: Rules,
    changed: Notify,
}

/// The `[pool]` section.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Who is asked first.
    pub strategy: Strategy,
    /// How long a failure of unknown length counts at first.
    pub cooldown: Duration,
    /// How long a conversation that says nothing keeps its account.
    pub session_ttl: Duration,
    /// How long a request may wait in all.
    pub max_wait: Duration,
}

/// An account, as far as the pool knows it.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its id in the configuration.
    pub id: Arc<str>,
    /// Whose account it is.
    pub provider: ProviderId,
    /// Whether it comes first or last.
    pub tier: Tier,
    /// Whether it is on the provider's own upstream, and so as overloaded as the
    /// others there.
    pub shares_provider: bool,
    /// Its share beside the others.
    pub weight: u32,
    /// How many requests it serves at once.
    pub max_concurrent: Option<u32>,
    /// Whether it may serve.
    pub enabled: bool,
}

impl Pool {
    /// A pool of these accounts, all of them well. `chance` gives the jitter of
    /// its guesses.
    pub fn new(rules: Rules, members: Vec<Member>, chance: fastrand::Rng) -> Arc<Self> {
        let state = State::new(&members, rules.session_ttl, chance);
        Arc::new(Self {
            state: Mutex::new(state),
            members,
            rules,
            changed: Notify::new(),
        })
    }

    /// One request's search for an account. `session` is the key of the
    /// conversation that it belongs to.
    pub fn search(self: &Arc<Self>, session: Option<u64>) -> Search {
        Search::new(Arc::clone(self), session)
    }

    /// The accounts, by their place.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The rules of the pool.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How the candidates stand towards a new request, best first; leases none.
    pub fn preview(self: &Arc<Self>, candidates: &[Candidate], now: Now) -> Vec<Considered> {
        self.search(None).preview(candidates, now)
    }

    /// How an account is, for a person.
    pub fn account_condition(&self, account: usize, now: Now) -> Condition {
        self.state().condition(&self.members, account, None, now)
    }

    /// How a candidate's account is, for a person: with the model's own
    /// troubles on it, and its provider's.
    pub fn condition(&self, candidate: &Candidate, now: Now) -> Condition {
        self.state()
            .condition(&self.members, candidate.account, Some(candidate), now)
    }

    /// Ends every cooldown of an account, because a person says so. Of its
    /// provider, too: it is one of those that it stood in the way of.
    pub fn reset(&self, account: usize) {
        self.state().reset(&self.members, account);
        self.has_changed();
    }

    /// Switches an account on or off. Tells whether that changed anything.
    pub fn enable(&self, account: usize, enabled: bool) -> bool {
        self.state().enable(account, enabled)
    }

    /// Learns how much an account has left, from 0 to 1; `None` where that is
    /// not known. Only one strategy asks for it.
    pub fn learn_left(&self, account: usize, share: Option<f64>) {
        if self.rules.strategy == Strategy::MostRemaining {
            self.state().learn_left(account, share);
        }
    }

    /// Learns that an account has something left after all: what the calendar
    /// said of its quota is no more than a guess then.
    pub fn doubt_calendar(&self, account: usize, now: Now) {
        if self
            .state()
            .doubt_calendar(account, self.rules.cooldown, now)
        {
            self.has_changed();
        }
    }

    /// Something is worth writing down.
    pub(crate) fn has_changed(&self) {
        self.changed.notify_one();
    }

    /// Waits until the health of some account has changed since the last call.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The state is whole between any two statements that change it, so a
    /// panic while it was locked does no harm.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
