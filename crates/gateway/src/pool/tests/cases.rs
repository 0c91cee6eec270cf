//! Who is asked first, and what is remembered of whom.

use super::*;
use crate::pool::Health;

use Strategy::{FillFirst, MostRemaining, RoundRobin, Sticky};

#[test]
fn accounts_take_turns_in_proportion_to_their_weights() {
    let (now, three) = (Now::read(), candidates(3));
    let even = pool(3, RoundRobin);
    let turns: Vec<usize> = (0..6).map(|_| served(&even, &three, now)).collect();
    assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
    let heavy = pool_of(3, RoundRobin, |place, member| {
        member.weight = if place == 1 { 3 } else { 1 };
    });
    let turns: Vec<usize> = (0..10).map(|_| served(&heavy, &three, now)).collect();
    let count = |account| turns.iter().filter(|turn| **turn == account).count();
    assert_eq!([count(0), count(1), count(2)], [2, 6, 2]);
    assert!(
        turns.windows(3).all(|turns| turns != [1, 1, 1]),
        "{turns:?}"
    );
}

#[test]
fn a_limited_account_rests_until_the_told_moment_and_not_longer() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    meets(&pool, 0, limited(Scope::Account, Some(90)), &two, now);
    for _ in 0..4 {
        assert_eq!(served(&pool, &two, later(now, secs(89))), 1);
    }
    let one = candidates(1);
    is_refused(&mut pool.search(None), &one, now);
    assert_eq!(served(&pool, &one, later(now, secs(90))), 0);
}

#[test]
fn a_guess_yields_before_a_request_fails_and_what_is_told_does_not() {
    let (one, now) = (candidates(1), Now::read());
    for outcome in [
        Outcome::Unreachable,
        Outcome::Failing { retry_after: None },
        Outcome::Unauthorized,
        Outcome::Unrecognised,
    ] {
        let pool = pool(1, RoundRobin);
        meets(&pool, 0, outcome, &one, now);
        assert_eq!(served(&pool, &one, now), 0, "{outcome:?}");
    }
    for outcome in [
        limited(Scope::Account, Some(21)),
        limited(Scope::Pace, Some(21)),
        Outcome::Failing {
            retry_after: Some(secs(21)),
        },
    ] {
        let pool = pool(1, RoundRobin);
        meets(&pool, 0, outcome, &one, now);
        is_refused(&mut pool.search(None), &one, now);
    }
}

#[test]
fn a_limit_of_unknown_length_is_waited_for_and_then_asked_all_the_same() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Account, None), &one, now);
    let mut search = pool.search(None);
    assert_eq!(waits(&mut search, &one, now), MAX_WAIT);
    assert_eq!(leased(&mut search, &one, later(now, MAX_WAIT)).account, 0);
}

#[test]
fn what_the_calendar_says_is_tried_now_and_then_and_by_one_only() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let spent = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(1 << 20)),
    };
    meets(&pool, 0, spent, &one, now);
    is_refused(&mut pool.search(None), &one, now);
    let now = later(now, COOLDOWN);
    let probe = leased(&mut pool.search(None), &one, now);
    assert_eq!(waits(&mut pool.search(None), &one, now), MAX_WAIT);
    let sooner = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(1 << 19)),
    };
    probe.settle(sooner, "", now);
    is_refused(&mut pool.search(None), &one, now);
}

#[test]
fn what_one_account_is_told_of_its_provider_is_a_short_guess_for_the_others() {
    let pool = pool_of(3, RoundRobin, |place, member| {
        member.shares_provider = place < 2
    });
    let (three, now) = (candidates(3), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(3600)),
    };
    meets(&pool, 0, overload, &three, now);
    // One that is on an upstream of its own has nothing to do with it.
    assert_eq!(served(&pool, &three, now), 2);
    let now = later(now, secs(60));
    assert_eq!(served(&pool, &three[..2], now), 1);
    is_refused(&mut pool.search(None), &three[..1], now);
}

