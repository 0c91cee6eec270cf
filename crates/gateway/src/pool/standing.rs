//! How an account stands towards one request, and how gladly it is taken.

use std::time::{Duration, Instant};

use config::Tier;

use super::breaker::{Basis, Cause};

/// How an account stands towards one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can serve now.
    Free {
        /// As the one probe of something half-open.
        probe: bool,
    },
    /// It could serve, but not one more at this moment.
    Busy {
        /// Why not.
        why: Busy,
        /// When that changes at the latest, where it is known.
        until: Option<Instant>,
    },
    /// It is passed over for a while.
    Cooling {
        /// For how long.
        left: Duration,
        /// How that is known.
        basis: Basis,
        /// What went wrong.
        cause: Cause,
        /// Whether a probe is under way.
        probed: bool,
        /// Whether it has yielded lately, in vain.
        barred: bool,
    },
    /// It is refused until a person acts.
    Refused,
    /// A person has switched it off.
    Disabled,
    /// The request was tried on it, in vain.
    Asked,
}

/// How a candidate stood when the search began.
#[derive(Clone, Copy, Debug)]
pub struct Considered {
    /// Its place.
    pub account: usize,
    /// How it stood.
    pub standing: Standing,
    /// How gladly it was taken.
    pub rank: Rank,
    /// Whether the request's conversation belongs to it.
    pub bound: bool,
}

/// Why an account cannot take one more request at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A probe is under way, whose end tells more.
    Probed,
    /// It has just opened, and is ramped: one after the other.
    Ramped,
    /// Others stand before it in line.
    Lined,
    /// It serves as many as the person allows.
    Full,
}

/// How gladly an account is taken, best first. The parts that count for more
/// come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    /// Active ones before fallbacks.
    pub(super) tier: Tier,
    /// Whether its credential is still to come.
    pub(super) waiting: bool,
    /// Whether its list is still to come.
    pub(super) unlisted: bool,
    /// What the strategy puts first.
    pub(super) strategy: i64,
    /// Whose turn it is, where the strategy does not care.
    pub(super) turn: i64,
}

impl Considered {
    /// Sorts the free ones first, each kind by its rank.
    pub const fn order(&self) -> (bool, bool, Rank) {
        let is_free = matches!(self.standing, Standing::Free { .. });
        (!is_free, !self.bound, self.rank)
    }
}

impl Rank {
    /// All but whose turn it is.
    pub const fn but_for_turn(self) -> (Tier, bool, bool, i64) {
        (self.tier, self.waiting, self.unlisted, self.strategy)
    }
}

impl Standing {
    /// Whether waiting for a probe, the ramp or the line may be cut short: they
    /// are politeness, and no request fails for it.
    pub(super) const fn is_polite(self) -> bool {
        matches!(
            self,
            Self::Busy {
                why: Busy::Probed | Busy::Ramped | Busy::Lined,
                ..
            }
        )
    }

    /// Whether what keeps it back is a guess that a failure caused: worth one
    /// more try rather than a wait.
    pub(super) const fn is_worth_a_try(self) -> bool {
        matches!(
            self,
            Self::Cooling {
                basis: Basis::Guess,
                cause: Cause::Failure | Cause::Refusal,
                probed: false,
                ..
            }
        )
    }

    /// Whether it yields before a request fails for it.
    pub(super) const fn yields(self) -> bool {
        match self {
            Self::Cooling {
                basis,
                barred,
                probed,
                ..
            } => match basis {
                Basis::Guess => true,
                Basis::Calendar => !barred && !probed,
                Basis::Told => false,
            },
            _ => false,
        }
    }

    /// Whether it is a limit of which nobody knows the end: worth any wait.
    pub(super) const fn is_guessed_limit(self) -> bool {
        matches!(
            self,
            Self::Cooling {
                basis: Basis::Guess,
                cause: Cause::Pace | Cause::Quota | Cause::Overload,
                ..
            }
        )
    }

    /// Whether it is something that passes, and does within `budget`. A guess
    /// that a failure caused is not: nobody knows of its end.
    pub(super) fn passes_within(self, budget: Duration) -> bool {
        match self {
            Self::Cooling {
                left, basis, cause, ..
            } => {
                let is_failure = matches!(cause, Cause::Failure | Cause::Refusal);
                (basis == Basis::Told || !is_failure) && left <= budget
            }
            _ => false,
        }
    }
}

/// The place of the best among those that stand so.
pub(super) fn best(looks: &[Considered], stands: impl Fn(Standing) -> bool) -> Option<usize> {
    let fitting = looks
        .iter()
        .enumerate()
        .filter(|(_, look)| stands(look.standing));
    fitting
        .min_by(|(_, one), (_, other)| one.rank.cmp(&other.rank))
        .map(|(at, _)| at)
}
