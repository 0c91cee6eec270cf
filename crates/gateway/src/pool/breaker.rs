//! The health of one account, of one model on it, or of one provider: closed,
//! cooling until a moment, half-open, or refused until a person acts.
//!
//! There is a breaker only where something went wrong; where there is none, all
//! is well. One whose moment has passed is half-open: one probe at a time.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock::{Moment, Now};

/// Why, and until when, something is passed over.
#[derive(Clone, Debug)]
pub(super) struct Breaker {
    pub(super) cause: Cause,
    pub(super) basis: Basis,
    /// `None` is until a person acts.
    pub(super) until: Option<Moment>,
    /// The cause in words, for a person.
    pub(super) why: Cow<'static, str>,
    /// Troubles of this cause in a row, without a success between them.
    failures: u32,
    /// When it was laid, by the wall clock.
    since: Timestamp,
    /// Until when what yields does not: what the calendar says is tried now and
    /// then only.
    barred: Instant,
    /// The number of the last lease before this was laid: what comes of an
    /// earlier lease is the same trouble once more, not one more in a row.
    laid: u64,
    /// How many probes are under way.
    pub(super) probes: u32,
    /// Tells it from one that stood in its place before: a probe of that one
    /// is none of this.
    pub(super) born: u64,
    /// Whether the account had no credential then: one that it has got since
    /// proves that somebody acted.
    pub(super) unready: bool,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Asked too fast.
    Pace,
    /// A window or a quota is used up.
    Quota,
    /// The upstream has too much to do.
    Overload,
    /// It failed, or did not answer.
    Failure,
    /// It refused the account.
    Refusal,
}

/// How the end of it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It is a guess of ours, which yields before a request fails for it.
    Guess,
    /// The calendar tells it, for quotas of this kind; yields too, since a
    /// person may have bought more.
    Calendar,
    /// The upstream told it: nobody is asked before that.
    Told,
}

/// What went wrong just now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trouble {
    pub(super) cause: Cause,
    pub(super) basis: Basis,
    /// How long, where it is known.
    pub(super) wait: Option<Duration>,
}

/// What a trouble is measured with.
#[derive(Clone, Copy)]
pub(super) struct Measure {
    pub(super) now: Now,
    /// The number of the lease that met the trouble.
    pub(super) lease: u64,
    /// The number of the newest lease.
    pub(super) newest: u64,
    /// `failure_cooldown_secs`.
    pub(super) cooldown: Duration,
    /// From 0 to 1, by chance.
    pub(super) jitter: f64,
    /// Whether the account had a credential.
    pub(super) ready: bool,
}

/// What a breaker says of an attempt now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gate {
    /// One probe may go, and goes.
    HalfOpen { probed: bool },
    /// Not before this.
    Cooling {
        left: Duration,
        basis: Basis,
        cause: Cause,
        /// Whether it has yielded lately, in vain.
        barred: bool,
    },
    /// Not at all.
    Refused,
}

impl Breaker {
    /// What it says of an attempt now.
    pub(super) fn gate(&self, ready: bool, now: Now) -> Gate {
        let Some(until) = self.until else {
            return if self.unready && ready {
                Gate::HalfOpen {
                    probed: self.probes > 0,
                }
            } else {
                Gate::Refused
            };
        };
        if until.is_ahead(now) {
            return Gate::Cooling {
                left: until.left(now),
                basis: self.basis,
                cause: self.cause,
                barred: self.basis == Basis::Calendar && now.instant < self.barred,
            };
        }
        Gate::HalfOpen {
            probed: self.probes > 0,
        }
    }

    /// Whether a success of which it knows nothing proves nothing: what was
    /// told outlives the good end of a request that began before it.
    pub(super) fn outlives_success(&self, now: Now) -> bool {
        self.basis == Basis::Told && self.until.is_some_and(|until| until.is_ahead(now))
    }

