//! Corners that the laws do not reach: each fails on a mutant that survived all
//! other tests.

use super::*;
use crate::pool::Health;

use Strategy::{RoundRobin, Sticky};

#[test]
fn an_account_that_opened_half_a_minute_ago_is_ramped_no_more() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Account, Some(60)), &one, now);
    let opened = later(now, secs(60));
    served(&pool, &one, opened);
    let then = later(opened, secs(30));
    let leases: Vec<Lease> = (0..200)
        .map(|_| leased(&mut pool.search(None), &one, then))
        .collect();
    assert_eq!(leases.len(), 200);
}

#[test]
fn who_waits_for_a_ramp_goes_before_who_comes() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &one, now);
    let now = later(now, secs(5));
    let mut first = leased(&mut pool.search(None), &one, now);
    first.begun(now);
    let mut second = pool.search(None);
    let now = later(now, waits(&mut second, &one, now));
    waits(&mut pool.search(None), &one, now);
    leased(&mut second, &one, now);
}

#[test]
fn the_next_probe_is_of_who_waits_and_not_of_who_comes() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &one, now);
    let now = later(now, secs(5));
    let probe = leased(&mut pool.search(None), &one, now);
    let mut second = pool.search(None);
    waits(&mut second, &one, now);
    drop(probe);
    waits(&mut pool.search(None), &one, now);
    leased(&mut second, &one, now);
}

#[test]
fn an_account_that_merely_failed_is_tried_before_a_wait_for_another() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    meets(&pool, 0, Outcome::Unreachable, &two, now);
    meets(&pool, 1, limited(Scope::Pace, Some(5)), &two, now);
    assert_eq!(served(&pool, &two, now), 0);
}

#[test]
fn a_limit_sends_all_who_wait_for_the_account_elsewhere() {
    let pool = pool_of(2, RoundRobin, |_, member| member.max_concurrent = Some(1));
    let (two, now) = (candidates(2), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(3600)),
    };
    for outcome in [limited(Scope::Account, Some(3600)), overload] {
        pool.reset(0);
        let [running, _other] = [(); 2].map(|()| leased(&mut pool.search(None), &two, now));
        let mut line: Vec<Search> = (0..3).map(|_| pool.search(None)).collect();
        for search in &mut line {
            waits(search, &two[running.account..=running.account], now);
        }
        running.settle(outcome, "", now);
        assert!(line.iter().all(is_woken), "{outcome:?}");
    }
}

#[test]
fn an_overload_of_the_provider_wakes_those_who_wait_for_its_other_accounts() {
    let pool = pool_of(2, RoundRobin, |_, member| member.max_concurrent = Some(1));
    let (two, now) = (candidates(2), Now::read());
    let [first, _second] = [0, 1].map(|at| leased(&mut pool.search(None), &two[at..=at], now));
    let mut other = pool.search(None);
    waits(&mut other, &two[1..], now);
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(3600)),
    };
    first.settle(overload, "", now);
    assert!(is_woken(&other));
}

#[test]
fn a_request_does_not_ask_an_account_again_that_failed_it_and_serves_others() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let (mut search, failure) = (pool.search(None), Outcome::Unreachable);
    let left = leased(&mut search, &one, now).settle(failure, "", now);
    search.learn(0, failure, left);
    served(&pool, &one, now);
    is_refused(&mut search, &one, now);
}

#[test]
fn a_request_does_not_ask_again_inside_a_limit_that_outlasts_its_patience() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let (mut search, limit) = (pool.search(None), limited(Scope::Account, None));
    let left = leased(&mut search, &one, now).settle(limit, "", now);
    search.learn(0, limit, left);
    is_refused(&mut search, &one, now);
}

#[test]
fn a_conversation_that_goes_on_keeps_its_account_for_longer_than_a_binding_lasts() {
    let (pool, three, mut now) = (pool(3, Sticky), candidates(3), Now::read());
    for _ in 0..5 {
        assert_eq!(served_of(&pool, Some(1), &three, now), 0);
        now = later(now, secs(2400));
    }
}

#[test]
fn a_request_that_stays_on_its_account_for_a_limit_takes_no_turn_twice() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let (mut search, limit) = (pool.search(None), limited(Scope::Pace, Some(3)));
    let left = leased(&mut search, &two, now).settle(limit, "", now);
    search.learn(0, limit, left);
    let now = later(now, waits(&mut search, &two, now));
    leased(&mut search, &two, now).settle(Outcome::Served, "", now);
    let turns = [(); 4].map(|()| served(&pool, &two, now));
    assert_eq!(turns, [1, 0, 1, 0]);
}

#[test]
fn failures_of_requests_side_by_side_count_as_one() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let leases = [(); 3].map(|()| leased(&mut pool.search(None), &one, now));
    for lease in leases {
        let left = lease.settle(Outcome::Unreachable, "", now);
        assert!(left.is_some_and(|left| left < COOLDOWN * 2), "{left:?}");
    }
}

#[test]
fn a_success_proves_the_calendar_wrong() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let spent = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(1 << 20)),
    };
    meets(&pool, 0, spent, &one, now);
    let now = later(now, COOLDOWN);
    served(&pool, &one, now);
    assert_eq!(pool.condition(&one[0], now).health, Health::Ready);
}

