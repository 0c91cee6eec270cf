//! What is known of all accounts, and how each stands towards a request.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use config::ProviderId;
use serde::{Deserialize, Serialize};

use super::Member;
use super::affinity::Affinity;
use super::breaker::{Basis, Breaker, Cause, Gate, Measure, Trouble};
use super::line::Line;
use super::search::Considered;
use super::standing::{Busy, Standing};
use crate::clock::{Moment, Now};
use crate::route::Candidate;

/// What is known of all accounts.
pub(super) struct State {
    pub(super) seats: Vec<Seat>,
    pub(super) providers: HashMap<ProviderId, Option<Breaker>>,
    pub(super) affinity: Affinity,
    pub(super) line: Line,
    /// The number of the newest lease.
    pub(super) leases: u64,
    pub(super) chance: fastrand::Rng,
}

/// What is known of one account.
pub(super) struct Seat {
    pub(super) breaker: Option<Breaker>,
    /// Of the models that had a trouble of their own on it: few, if any.
    pub(super) models: Vec<(Arc<str>, Option<Breaker>)>,
    /// When it opened after a trouble: it is ramped for a while.
    opened: Option<Instant>,
    pub(super) in_flight: u32,
    /// How long its turn is overdue.
    pub(super) turn: i64,
    enabled: bool,
    /// How much it has left, from 0 to 100.
    pub(super) left: Option<u8>,
}

/// How an account is, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// All is well.
    Ready,
    /// It rests after a failure or a short limit.
    Cooling,
    /// Its rest is over; the next request tells.
    HalfOpen,
    /// A window or quota is used up until its reset.
    Spent,
    /// It is refused until a person acts.
    Refused,
    /// A person has switched it off.
    Disabled,
}

/// How an account is, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// In one word.
    pub health: Health,
    /// Why, in words.
    pub why: Option<Cow<'static, str>>,
    /// Until when.
    pub until: Option<Moment>,
    /// How that moment is known.
    pub basis: Option<Basis>,
    /// What went wrong.
    pub cause: Option<Cause>,
}

impl State {
    pub(super) fn new(members: &[Member], session_ttl: Duration, chance: fastrand::Rng) -> Self {
        let seats = members.iter().map(|member| Seat {
            breaker: None,
            models: Vec::new(),
            opened: None,
            in_flight: 0,
            turn: 0,
            enabled: member.enabled,
            left: None,
        });
        Self {
            seats: seats.collect(),
            providers: HashMap::new(),
            affinity: Affinity::new(session_ttl),
            line: Line::new(members.len()),
            leases: 0,
            chance,
        }
    }

    /// How a candidate stands towards a request with this number in line.
    pub(super) fn standing(
        &self,
        member: &Member,
        candidate: &Candidate,
        number: Option<u64>,
        now: Now,
    ) -> Standing {
        let seat = &self.seats[candidate.account];
        if !seat.enabled {
            return Standing::Disabled;
        }
        let (mut probe, mut probed) = (false, false);
        let mut cooling: Option<(Basis, Duration, Cause)> = None;
        for breaker in self.breakers(member, candidate) {
            match breaker.gate(candidate.ready, now) {
                Gate::Refused => return Standing::Refused,
                Gate::HalfOpen { probed: is } => {
                    probe = true;
                    probed |= is;
                }
                Gate::Cooling { left, basis, cause } => {
                    probed |= breaker.probes > 0;
                    // What blocks is what is told, and of that the longest.
                    if cooling.is_none_or(|(known, longest, _)| (known, longest) < (basis, left)) {
                        cooling = Some((basis, left, cause));
                    }
                }
            }
        }
        if let Some((basis, left, cause)) = cooling {
            return Standing::Cooling {
                left,
                basis,
                cause,
                probed,
            };
        }
        let busy = |why, until| Standing::Busy { why, until };
        if probed {
            return busy(Busy::Probed, None);
        }
        if member
            .max_concurrent
            .is_some_and(|most| seat.in_flight >= most)
        {
            return busy(Busy::Full, None);
        }
        let slot = seat.next_slot(now.instant);
        if let Some(at) = slot {
            return busy(Busy::Ramped, Some(at));
        }
        let narrow = probe || member.max_concurrent.is_some() || seat.is_ramped(now.instant);
        let blocked = |model: &Arc<str>| {
            seat.model(model)
                .is_some_and(|breaker| !matches!(breaker.gate(true, now), Gate::HalfOpen { .. }))
        };
        if narrow && self.line.is_behind(candidate.account, number, blocked) {
            return busy(Busy::Lined, None);
        }
        Standing::Free { probe }
    }

