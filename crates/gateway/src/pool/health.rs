//! What outlives a restart: the troubles of all accounts, as plain values.

use std::collections::BTreeMap;

use config::ProviderId;
use serde::{Deserialize, Serialize};

use super::Pool;
use super::breaker::Breaker;
pub use super::breaker::Saved;
use super::condition::Condition;
use super::state::Slot;
use crate::clock::Now;

/// The troubles of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Troubles {
    /// Of the account itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<Saved>,
    /// Of single models on it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub models: BTreeMap<String, Saved>,
}

impl Pool {
    /// The troubles of an account that are worth keeping.
    pub fn troubles(&self, account: usize, now: Now) -> Troubles {
        let state = self.state();
        let seat = &state.seats[account];
        let lasts = |breaker: &&Breaker| breaker.until.is_none_or(|until| until.is_ahead(now));
        let models = seat.models.iter().filter_map(|(model, breaker)| {
            let breaker = breaker.as_ref().filter(lasts)?;
            Some((model.to_string(), breaker.save()))
        });
        Troubles {
            models: models.collect(),
            own: seat.breaker.as_ref().filter(lasts).map(Breaker::save),
        }
    }

    /// The troubles that hit a whole provider.
    pub fn provider_trouble(&self, provider: ProviderId, now: Now) -> Option<Saved> {
        let state = self.state();
        let breaker = state.providers.get(&provider)?.as_ref()?;
        let lasts = breaker.until.is_none_or(|until| until.is_ahead(now));
        lasts.then(|| breaker.save())
    }

    /// Takes up what was kept of an account, but for what has passed.
    pub fn restore(&self, account: usize, troubles: Troubles, now: Now) {
        let mut state = self.state();
        if let Some(own) = troubles.own {
            *state.slot(&Slot::Account(account)) = Breaker::restore(own, now);
        }
        for (model, saved) in troubles.models {
            let slot = Slot::Model(account, model.into());
            *state.slot(&slot) = Breaker::restore(saved, now);
        }
        state.tidy();
    }

    /// Takes up what was kept of a provider.
    pub fn restore_provider(&self, provider: ProviderId, saved: Saved, now: Now) {
        let mut state = self.state();
        *state.slot(&Slot::Provider(provider)) = Breaker::restore(saved, now);
        state.tidy();
    }
}

impl Saved {
    /// How an account with this trouble is; `None` once it has passed.
    pub fn condition(&self, now: Now) -> Option<Condition> {
        Some(Breaker::restore(self.clone(), now)?.condition(now))
    }
}
