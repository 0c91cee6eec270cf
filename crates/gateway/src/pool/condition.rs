//! How an account is, for a person: its troubles in one word and a reason.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Member;
use super::breaker::{Basis, Breaker, Cause};
use super::state::State;
use crate::clock::{Moment, Now};
use crate::route::Candidate;

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