    /// What is known of troubles that concern a candidate: its account's, its
    /// model's there, its provider's.
    fn breakers<'a>(
        &'a self,
        member: &Member,
        candidate: &Candidate,
    ) -> impl Iterator<Item = &'a Breaker> {
        let seat = &self.seats[candidate.account];
        let provider = if self.providers.is_empty() {
            None
        } else {
            self.providers
                .get(&member.provider)
                .and_then(Option::as_ref)
        };
        [
            seat.breaker.as_ref(),
            seat.model(&candidate.model),
            provider,
        ]
        .into_iter()
        .flatten()
    }

    /// How an account is, for a person; with a candidate also how its model is
    /// there.
    pub(super) fn condition(
        &self,
        members: &[Member],
        account: usize,
        candidate: Option<&Candidate>,
        now: Now,
    ) -> Condition {
        let seat = &self.seats[account];
        if !seat.enabled {
            return Condition::of(Health::Disabled);
        }
        let own = Candidate {
            account,
            model: "".into(),
            listed: true,
            ready: false,
        };
        let worst = self
            .breakers(&members[account], candidate.unwrap_or(&own))
            .max_by_key(|breaker| {
                let left = breaker.until.map(|until| until.left(now));
                (
                    left.is_none(),
                    left > Some(Duration::ZERO),
                    breaker.basis,
                    left,
                )
            });
        worst.map_or_else(
            || Condition::of(Health::Ready),
            |breaker| breaker.condition(now),
        )
    }

    /// Lays a trouble on a breaker.
    pub(super) fn lay(&mut self, slot: &Slot, trouble: Trouble, why: &'static str, met: Met) {
        let measure = Measure {
            now: met.now,
            lease: met.lease,
            newest: self.leases,
            cooldown: met.cooldown,
            jitter: self.chance.f64(),
            ready: met.ready,
        };
        Breaker::lay(self.slot(slot), trouble, why.into(), measure);
    }

    /// The place of a breaker, made where there is none.
    pub(super) fn slot(&mut self, slot: &Slot) -> &mut Option<Breaker> {
        match slot {
            Slot::Account(account) => &mut self.seats[*account].breaker,
            Slot::Model(account, model) => self.seats[*account].model_slot(model),
            Slot::Provider(provider) => self.providers.entry(*provider).or_default(),
        }
    }

    /// Whether nothing is known against an account: by far the usual case.
    pub(super) fn is_all_well(&self, account: usize) -> bool {
        let seat = &self.seats[account];
        seat.breaker.is_none() && seat.models.is_empty() && self.providers.is_empty()
    }

    /// Forgets places of breakers that hold none.
    pub(super) fn tidy(&mut self) {
        for seat in &mut self.seats {
            seat.models.retain(|(_, breaker)| breaker.is_some());
        }
        self.providers.retain(|_, breaker| breaker.is_some());
    }

    /// Gives the turn to the one at `at`: smooth weighted round robin, as nginx
    /// has it, among those that are as good and free.
    pub(super) fn turn(&mut self, members: &[Member], looks: &[Considered], at: usize) {
        let chosen = looks[at];
        let as_good = |look: &&Considered| {
            matches!(look.standing, Standing::Free { .. })
                && look.rank.but_for_turn() == chosen.rank.but_for_turn()
        };
        let mut total = 0;
        for look in looks.iter().filter(as_good) {
            let weight = i64::from(members[look.account].weight);
            self.seats[look.account].turn += weight;
            total += weight;
        }
        if matches!(chosen.standing, Standing::Free { .. }) {
            self.seats[chosen.account].turn -= total;
        }
    }

    /// The account has opened after a trouble: its ramp begins.
    pub(super) fn open(&mut self, account: usize, now: Instant) {
        self.seats[account].opened = Some(now);
        self.line.wake_first(account);
    }

    pub(super) fn reset(&mut self, members: &[Member], account: usize) {
        self.seats[account].breaker = None;
        self.seats[account].opened = None;
        self.seats[account].models.clear();
        let provider = members[account].provider;
        self.providers.remove(&provider);
        for (place, member) in members.iter().enumerate() {
            if member.provider == provider {
                self.line.wake_all(place);
            }
        }
    }

    pub(super) fn enable(&mut self, account: usize, enabled: bool) -> bool {
        let changed = self.seats[account].enabled != enabled;
        self.seats[account].enabled = enabled;
        self.line.wake_all(account);
        changed
    }

    pub(super) fn remains(&mut self, account: usize, share: Option<f64>) {
        let percent = share.map(|share| (share.clamp(0.0, 1.0) * 100.0).round() as u8);
        self.seats[account].left = percent;
    }

    pub(super) fn is_not_spent(&mut self, account: usize, cooldown: Duration, now: Now) -> bool {
        let Some(breaker) = &mut self.seats[account].breaker else {
            return false;
        };
        if breaker.basis != Basis::Calendar {
            return false;
        }
        breaker.basis = Basis::Guess;
        breaker.until = Some(Moment::after(now, cooldown));
        self.line.wake_all(account);
        true
    }
}

