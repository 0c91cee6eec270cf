//! What is known of all accounts, and how each stands towards a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use config::ProviderId;

use super::Member;
use super::affinity::Affinity;
use super::breaker::{Basis, Breaker, Cause, Gate, Measure, Trouble};
use super::line::Line;
use super::seat::Seat;
use super::standing::{Busy, Considered, Standing};
use crate::clock::Now;
use crate::route::Candidate;

/// What is known of all accounts.
pub(super) struct State {
    pub(super) seats: Vec<Seat>,
    /// How long the turn of each account is overdue. A lease writes them all:
    /// side by side they take few cache lines from the other cores.
    pub(super) turns: Vec<i64>,
    pub(super) providers: HashMap<ProviderId, Option<Breaker>>,
    pub(super) affinity: Affinity,
    pub(super) line: Line,
    /// The number of the newest lease.
    pub(super) leases: u64,
    pub(super) chance: fastrand::Rng,
}

impl State {
    pub(super) fn new(members: &[Member], session_ttl: Duration, chance: fastrand::Rng) -> Self {
        let seats = members.iter().map(|member| Seat::new(member.enabled));
        Self {
            seats: seats.collect(),
            turns: vec![0; members.len()],
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
        // The usual case, for every account and every request.
        if self.is_all_well(candidate.account)
            && member.max_concurrent.is_none()
            && seat.next_step(now.instant).is_none()
        {
            return Standing::Free { probe: false };
        }
        let (mut probe, mut probed) = (false, false);
        let mut cooling: Option<(Basis, Duration, Cause, bool)> = None;
        for breaker in self.breakers(member, candidate) {
            match breaker.gate(candidate.ready, now) {
                Gate::Refused => return Standing::Refused,
                Gate::HalfOpen { probed: is } => {
                    probe = true;
                    probed |= is;
                }
                Gate::Cooling {
                    left,
                    basis,
                    cause,
                    barred,
                } => {
                    probed |= breaker.probes > 0;
                    // What blocks is what is told, and of that the longest.
                    if cooling.is_none_or(|known| (known.0, known.1) < (basis, left)) {
                        cooling = Some((basis, left, cause, barred));
                    }
                }
            }
        }
        let cooling = cooling.map(|(basis, left, cause, barred)| Standing::Cooling {
            left,
            basis,
            cause,
            probed,
            barred,
        });
        let most = member.max_concurrent;
        let is_full = most.is_some_and(|most| seat.in_flight >= most);
        let busy = |why, until| Standing::Busy { why, until };
        match cooling {
            // What yields lets in no more than a person allows.
            Some(cooling) if !is_full || !cooling.yields() => return cooling,
            _ if is_full => return busy(Busy::Full, None),
            _ => {}
        }
        if probed {
            return busy(Busy::Probed, None);
        }
        if let Some(at) = seat.next_slot(now.instant) {
            return busy(Busy::Ramped, Some(at));
        }
        let step = seat.next_step(now.instant);
        let narrow = probe || most.is_some() || step.is_some();
        let cannot_go = |model: &Arc<str>| {
            let gate = seat.model(model).map(|breaker| breaker.gate(true, now));
            gate.is_some_and(|gate| gate != Gate::HalfOpen { probed: false })
        };
        if narrow && self.line.is_behind(candidate.account, number, cannot_go) {
            return match step {
                Some(at) => busy(Busy::Ramped, Some(at)),
                None => busy(Busy::Lined, None),
            };
        }
        Standing::Free { probe }
    }

    /// What is known of troubles that concern a candidate: its account's, its
    /// model's there, its provider's.
    pub(super) fn breakers<'a>(
        &'a self,
        member: &Member,
        candidate: &Candidate,
    ) -> impl Iterator<Item = &'a Breaker> {
        let seat = &self.seats[candidate.account];
        let provider = if self.providers.is_empty() || !member.shares_provider {
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

    /// A breaker, where there is one.
    pub(super) fn breaker(&mut self, slot: &Slot) -> Option<&mut Breaker> {
        match slot {
            Slot::Account(account) => self.seats[*account].breaker.as_mut(),
            Slot::Model(account, model) => self.seats[*account].model_mut(model),
            Slot::Provider(provider) => self.providers.get_mut(provider)?.as_mut(),
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
            self.turns[look.account] += weight;
            total += weight;
        }
        if matches!(chosen.standing, Standing::Free { .. }) {
            self.turns[chosen.account] -= total;
        }
    }

    /// What a breaker says has changed: everybody who waits for it looks again.
    pub(super) fn wake(&self, members: &[Member], slot: &Slot) {
        match slot {
            Slot::Account(account) | Slot::Model(account, _) => self.line.wake_all(*account),
            Slot::Provider(provider) => {
                for (account, member) in members.iter().enumerate() {
                    if member.provider == *provider {
                        self.line.wake_all(account);
                    }
                }
            }
        }
    }

    pub(super) fn reset(&mut self, members: &[Member], account: usize) {
        self.seats[account].breaker = None;
        self.seats[account].opened = None;
        self.seats[account].models.clear();
        self.wake(members, &Slot::Account(account));
        // On an upstream of its own it has no part in the provider's troubles.
        if members[account].shares_provider {
            let provider = members[account].provider;
            self.providers.remove(&provider);
            self.wake(members, &Slot::Provider(provider));
        }
    }

    pub(super) fn enable(&mut self, account: usize, enabled: bool) -> bool {
        let changed = self.seats[account].enabled != enabled;
        self.seats[account].enabled = enabled;
        self.line.wake_all(account);
        changed
    }

    pub(super) fn learn_left(&mut self, account: usize, share: Option<f64>) {
        let percent = share.map(|share| (share.clamp(0.0, 1.0) * 100.0).round() as u8);
        self.seats[account].left = percent;
    }

    pub(super) fn doubt_calendar(&mut self, account: usize, cooldown: Duration, now: Now) -> bool {
        let breaker = self.seats[account].breaker.as_mut();
        let Some(breaker) = breaker.filter(|breaker| breaker.basis == Basis::Calendar) else {
            return false;
        };
        breaker.doubt(cooldown, now);
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
