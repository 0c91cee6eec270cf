//! What requests cost: as the upstream told, else as list prices say, else unknown.

use std::collections::BTreeSet;

use config::ProviderId;
use gateway::catalogue::Catalogue;
use ledger::Figures;

use super::numbers::dollars;

/// What some requests cost, in nano-credits.
#[derive(Default)]
pub(super) struct Cost {
    /// As the upstream told it.
    pub(super) told: u64,
    /// Of those that were told no price, at list price.
    pub(super) estimated: u64,
    /// How many requests that is.
    pub(super) estimated_requests: u64,
    /// How many requests used tokens of which no price is known.
    pub(super) unknown_requests: u64,
    /// Their models.
    pub(super) unknown_models: BTreeSet<String>,
    /// How many were told a price.
    priced: u64,
}

impl Cost {
    pub(super) fn of(figures: &Figures, catalogue: &Catalogue) -> Self {
        let mut cost = Self {
            told: figures.nano_credits,
            priced: figures.priced,
            ..Self::default()
        };
        for unpriced in &figures.unpriced {
            let provider = unpriced.provider.as_deref().and_then(ProviderId::from_id);
            let estimate = provider.and_then(|provider| {
                catalogue.estimate(provider, &unpriced.model, &unpriced.tokens)
            });
            match estimate {
                Some(estimate) => {
                    cost.estimated = cost.estimated.saturating_add(estimate);
                    cost.estimated_requests += unpriced.requests;
                }
                None => {
                    cost.unknown_requests += unpriced.requests;
                    cost.unknown_models.insert(unpriced.model.to_string());
                }
            }
        }
        cost
    }

    /// All that is known of it.
    pub(super) const fn sum(&self) -> u64 {
        self.told.saturating_add(self.estimated)
    }

    /// In few characters: with `~` where some of it is estimated or unknown, `?` where
    /// none of it is known, `-` where nothing was used.
    pub(super) fn short(&self) -> String {
        let known = self.priced + self.estimated_requests;
        match (known, self.unknown_requests) {
            (0, 0) => "-".to_owned(),
            (0, _) => "?".to_owned(),
            (_, 0) if self.estimated_requests == 0 => dollars(self.sum()),
            _ => format!("~{}", dollars(self.sum())),
        }
    }
}
