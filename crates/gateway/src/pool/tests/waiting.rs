//! Probes, ramps and lines: who may go when not all may go at once.

use super::*;
use crate::pool::line::MOST_WAITING;

use Strategy::RoundRobin;

/// One account that serves no more than `most` at once.
fn narrow(most: u32) -> (Arc<Pool>, Vec<Candidate>) {
    let pool = pool_of(1, RoundRobin, |_, member| {
        member.max_concurrent = Some(most)
    });
    (pool, candidates(1))
}

#[test]
fn a_short_limit_is_waited_out_on_the_same_account_once_and_then_it_moves() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let mut search = pool.search(None);
    let limit = limited(Scope::Account, Some(3));
    let left = leased(&mut search, &two, now).settle(limit, "", now);
    search.learn(0, limit, left);
    assert_eq!(waits(&mut search, &two, now), secs(3));
    let then = later(now, secs(3));
    let again = leased(&mut search, &two, then);
    assert_eq!(again.account, 0);
    let left = again.settle(limit, "", then);
    search.learn(0, limit, left);
    assert_eq!(leased(&mut search, &two, then).account, 1);
}

#[test]
fn a_longer_limit_moves_on_at_once() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let mut search = pool.search(None);
    let limit = limited(Scope::Pace, Some(21));
    let left = leased(&mut search, &two, now).settle(limit, "", now);
    search.learn(0, limit, left);
    assert_eq!(leased(&mut search, &two, now).account, 1);
}

#[test]
fn a_429_of_unknown_length_paces_the_same_account_first() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let mut search = pool.search(None);
    let limit = limited(Scope::Pace, None);
    let left = leased(&mut search, &two, now).settle(limit, "", now);
    search.learn(0, limit, left);
    let wait = waits(&mut search, &two, now);
    assert!((secs(1)..secs(2)).contains(&wait), "{wait:?}");
    assert_eq!(leased(&mut search, &two, later(now, wait)).account, 0);
}

#[test]
fn the_waits_of_one_request_are_bounded_in_all_and_end_in_a_refusal() {
    let (pool, one, mut now) = (pool(1, RoundRobin), candidates(1), Now::read());
    let (began, mut search, mut asked) = (now, pool.search(None), 0);
    loop {
        match search.next(&one, now) {
            Choice::Lease(lease) => {
                asked += 1;
                let limit = limited(Scope::Pace, Some(1));
                let left = lease.settle(limit, "", now);
                search.learn(0, limit, left);
            }
            Choice::Wait { until, .. } => now = later(now, until - now.instant),
            Choice::Nobody => break,
        }
    }
    assert!(now.instant - began.instant <= MAX_WAIT);
    assert_eq!(asked, 5);
}

#[test]
fn what_has_cooled_is_probed_by_one_and_the_others_follow_when_it_serves() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(60)), &one, now);
    let now = later(now, secs(60));
    let mut probe = leased(&mut pool.search(None), &one, now);
    let (mut second, mut third) = (pool.search(None), pool.search(None));
    assert_eq!(waits(&mut second, &one, now), MAX_WAIT);
    assert_eq!(waits(&mut third, &one, now), MAX_WAIT);
    let now = later(now, secs(1));
    probe.begun(now);
    assert!(is_woken(&second), "the first in line is not woken");
    // The account is ramped: one more each quarter of a second.
    let quarter = Duration::from_millis(250);
    assert_eq!(waits(&mut second, &one, now), quarter);
    let now = later(now, quarter);
    let lease = leased(&mut second, &one, now);
    assert!(is_woken(&third), "the next in line is not woken");
    assert_eq!(waits(&mut third, &one, now), quarter);
    drop((probe, lease));
    assert_eq!(leased(&mut third, &one, now).account, 0);
}

#[test]
fn a_probe_that_fails_sends_who_waited_for_it_elsewhere_at_once() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &one, now);
    let now = later(now, secs(5));
    let probe = leased(&mut pool.search(None), &one, now);
    let mut other = pool.search(None);
    waits(&mut other, &one, now);
    probe.settle(limited(Scope::Account, Some(3600)), "", now);
    assert!(is_woken(&other));
    is_refused(&mut other, &one, now);
}

#[test]
fn a_probe_whose_client_leaves_makes_room_for_another() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &one, now);
    let now = later(now, secs(5));
    let probe = leased(&mut pool.search(None), &one, now);
    let mut other = pool.search(None);
    waits(&mut other, &one, now);
    drop(probe);
    assert!(is_woken(&other));
    leased(&mut other, &one, now);
}

#[test]
fn no_request_fails_for_a_probe_that_hangs() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(5)), &one, now);
    let now = later(now, secs(5));
    let _probe = leased(&mut pool.search(None), &one, now);
    let mut other = pool.search(None);
    let wait = waits(&mut other, &one, now);
    leased(&mut other, &one, later(now, wait));
}

#[test]
fn who_comes_first_is_served_first_and_who_leaves_the_line_holds_nobody_up() {
    let (pool, one) = narrow(1);
    let now = Now::read();
    let running = leased(&mut pool.search(None), &one, now);
    let mut line: Vec<Search> = (0..4).map(|_| pool.search(None)).collect();
    for search in &mut line {
        waits(search, &one, now);
    }
    running.settle(Outcome::Served, "", now);
    assert!(is_woken(&line[0]) && !is_woken(&line[1]));
    // A newcomer does not overtake, nor does the last in line.
    waits(&mut pool.search(None), &one, now);
    waits(&mut line[3], &one, now);
    drop(line.remove(0));
    assert!(is_woken(&line[0]));
    let second = leased(&mut line[0], &one, now);
    drop(second);
    assert!(is_woken(&line[1]));
    leased(&mut line[1], &one, now);
}

