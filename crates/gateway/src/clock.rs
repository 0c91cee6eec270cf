//! Time as an argument: one reading of both clocks, and moments to come.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// One reading of the monotonic clock and of the wall clock.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// For lengths of time.
    pub instant: Instant,
    /// For moments that an upstream tells, and that outlive a restart.
    pub wall: Timestamp,
}

impl Now {
    /// Reads both clocks: for the edge only. tokio's, which a test may pause.
    pub fn read() -> Self {
        Self {
            instant: tokio::time::Instant::now().into_std(),
            wall: Timestamp::now(),
        }
    }
}

/// A moment to come. It has passed as soon as either clock says so: the
/// monotonic one stands still while a laptop sleeps, and the wall clock may be
/// set back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    instant: Instant,
    wall: Timestamp,
}

impl Moment {
    /// So long from now; the end of time where that is beyond it.
    pub fn after(now: Now, wait: Duration) -> Self {
        let wait = wait.min(LONGEST);
        Self {
            instant: now.instant + wait,
            wall: now.wall.checked_add(wait).unwrap_or(Timestamp::MAX),
        }
    }

    /// This moment of the wall clock.
    pub fn at(now: Now, wall: Timestamp) -> Self {
        let wait = Duration::try_from(wall.duration_since(now.wall)).unwrap_or_default();
        Self {
            instant: now.instant + wait.min(LONGEST),
            wall,
        }
    }

    /// This moment, or so long from now where that is sooner.
    #[must_use]
    pub fn no_later_than(self, now: Now, wait: Duration) -> Self {
        if self.left(now) > wait {
            Self::after(now, wait)
        } else {
            self
        }
    }

    /// How long until then; nothing where it has passed.
    pub fn left(&self, now: Now) -> Duration {
        let by_wall = Duration::try_from(self.wall.duration_since(now.wall)).unwrap_or_default();
        by_wall.min(self.instant.saturating_duration_since(now.instant))
    }

    /// Whether it is still to come.
    pub fn is_ahead(&self, now: Now) -> bool {
        now.instant < self.instant && now.wall < self.wall
    }

    /// The wall clock's reading at that moment.
    pub const fn wall(&self) -> Timestamp {
        self.wall
    }
}

/// No wait is longer: a monotonic clock cannot count without end.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_passed_when_either_clock_says_so() {
        let now = Now::read();
        let moment = Moment::after(now, Duration::from_secs(60));
        let minute = Duration::from_secs(60);
        let slept = Now {
            wall: now.wall + minute,
            ..now
        };
        let set_back = Now {
            instant: now.instant + minute,
            wall: now.wall - minute,
        };
        assert!(moment.is_ahead(now));
        assert!(!moment.is_ahead(slept) && !moment.is_ahead(set_back));
        assert_eq!(moment.left(slept), Duration::ZERO);
    }

    #[test]
    fn a_wait_beyond_all_reason_is_no_panic() {
        let now = Now::read();
        assert!(Moment::after(now, Duration::MAX).is_ahead(now));
        assert!(Moment::at(now, Timestamp::MAX).is_ahead(now));
        assert!(!Moment::at(now, Timestamp::MIN).is_ahead(now));
    }
}
