//! What an account has left, and when it starts anew.

use serde::{Deserialize, Serialize};

use crate::script::Clock;

/// What the quota endpoints and headers tell of an account.
///
/// In JSON what is left out takes its default: 35.5 % of 300 until the next month.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Copilot's premium interactions a month. 0 is no such allotment, not an exhausted one.
    pub entitlement: u32,
    /// What is left, of Copilot's month or of Z.ai's five hours. Copilot's may be negative.
    pub remaining_percent: f64,
    /// Whether Copilot counts nothing; then its entitlement is told as 0 or, in headers, -1.
    pub unlimited: bool,
    /// What Copilot tells as `has_quota`; without it the seat is blocked.
    pub has_quota: bool,
    /// When it starts anew, in seconds since 1970. When absent, on the first of the next month,
    /// and at Z.ai when the next five hours begin, counted from 1970.
    pub resets_at: Option<u64>,
    /// Copilot's `x-usage-ratelimit-session`; no header when absent.
    pub session: Option<Window>,
    /// Copilot's `x-usage-ratelimit-weekly` and Z.ai's weekly limit; neither when absent.
    pub weekly: Option<Window>,
}

/// What is left of a shorter time than the quota's own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// What is left.
    pub remaining_percent: f64,
    /// When it starts anew, in seconds since 1970.
    pub resets_at: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            entitlement: 300,
            remaining_percent: 35.5,
            unlimited: false,
            has_quota: true,
            resets_at: None,
            session: None,
            weekly: None,
        }
    }
}

impl Quota {
    /// The entitlement as Copilot's JSON tells it.
    pub(crate) fn told_entitlement(&self) -> u32 {
        if self.unlimited { 0 } else { self.entitlement }
    }

    /// What is left of that, in tenths as Copilot counts it.
    pub(crate) fn remaining(&self) -> f64 {
        (f64::from(self.told_entitlement()) * self.remaining_percent / 10.0).round() / 10.0
    }

    /// When Copilot's month ends.
    pub(crate) fn month_ends(&self, clock: &Clock) -> u64 {
        self.resets_at.unwrap_or_else(|| clock.next_month())
    }

    /// When Z.ai's five hours end; the same for all who ask within them.
    pub(crate) fn five_hours_end(&self, clock: &Clock) -> u64 {
        const FIVE_HOURS: u64 = 5 * 60 * 60;
        self.resets_at
            .unwrap_or_else(|| (clock.unix_secs() / FIVE_HOURS + 1) * FIVE_HOURS)
    }
}

/// The instant as RFC 3339 writes it; nothing for one that no calendar reaches.
pub(crate) fn instant(unix_secs: u64) -> String {
    i64::try_from(unix_secs)
        .ok()
        .and_then(|secs| jiff::Timestamp::from_second(secs).ok())
        .map_or_else(String::new, |instant| instant.to_string())
}