#[test]
fn an_account_never_serves_more_at_once_than_it_may_and_says_so_in_the_end() {
    let (pool, one) = narrow(2);
    let now = Now::read();
    let _running = [(); 2].map(|()| leased(&mut pool.search(None), &one, now));
    let mut third = pool.search(None);
    let wait = waits(&mut third, &one, now);
    is_refused(&mut third, &one, later(now, wait));
}

#[test]
fn the_line_is_bounded_and_who_finds_it_full_is_told_at_once() {
    let (pool, one) = narrow(1);
    let now = Now::read();
    let _running = leased(&mut pool.search(None), &one, now);
    let mut line: Vec<Search> = (0..MOST_WAITING).map(|_| pool.search(None)).collect();
    for search in &mut line {
        waits(search, &one, now);
    }
    is_refused(&mut pool.search(None), &one, now);
    line.pop();
    waits(&mut pool.search(None), &one, now);
}

#[test]
fn a_line_that_is_full_keeps_nobody_from_a_free_account() {
    let pool = pool_of(3, RoundRobin, |place, member| {
        member.max_concurrent = (place == 2).then_some(1);
    });
    let (three, now) = (candidates(3), Now::read());
    let _running = leased(&mut pool.search(None), &three[2..], now);
    let mut line: Vec<Search> = (0..MOST_WAITING).map(|_| pool.search(None)).collect();
    for search in &mut line {
        waits(search, &three[2..], now);
    }
    let mut search = pool.search(None);
    let limit = limited(Scope::Account, Some(3));
    let left = leased(&mut search, &three, now).settle(limit, "", now);
    search.learn(0, limit, left);
    assert_eq!(leased(&mut search, &three, now).account, 1);
}

#[test]
fn who_waits_on_a_ramp_for_too_long_does_not_go_with_all_the_others_at_once() {
    let (pool, one, now) = (pool(1, RoundRobin), candidates(1), Now::read());
    meets(&pool, 0, limited(Scope::Pace, Some(60)), &one, now);
    let opened = later(now, secs(60));
    leased(&mut pool.search(None), &one, opened).begun(opened);
    let mut line: Vec<Search> = (0..200).map(|_| pool.search(None)).collect();
    let mut running = Vec::new();
    for step in 0..=120 {
        let now = later(opened, Duration::from_millis(250) * step);
        let before = running.len();
        line.retain_mut(|search| match search.next(&one, now) {
            Choice::Lease(lease) => {
                running.push(lease);
                false
            }
            _ => true,
        });
        // The ramp has an end; until then it is one more each step.
        assert!(step == 120 || running.len() - before <= 1, "{step}");
    }
    assert!(line.is_empty());
}

#[test]
fn a_model_whose_probe_takes_long_does_not_hold_up_the_line_of_another() {
    let pool = pool_of(1, RoundRobin, |_, member| member.max_concurrent = Some(4));
    let (m, other, now) = (candidates(1), of_model(1, "other"), Now::read());
    meets(&pool, 0, limited(Scope::Model, Some(5)), &m, now);
    let now = later(now, secs(5));
    let _probe = leased(&mut pool.search(None), &m, now);
    let mut waiting = pool.search(None);
    waits(&mut waiting, &m, now);
    leased(&mut pool.search(None), &other, now);
}

#[test]
fn a_model_that_cools_does_not_hold_up_another_ones_line() {
    let (pool, one) = narrow(1);
    let (other, now) = (of_model(1, "other"), Now::read());
    meets(&pool, 0, limited(Scope::Model, Some(15)), &one, now);
    let running = leased(&mut pool.search(None), &other, now);
    let (mut cooled, mut waiting) = (pool.search(None), pool.search(None));
    waits(&mut cooled, &one, now);
    waits(&mut waiting, &other, now);
    drop(running);
    assert!(is_woken(&waiting));
    leased(&mut waiting, &other, now);
}

#[test]
fn a_stampede_on_an_account_that_has_just_opened_goes_to_the_others() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    meets(&pool, 0, limited(Scope::Account, Some(60)), &two, now);
    let now = later(now, secs(60));
    let mut leases: Vec<Lease> = Vec::new();
    for _ in 0..100 {
        let mut lease = leased(&mut pool.search(None), &two, now);
        lease.begun(now);
        leases.push(lease);
    }
    let on_first = leases.iter().filter(|lease| lease.account == 0).count();
    assert_eq!(on_first, 1);
}

#[test]
fn a_provider_that_serves_again_wakes_those_who_wait_for_its_other_accounts() {
    let (pool, two, now) = (pool(2, RoundRobin), candidates(2), Now::read());
    let overload = Outcome::Overloaded {
        scope: Scope::Provider,
        retry_after: Some(secs(5)),
    };
    meets(&pool, 0, overload, &two, now);
    let now = later(now, secs(5));
    for serves in [false, true] {
        let mut probe = leased(&mut pool.search(None), &two[..1], now);
        let mut other = pool.search(None);
        waits(&mut other, &two[1..], now);
        assert!(!is_woken(&other));
        if serves {
            probe.begun(now);
        } else {
            drop(probe);
        }
        assert!(is_woken(&other), "{serves}");
        assert_eq!(leased(&mut other, &two[1..], now).account, 1);
    }
}
