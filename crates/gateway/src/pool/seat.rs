//! What is known of one account: its troubles, what runs on it, its ramp.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::breaker::Breaker;

/// What is known of one account.
pub(super) struct Seat {
    pub(super) breaker: Option<Breaker>,
    /// Of the models that had a trouble of their own on it: few, if any.
    pub(super) models: Vec<(Arc<str>, Option<Breaker>)>,
    /// When it opened after a trouble: it is ramped for a while.
    pub(super) opened: Option<Instant>,
    pub(super) in_flight: u32,
    pub(super) enabled: bool,
    /// How much it has left, from 0 to 100.
    pub(super) left: Option<u8>,
}

impl Seat {
    /// One that is well.
    pub(super) const fn new(enabled: bool) -> Self {
        Self {
            breaker: None,
            models: Vec::new(),
            opened: None,
            in_flight: 0,
            enabled,
            left: None,
        }
    }

    pub(super) fn model(&self, model: &Arc<str>) -> Option<&Breaker> {
        let (_, breaker) = self.models.iter().find(|(name, _)| name == model)?;
        breaker.as_ref()
    }

    pub(super) fn model_mut(&mut self, model: &Arc<str>) -> Option<&mut Breaker> {
        let mut models = self.models.iter_mut();
        let (_, breaker) = models.find(|(name, _)| name == model)?;
        breaker.as_mut()
    }

    pub(super) fn model_slot(&mut self, model: &Arc<str>) -> &mut Option<Breaker> {
        let known = self.models.iter().position(|(name, _)| name == model);
        let at = known.unwrap_or_else(|| {
            if self.models.len() >= MOST_MODELS {
                // Names are the clients' own: the oldest trouble is forgotten.
                self.models.remove(0);
            }
            self.models.push((Arc::clone(model), None));
            self.models.len() - 1
        });
        &mut self.models[at].1
    }

    /// When the ramp's next step is; `None` where there is no ramp.
    pub(super) fn next_step(&self, now: Instant) -> Option<Instant> {
        let opened = self.opened?;
        let since = now.saturating_duration_since(opened);
        let steps = u32::try_from(since.as_millis() / RAMP_STEP.as_millis()).ok()?;
        (since < RAMP).then(|| opened + RAMP_STEP * (steps + 1))
    }

    /// When the ramp lets one more request in; `None` where it does now.
    pub(super) fn next_slot(&self, now: Instant) -> Option<Instant> {
        let opened = self.opened?;
        let since = now.saturating_duration_since(opened);
        if since >= RAMP {
            return None;
        }
        let slots = 1 + since.as_millis() / RAMP_STEP.as_millis();
        if u128::from(self.in_flight) < slots {
            return None;
        }
        // With all slots taken the next one opens after as many steps.
        Some(opened + RAMP_STEP * self.in_flight)
    }
}

/// Of how many models on one account troubles are known.
const MOST_MODELS: usize = 64;

/// How long an account that has opened is ramped, and how often one more
/// request may run on it at once (facts: user pains, 17).
pub(super) const RAMP: Duration = Duration::from_secs(30);
const RAMP_STEP: Duration = Duration::from_millis(250);
