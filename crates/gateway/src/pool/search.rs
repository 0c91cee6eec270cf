//! One request's search for an account: which one next, or what to wait for.
//!
//! In the order of what it costs: the account that the conversation belongs
//! to, or whose short limit was just met, also for a wait; any free one; one
//! that merely failed; a wait for what comes soon; and last, before the
//! request fails, what only a guess of ours stands against.

use std::sync::Arc;
use std::time::{Duration, Instant};

use config::Strategy;
use tokio::sync::Notify;

use super::line::Place;
use super::seat::RAMP;
use super::standing::{Busy, Considered, Rank, Standing, best};
use super::state::State;
use super::{Lease, Pool};
use crate::clock::Now;
use crate::outcome::Outcome;
use crate::route::Candidate;

/// What one request knows of its attempts so far. Dropped, it leaves the line.
pub struct Search {
    pool: Arc<Pool>,
    session: Option<u64>,
    asked: Vec<Asked>,
    /// The account whose short limit is waited out.
    stay: Option<usize>,
    /// How long it has waited in all.
    waited: Duration,
    waiting_since: Option<Instant>,
    place: Option<Place>,
    has_looked: bool,
    considered: Vec<Considered>,
}

/// An account that the request was tried on.
struct Asked {
    account: usize,
    /// Whether it may be asked again once its limit has passed.
    limited: bool,
    times: u32,
}

/// What a search says.
pub enum Choice {
    /// This one.
    Lease(Lease),
    /// None yet: until then, or until [`Search::turn`].
    Wait {
        /// When to look again.
        until: Instant,
        /// The account that is waited for, where it is one.
        account: Option<usize>,
    },
    /// None, and none to wait for.
    Nobody,
}

impl Search {
    pub(super) const fn new(pool: Arc<Pool>, session: Option<u64>) -> Self {
        Self {
            pool,
            session,
            asked: Vec::new(),
            stay: None,
            waited: Duration::ZERO,
            waiting_since: None,
            place: None,
            has_looked: false,
            considered: Vec::new(),
        }
    }

    /// The next account, or what to wait for. To be asked again after each
    /// attempt, and after each wait.
    pub fn next(&mut self, candidates: &[Candidate], now: Now) -> Choice {
        if let Some(since) = self.waiting_since.take() {
            self.waited += now.instant.saturating_duration_since(since);
        }
        let pool = Arc::clone(&self.pool);
        let mut state = pool.state();
        let mut looks = self.look(&state, candidates, now);
        if !std::mem::replace(&mut self.has_looked, true) {
            if let Some(at) = gladly(&looks) {
                // The usual case ends here.
                let choice = self.take(&mut state, candidates, &looks, at, now);
                self.considered = looks;
                return choice;
            }
            self.considered.clone_from(&looks);
        }
        for look in &mut looks {
            if self.has_had_enough(look) {
                look.standing = Standing::Asked;
            }
        }
        match self.choose(&state, &looks) {
            Some(at) => self.take(&mut state, candidates, &looks, at, now),
            None => self.wait(&mut state, candidates, &looks, now),
        }
    }

    /// How the candidates stand, best first.
    pub(super) fn preview(&self, candidates: &[Candidate], now: Now) -> Vec<Considered> {
        let mut looks = self.look(&self.pool.state(), candidates, now);
        looks.sort_by_key(Considered::order);
        looks
    }

    /// Woken when a wait may be over before its time.
    pub fn turn(&self) -> Option<Arc<Notify>> {
        self.place.as_ref().map(|place| Arc::clone(&place.turn))
    }

    /// Takes note of what came of an attempt, and of how long its account is
    /// passed over now. A short limit is waited out there, the first time.
    pub fn learn(&mut self, account: usize, outcome: Outcome, left: Option<Duration>) {
        let limited = matches!(
            outcome,
            Outcome::Limited { .. } | Outcome::Overloaded { .. }
        );
        let known = self.asked.iter_mut().find(|asked| asked.account == account);
        let is_first = known.is_none();
        match known {
            Some(asked) => {
                asked.limited = limited;
                asked.times += 1;
            }
            None => self.asked.push(Asked {
                account,
                limited,
                times: 1,
            }),
        }
        let waits = match outcome {
            Outcome::Limited { .. }
            | Outcome::Overloaded {
                retry_after: Some(_),
                ..
            } => is_first && left.is_some_and(|left| left <= self.budget()),
            _ => false,
        };
        self.stay = waits.then_some(account);
    }

