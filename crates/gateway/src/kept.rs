//! A value that one task keeps fresh while many requests read it.
//!
//! Copilot's short-lived tokens and the lists of models both need the same:
//! fetched by one task only (single flight by construction), renewed on
//! demand or ahead of need, backed off after a failure, the old value serving
//! meanwhile. A request that leaves cancels its waiting, never the fetch.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// A value, the last failure to renew it, and when it may be fetched again.
pub struct Kept<T, E> {
    state: watch::Sender<State<T, E>>,
    wanted: Notify,
}

struct State<T, E> {
    value: Option<Arc<T>>,
    failure: Option<Arc<E>>,
    rounds: u64,
    fetched: Option<Instant>,
    /// When the fetch that is under way began.
    begun: Option<Instant>,
    resting: Option<Instant>,
}

/// What follows on a fetch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Next {
    /// When to fetch by oneself; `None` waits until somebody asks.
    pub after: Option<Duration>,
    /// How long asking is of no use: what was just fetched will not be any
    /// better, and what just failed is not to be hammered.
    pub rest: Duration,
}

impl<T, E> Default for Kept<T, E> {
    fn default() -> Self {
        Self::starting_with(None)
    }
}

impl<T, E> Kept<T, E> {
    /// Begins with a value from elsewhere: a cache, or the configuration.
    pub fn starting_with(value: Option<T>) -> Self {
        let state = State {
            value: value.map(Arc::new),
            failure: None,
            rounds: 0,
            fetched: None,
            begun: None,
            resting: None,
        };
        Self {
            state: watch::Sender::new(state),
            wanted: Notify::new(),
        }
    }

    /// The value as it is, without waiting.
    pub fn value(&self) -> Option<Arc<T>> {
        self.state.borrow().value.clone()
    }

    /// Why the last fetch failed; `None` once one has worked.
    pub fn failure(&self) -> Option<Arc<E>> {
        self.state.borrow().failure.clone()
    }

    /// How long ago the value was fetched; `None` if it never was.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        let fetched = self.state.borrow().fetched?;
        Some(now.saturating_duration_since(fetched))
    }

    /// Asks for a fetch without waiting for it.
    pub fn want(&self) {
        self.wanted.notify_one();
    }

    /// Asks for a fetch and waits until one has ended, but no longer than
    /// `limit` after it began, and not at all while the keeper rests: of many
    /// who come while one hangs, only the first wait.
    pub async fn renew(&self, limit: Duration) {
        let mut state = self.state.subscribe();
        let (rounds, until) = {
            let (state, now) = (state.borrow_and_update(), Instant::now());
            if state.resting.is_some_and(|until| now < until) {
                return;
            }
            (state.rounds, state.begun.unwrap_or(now) + limit)
        };
        self.want();
        // Whether it ended or not, the caller looks at the value.
        let _ = timeout_at(until, state.wait_for(|state| state.rounds > rounds)).await;
    }

    /// Fetches for ever: the body of the one task that keeps the value.
    /// `fetch` is told how many fetches have failed in a row.
    pub async fn keep<F, R>(&self, first: Next, mut fetch: F)
    where
        F: FnMut(u32) -> R,
        R: Future<Output = (Result<T, E>, Next)>,
    {
        let (mut next, mut failures) = (first, 0);
        loop {
            sleep(next.rest).await;
            match next.after {
                Some(after) => {
                    // Who asks, or the time: whichever comes first.
                    let _ = timeout(after.saturating_sub(next.rest), self.wanted.notified()).await;
                }
                None => self.wanted.notified().await,
            }
            self.state
                .send_modify(|state| state.begun = Some(Instant::now()));
            let fetched;
            (fetched, next) = fetch(failures).await;
            failures = if fetched.is_ok() { 0 } else { failures + 1 };
            // Who asked meanwhile gets what was fetched, and nothing newer.
            let _ = self.wanted.notified().now_or_never();
            self.publish(fetched, Instant::now(), next.rest);
        }
    }

    fn publish(&self, fetched: Result<T, E>, now: Instant, rest: Duration) {
        self.state.send_modify(|state| {
            state.rounds += 1;
            state.begun = None;
            state.resting = now.checked_add(rest);
            match fetched {
                Ok(value) => {
                    state.value = Some(Arc::new(value));
                    state.failure = None;
                    state.fetched = Some(now);
                }
                Err(failure) => state.failure = Some(Arc::new(failure)),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    const AN_HOUR: Duration = Duration::from_secs(3600);
    const ON_DEMAND: Next = Next {
        after: None,
        rest: Duration::ZERO,
    };

    #[tokio::test(start_paused = true)]
    async fn a_hundred_askers_cause_one_fetch() {
        let kept = Kept::<u32, ()>::default();
        let fetches = AtomicU32::new(0);
        let keeper = kept.keep(ON_DEMAND, |_| async {
            sleep(Duration::from_secs(1)).await;
            let count = fetches.fetch_add(1, Ordering::Relaxed) + 1;
            let rest = AN_HOUR;
            (Ok(count), Next { after: None, rest })
        });
        let askers = futures_util::future::join_all((0..100).map(|_| kept.renew(AN_HOUR)));
        tokio::select! {
            () = keeper => unreachable!("it keeps for ever"),
            _ = askers => {}
        }
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
        assert_eq!(kept.value().as_deref(), Some(&1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_leaves_the_old_value_in_use_and_is_not_hammered() {
        let kept = Kept::<u32, &str>::starting_with(Some(7));
        let fetches = AtomicU32::new(0);
        let keeper = kept.keep(ON_DEMAND, |_| async {
            fetches.fetch_add(1, Ordering::Relaxed);
            let rest = AN_HOUR;
            (Err("down"), Next { after: None, rest })
        });
        let asker = async {
            for _ in 0..10 {
                kept.renew(AN_HOUR).await;
            }
        };
        tokio::select! {
            () = keeper => unreachable!("it keeps for ever"),
            () = asker => {}
        }
        assert_eq!(kept.value().as_deref(), Some(&7));
        assert_eq!(kept.failure().as_deref(), Some(&"down"));
        assert_eq!(fetches.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_at_its_limit_when_a_fetch_hangs() {
        let kept = Kept::<u32, ()>::default();
        let keeper = kept.keep(ON_DEMAND, |_| std::future::pending());
        tokio::select! {
            () = keeper => unreachable!("it keeps for ever"),
            () = kept.renew(Duration::from_secs(2)) => {}
        }
        assert_eq!(kept.value(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_renewed_ahead_of_need_without_being_asked_for() {
        let kept = Kept::<u32, ()>::default();
        let fetches = AtomicU32::new(0);
        let keeper = kept.keep(ON_DEMAND, |_| async {
            let count = fetches.fetch_add(1, Ordering::Relaxed) + 1;
            let after = Some(Duration::from_secs(1500));
            (
                Ok(count),
                Next {
                    after,
                    rest: Duration::ZERO,
                },
            )
        });
        kept.want();
        let _ = timeout(AN_HOUR, keeper).await;
        assert_eq!(kept.value().as_deref(), Some(&3));
    }
}
