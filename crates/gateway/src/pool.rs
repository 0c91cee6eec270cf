//! Leases accounts to requests and remembers how they fared. The clock is
//! passed in, and nothing here does I/O.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::outcome::{Outcome, Scope};
use crate::route::Candidate;

/// All accounts, by their place.
pub struct Pool {
    state: Mutex<State>,
    cooldown: Duration,
}

#[derive(Default)]
struct State {
    /// The account that was leased last: round robin goes on behind it.
    last: Option<usize>,
    accounts: HashMap<usize, Cooling>,
    models: HashMap<(usize, Arc<str>), Cooling>,
}

/// Why, and until when, an account is passed over.
#[derive(Clone, Copy, Debug)]
struct Cooling {
    until: Instant,
    /// Whether the upstream told the moment. One that it told is kept; one
    /// that is a guess of ours yields before a request fails for it.
    told: bool,
}

/// The accounts that a request was tried on.
#[derive(Debug, Default)]
pub struct Tried(Vec<usize>);

impl Tried {
    /// Lets an account be tried once more.
    pub fn forgive(&mut self, account: usize) {
        self.0.retain(|tried| *tried != account);
    }
}

/// An account lent to one attempt. Dropped without being settled, nothing was
/// learnt of the account: the client left.
pub struct Lease {
    pool: Arc<Pool>,
    /// The account's place.
    pub account: usize,
    /// The model, as the account's upstream names it.
    pub model: Arc<str>,
}

/// No account can be leased now.
#[derive(Debug, PartialEq, Eq)]
pub struct Blocked;

impl Pool {
    /// A pool whose accounts rest for `cooldown` after a failure of which the
    /// upstream does not say how long it lasts.
    pub fn new(cooldown: Duration) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            cooldown,
        })
    }

    /// Lends the next account in turn: one whose credential and list are at
    /// hand before one that is still to get them, and one that merely failed
    /// lately before none at all. Never one that was tried.
    ///
    /// # Errors
    /// If every candidate was tried or is known to be at a limit.
    pub fn lease(
        self: &Arc<Self>,
        candidates: &[Candidate],
        tried: &mut Tried,
        now: Instant,
    ) -> Result<Lease, Blocked> {
        let mut state = self.state();
        let behind = candidates
            .iter()
            .position(|candidate| state.last.is_some_and(|last| candidate.account > last))
            .unwrap_or(0);
        let mut best: Option<(Rank, &Candidate)> = None;
        let in_turn = candidates[behind..].iter().chain(&candidates[..behind]);
        for candidate in in_turn.filter(|candidate| !tried.0.contains(&candidate.account)) {
            let rank = match state.cooling(candidate, now) {
                None => Rank::Free {
                    waiting: !candidate.ready,
                    unlisted: !candidate.listed,
                },
                Some(cooling) => {
                    if cooling.told {
                        continue;
                    }
                    Rank::Cooling(cooling.until - now)
                }
            };
            if best.as_ref().is_none_or(|(best, _)| rank < *best) {
                best = Some((rank, candidate));
            }
        }
        let Some((_, candidate)) = best else {
            return Err(Blocked);
        };
        state.last = Some(candidate.account);
        tried.0.push(candidate.account);
        Ok(Lease {
            pool: Arc::clone(self),
            account: candidate.account,
            model: Arc::clone(&candidate.model),
        })
    }

    /// When the first of the candidates is free again of which the upstream
    /// told the moment; `None` where none told one.
    pub fn soonest(&self, candidates: &[Candidate], now: Instant) -> Option<Duration> {
        let state = self.state();
        candidates
            .iter()
            .filter_map(|candidate| state.cooling(candidate, now))
            .filter(|cooling| cooling.told)
            .map(|cooling| cooling.until - now)
            .min()
    }

    fn settle(&self, account: usize, model: &Arc<str>, outcome: Outcome, now: Instant) {
        let cool = |after: Option<Duration>| Cooling {
            until: now + after.unwrap_or(self.cooldown),
            told: after.is_some(),
        };
        let mut state = self.state();
        match outcome {
            // What an upstream told of a moment outlives the good end of a
            // request that began before it.
            Outcome::Served => {
                let stays = |cooling: &Cooling| cooling.told && now < cooling.until;
                state
                    .accounts
                    .retain(|of, cooling| *of != account || stays(cooling));
                state.models.retain(|(of, which), cooling| {
                    *of != account || which != model || stays(cooling)
                });
            }
            Outcome::Limited {
                scope: Scope::Model,
                retry_after,
            } => {
                let key = (account, Arc::clone(model));
                lay(state.models.entry(key), cool(retry_after), now);
            }
            Outcome::Limited { retry_after, .. } | Outcome::Failing { retry_after } => {
                lay(state.accounts.entry(account), cool(retry_after), now);
            }
            Outcome::Unreachable
            | Outcome::Unauthorized
            | Outcome::Misdirected
            | Outcome::Refused => lay(state.accounts.entry(account), cool(None), now),
            Outcome::Unserved => {
                let key = (account, Arc::clone(model));
                lay(state.models.entry(key), cool(None), now);
            }
            Outcome::Rejected => {}
        }
    }

    /// The state is whole between any two statements that change it, so a
    /// panic elsewhere while it was locked does no harm.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A cooldown gives way to a longer one only, and one that was told to no
/// guess.
fn lay<K>(slot: Entry<'_, K, Cooling>, new: Cooling, now: Instant) {
    slot.and_modify(|old| {
        if old.until <= now || (new.told, new.until) > (old.told, old.until) {
            *old = new;
        }
    })
    .or_insert(new);
}

impl State {
    fn cooling(&self, candidate: &Candidate, now: Instant) -> Option<Cooling> {
        let account = self.accounts.get(&candidate.account);
        let model = if self.models.is_empty() {
            None
        } else {
            self.models
                .get(&(candidate.account, Arc::clone(&candidate.model)))
        };
        [account, model]
            .into_iter()
            .flatten()
            .filter(|cooling| now < cooling.until)
            .max_by_key(|cooling| (cooling.told, cooling.until))
            .copied()
    }
}

/// How gladly an account is leased, best first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Best where neither its credential nor its list is still to come.
    Free {
        waiting: bool,
        unlisted: bool,
    },
    Cooling(Duration),
}

impl Lease {
    /// Tells the pool what came of the attempt.
    pub fn settle(self, outcome: Outcome, now: Instant) {
        self.pool.settle(self.account, &self.model, outcome, now);
    }
}

#[cfg(test)]
mod tests;
