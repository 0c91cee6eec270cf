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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COOLDOWN: Duration = Duration::from_secs(60);

    fn candidates(count: usize) -> Vec<Candidate> {
        (0..count)
            .map(|account| Candidate {
                account,
                model: "m".into(),
                listed: true,
                ready: true,
            })
            .collect()
    }

    fn now() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn limited(secs: Option<u64>) -> Outcome {
        Outcome::Limited {
            scope: Scope::Account,
            retry_after: secs.map(Duration::from_secs),
        }
    }

    fn lease_one(
        pool: &Arc<Pool>,
        candidates: &[Candidate],
        now: Instant,
    ) -> Result<usize, Blocked> {
        let lease = pool.lease(candidates, &mut Tried::default(), now)?;
        let account = lease.account;
        lease.settle(Outcome::Served, now);
        Ok(account)
    }

    #[test]
    fn accounts_take_turns() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(3), now());
        let turns: Vec<usize> = (0..6)
            .map(|_| lease_one(&pool, &candidates, now).unwrap())
            .collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_limited_account_rests_until_the_told_moment_and_not_longer() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(1), now());
        let lease = pool.lease(&candidates, &mut Tried::default(), now).unwrap();
        lease.settle(limited(Some(3)), now);
        assert_eq!(lease_one(&pool, &candidates, now), Err(Blocked));
        assert_eq!(pool.soonest(&candidates, now), Some(Duration::from_secs(3)));
        assert_eq!(
            lease_one(&pool, &candidates, now + Duration::from_secs(3)),
            Ok(0)
        );
    }

    #[test]
    fn a_guessed_cooldown_yields_before_a_request_fails() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(2), now());
        for outcome in [Outcome::Unreachable, limited(None)] {
            let lease = pool.lease(&candidates, &mut Tried::default(), now).unwrap();
            lease.settle(outcome, now);
        }
        assert!(lease_one(&pool, &candidates, now).is_ok());
    }

    #[test]
    fn an_account_that_has_to_be_waited_for_comes_after_the_others() {
        let (pool, mut three, now) = (Pool::new(COOLDOWN), candidates(3), now());
        three[0].ready = false;
        three[1].listed = false;
        for _ in 0..3 {
            assert_eq!(lease_one(&pool, &three, now), Ok(2));
        }
        let mut tried = Tried::default();
        let order: Vec<usize> =
            std::iter::from_fn(|| Some(pool.lease(&three, &mut tried, now).ok()?.account))
                .collect();
        assert_eq!(order, [2, 1, 0]);
    }

    #[test]
    fn what_was_told_outlives_a_late_success_and_a_later_guess() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(1), now());
        let lease = || pool.lease(&candidates, &mut Tried::default(), now).unwrap();
        let (early, limit, guess) = (lease(), lease(), lease());
        limit.settle(limited(Some(3600)), now);
        early.settle(Outcome::Served, now);
        guess.settle(Outcome::Unreachable, now);
        assert_eq!(
            pool.soonest(&candidates, now),
            Some(Duration::from_secs(3600))
        );
    }

    #[test]
    fn what_was_told_means_nothing_after_its_moment() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(2), now());
        let lease = |now| pool.lease(&candidates, &mut Tried::default(), now).unwrap();
        let (first, second) = (lease(now), lease(now));
        assert_eq!((first.account, second.account), (0, 1));
        first.settle(limited(Some(5)), now);
        second.settle(Outcome::Served, now);
        let later = now + Duration::from_secs(6);
        let first = lease(later);
        assert_eq!(first.account, 0);
        first.settle(Outcome::Unreachable, later);
        for _ in 0..3 {
            assert_eq!(lease_one(&pool, &candidates, later), Ok(1));
        }
    }

    #[test]
    fn a_guess_tells_no_client_to_wait() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(1), now());
        let lease = pool.lease(&candidates, &mut Tried::default(), now).unwrap();
        lease.settle(limited(None), now);
        assert_eq!(pool.soonest(&candidates, now), None);
    }

    #[test]
    fn a_limit_on_a_model_leaves_the_others_alone() {
        let (pool, mut two, now) = (Pool::new(COOLDOWN), candidates(1), now());
        let lease = pool.lease(&two, &mut Tried::default(), now).unwrap();
        let retry_after = Some(Duration::from_secs(9));
        lease.settle(
            Outcome::Limited {
                scope: Scope::Model,
                retry_after,
            },
            now,
        );
        assert!(lease_one(&pool, &two, now).is_err());
        two[0].model = "other".into();
        assert!(lease_one(&pool, &two, now).is_ok());
    }

    #[test]
    fn a_requests_own_fault_cools_nothing() {
        let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(1), now());
        let lease = pool.lease(&candidates, &mut Tried::default(), now).unwrap();
        lease.settle(Outcome::Rejected, now);
        assert!(pool.state().accounts.is_empty() && pool.state().models.is_empty());
    }

    proptest! {
        #[test]
        fn a_request_is_tried_on_every_account_that_may_serve_and_on_none_twice(
            outcomes in proptest::collection::vec(0..4u8, 1..12),
            count in 1usize..8,
        ) {
            let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(count), now());
            for outcome in outcomes {
                let lease = pool.lease(&candidates, &mut Tried::default(), now);
                let Ok(lease) = lease else { continue };
                lease.settle([Outcome::Served, Outcome::Unreachable, limited(None), limited(Some(5))][usize::from(outcome)], now);
            }
            let told = pool.state().accounts.values().filter(|cooling| cooling.told).count();
            let mut tried = Tried::default();
            while let Ok(lease) = pool.lease(&candidates, &mut tried, now) {
                lease.settle(Outcome::Unreachable, now);
            }
            prop_assert_eq!(tried.0.len(), count - told);
            let mut places = tried.0.clone();
            places.sort_unstable();
            places.dedup();
            prop_assert_eq!(places.len(), tried.0.len());
        }

        #[test]
        fn turns_are_even_while_all_are_well(count in 1usize..8, rounds in 1usize..20) {
            let (pool, candidates, now) = (Pool::new(COOLDOWN), candidates(count), now());
            let mut leased = vec![0; count];
            for _ in 0..rounds * count {
                leased[lease_one(&pool, &candidates, now).unwrap()] += 1;
            }
            prop_assert!(leased.iter().all(|leases| *leases == rounds));
        }
    }
}
