//! The laws of the pool.

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

fn lease_one(pool: &Arc<Pool>, candidates: &[Candidate], now: Instant) -> Result<usize, Blocked> {
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
        std::iter::from_fn(|| Some(pool.lease(&three, &mut tried, now).ok()?.account)).collect();
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