#[test]
fn a_conversation_whose_account_has_no_room_for_a_moment_comes_back_to_it() {
    let pool = pool_of(2, Sticky, |_, member| member.max_concurrent = Some(1));
    let (two, now) = (candidates(2), Now::read());
    let first = leased(&mut pool.search(Some(1)), &two, now);
    assert_eq!(first.account, 0);
    let beside = leased(&mut pool.search(Some(1)), &two, now);
    assert_eq!(beside.account, 1);
    drop((first, beside));
    assert_eq!(served_of(&pool, Some(1), &two, now), 0);
}

#[test]
fn an_account_that_has_to_be_waited_for_comes_after_the_others() {
    let (pool, mut three, now) = (pool(3, RoundRobin), candidates(3), Now::read());
    three[0].ready = false;
    three[1].listed = false;
    for _ in 0..3 {
        assert_eq!(served(&pool, &three, now), 2);
    }
    let mut search = pool.search(None);
    let order: Vec<usize> = (0..3)
        .map(|_| {
            let lease = leased(&mut search, &three, now);
            let account = lease.account;
            lease.settle(Outcome::Unreachable, "", now);
            search.learn(account, Outcome::Unreachable, None);
            account
        })
        .collect();
    assert_eq!(order, [2, 1, 0]);
    is_refused(&mut search, &three, now);
}

#[test]
fn what_was_told_outlives_a_late_success_and_a_later_guess() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let lease = || leased(&mut pool.search(None), &one, now);
    let (early, limit, guess) = (lease(), lease(), lease());
    limit.settle(limited(Scope::Account, Some(3600)), "", now);
    early.settle(Outcome::Served, "", now);
    guess.settle(Outcome::Unreachable, "", now);
    is_refused(&mut pool.search(None), &one, later(now, secs(3500)));
}

#[test]
fn a_limit_on_a_model_leaves_the_others_alone() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Model, Some(99)), &one, now);
    is_refused(&mut pool.search(None), &one, now);
    assert_eq!(served(&pool, &of_model(1, "other"), now), 0);
}

#[test]
fn an_overload_of_the_provider_spares_the_accounts_of_others() {
    let pool = pool_of(3, RoundRobin, |place, member| {
        if place == 2 {
            member.provider = ProviderId::Zai;
        }
    });
    let (three, now) = (candidates(3), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(99)),
    };
    meets(&pool, 0, overload, &three, now);
    for _ in 0..3 {
        assert_eq!(served(&pool, &three, now), 2);
    }
}

#[test]
fn a_requests_own_fault_cools_nothing() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    for outcome in [Outcome::Rejected, Outcome::Foreign] {
        meets(&pool, 0, outcome, &one, now);
        assert_eq!(pool.condition(&one[0], now).health, Health::Ready);
    }
}

#[test]
fn an_account_refused_twice_is_not_asked_until_a_person_acts() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, Outcome::Refused, &one, now);
    meets(&pool, 0, Outcome::Refused, &one, now);
    let much_later = later(now, secs(1 << 25));
    assert_eq!(pool.condition(&one[0], much_later).health, Health::Refused);
    is_refused(&mut pool.search(None), &one, much_later);
    pool.reset(0);
    assert_eq!(served(&pool, &one, now), 0);
}

#[test]
fn a_disabled_account_is_not_asked_and_its_running_requests_go_on() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let running = leased(&mut pool.search(None), &two, now);
    assert!(pool.enable(0, false) && !pool.enable(0, false));
    for _ in 0..3 {
        assert_eq!(served(&pool, &two, now), 1);
    }
    running.settle(Outcome::Served, "", now);
    assert_eq!(pool.condition(&two[0], now).health, Health::Disabled);
    pool.enable(0, true);
    assert!((0..2).any(|_| served(&pool, &two, now) == 0));
}

#[test]
fn a_conversation_stays_with_its_account_and_new_ones_take_turns() {
    let (pool, three, now) = (pool(3, Sticky), candidates(3), Now::read());
    let turn = |session| served_of(&pool, Some(session), &three, now);
    let first: Vec<usize> = (0..6).map(turn).collect();
    assert_eq!(first, [0, 1, 2, 0, 1, 2]);
    for _ in 0..5 {
        assert_eq!((0..6).map(turn).collect::<Vec<_>>(), first);
    }
}