    /// How the candidates stood when the search began, in their order. Told
    /// once.
    pub fn considered(&mut self) -> Vec<Considered> {
        std::mem::take(&mut self.considered)
    }

    /// How long it may still wait.
    fn budget(&self) -> Duration {
        self.pool.rules.max_wait.saturating_sub(self.waited)
    }

    fn look(&self, state: &State, candidates: &[Candidate], now: Now) -> Vec<Considered> {
        let bound = self.bound(state, candidates, now);
        let number = self.place.as_ref().map(|place| place.number);
        let looks = candidates.iter().enumerate().map(|(at, candidate)| {
            let member = &self.pool.members[candidate.account];
            Considered {
                bound: bound == Some(at),
                account: candidate.account,
                standing: state.standing(member, candidate, number, now),
                rank: self.rank(state, candidate),
            }
        });
        looks.collect()
    }

    fn rank(&self, state: &State, candidate: &Candidate) -> Rank {
        let account = candidate.account;
        let member = &self.pool.members[account];
        let seat = &state.seats[account];
        let strategy = match self.pool.rules.strategy {
            Strategy::RoundRobin | Strategy::Sticky => 0,
            Strategy::FillFirst => i64::try_from(account).unwrap_or(i64::MAX),
            // What is not known counts as half, and what runs already as a
            // percent each: many at once do not all go to one.
            Strategy::MostRemaining => {
                i64::from(seat.in_flight) - i64::from(seat.left.unwrap_or(50))
            }
        };
        Rank {
            tier: member.tier,
            waiting: !candidate.ready,
            unlisted: !candidate.listed,
            strategy,
            turn: -(state.turns[account] + i64::from(member.weight)),
        }
    }

    /// The place among the candidates of the account that the conversation
    /// belongs to.
    fn bound(&self, state: &State, candidates: &[Candidate], now: Now) -> Option<usize> {
        if self.pool.rules.strategy != Strategy::Sticky {
            return None;
        }
        let account = state.affinity.account(self.session?, now.instant)?;
        candidates
            .iter()
            .position(|candidate| candidate.account == account)
    }

    /// Which candidate is leased now; `None` where there is to be a wait, or
    /// nobody is left.
    fn choose(&mut self, state: &State, looks: &[Considered]) -> Option<usize> {
        if let Some(at) = self.kept_to(state, looks) {
            return is_free(looks[at].standing).then_some(at);
        }
        best(looks, is_free)
            .or_else(|| best(looks, Standing::is_worth_a_try))
            .or_else(|| {
                let waits = self.may_wait(state);
                if waits && looks.iter().any(|look| self.comes_soon(look.standing)) {
                    return None;
                }
                best(looks, Standing::is_polite).or_else(|| best(looks, Standing::yields))
            })
    }

    /// The candidate that the request keeps to, free or not: one whose short
    /// limit it waits out, or its conversation's, where that comes soon.
    fn kept_to(&mut self, state: &State, looks: &[Considered]) -> Option<usize> {
        let stays = self.stay;
        let at = stays
            .and_then(|account| looks.iter().position(|look| look.account == account))
            .or_else(|| looks.iter().position(|look| look.bound))?;
        let (standing, budget) = (looks[at].standing, self.budget());
        let keeps = match standing {
            Standing::Free { .. } => true,
            _ if !self.may_wait(state) => false,
            Standing::Cooling { left, .. } if stays.is_some() => left <= budget,
            Standing::Cooling { .. } => standing.passes_within(budget),
            _ => standing.is_polite() && self.comes_soon(standing),
        };
        if !keeps {
            self.stay = None;
        }
        keeps.then_some(at)
    }

    fn may_wait(&self, state: &State) -> bool {
        self.place.is_some() || state.line.has_room()
    }