    /// Lays a trouble on what was there before. What was told gives way to
    /// what is told for longer only; a guess to all that is known, and to a
    /// longer guess. A refusal is believed when it comes twice in a row.
    pub(super) fn lay(
        slot: &mut Option<Self>,
        trouble: Trouble,
        why: Cow<'static, str>,
        measure: Measure,
    ) {
        let (now, old) = (measure.now, slot.as_ref());
        let in_a_row = old.is_some_and(|old| measure.lease > old.laid);
        let same = old.filter(|old| old.cause == trouble.cause);
        let failures = same.map_or(1, |old| old.failures.saturating_add(in_a_row.into()));
        let was_refused = old.is_some_and(|old| old.cause == Cause::Refusal);
        let believed = trouble.cause == Cause::Refusal && was_refused && in_a_row;
        let length = trouble.length(failures, measure);
        let until = (!believed).then(|| Moment::after(now, length));
        let basis = if believed { Basis::Told } else { trouble.basis };
        if let Some(old) = slot.as_mut()
            && let Some(stands) = old.until.map_or(Some(Duration::MAX), |until| {
                until.is_ahead(now).then(|| until.left(now))
            })
        {
            let new = until.map_or(Duration::MAX, |until| until.left(now));
            if (old.basis, stands) > (basis, new) {
                // It stands, and has just yielded in vain.
                old.barred = now.instant + measure.cooldown;
                return;
            }
        }
        *slot = Some(Self {
            cause: trouble.cause,
            basis,
            until,
            why,
            failures,
            since: now.wall,
            barred: now.instant + measure.cooldown,
            laid: measure.newest,
            probes: slot.as_ref().map_or(0, |old| old.probes),
            born: slot.as_ref().map_or(measure.newest, |old| old.born),
            unready: !measure.ready,
        });
    }

    /// As it is kept on the disk.
    pub(super) fn save(&self) -> Saved {
        Saved {
            cause: self.cause,
            basis: self.basis,
            until: self.until.map(|until| until.wall()),
            why: self.why.clone().into_owned(),
            failures: self.failures,
            since: Some(self.since),
            unready: self.unready,
        }
    }

    /// What the calendar said is doubted: it counts as a guess from now on, each
    /// time a longer one.
    pub(super) fn doubt(&mut self, cooldown: Duration, now: Now) {
        let doublings = self.failures.saturating_sub(1);
        let rest = doubled(cooldown, doublings, LONGEST_COOLDOWN.max(cooldown));
        self.basis = Basis::Guess;
        self.until = Some(Moment::after(now, rest));
    }

    /// What was kept, unless its moment has passed.
    pub(super) fn restore(saved: Saved, now: Now) -> Option<Self> {
        let since = saved.since.unwrap_or(now.wall);
        let until = saved.until.map(|until| {
            // Longer than it was laid for it cannot last, whatever the clock
            // said when it was written.
            let laid_for = Duration::try_from(until.duration_since(since)).unwrap_or_default();
            Moment::at(now, until).no_later_than(now, laid_for)
        });
        if until.is_some_and(|until| !until.is_ahead(now)) {
            return None;
        }
        Some(Self {
            cause: saved.cause,
            basis: saved.basis,
            until,
            why: saved.why.into(),
            failures: saved.failures,
            since,
            barred: now.instant,
            laid: 0,
            probes: 0,
            born: 0,
            unready: saved.unready,
        })
    }
}

/// A breaker as it is kept on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// What went wrong.
    pub cause: Cause,
    /// How the end of it is known.
    pub basis: Basis,
    /// `None` is until a person acts.
    pub until: Option<Timestamp>,
    /// The cause in words.
    pub why: String,
    /// Troubles in a row.
    pub failures: u32,
    /// When it was laid.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// Whether the account had no credential then.
    #[serde(default)]
    pub unready: bool,
}

impl Trouble {
    /// How long it lasts after so many in a row: what is guessed doubles each
    /// time. What is told does not, however often it is told: one probe at a
    /// time is asked for it, and no account rests for longer than it must.
    fn length(&self, failures: u32, measure: Measure) -> Duration {
        match self.wait {
            Some(told) => told,
            None => {
                let (first, longest) = match self.cause {
                    Cause::Pace => (PACE, LONGEST_PACE),
                    Cause::Overload => (OVERLOAD, LONGEST_OVERLOAD),
                    Cause::Quota | Cause::Failure | Cause::Refusal => {
                        (measure.cooldown, LONGEST_COOLDOWN.max(measure.cooldown))
                    }
                };
                doubled(first, failures.saturating_sub(1), longest)
                    .mul_f64(1.0 + measure.jitter / 4.0)
            }
        }
    }
}

fn doubled(first: Duration, doublings: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << doublings.min(20)).min(longest)
}

/// Z.ai's 1302 and its kin pass within 1 to 90 seconds (facts: Z.ai).
const PACE: Duration = Duration::from_secs(1);
const LONGEST_PACE: Duration = Duration::from_secs(90);
/// A longer rest for an overload makes a cascade of it (facts: user pains, 15).
const OVERLOAD: Duration = Duration::from_secs(2);
pub(super) const LONGEST_OVERLOAD: Duration = Duration::from_secs(60);
const LONGEST_COOLDOWN: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests;
