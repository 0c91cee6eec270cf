//! What is left of an account's allowance, as its upstream tells it in passing
//! or when asked. Asking is free: no completion is ever sent to find out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::kept::Kept;

/// What is known of an account's allowance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// The plan, as the provider names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Its windows, each with a name of its own.
    pub windows: Vec<Window>,
    /// When any of it was told last.
    pub told: Option<Timestamp>,
}

/// One allowance, and when it begins anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// The provider's name for it: `premium_interactions`, `5h`, `week`.
    pub name: String,
    /// The share that is left, from 0 to 1; 1 where there is no limit.
    pub left: f64,
    /// Whether there is no limit.
    #[serde(default)]
    pub unlimited: bool,
    /// When it begins anew.
    pub resets: Option<Timestamp>,
    /// Whether chat requests are counted against it.
    #[serde(default = "yes")]
    pub counts: bool,
}

const fn yes() -> bool {
    true
}

impl Quota {
    /// The window that is nearest to its end, of those that count and are not
    /// over: what it said of an earlier one means nothing any more.
    pub fn tightest(&self, now: Timestamp) -> Option<&Window> {
        self.windows
            .iter()
            .filter(|window| window.counts && window.resets.is_none_or(|resets| resets > now))
            .min_by(|one, other| {
                let left = one.left.total_cmp(&other.left);
                left.then_with(|| other.unlimited.cmp(&one.unlimited).reverse())
                    .then_with(|| other.resets.cmp(&one.resets))
            })
    }

    /// Takes up what was told now: single windows in place of those of the
    /// same names.
    pub fn merge(&mut self, windows: Vec<Window>, now: Timestamp) {
        for window in windows {
            match self
                .windows
                .iter_mut()
                .find(|known| known.name == window.name)
            {
                Some(known) => *known = window,
                None => self.windows.push(window),
            }
        }
        self.told = Some(now);
    }
}

/// One account's allowance, asked for by a task of its own and overheard in
/// passing.
pub struct Allowance {
    known: Mutex<Quota>,
    /// What the keeper keeps is only when it asked: the windows are merged.
    pub(crate) asked: Kept<(), String>,
}

impl Allowance {
    /// Begins with what was known before.
    pub fn starting_with(known: Quota) -> Self {
        Self {
            known: Mutex::new(known),
            asked: Kept::default(),
        }
    }

    /// What is known now.
    pub fn quota(&self) -> Quota {
        self.known().clone()
    }

    /// Takes up what was overheard, and tells how much is left now.
    pub fn overhear(&self, windows: Vec<Window>, now: Timestamp) -> Option<f64> {
        let mut known = self.known();
        known.merge(windows, now);
        known.tightest(now).map(|window| window.left)
    }

    /// Takes up an answer to the question, and tells how much is left now.
    pub fn answer(&self, quota: Quota, now: Timestamp) -> Option<f64> {
        let mut known = self.known();
        known.plan = quota.plan.or_else(|| known.plan.take());
        // A window that is told no more, after a change of plan, ends in time.
        let is_told = |name: &str| quota.windows.iter().any(|window| window.name == name);
        known.windows.retain(|known| {
            is_told(&known.name) || known.resets.is_some_and(|resets| resets > now)
        });
        known.merge(quota.windows, now);
        known.tightest(now).map(|window| window.left)
    }

    /// How much is left now.
    pub fn left(&self, now: Timestamp) -> Option<f64> {
        self.known().tightest(now).map(|window| window.left)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Quota> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often the quota is asked for unasked, and when again after a failure.
pub(crate) const HOURLY: Duration = Duration::from_secs(3600);
pub(crate) const SOON: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    fn window(name: &str, left: f64, resets: Option<&str>) -> Window {
        Window {
            name: name.into(),
            left,
            unlimited: false,
            resets: resets.map(|at| at.parse().unwrap()),
            counts: true,
        }
    }

    #[test]
    fn the_tightest_window_that_counts_and_is_not_over_tells_what_is_left() {
        let now: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
        let mut completions = window("completions", 0.0, None);
        completions.counts = false;
        let quota = Quota {
            windows: vec![
                window("week", 0.5, Some("2026-11-30T00:00:00Z")),
                window("5h", 0.1, Some("2026-11-25T11:00:00Z")),
                window("month", 0.7, None),
                completions,
            ],
            ..Quota::default()
        };
        assert_eq!(quota.tightest(now).unwrap().name, "week");
        assert_eq!(Quota::default().tightest(now), None);
    }

    #[test]
    fn what_is_overheard_of_one_window_leaves_the_others() {
        let now = Timestamp::UNIX_EPOCH;
        let allowance = Allowance::starting_with(Quota {
            plan: Some("pro".into()),
            windows: vec![window("a", 0.9, None), window("b", 0.8, None)],
            told: None,
        });
        assert_eq!(
            allowance.overhear(vec![window("a", 0.2, None)], now),
            Some(0.2)
        );
        let quota = allowance.quota();
        assert_eq!(quota.windows.len(), 2);
        assert_eq!(
            (quota.plan.as_deref(), quota.told),
            (Some("pro"), Some(now))
        );
    }
}