#[test]
fn a_conversation_moves_when_its_account_cannot_serve_and_stays_where_it_went() {
    let (pool, two, now) = (pool(2, Sticky), candidates(2), Now::read());
    let turn = |now| served_of(&pool, Some(1), &two, now);
    assert_eq!(turn(now), 0);
    meets(&pool, 0, limited(Scope::Account, Some(600)), &two, now);
    assert_eq!(turn(now), 1);
    assert_eq!(turn(later(now, secs(601))), 1);
}

#[test]
fn a_short_limit_does_not_part_a_conversation_from_its_account() {
    let (pool, two, now) = (pool(2, Sticky), candidates(2), Now::read());
    served_of(&pool, Some(1), &two, now);
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &two, now);
    let mut search = pool.search(Some(1));
    assert_eq!(waits(&mut search, &two, now), secs(5));
    assert_eq!(leased(&mut search, &two, later(now, secs(5))).account, 0);
    // Others have no reason to wait.
    assert_eq!(served_of(&pool, Some(2), &two, now), 1);
}

#[test]
fn the_first_account_is_filled_first_and_fallbacks_come_last_in_every_strategy() {
    let now = Now::read();
    for strategy in [RoundRobin, Sticky, FillFirst, MostRemaining] {
        let pool = pool_of(3, strategy, |place, member| {
            if place == 0 {
                member.tier = Tier::Fallback;
            }
        });
        let three = candidates(3);
        for account in 0..3 {
            pool.learn_left(account, Some(1.0 - account as f64 / 10.0));
        }
        let first = served(&pool, &three, now);
        assert_ne!(first, 0, "{strategy:?}");
        if matches!(strategy, FillFirst | MostRemaining) {
            assert_eq!(served(&pool, &three, now), 1);
        }
        for account in [1, 2] {
            meets(
                &pool,
                account,
                limited(Scope::Account, Some(600)),
                &three,
                now,
            );
        }
        assert_eq!(served(&pool, &three, now), 0, "{strategy:?}");
    }
}

#[test]
fn the_account_with_the_most_left_comes_first_and_one_of_which_nothing_is_known_counts_as_half() {
    let (pool, three, now) = (pool(3, MostRemaining), candidates(3), Now::read());
    pool.learn_left(1, Some(0.4));
    pool.learn_left(2, Some(0.6));
    assert_eq!(served(&pool, &three, now), 2);
    pool.learn_left(2, Some(0.45));
    assert_eq!(served(&pool, &three, now), 0);
    pool.learn_left(0, Some(0.45));
    let both: Vec<usize> = (0..4).map(|_| served(&pool, &three, now)).collect();
    assert!(
        both.contains(&0) && both.contains(&2) && !both.contains(&1),
        "{both:?}"
    );
}

#[test]
fn what_is_remembered_outlives_a_restart_and_not_its_moment() {
    let (old, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    meets(&old, 0, limited(Scope::Account, Some(300)), &two, now);
    meets(&old, 1, limited(Scope::Model, Some(200)), &two, now);
    let kept = [old.troubles(0, now), old.troubles(1, now)];
    for (slept, expected) in [
        (0, [false, false]),
        (250, [false, true]),
        (301, [true, true]),
    ] {
        let (new, now) = (pool(2, RoundRobin), later(now, secs(slept)));
        for (account, troubles) in kept.iter().enumerate() {
            new.restore(account, troubles.clone(), now);
        }
        for (candidate, expected) in two.iter().zip(expected) {
            let health = new.condition(candidate, now).health;
            assert_eq!(health == Health::Ready, expected, "{slept}");
        }
    }
}

#[test]
fn a_quota_that_has_something_left_makes_a_guess_of_what_the_calendar_said() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let spent = Outcome::Limited {
        scope: Scope::Account,
        reset: Reset::Calendar(secs(1 << 20)),
    };
    meets(&pool, 0, spent, &two, now);
    assert_eq!(pool.condition(&two[0], now).health, Health::Spent);
    pool.doubt_calendar(0, now);
    assert_eq!(pool.condition(&two[0], now).health, Health::Cooling);
    let rested = later(now, COOLDOWN);
    assert!((0..2).any(|_| served(&pool, &two, rested) == 0));
}
