//! Who asks, and when.

use super::upstream::{MODELS, Time};
use super::world::{Event, World};

impl World {
    /// Conversations that go on turn by turn, and swarms of subagents, each of
    /// one session with openings of their own.
    pub(super) fn people(&mut self, length: Time) {
        for session in 0..(length / 60.0) as u64 {
            let model = self.chance.usize(0..MODELS);
            let mut at = self.chance.f64() * length;
            for _ in 0..self.chance.u32(20..80) {
                self.plan(
                    at,
                    Event::Arrive {
                        model,
                        session,
                        swarm: None,
                    },
                );
                at += 5.0 + self.chance.f64() * 55.0;
            }
        }
        for swarm in 0..(length / 600.0) as u64 {
            let (at, model) = (self.chance.f64() * length, self.chance.usize(0..MODELS));
            let size = self.chance.u64(20..60);
            for agent in 0..size {
                let event = Event::Arrive {
                    model,
                    session: 1 << 40 | swarm << 20 | agent,
                    swarm: Some(swarm as usize),
                };
                self.plan(at, event);
            }
        }
    }
}
