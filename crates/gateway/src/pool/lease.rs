//! An account lent to one attempt, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use super::breaker::{Basis, Cause, Gate, Trouble};
use super::state::{Met, Slot, State};
use crate::clock::Now;
use crate::outcome::{Outcome, Reset, Scope};
use crate::route::Candidate;

/// An account lent to one attempt. Dropped without being settled, nothing was
/// learnt of the account: the client left.
pub struct Lease {
    pool: Arc<Pool>,
    /// The account's place.
    pub account: usize,
    /// The model, as the account's upstream names it.
    pub model: Arc<str>,
    /// Whether its credential was at hand.
    ready: bool,
    number: u64,
    /// What it is the probe of, each with the breaker's birth.
    probes: Vec<(Slot, u64)>,
    has_begun: bool,
    has_ended: bool,
}

impl Lease {
    /// Lends `candidate`, whatever stands against it: whoever asks has looked.
    pub(super) fn take(
        pool: &Arc<Pool>,
        state: &mut State,
        candidate: &Candidate,
        now: Now,
    ) -> Self {
        state.leases += 1;
        let account = candidate.account;
        state.seats[account].in_flight += 1;
        let mut lease = Self {
            pool: Arc::clone(pool),
            account,
            model: Arc::clone(&candidate.model),
            ready: candidate.ready,
            number: state.leases,
            probes: Vec::new(),
            has_begun: false,
            has_ended: false,
        };
        if state.is_all_well(account) {
            return lease;
        }
        for slot in lease.slots() {
            if let Some(breaker) = state.slot(&slot)
                && breaker.gate(candidate.ready, now) != Gate::Refused
            {
                breaker.probes += 1;
                lease.probes.push((slot.clone(), breaker.born));
            }
        }
        state.tidy();
        lease
    }

    /// The reply has begun: the account serves. What was guessed of it is
    /// forgotten, and what was told once its moment has passed.
    pub fn begun(&mut self, now: Now) {
        if std::mem::replace(&mut self.has_begun, true) {
            return;
        }
        let pool = Arc::clone(&self.pool);
        let mut state = pool.state();
        if state.is_all_well(self.account) {
            return;
        }
        let mut closed = false;
        for slot in self.slots() {
            let breaker = state.slot(&slot);
            if breaker
                .as_ref()
                .is_some_and(|breaker| !breaker.outlives_success(now))
            {
                *breaker = None;
                closed = true;
                if !matches!(slot, Slot::Model(..)) {
                    state.seats[self.account].opened = Some(now.instant);
                }
                state.wake(&pool.members, &slot);
            }
        }
        state.tidy();
        drop(state);
        if closed {
            pool.has_changed();
        }
    }

    /// Tells the pool what came of the attempt, and why in words. Tells how
    /// long the account is passed over for it.
    pub fn settle(mut self, outcome: Outcome, why: &'static str, now: Now) -> Option<Duration> {
        if outcome == Outcome::Served {
            self.begun(now);
            return None;
        }
        let (slot, trouble) = self.trouble(outcome)?;
        let pool = Arc::clone(&self.pool);
        let mut state = pool.state();
        let met = Met {
            now,
            lease: self.number,
            ready: self.ready,
            cooldown: pool.rules.cooldown,
        };
        state.lay(&slot, trouble, why, met);
        let left = state.slot(&slot).as_ref().and_then(|breaker| breaker.until);
        self.give_back(&mut state);
        // Whoever waits for this account looks anew: it may not be worth it.
        state.wake(&pool.members, &slot);
        drop(state);
        pool.has_changed();
        left.map(|until| until.left(now))
    }

    fn slots(&self) -> [Slot; 3] {
        [
            Slot::Account(self.account),
            Slot::Model(self.account, Arc::clone(&self.model)),
            Slot::Provider(self.pool.members[self.account].provider),
        ]
    }

    /// What an outcome says against whom; `None` where it says nothing.
    fn trouble(&self, outcome: Outcome) -> Option<(Slot, Trouble)> {
        let [account, model, provider] = self.slots();
        let of = |scope| match scope {
            Scope::Pace | Scope::Account => account.clone(),
            Scope::Model => model.clone(),
            Scope::Provider => provider.clone(),
        };
        let guess = |cause| Trouble {
            cause,
            basis: Basis::Guess,
            wait: None,
        };
        let told = |cause, wait: Option<Duration>| Trouble {
            cause,
            basis: if wait.is_some() {
                Basis::Told
            } else {
                Basis::Guess
            },
            wait,
        };
        Some(match outcome {
            Outcome::Served | Outcome::Rejected | Outcome::Foreign => return None,
            Outcome::Unserved => (of(Scope::Model), guess(Cause::Failure)),
            Outcome::Unauthorized
            | Outcome::Misdirected
            | Outcome::Unrecognised
            | Outcome::Unreachable => (of(Scope::Account), guess(Cause::Failure)),
            Outcome::Refused => (of(Scope::Account), guess(Cause::Refusal)),
            Outcome::Failing { retry_after } => {
                (of(Scope::Account), told(Cause::Failure, retry_after))
            }
            Outcome::Overloaded { scope, retry_after } => {
                (of(scope), told(Cause::Overload, retry_after))
            }
            Outcome::Limited { scope, reset } => {
                let cause = if scope == Scope::Pace {
                    Cause::Pace
                } else {
                    Cause::Quota
                };
                let trouble = match reset {
                    Reset::Told(wait) => told(cause, Some(wait)),
                    Reset::Calendar(wait) => Trouble {
                        cause,
                        basis: Basis::Calendar,
                        wait: Some(wait),
                    },
                    Reset::Unknown => guess(cause),
                };
                (of(scope), trouble)
            }
        })
    }

    /// Ends the lease: its place is free, and so are its probes.
    fn give_back(&mut self, state: &mut State) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        for (slot, born) in self.probes.drain(..) {
            if let Some(breaker) = state.slot(&slot)
                && breaker.born == born
            {
                breaker.probes = breaker.probes.saturating_sub(1);
                state.wake(&self.pool.members, &slot);
            }
        }
        state.tidy();
        let seat = &mut state.seats[self.account];
        seat.in_flight = seat.in_flight.saturating_sub(1);
        state.line.wake_first(self.account);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let pool = Arc::clone(&self.pool);
        self.give_back(&mut pool.state());
    }
}
