//! What the pool promises, case by case; `simulation` has its laws.

mod cases;
mod corners;
mod simulation;
mod survivors;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use config::{ProviderId, Strategy, Tier};
use futures_util::FutureExt as _;

use super::{Choice, Lease, Member, Pool, Rules, Search};
use crate::clock::Now;
use crate::outcome::{Outcome, Reset, Scope};
use crate::route::Candidate;

const COOLDOWN: Duration = Duration::from_secs(60);
const MAX_WAIT: Duration = Duration::from_secs(20);

fn rules(strategy: Strategy) -> Rules {
    Rules {
        strategy,
        cooldown: COOLDOWN,
        session_ttl: Duration::from_secs(3600),
        max_wait: MAX_WAIT,
    }
}

fn member(place: usize) -> Member {
    Member {
        id: format!("a{place}").into(),
        provider: ProviderId::GithubCopilot,
        tier: Tier::Active,
        shares_provider: true,
        weight: 1,
        max_concurrent: None,
        enabled: true,
    }
}

/// A pool of so many accounts, after a change to each.
fn pool_of(count: usize, strategy: Strategy, change: impl Fn(usize, &mut Member)) -> Arc<Pool> {
    let members = (0..count).map(|place| {
        let mut member = member(place);
        change(place, &mut member);
        member
    });
    Pool::new(
        rules(strategy),
        members.collect(),
        fastrand::Rng::with_seed(7),
    )
}

fn pool(count: usize, strategy: Strategy) -> Arc<Pool> {
    pool_of(count, strategy, |_, _| {})
}

fn candidates(count: usize) -> Vec<Candidate> {
    of_model(count, "m")
}

fn of_model(count: usize, model: &str) -> Vec<Candidate> {
    (0..count)
        .map(|account| Candidate {
            account,
            model: model.into(),
            listed: true,
            ready: true,
        })
        .collect()
}

/// The same moment, so much later.
fn later(now: Now, wait: Duration) -> Now {
    Now {
        instant: now.instant + wait,
        wall: now.wall + wait,
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn limited(scope: Scope, told: Option<u64>) -> Outcome {
    Outcome::Limited {
        scope,
        reset: told.map_or(Reset::Unknown, |told| Reset::Told(secs(told))),
    }
}

/// What a search leases at once.
#[track_caller]
fn leased(search: &mut Search, candidates: &[Candidate], now: Now) -> Lease {
    match search.next(candidates, now) {
        Choice::Lease(lease) => lease,
        Choice::Wait { until, .. } => panic!("it waits for {:?}", until - now.instant),
        Choice::Nobody => panic!("nobody can serve"),
    }
}

/// How long a search waits.
#[track_caller]
fn waits(search: &mut Search, candidates: &[Candidate], now: Now) -> Duration {
    match search.next(candidates, now) {
        Choice::Lease(lease) => panic!("it leases {}", lease.account),
        Choice::Wait { until, .. } => until - now.instant,
        Choice::Nobody => panic!("nobody can serve"),
    }
}

#[track_caller]
fn is_refused(search: &mut Search, candidates: &[Candidate], now: Now) {
    assert!(matches!(search.next(candidates, now), Choice::Nobody));
}

/// A request that is served at once, and by which account.
#[track_caller]
fn served(pool: &Arc<Pool>, candidates: &[Candidate], now: Now) -> usize {
    served_of(pool, None, candidates, now)
}

/// The same in a conversation.
#[track_caller]
fn served_of(pool: &Arc<Pool>, session: Option<u64>, candidates: &[Candidate], now: Now) -> usize {
    let lease = leased(&mut pool.search(session), candidates, now);
    let account = lease.account;
    lease.settle(Outcome::Served, "", now);
    account
}

/// A request that meets `outcome` on this account, which it is given first.
#[track_caller]
fn meets(pool: &Arc<Pool>, account: usize, outcome: Outcome, candidates: &[Candidate], now: Now) {
    let only: Vec<Candidate> = candidates
        .iter()
        .filter(|candidate| candidate.account == account)
        .cloned()
        .collect();
    leased(&mut pool.search(None), &only, now).settle(outcome, "it was told so", now);
}

/// Whether a search that waits was told to look again.
fn is_woken(search: &Search) -> bool {
    let turn = search.turn().expect("it waits");
    turn.notified().now_or_never().is_some()
}
