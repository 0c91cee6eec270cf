//! State in a conversation that only its maker can read: encrypted reasoning,
//! and the signatures of thinking.
//!
//! Another account or model answers it with a 400 (facts: what users suffer,
//! 2), so a router remembers who made which, by [`Digest`]: [`Seals`] gathers
//! those of a reply, [`pieces()`] finds those of a request and takes out what a
//! new account would refuse.

mod cuts;
mod pieces;
mod seals;

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::Dialect;

pub use pieces::{Sealed, pieces};
pub use seals::Seals;

/// The digest of one sealed piece: of the text that its JSON string stands
/// for, so that it is the same however a client escapes it. Good for as long
/// as this process runs; another build may hash in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(u64);

impl Digest {
    pub(crate) fn of(text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(text.as_bytes());
        Self(hasher.finish())
    }
}

/// Whether JSON of this dialect may hold a sealed piece: one search, two in
/// Messages. The quotes keep it from finding these words in what is said,
/// where quotes are escaped.
fn may_hold(dialect: Dialect, json: &[u8]) -> bool {
    let words = &*WORDS;
    match dialect {
        Dialect::Chat => words.reasoning_opaque.find(json).is_some(),
        Dialect::Responses => words.encrypted_content.find(json).is_some(),
        Dialect::Messages => {
            words.signature.find(json).is_some() || words.redacted_thinking.find(json).is_some()
        }
    }
}

struct Words {
    reasoning_opaque: Finder<'static>,
    encrypted_content: Finder<'static>,
    signature: Finder<'static>,
    redacted_thinking: Finder<'static>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    reasoning_opaque: Finder::new(r#""reasoning_opaque""#),
    encrypted_content: Finder::new(r#""encrypted_content""#),
    signature: Finder::new(r#""signature""#),
    redacted_thinking: Finder::new(r#""redacted_thinking""#),
});

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
