//! What mutants of the pool survived until these: concurrency, turns, and what
//! a success ends.

use super::*;
use crate::pool::Health;

use Strategy::{MostRemaining, RoundRobin};

#[test]
fn no_guess_lets_in_more_than_an_account_may_serve_at_once() {
    let (one, now) = (candidates(1), Now::read());
    for outcome in [Outcome::Unreachable, limited(Scope::Model, None)] {
        let pool = pool_of(1, RoundRobin, |_, member| member.max_concurrent = Some(1));
        let other = super::pool(1, RoundRobin);
        let _running = leased(&mut pool.search(None), &one, now);
        meets(&other, 0, outcome, &one, now);
        pool.restore(0, other.troubles(0, now), now);
        let mut search = pool.search(None);
        assert_eq!(waits(&mut search, &one, now), MAX_WAIT, "{outcome:?}");
        is_refused(&mut search, &one, later(now, MAX_WAIT));
    }
}

#[test]
fn many_at_once_do_not_all_go_to_the_account_with_the_most_left() {
    let (pool, two, now) = (pool(2, MostRemaining), candidates(2), Now::read());
    pool.learn_left(0, Some(0.52));
    pool.learn_left(1, Some(0.5));
    let leases = [(); 10].map(|()| leased(&mut pool.search(None), &two, now));
    let on_first = leases.iter().filter(|lease| lease.account == 0).count();
    assert_eq!(on_first, 6);
}

#[test]
fn a_model_that_opens_ramps_no_account() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Model, Some(5)), &one, now);
    let now = later(now, secs(5));
    served(&pool, &one, now);
    let _running = [(); 10].map(|()| leased(&mut pool.search(None), &one, now));
}

#[test]
fn who_waits_for_the_probe_of_a_spent_quota_does_not_ask_beside_it() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let spent = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(1 << 20)),
    };
    meets(&pool, 0, spent, &one, now);
    let now = later(now, COOLDOWN);
    let _probe = leased(&mut pool.search(None), &one, now);
    let mut search = pool.search(None);
    let now = later(now, waits(&mut search, &one, now));
    is_refused(&mut search, &one, now);
}

#[test]
fn a_calendar_that_is_doubted_in_vain_is_doubted_for_longer() {
    let (pool, one, mut now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let spent = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(1 << 20)),
    };
    for expected in [COOLDOWN, COOLDOWN * 2] {
        meets(&pool, 0, spent, &one, now);
        pool.doubt_calendar(0, now);
        let until = pool.condition(&one[0], now).until;
        assert_eq!(until.map(|until| until.left(now)), Some(expected));
        now = later(now, expected);
    }
}

/// The guess is short, and no longer than what was told.
#[test]
fn what_one_account_is_told_of_its_provider_counts_for_a_minute_for_the_others() {
    let (two, now) = (candidates(2), Now::read());
    for (told, expected) in [(30, 30), (3600, 60)] {
        let pool = pool(2, RoundRobin);
        let overload = Outcome::Overloaded {
            scope: Scope::Provider,
            retry_after: Some(secs(told)),
        };
        meets(&pool, 0, overload, &two, now);
        let of_other = pool.condition(&two[1], now);
        let left = of_other.until.map(|until| until.left(now));
        assert_eq!(left, Some(secs(expected)));
        assert_eq!(of_other.basis, Some(crate::pool::Basis::Guess));
    }
}

#[test]
fn a_success_is_worth_writing_down_where_it_ends_a_trouble() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    served(&pool, &one, now);
    assert!(pool.changed().now_or_never().is_none());
    meets(&pool, 0, Outcome::Unreachable, &one, now);
    assert!(pool.changed().now_or_never().is_some());
    served(&pool, &one, now);
    assert!(pool.changed().now_or_never().is_some());
}

#[test]
fn names_that_clients_make_up_do_not_fill_the_memory() {
    let (pool, now) = (pool(1, RoundRobin), Now::read());
    for name in 0..100 {
        let one = of_model(1, &format!("m{name}"));
        meets(&pool, 0, Outcome::Unserved, &one, now);
    }
    assert_eq!(pool.troubles(0, now).models.len(), 64);
}

/// Fails at 2ae00d7.
#[test]
fn a_success_elsewhere_says_nothing_of_the_provider() {
    let pool = pool_of(2, RoundRobin, |place, member| {
        member.shares_provider = place == 0
    });
    let (two, now) = (candidates(2), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: None,
    };
    meets(&pool, 0, overload, &two, now);
    assert_eq!(served(&pool, &two, now), 1);
    assert_eq!(pool.condition(&two[0], now).health, Health::Cooling);
}

#[test]
fn turns_are_those_of_nginx() {
    let (now, three) = (Now::read(), candidates(3));
    let heavy = pool_of(3, RoundRobin, |place, member| {
        member.weight = if place == 1 { 3 } else { 1 };
    });
    let turns = [(); 5].map(|()| served(&heavy, &three, now));
    assert_eq!(turns, [1, 0, 1, 2, 1]);
}

#[test]
fn who_looks_in_vain_wakes_nobody() {
    let pool = pool_of(1, RoundRobin, |_, member| member.max_concurrent = Some(1));
    let (one, now) = (candidates(1), Now::read());
    let _running = leased(&mut pool.search(None), &one, now);
    let mut line: Vec<Search> = (0..2).map(|_| pool.search(None)).collect();
    for _ in 0..2 {
        for search in &mut line {
            waits(search, &one, now);
        }
    }
    assert!(!line.iter().any(is_woken));
}

#[test]
fn a_reset_elsewhere_says_nothing_of_the_provider() {
    let pool = pool_of(2, RoundRobin, |place, member| {
        member.shares_provider = place == 0;
    });
    let (two, now) = (candidates(2), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: None,
    };
    meets(&pool, 0, overload, &two, now);
    pool.reset(1);
    assert_eq!(pool.condition(&two[0], now).health, Health::Cooling);
    pool.reset(0);
    assert_eq!(pool.condition(&two[0], now).health, Health::Ready);
}
