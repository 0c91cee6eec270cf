//! What is known of the accounts between two runs: their troubles and their
//! quotas, in one private file of the data directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use config::ProviderId;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use crate::clock::Now;
use crate::gateway::Gateway;
use crate::pool::health::{Saved, Troubles};
use crate::quota::Quota;

/// What is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// By account id.
    pub accounts: BTreeMap<String, Known>,
    /// Troubles of whole providers, by provider id.
    pub providers: BTreeMap<String, Saved>,
}

/// What is kept of one account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Known {
    /// Ties it to a credential and its settings: after another sign-in, what
    /// was learnt of the old one says nothing.
    pub source: u64,
    /// What went wrong lately.
    pub troubles: Troubles,
    /// What is left.
    pub quota: Quota,
}

/// Where it is kept.
pub fn path(data: &Path) -> PathBuf {
    data.join("accounts.json")
}

impl Memory {
    /// What is kept below the data directory. A file that is missing or cannot
    /// be read is no error: it holds nothing that is not learnt anew.
    pub fn read(data: &Path) -> Self {
        let Ok(json) = config::files::read_private(&path(data), |_| false) else {
            return Self::default();
        };
        serde_json::from_slice(&json).unwrap_or_else(|error| {
            let path = path(data);
            tracing::warn!(path = %path.display(), %error, "what was known of the accounts cannot be read");
            Self::default()
        })
    }

    /// Keeps it, whole or not at all. Blocks on the disk.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn write(&self, data: &Path) -> Result<(), config::Error> {
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        config::files::replace(&path(data), &json)
    }

    /// Forgets the troubles of an account and of its provider, because a
    /// person says so.
    pub fn reset(&mut self, account: &str, provider: ProviderId) {
        if let Some(known) = self.accounts.get_mut(account) {
            known.troubles = Troubles::default();
        }
        self.providers.remove(provider.as_str());
    }
}

impl Gateway {
    /// What is known of the accounts now.
    pub fn memory(&self, now: Now) -> Memory {
        let accounts = self.accounts().iter().map(|account| {
            let known = Known {
                source: account.source,
                troubles: self.pool().troubles(account.place, now),
                quota: account.allowance.quota(),
            };
            (account.id.to_string(), known)
        });
        let providers = ProviderId::ALL.into_iter().filter_map(|provider| {
            let saved = self.pool().provider_trouble(provider, now)?;
            Some((provider.as_str().to_owned(), saved))
        });
        Memory {
            accounts: accounts.collect(),
            providers: providers.collect(),
        }
    }

    /// Takes up what was known at the last run, but for what has passed since
    /// and what was learnt with another credential.
    pub(crate) fn recall(&self, memory: &Memory, now: Now) {
        for account in self.accounts() {
            let known = memory.accounts.get(&*account.id);
            if let Some(known) = known.filter(|known| known.source == account.source) {
                self.pool()
                    .restore(account.place, known.troubles.clone(), now);
                let left = account.allowance.left(now.wall);
                self.pool().learn_left(account.place, left);
            }
        }
        for provider in ProviderId::ALL {
            if let Some(saved) = memory.providers.get(provider.as_str()) {
                self.pool().restore_provider(provider, saved.clone(), now);
            }
        }
    }

    /// Writes down what is known whenever it changes, for ever.
    pub(crate) async fn remember(self: Arc<Self>, data: PathBuf) {
        loop {
            self.pool().changed().await;
            // What changes together is written once.
            sleep(GATHER).await;
            let (gateway, data) = (Arc::clone(&self), data.clone());
            // A panic in there has been told of; the next change writes again.
            let _ = tokio::task::spawn_blocking(move || gateway.write_memory(&data)).await;
        }
    }

    /// Writes down what is known now. One at a time: no older state is written
    /// over a newer one. Blocks on the disk.
    pub fn write_memory(&self, data: &Path) {
        let _one = self
            .writing()
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.memory(Now::read()).write(data) {
            tracing::warn!(%error, "cannot keep the health of the accounts");
        }
    }
}

/// How long changes are gathered before they are written. It is also what a
/// kill can take.
const GATHER: Duration = Duration::from_millis(100);
