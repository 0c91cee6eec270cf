//! The pool alone in a world of limits and failures, hours long in a second:
//! clocks are passed in, chance is a seed, and its laws hold in every world.

mod people;
mod upstream;
mod world;

use std::collections::BTreeSet;

use config::Strategy;
use proptest::prelude::*;

use self::world::{Told, World};

const STRATEGIES: [Strategy; 4] = [
    Strategy::RoundRobin,
    Strategy::Sticky,
    Strategy::FillFirst,
    Strategy::MostRemaining,
];

/// Fifty accounts, ten hours, every kind of limit, and subagents in swarms.
#[test]
fn no_request_fails_in_ten_hours_of_fifty_accounts_while_one_of_them_could_serve() {
    let mut kinds = BTreeSet::new();
    for (seed, strategy) in STRATEGIES.into_iter().enumerate() {
        let told = World::troubled(50, strategy, seed as u64).run(10 * 3600);
        // The world is as busy and as bad as it was meant to be.
        assert!(
            told.requests > 30_000 && told.troubles > 2_000,
            "{strategy:?}: {told:?}"
        );
        holds(&told);
        assert!(told.refused * 100 < told.requests, "{strategy:?}: {told:?}");
        kinds.extend(told.kinds);
    }
    let every = [
        "calendar",
        "gone",
        "model",
        "outage",
        "pace",
        "provider",
        "served",
        "told provider",
        "untold pace",
        "untold window",
        "window",
    ];
    assert!(kinds.iter().eq(&every), "{kinds:?}");
}

#[test]
fn affinity_holds_when_nothing_fails_and_a_swarm_of_one_session_spreads() {
    let told = World::good(50, Strategy::Sticky, 1).run(10 * 3600);
    let share = told.turns_kept as f64 / told.turns as f64;
    assert!(told.turns > 10_000 && share > 0.95, "{share}: {told:?}");
    assert!(told.swarms > 10 && told.narrowest_swarm >= 0.5, "{told:?}");
}

#[test]
fn affinity_mostly_holds_among_troubles_too() {
    let told = World::troubled(50, Strategy::Sticky, 2).run(10 * 3600);
    let share = told.turns_kept as f64 / told.turns as f64;
    assert!(share > 0.7, "{share}: {told:?}");
}

#[test]
fn load_spreads_evenly_under_round_robin() {
    let told = World::good(50, Strategy::RoundRobin, 3).run(10 * 3600);
    let mean = told.served.iter().sum::<u64>() as f64 / 50.0;
    for (account, served) in told.served.iter().enumerate() {
        let off = (*served as f64 - mean).abs() / mean;
        assert!(
            off < 0.1,
            "account {account} serves {served}, the mean is {mean}"
        );
    }
}

#[track_caller]
fn holds(told: &Told) {
    assert_eq!(
        told.unjust,
        Vec::<String>::new(),
        "failed though an account could serve"
    );
    assert_eq!(
        told.trespasses,
        Vec::<String>::new(),
        "asked inside a known cooldown"
    );
    assert_eq!(
        told.crowded_probes,
        Vec::<String>::new(),
        "more than one probe at a time"
    );
    assert_eq!(
        told.crowds,
        Vec::<String>::new(),
        "more at once than it may"
    );
    assert_eq!(told.stuck, 0, "neither served nor refused");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Small worlds are where everything is down at once.
    #[test]
    fn in_any_small_and_bad_world_the_laws_hold(
        seed in any::<u64>(),
        accounts in 1usize..7,
        strategy in prop::sample::select(&STRATEGIES[..]),
    ) {
        let told = World::troubled(accounts, strategy, seed).run(1800);
        prop_assert!(told.requests > 100);
        holds(&told);
    }
}
