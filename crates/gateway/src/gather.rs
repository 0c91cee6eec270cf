//! Pieces that are ready one after another, handed on as one.
//!
//! hyper's client gives one chunk at a time, and its server writes what it has
//! whenever a body has nothing ready. Chunk by chunk, a fast stream costs one
//! system call each: 128,256 writes for 128,000 chunks, where gathering makes
//! 1,745 (docs/performance.md).

use bytes::{Bytes, BytesMut};

/// What is handed on at once, at most.
const MOST: usize = 16 << 10;
/// How many turns the task that feeds a body gets before what has come is
/// handed on. It needs one to read and parse the next piece, and hyper's server
/// polls a body twice in a turn of its own.
const TURNS: u8 = 3;

/// Pieces that have come. One alone is not copied.
#[derive(Default)]
pub(crate) struct Gather {
    first: Bytes,
    more: BytesMut,
    turns: u8,
}

impl Gather {
    /// Adds a piece.
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.turns = 0;
        if self.first.is_empty() && self.more.is_empty() {
            self.first = piece;
            return;
        }
        if self.more.is_empty() {
            self.more
                .extend_from_slice(&std::mem::take(&mut self.first));
        }
        self.more.extend_from_slice(&piece);
    }

    /// How many bytes have come.
    pub(crate) fn len(&self) -> usize {
        self.first.len() + self.more.len()
    }

    /// Whether nothing has come.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it is enough.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= MOST
    }

    /// Whether to wait one more turn for another piece.
    pub(crate) fn waits(&mut self) -> bool {
        self.turns += 1;
        self.turns <= TURNS
    }

    /// All that has come, in one piece. A buffer is not kept: most streams are
    /// slow, and there are many of them.
    pub(crate) fn take(&mut self) -> Bytes {
        self.turns = 0;
        if self.more.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            std::mem::take(&mut self.more).freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_piece_alone_is_not_copied() {
        let piece = Bytes::from(vec![1, 2, 3]);
        let at = piece.as_ptr();
        let mut gather = Gather::default();
        gather.push(piece);
        assert_eq!(gather.take().as_ptr(), at);
    }

    #[test]
    fn waiting_ends() {
        let mut gather = Gather::default();
        gather.push(Bytes::from_static(b"a"));
        assert_eq!(
            (0..10).filter(|_| gather.waits()).count(),
            usize::from(TURNS)
        );
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_came(pieces in proptest::collection::vec(".{0,9}", 0..9)) {
            let mut gather = Gather::default();
            for piece in &pieces {
                gather.push(Bytes::from(piece.clone()));
            }
            prop_assert_eq!(gather.take(), pieces.concat());
            prop_assert!(gather.is_empty());
        }
    }
}
