//! What a breaker promises.

use super::*;
use proptest::prelude::*;

const COOLDOWN: Duration = Duration::from_secs(60);

fn measure(now: Now, lease: u64) -> Measure {
    Measure {
        now,
        lease,
        newest: lease,
        cooldown: COOLDOWN,
        jitter: 0.0,
        ready: true,
    }
}

fn later(now: Now, secs: u64) -> Now {
    let wait = Duration::from_secs(secs);
    Now {
        instant: now.instant + wait,
        wall: now.wall + wait,
    }
}

fn trouble(cause: Cause, wait: Option<u64>) -> Trouble {
    Trouble {
        cause,
        basis: if wait.is_some() {
            Basis::Told
        } else {
            Basis::Guess
        },
        wait: wait.map(Duration::from_secs),
    }
}

fn left(slot: &Option<Breaker>, now: Now) -> Option<u64> {
    match slot.as_ref()?.gate(true, now) {
        Gate::Cooling { left, .. } => Some(left.as_secs()),
        _ => None,
    }
}

#[test]
fn a_guess_doubles_with_each_probe_that_fails_and_not_with_what_failed_beside_it() {
    let (mut now, mut slot) = (Now::read(), None);
    let lay = |slot: &mut _, lease, now| {
        Breaker::lay(
            slot,
            trouble(Cause::Failure, None),
            "".into(),
            measure(now, lease),
        );
    };
    for (lease, expected) in [(1, 60), (1, 60), (2, 120), (2, 120), (3, 240)] {
        lay(&mut slot, lease, now);
        assert_eq!(left(&slot, now), Some(expected), "{lease}");
    }
    now = later(now, 240);
    for lease in 4..12 {
        lay(&mut slot, lease, now);
    }
    assert_eq!(left(&slot, now), Some(LONGEST_COOLDOWN.as_secs()));
}

#[test]
fn a_refusal_is_believed_when_it_comes_twice_in_a_row() {
    let (now, mut slot) = (Now::read(), None);
    let refuse = |slot: &mut _, lease| {
        Breaker::lay(
            slot,
            trouble(Cause::Refusal, None),
            "".into(),
            measure(now, lease),
        );
    };
    refuse(&mut slot, 1);
    refuse(&mut slot, 1);
    assert!(left(&slot, now).is_some());
    refuse(&mut slot, 2);
    let breaker = slot.as_ref().unwrap();
    assert_eq!(breaker.gate(true, later(now, 1 << 30)), Gate::Refused);
}

#[test]
fn an_account_refused_for_its_credential_is_probed_once_it_has_another() {
    let (now, mut slot) = (Now::read(), None);
    for lease in 1..=2 {
        let measure = Measure {
            ready: false,
            ..measure(now, lease)
        };
        Breaker::lay(&mut slot, trouble(Cause::Refusal, None), "".into(), measure);
    }
    let breaker = slot.unwrap();
    assert_eq!(breaker.gate(false, now), Gate::Refused);
    assert_eq!(breaker.gate(true, now), Gate::HalfOpen { probed: false });
}

#[test]
fn a_blip_after_limits_counts_as_the_first_of_its_kind() {
    let (now, mut slot) = (Now::read(), None);
    for lease in 1..=5 {
        let pace = trouble(Cause::Pace, None);
        Breaker::lay(&mut slot, pace, "".into(), measure(now, lease));
    }
    let now = later(now, 3600);
    let blip = trouble(Cause::Failure, None);
    Breaker::lay(&mut slot, blip, "".into(), measure(now, 9));
    assert_eq!(left(&slot, now), Some(60));
}

#[test]
fn what_was_kept_by_a_wrong_clock_lasts_no_longer_than_it_was_laid_for() {
    let (now, mut slot) = (Now::read(), None);
    let wrong = Now {
        wall: later(now, 1 << 26).wall,
        ..now
    };
    let pace = trouble(Cause::Pace, Some(30));
    Breaker::lay(&mut slot, pace, "".into(), measure(wrong, 1));
    let restored = Breaker::restore(slot.unwrap().save(), now);
    assert_eq!(left(&restored, now), Some(30));
}

proptest! {
    #[test]
    fn what_was_told_is_never_shortened_before_its_moment(
        first in 1u64..5000, then in proptest::option::of(1u64..5000), lease in 1u64..3,
    ) {
        let (now, mut slot) = (Now::read(), None);
        Breaker::lay(&mut slot, trouble(Cause::Quota, Some(first)), "".into(), measure(now, 1));
        Breaker::lay(&mut slot, trouble(Cause::Pace, then), "".into(), measure(now, lease));
        prop_assert!(left(&slot, now) >= Some(first));
    }

    #[test]
    fn what_is_kept_comes_back_the_same_and_never_outlives_its_moment(
        wait in 1u64..100_000, slept in 0u64..200_000,
    ) {
        let (now, mut slot) = (Now::read(), None);
        Breaker::lay(&mut slot, trouble(Cause::Quota, Some(wait)), "spent".into(), measure(now, 1));
        let saved = slot.unwrap().save();
        let later = later(now, slept);
        let restored = Breaker::restore(saved.clone(), later);
        prop_assert_eq!(restored.is_some(), slept < wait);
        if let Some(restored) = restored {
            prop_assert_eq!(restored.save(), saved);
            prop_assert_eq!(left(&Some(restored), later), Some(wait - slept));
        }
    }
}