    /// Whether something that stands so may be free while the request can
    /// still wait.
    fn comes_soon(&self, standing: Standing) -> bool {
        let (budget, most) = (self.budget(), self.pool.rules.max_wait);
        match standing {
            // The ramp is short, and a line that moves may overrun the budget:
            // else all who wait would go at once when that ends.
            Standing::Busy {
                why: Busy::Ramped, ..
            } => !most.is_zero() && self.waited < most + RAMP,
            Standing::Busy { .. } => !budget.is_zero(),
            // After a failure only the probe is worth a wait.
            Standing::Cooling { probed: true, .. } => !budget.is_zero(),
            _ if standing.is_guessed_limit() => !budget.is_zero(),
            _ => standing.passes_within(budget),
        }
    }

    fn take(
        &mut self,
        state: &mut State,
        candidates: &[Candidate],
        looks: &[Considered],
        at: usize,
        now: Now,
    ) -> Choice {
        let look = looks[at];
        // A conversation that stays where it is takes nobody's turn.
        if self.stay.is_none() && !look.bound {
            state.turn(&self.pool.members, looks, at);
        }
        if let (Some(session), Strategy::Sticky) = (self.session, self.pool.rules.strategy) {
            // Where its account only has no room for a moment, it is elsewhere
            // this once.
            let is_busy = |look: &Considered| matches!(look.standing, Standing::Busy { .. });
            if look.bound || !looks.iter().any(|look| look.bound && is_busy(look)) {
                state.affinity.bind(session, look.account, now.instant);
            }
        }
        self.stay = None;
        let lease = Lease::take(&self.pool, state, &candidates[at], now);
        if let Some(place) = self.place.take() {
            state.line.leave(place);
        }
        Choice::Lease(lease)
    }

    /// Stands in line for all that comes soon.
    fn wait(
        &mut self,
        state: &mut State,
        candidates: &[Candidate],
        looks: &[Considered],
        now: Now,
    ) -> Choice {
        let kept = self.kept_to(state, looks);
        let budget = self.budget();
        let mut until: Option<Instant> = None;
        let mut accounts = Vec::new();
        for (at, look) in looks.iter().enumerate() {
            let awaited = kept.map_or_else(|| self.comes_soon(look.standing), |kept| kept == at);
            if !awaited {
                continue;
            }
            accounts.push((look.account, Arc::clone(&candidates[at].model)));
            let comes = match look.standing {
                Standing::Cooling { left, .. } => now.instant + left.min(budget),
                Standing::Busy {
                    until: Some(until), ..
                } => until,
                _ => now.instant + budget,
            };
            until = Some(until.map_or(comes, |until| until.min(comes)));
        }
        let (Some(until), true) = (until, self.may_wait(state)) else {
            if let Some(place) = self.place.take() {
                state.line.leave(place);
            }
            return Choice::Nobody;
        };
        let place = self.place.get_or_insert_with(|| state.line.enter());
        state.line.stand(place, &accounts);
        self.waiting_since = Some(now.instant);
        let account = match accounts.as_slice() {
            [(account, _)] => Some(*account),
            _ => None,
        };
        Choice::Wait { until, account }
    }

    /// Whether the request was tried there and is not to be once more: after a
    /// limit it is, as soon as that has passed.
    fn has_had_enough(&self, look: &Considered) -> bool {
        let Some(asked) = self
            .asked
            .iter()
            .find(|asked| asked.account == look.account)
        else {
            return false;
        };
        let passes = match look.standing {
            Standing::Cooling { .. } => look.standing.passes_within(self.budget()),
            _ => true,
        };
        !asked.limited || asked.times >= MOST_TIMES || !passes
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.pool.state().line.leave(place);
        }
    }
}

/// The account that a request has where all goes well: its conversation's, or
/// the best of the free ones.
fn gladly(looks: &[Considered]) -> Option<usize> {
    match looks.iter().position(|look| look.bound) {
        Some(at) => is_free(looks[at].standing).then_some(at),
        None => best(looks, is_free),
    }
}

const fn is_free(standing: Standing) -> bool {
    matches!(standing, Standing::Free { .. })
}

/// How often one request asks one account: its limits may pass again and again.
const MOST_TIMES: u32 = 5;
