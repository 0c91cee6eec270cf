//! An account lent to one attempt, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use super::Pool;
use super::breaker::{Basis, Cause, Gate, LONGEST_OVERLOAD, Trouble};
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
        for slot in lease.own_slots() {
            if let Some(breaker) = state.breaker(&slot)
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
        let pool = Arc::clone(&self.pool);
        let closed = self.begin(&mut pool.state(), now);
        if closed {
            pool.has_changed();
        }
    }

    /// Tells the pool what came of the attempt, and why in words. Tells how
    /// long the account is passed over for it.
    pub fn settle(mut self, outcome: Outcome, why: &'static str, now: Now) -> Option<Duration> {
        let pool = Arc::clone(&self.pool);
        let mut state = pool.state();
        if outcome == Outcome::Served {
            let closed = self.begin(&mut state, now);
            self.give_back(&mut state);
            drop(state);
            if closed {
                pool.has_changed();
            }
            return None;
        }
        let met = Met {
            now,
            lease: self.number,
            ready: self.ready,
            cooldown: pool.rules.cooldown,
        };
        let troubles = self.troubles(outcome);
        let has_changed = !troubles.is_empty();
        let mut left = None;
        for (slot, trouble) in troubles {
            state.lay(&slot, trouble, why, met);
            let until = state.breaker(&slot).and_then(|breaker| breaker.until);
            left = left.max(until.map(|until| until.left(now)));
            // Whoever waits for it looks anew: it may not be worth it.
            state.wake(&pool.members, &slot);
        }
        self.give_back(&mut state);
        drop(state);
        if has_changed {
            pool.has_changed();
        }
        left
    }

    /// Tells whether that closed a breaker.
    fn begin(&mut self, state: &mut State, now: Now) -> bool {
        if std::mem::replace(&mut self.has_begun, true) || state.is_all_well(self.account) {
            return false;
        }
        let mut closed = false;
        for slot in self.own_slots() {
            let breaker = state.breaker(&slot);
            if breaker.is_some_and(|breaker| !breaker.outlives_success(now)) {
                *state.slot(&slot) = None;
                closed = true;
                if !matches!(slot, Slot::Model(..)) {
                    state.seats[self.account].opened = Some(now.instant);
                }
                state.wake(&self.pool.members, &slot);
            }
        }
        state.tidy();
        closed
    }

    /// Those whose troubles are the account's: on an upstream of its own it has
    /// no part in the provider's.
    fn own_slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let shares = self.pool.members[self.account].shares_provider;
        let slots = self.slots().into_iter();
        slots.filter(move |slot| shares || !matches!(slot, Slot::Provider(_)))
    }

    fn slots(&self) -> [Slot; 3] {
        [
            Slot::Account(self.account),
            Slot::Model(self.account, Arc::clone(&self.model)),
            Slot::Provider(self.pool.members[self.account].provider),
        ]
    }

    /// What an outcome says against whom.
    fn troubles(&self, outcome: Outcome) -> Vec<(Slot, Trouble)> {
        match outcome {
            Outcome::Served | Outcome::Rejected | Outcome::Foreign => Vec::new(),
            Outcome::Unserved => self.against(Scope::Model, Cause::Failure, Reset::Unknown),
            Outcome::Unauthorized
            | Outcome::Misdirected
            | Outcome::Unrecognised
            | Outcome::Interrupted
            | Outcome::Unreachable => self.against(Scope::Account, Cause::Failure, Reset::Unknown),
            Outcome::Refused => self.against(Scope::Account, Cause::Refusal, Reset::Unknown),
            Outcome::Failing { retry_after } => {
                self.against(Scope::Account, Cause::Failure, told(retry_after))
            }
            Outcome::Overloaded { scope, retry_after } => {
                self.against(scope, Cause::Overload, told(retry_after))
            }
            Outcome::Limited { scope, reset } => {
                let cause = match scope {
                    Scope::Pace => Cause::Pace,
                    Scope::Model | Scope::Account | Scope::Provider => Cause::Quota,
                };
                self.against(scope, cause, reset)
            }
        }
    }

    fn against(&self, scope: Scope, cause: Cause, reset: Reset) -> Vec<(Slot, Trouble)> {
        let [account, model, provider] = self.slots();
        let (basis, wait) = match reset {
            Reset::Told(wait) => (Basis::Told, Some(wait)),
            Reset::Calendar(wait) => (Basis::Calendar, Some(wait)),
            Reset::Unknown => (Basis::Guess, None),
        };
        let trouble = Trouble { cause, basis, wait };
        match scope {
            Scope::Pace | Scope::Account => vec![(account, trouble)],
            Scope::Model => vec![(model, trouble)],
            Scope::Provider if !self.pool.members[self.account].shares_provider => {
                vec![(account, trouble)]
            }
            Scope::Provider => {
                // What one account is told is a guess for the others, and a
                // short one.
                let guess = Trouble {
                    basis: Basis::Guess,
                    wait: wait.map(|wait| wait.min(LONGEST_OVERLOAD)),
                    ..trouble
                };
                let own = (basis > Basis::Guess).then_some((account, trouble));
                own.into_iter().chain([(provider, guess)]).collect()
            }
        }
    }

    /// Ends the lease: its place is free, and so are its probes.
    fn give_back(&mut self, state: &mut State) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let had_probes = !self.probes.is_empty();
        for (slot, born) in self.probes.drain(..) {
            if let Some(breaker) = state.breaker(&slot)
                && breaker.born == born
            {
                breaker.probes = breaker.probes.saturating_sub(1);
                state.wake(&self.pool.members, &slot);
            }
        }
        if had_probes {
            state.tidy();
        }
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

fn told(retry_after: Option<Duration>) -> Reset {
    retry_after.map_or(Reset::Unknown, Reset::Told)
}
