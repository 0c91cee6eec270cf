//! Which account a conversation belongs to, so that the upstream's prompt
//! cache is found again. A preference, never a veto.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The bindings of conversations, by their keys.
///
/// Two generations keep it bounded without a search for the oldest: when the
/// young one is full it becomes the old one, and what is asked for moves over.
pub(super) struct Affinity {
    young: HashMap<u64, Binding>,
    old: HashMap<u64, Binding>,
    ttl: Duration,
}

#[derive(Clone, Copy)]
struct Binding {
    account: usize,
    used: Instant,
}

impl Affinity {
    /// No bindings yet; each lasts for `ttl` after its last use.
    pub(super) fn new(ttl: Duration) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
            ttl,
        }
    }

    /// The account of a conversation.
    pub(super) fn account(&self, key: u64, now: Instant) -> Option<usize> {
        let binding = self.young.get(&key).or_else(|| self.old.get(&key))?;
        (now.saturating_duration_since(binding.used) < self.ttl).then_some(binding.account)
    }

    /// Binds a conversation, or keeps its binding alive.
    pub(super) fn bind(&mut self, key: u64, account: usize, now: Instant) {
        if self.young.len() >= GENERATION && !self.young.contains_key(&key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, Binding { account, used: now });
    }
}

/// How many conversations a generation holds; 24 bytes each.
const GENERATION: usize = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Instant {
        crate::clock::Now::read().instant
    }

    #[test]
    fn a_binding_ends_when_its_conversation_says_nothing_for_too_long() {
        let (now, ttl) = (now(), Duration::from_secs(60));
        let mut affinity = Affinity::new(ttl);
        affinity.bind(1, 7, now);
        assert_eq!(affinity.account(1, now + ttl / 2), Some(7));
        affinity.bind(1, 7, now + ttl / 2);
        assert_eq!(affinity.account(1, now + ttl), Some(7));
        assert_eq!(affinity.account(1, now + ttl * 2), None);
        assert_eq!(affinity.account(2, now), None);
    }

    #[test]
    fn a_million_conversations_are_bounded_and_the_latest_are_known() {
        let now = now();
        let mut affinity = Affinity::new(Duration::from_secs(60));
        for key in 0..1_000_000 {
            affinity.bind(key, 3, now);
        }
        assert!(affinity.young.len() + affinity.old.len() <= 2 * GENERATION);
        let latest = 1_000_000 - GENERATION as u64;
        assert!((latest..1_000_000).all(|key| affinity.account(key, now) == Some(3)));
    }
}