#[test]
fn an_overload_of_a_provider_outlives_a_restart_and_not_its_moment() {
    let (old, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(30)),
    };
    meets(&old, 0, overload, &two, now);
    let kept = old
        .provider_trouble(ProviderId::GithubCopilot, now)
        .unwrap();
    for (slept, expected) in [(0, false), (30, true)] {
        let (new, now) = (pool(2, RoundRobin), later(now, secs(slept)));
        new.restore_provider(ProviderId::GithubCopilot, kept.clone(), now);
        let health = new.condition(&two[1], now).health;
        assert_eq!(health == Health::Ready, expected, "{slept}");
    }
}

#[test]
fn what_has_passed_is_not_worth_keeping() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Model, Some(20)), &one, now);
    let other = of_model(1, "other");
    meets(&pool, 0, limited(Scope::Account, Some(10)), &other, now);
    let kept = |slept| {
        let troubles = pool.troubles(0, later(now, secs(slept)));
        (troubles.own.is_some(), troubles.models.len())
    };
    assert_eq!([0, 10, 20].map(kept), [(true, 1), (false, 1), (false, 0)]);
}

#[test]
fn of_two_limits_the_longer_one_counts() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Model, Some(99)), &one, now);
    let other = of_model(1, "other");
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &other, now);
    is_refused(&mut pool.search(None), &one, now);
    assert_eq!(waits(&mut pool.search(None), &other, now), secs(5));
}

#[test]
fn a_probe_of_what_was_reset_gives_back_no_probe_of_what_came_after() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let limit = limited(Scope::Pace, Some(5));
    meets(&pool, 0, limit, &one, now);
    let now = later(now, secs(5));
    let old = leased(&mut pool.search(None), &one, now);
    pool.reset(0);
    meets(&pool, 0, limit, &one, now);
    let now = later(now, secs(5));
    let _probe = leased(&mut pool.search(None), &one, now);
    drop(old);
    waits(&mut pool.search(None), &one, now);
}

#[test]
fn what_was_told_outlives_a_guess_that_is_longer() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let [limit, guess] = [(); 2].map(|()| leased(&mut pool.search(None), &one, now));
    limit.settle(limited(Scope::Account, Some(30)), "", now);
    guess.settle(Outcome::Unreachable, "", now);
    is_refused(&mut pool.search(None), &one, now);
}

#[test]
fn what_a_person_does_wakes_who_waits() {
    let (one, now) = (candidates(1), Now::read());
    let acts: [fn(&Pool); 2] = [
        |pool| pool.reset(0),
        |pool| {
            pool.enable(0, false);
        },
    ];
    for act in acts {
        let pool = pool(1, RoundRobin);
        meets(&pool, 0, limited(Scope::Pace, Some(5)), &one, now);
        let mut search = pool.search(None);
        waits(&mut search, &one, now);
        act(&pool);
        assert!(is_woken(&search));
    }
}

#[test]
fn a_quota_that_has_something_left_wakes_who_waits_for_it() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let spent = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(5)),
    };
    meets(&pool, 0, spent, &one, now);
    let mut search = pool.search(None);
    waits(&mut search, &one, now);
    pool.doubt_calendar(0, now);
    assert!(is_woken(&search));
}

#[test]
fn a_reset_ends_the_cooldowns_of_models_and_of_the_provider_too() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(99)),
    };
    for outcome in [limited(Scope::Model, Some(99)), overload] {
        meets(&pool, 0, outcome, &one, now);
        pool.reset(0);
        assert_eq!(pool.condition(&one[0], now).health, Health::Ready);
    }
}

#[test]
fn what_failed_is_tried_by_one_at_a_time() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, Outcome::Unreachable, &one, now);
    let _probe = leased(&mut pool.search(None), &one, now);
    assert_eq!(waits(&mut pool.search(None), &one, now), MAX_WAIT);
}

#[test]
fn a_conversation_does_not_wait_for_the_end_of_a_failure() {
    let (pool, two, now) = (pool(2, Sticky), candidates(2), Now::read());
    served_of(&pool, Some(1), &two, now);
    meets(&pool, 0, Outcome::Unreachable, &two, now);
    let now = later(now, COOLDOWN - secs(1));
    assert_eq!(served_of(&pool, Some(1), &two, now), 1);
}

#[test]
fn an_overload_of_unknown_length_moves_on_at_once() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Account,
        retry_after: None,
    };
    let mut search = pool.search(None);
    let left = leased(&mut search, &two, now).settle(overload, "", now);
    search.learn(0, overload, left);
    assert_eq!(leased(&mut search, &two, now).account, 1);
}

#[test]
fn a_refusal_that_is_believed_is_worth_writing_down() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    for _ in 0..2 {
        meets(&pool, 0, Outcome::Refused, &one, now);
        assert!(pool.changed().now_or_never().is_some());
    }
}

#[test]
fn a_request_for_one_more_model_makes_no_known_trouble_forgotten() {
    let (pool, now) = (pool(1, RoundRobin), Now::read());
    let models: Vec<_> = (0..65).map(|at| of_model(1, &format!("m{at}"))).collect();
    for model in &models[..64] {
        meets(&pool, 0, limited(Scope::Model, Some(99)), model, now);
    }
    assert_eq!(served(&pool, &models[64], now), 0);
    is_refused(&mut pool.search(None), &models[0], now);
}
