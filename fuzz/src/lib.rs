//! What the targets share: how an input is laid out, and how bytes are cut.
//!
//! An input begins with two bytes that choose what is done with the rest. In the seeds they
//! are digits, so that a finding can be read.

pub mod client;
pub mod gist;
pub mod mutate;

use dialect::Dialect;
use dialect::sse::{event_end, resume};

/// All of them, in the order in which an input's first byte counts them.
pub const DIALECTS: [Dialect; 3] = [Dialect::Chat, Dialect::Responses, Dialect::Messages];

/// One input, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The dialect that the rest is to be read in.
    pub dialect: Dialect,
    /// What the rest is to be read as, where a target knows several things.
    pub kind: u8,
    /// Choices of the target's own, one a bit; also the seed of how bytes are cut.
    pub choices: u8,
    /// The rest.
    pub bytes: &'a [u8],
}

impl<'a> Input<'a> {
    /// How many bytes stand in front of the rest.
    pub const HEAD: usize = 2;

    /// Takes an input apart; `None` where it is too short.
    pub fn of(data: &'a [u8]) -> Option<Self> {
        let [what, choices, bytes @ ..] = data else {
            return None;
        };
        let what = what.wrapping_sub(b'0');
        Some(Self {
            dialect: DIALECTS[usize::from(what % 3)],
            kind: what / 3 % 3,
            choices: choices.wrapping_sub(b'0'),
            bytes,
        })
    }

    /// Whether the choice of this number, 0 to 7, was made.
    pub const fn chooses(&self, number: u8) -> bool {
        self.choices >> number & 1 == 1
    }
}

/// The whole events of a stream and its unfinished rest, as a reader has them that gets it
/// in these pieces.
pub fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Vec<u8>> {
    let (mut held, mut from, mut events) = (Vec::new(), 0, Vec::new());
    for piece in pieces {
        held.extend_from_slice(piece);
        while let Some(end) = event_end(&held, from) {
            events.push(held.drain(..end).collect());
            from = 0;
        }
        from = resume(held.len());
    }
    if !held.is_empty() {
        events.push(held);
    }
    events
}

/// Cuts bytes into pieces of one byte to a handful, or of up to some hundred, by a seed.
pub fn cut(mut bytes: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut random = Random::new(u32::from(seed));
    let most = if seed & 1 == 1 { 4 } else { 300 };
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at((random.below(most) + 1).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Numbers that a seed decides (xorshift).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The row of numbers of this seed.
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number, below `end`; 0 where that is 0.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end.max(1)
    }

    /// One of these.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get(self.below(all.len()))
    }
}