/// Which breaker a trouble belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Account(usize),
    Model(usize, Arc<str>),
    Provider(ProviderId),
}

/// Who met a trouble, and when.
#[derive(Clone, Copy)]
pub(super) struct Met {
    pub(super) now: Now,
    /// The lease's number.
    pub(super) lease: u64,
    /// Whether its account had a credential.
    pub(super) ready: bool,
    /// How long a failure of unknown length counts at first.
    pub(super) cooldown: Duration,
}

impl Seat {
    fn model(&self, model: &Arc<str>) -> Option<&Breaker> {
        let (_, breaker) = self.models.iter().find(|(name, _)| name == model)?;
        breaker.as_ref()
    }

    fn model_slot(&mut self, model: &Arc<str>) -> &mut Option<Breaker> {
        let known = self.models.iter().position(|(name, _)| name == model);
        let at = known.unwrap_or_else(|| {
            self.models.push((Arc::clone(model), None));
            self.models.len() - 1
        });
        &mut self.models[at].1
    }

    /// Whether it has opened only lately.
    fn is_ramped(&self, now: Instant) -> bool {
        self.opened
            .is_some_and(|opened| now.saturating_duration_since(opened) < RAMP)
    }

    /// When the ramp lets one more request in; `None` where it does now.
    fn next_slot(&self, now: Instant) -> Option<Instant> {
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

impl Condition {
    const fn of(health: Health) -> Self {
        Self {
            health,
            why: None,
            until: None,
            basis: None,
            cause: None,
        }
    }
}

impl Breaker {
    pub(super) fn condition(&self, now: Now) -> Condition {
        let health = match self.until {
            None => Health::Refused,
            Some(until) if !until.is_ahead(now) => Health::HalfOpen,
            Some(_) if self.cause == Cause::Quota && self.basis > Basis::Guess => Health::Spent,
            Some(_) => Health::Cooling,
        };
        Condition {
            health,
            why: Some(self.why.clone()),
            until: self.until,
            basis: Some(self.basis),
            cause: Some(self.cause),
        }
    }
}

/// How long an account that has opened is ramped, and how often one more
/// request may run on it at once (facts: user pains, 17).
const RAMP: Duration = Duration::from_secs(30);
const RAMP_STEP: Duration = Duration::from_millis(250);
