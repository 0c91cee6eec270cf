//! The sums of some records, while they grow.

use std::collections::HashMap;

use super::names::Names;
use super::sketch::Sketch;
use super::{Figures, Tokens, Unpriced};
use crate::Ending;

/// What is summed up of one record.
pub(super) struct Addend {
    pub(super) ending: Ending,
    pub(super) tokens: Tokens,
    pub(super) nano_credits: Option<u64>,
    /// Its provider and model, by the numbers of their names, where it used
    /// tokens and no price was told.
    pub(super) unpriced: Option<(u32, u32)>,
    /// In microseconds.
    pub(super) first_byte: Option<u64>,
}

/// Sums while they grow.
#[derive(Debug, Default)]
pub(super) struct Sums {
    requests: u64,
    failed: u64,
    cancelled: u64,
    tokens: Tokens,
    nano_credits: u64,
    priced: u64,
    /// By provider and model: of how many requests, and how many tokens.
    unpriced: HashMap<(u32, u32), (u64, Tokens)>,
    first_byte: Sketch,
}

impl Sums {
    pub(super) fn add(&mut self, one: &Addend) {
        self.requests += 1;
        self.failed += u64::from(one.ending == Ending::Failed);
        self.cancelled += u64::from(one.ending == Ending::Cancelled);
        self.tokens.add(&one.tokens);
        if let Some(price) = one.nano_credits {
            self.priced += 1;
            self.nano_credits = self.nano_credits.saturating_add(price);
        }
        if let Some(what) = one.unpriced {
            self.add_unpriced(what, 1, &one.tokens);
        }
        if let Some(first_byte) = one.first_byte {
            self.first_byte.add(first_byte);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        self.tokens.add(&other.tokens);
        self.nano_credits = self.nano_credits.saturating_add(other.nano_credits);
        self.priced += other.priced;
        for (what, (requests, tokens)) in &other.unpriced {
            self.add_unpriced(*what, *requests, tokens);
        }
        self.first_byte.merge(&other.first_byte);
    }

    pub(super) fn told(&self, names: &Names) -> Figures {
        let mut unpriced: Vec<Unpriced> = self
            .unpriced
            .iter()
            .map(|((provider, model), (requests, tokens))| Unpriced {
                provider: names.name(*provider),
                model: names.name(*model).unwrap_or_default(),
                requests: *requests,
                tokens: *tokens,
            })
            .collect();
        unpriced.sort_unstable();
        Figures {
            requests: self.requests,
            failed: self.failed,
            cancelled: self.cancelled,
            tokens: self.tokens,
            nano_credits: self.nano_credits,
            priced: self.priced,
            unpriced,
            first_byte: self.first_byte.told(),
        }
    }

    fn add_unpriced(&mut self, what: (u32, u32), requests: u64, tokens: &Tokens) {
        let sums = self.unpriced.entry(what).or_default();
        sums.0 += requests;
        sums.1.add(tokens);
    }
}

impl Tokens {
    fn add(&mut self, other: &Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
        self.cache_read = self.cache_read.saturating_add(other.cache_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
    }
}
