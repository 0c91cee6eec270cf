//! The truth about one account: what its upstream answers at each moment.

use std::collections::VecDeque;

use super::super::secs;
use crate::outcome::{Outcome, Reset, Scope};

/// Seconds since the world began.
pub(super) type Time = f64;

/// What is true of one account.
pub(super) struct Truth {
    /// When the seat is gone for good.
    gone: Time,
    /// When it fails, and how.
    outages: Vec<Outage>,
    /// Requests that it takes in a minute, and whether it tells of the rest.
    pace: (usize, bool),
    /// Requests that it takes in a window of so many seconds.
    window: (u64, Time, Tells),
    /// What a model may do on it in five minutes.
    model: usize,
    recent: VecDeque<Time>,
    in_window: (u64, u64),
    of_models: [VecDeque<Time>; MODELS],
}

#[derive(Clone, Copy)]
struct Outage {
    from: Time,
    to: Time,
    answer: Outcome,
}

/// What an upstream tells of the end of a window.
#[derive(Clone, Copy)]
enum Tells {
    Nothing,
    /// That it is one of those that the calendar knows.
    Calendar,
    Moment,
}

pub(super) const MODELS: usize = 3;
pub(super) const NEVER: Time = f64::INFINITY;

impl Truth {
    /// An account without limits.
    pub(super) fn good() -> Self {
        Self {
            gone: NEVER,
            outages: Vec::new(),
            pace: (usize::MAX, true),
            window: (u64::MAX, 3600.0, Tells::Moment),
            model: usize::MAX,
            recent: VecDeque::new(),
            in_window: (0, 0),
            of_models: Default::default(),
        }
    }

    /// One with limits, outages and an end, by chance.
    pub(super) fn troubled(chance: &mut fastrand::Rng, length: Time, accounts: usize) -> Self {
        // About as many requests come in a minute for each account.
        let demand = 53.0 / accounts as Time;
        let mut times = |least: Time, most: Time, minutes: Time| {
            let share = least + chance.f64() * (most - least);
            (demand * minutes * share).ceil().max(1.0) as usize
        };
        let (pace, model) = (times(1.5, 6.0, 1.0), times(0.5, 2.0, 5.0));
        let length_of_window = 600.0 + times(0.0, 50.0, 60.0 / demand) as Time;
        let window = times(0.8, 2.5, length_of_window / 60.0) as u64;
        let outages = (0..chance.usize(2..7)).map(|_| {
            let from = chance.f64() * length;
            let answer = match chance.u8(0..6) {
                0 => Outcome::Failing { retry_after: None },
                1 => Outcome::Unreachable,
                2 => Outcome::Unrecognised,
                3 => Outcome::Overloaded {
                    scope: Scope::Model,
                    retry_after: None,
                },
                4 => Outcome::Interrupted,
                _ => Outcome::Unauthorized,
            };
            let to = from + 5.0 + chance.f64() * length / 20.0;
            Outage { from, to, answer }
        });
        let outages = outages.collect();
        Self {
            gone: if chance.u8(0..20) == 0 {
                chance.f64() * length * 2.0
            } else {
                NEVER
            },
            outages,
            pace: (pace, chance.bool()),
            window: (
                window,
                length_of_window,
                match chance.u8(0..4) {
                    0 => Tells::Nothing,
                    1 => Tells::Calendar,
                    _ => Tells::Moment,
                },
            ),
            model,
            ..Self::good()
        }
    }

    /// What it would answer, and its own word for the kind of trouble.
    pub(super) fn answer(&self, model: usize, at: Time) -> (Outcome, &'static str) {
        if at >= self.gone {
            return (Outcome::Refused, "gone");
        }
        let outage = self
            .outages
            .iter()
            .find(|outage| (outage.from..outage.to).contains(&at));
        if let Some(outage) = outage {
            return (outage.answer, "outage");
        }
        let (most, length, tells) = self.window;
        let ends = (at / length).floor() * length + length;
        if self.in_window.0 == (at / length) as u64 && self.in_window.1 >= most {
            let (reset, kind) = match tells {
                Tells::Nothing => (Reset::Unknown, "untold window"),
                Tells::Calendar => (Reset::Calendar(after(ends - at)), "calendar"),
                Tells::Moment => (Reset::Told(after(ends - at)), "window"),
            };
            let scope = Scope::Account;
            return (Outcome::Limited { scope, reset }, kind);
        }
        let (most, tells) = self.pace;
        if let Some(free) = full(&self.recent, most, 60.0, at) {
            let reset = if tells {
                Reset::Told(after(free - at))
            } else {
                Reset::Unknown
            };
            let kind = if tells { "pace" } else { "untold pace" };
            return (
                Outcome::Limited {
                    scope: Scope::Pace,
                    reset,
                },
                kind,
            );
        }
        if let Some(free) = full(&self.of_models[model], self.model, 300.0, at) {
            let reset = Reset::Told(after(free - at));
            return (
                Outcome::Limited {
                    scope: Scope::Model,
                    reset,
                },
                "model",
            );
        }
        (Outcome::Served, "served")
    }

    /// It has answered a request.
    pub(super) fn serve(&mut self, model: usize, at: Time) {
        let number = (at / self.window.1) as u64;
        if self.in_window.0 != number {
            self.in_window = (number, 0);
        }
        self.in_window.1 += 1;
        for (taken, length) in [
            (&mut self.recent, 60.0),
            (&mut self.of_models[model], 300.0),
        ] {
            while taken.front().is_some_and(|first| at - first >= length) {
                taken.pop_front();
            }
            taken.push_back(at);
        }
    }
}

/// When a sliding window has room again, if it has none.
fn full(taken: &VecDeque<Time>, most: usize, length: Time, at: Time) -> Option<Time> {
    let recent = taken.iter().filter(|time| at - **time < length).count();
    if recent < most {
        return None;
    }
    taken.get(taken.len() - most).map(|oldest| oldest + length)
}

/// Upstreams tell whole seconds, and round up.
pub(super) fn after(wait: Time) -> std::time::Duration {
    secs(wait.ceil().max(1.0) as u64)
}
