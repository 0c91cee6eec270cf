//! An account of the person's: who it is, and what serves through it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use config::ProviderId;
use dialect::Dialect;
use http::HeaderMap;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::clock::Now;
use crate::kept::Next;
use crate::models::Listing;
use crate::pool::Pool;
use crate::provider::Provider;
use crate::quota::{Allowance, HOURLY, SOON};
use crate::spoken::Spoken;
use crate::upstream::Upstream;

/// One account in the pool.
pub struct Account {
    /// Its id in the configuration.
    pub id: Arc<str>,
    /// What clients are told of who it is: its id, or, where that is not to be
    /// revealed, its number.
    pub label: Arc<str>,
    /// The pool that it is in.
    pub pool: Arc<Pool>,
    /// Its place there.
    pub place: usize,
    /// Whose account it is.
    pub provider: ProviderId,
    /// What knows how to talk to its upstream.
    pub backend: Box<dyn Provider>,
    /// The way to its upstream.
    pub http: Upstream,
    /// The models that its upstream lists.
    pub models: Listing,
    /// What is left of its allowance.
    pub allowance: Allowance,
    /// Whether it may serve; its keepers rest where it may not.
    pub enabled: watch::Sender<bool>,
    /// Tells the credential and the settings of one account from others of
    /// the same id: what was learnt of those says nothing of it.
    pub source: u64,
    /// Which dialects its upstream has refused, by model.
    pub(crate) unspoken: Mutex<Vec<(Arc<str>, Dialect)>>,
}

impl Account {
    /// Keeps its token, its list and its quota fresh for ever, while it is
    /// enabled.
    pub(crate) async fn keep(self: Arc<Self>) {
        let mut enabled = self.enabled.subscribe();
        loop {
            // The sender lives as long as the account does.
            let _ = enabled.wait_for(|enabled| *enabled).await;
            let all = async { tokio::join!(self.keep_list(), self.keep_quota()) };
            tokio::select! {
                _ = all => {}
                _ = enabled.wait_for(|enabled| !*enabled) => {}
            }
        }
    }

    /// Keeps its token and its list fresh for ever.
    pub(crate) async fn keep_list(&self) {
        let list = self.models.keep(&self.id, &*self.backend, &self.http);
        tokio::join!(self.backend.keep(&self.http), list);
    }

    /// Asks for the quota at the start, hourly, and whenever somebody wants it.
    async fn keep_quota(&self) {
        /// How long asking again is of no use.
        const REST: Duration = Duration::from_secs(5);
        let first = Next {
            after: Some(Duration::ZERO),
            rest: Duration::ZERO,
        };
        self.allowance
            .asked
            .keep(first, |_| async move {
                let asked = self.ask_quota().await;
                if let Err(error) = &asked {
                    tracing::debug!(account = &*self.id, error, "cannot ask for the quota");
                }
                let next = Next {
                    after: Some(if asked.is_ok() { HOURLY } else { SOON }),
                    rest: REST,
                };
                (asked, next)
            })
            .await;
    }

    /// Asks what is left. Costs nothing of it.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask_quota(&self) -> Result<(), String> {
        const LIMIT: Duration = Duration::from_secs(10);
        let Some(request) = self.backend.quota_request() else {
            return Ok(());
        };
        let answer = self.http.fetch(request, LIMIT).await;
        let (status, _, body) = answer.map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("the upstream answered {status}"));
        }
        let quota = self.backend.quota(&body)?;
        let left = self.allowance.answer(quota, Timestamp::now());
        self.pool.learn_left(self.place, left);
        self.pool.has_changed();
        // Copilot's is the only calendar that this can refute: Z.ai's day has no
        // window of its own.
        if self.provider.is_copilot() && left.is_some_and(|left| left > 0.0) {
            self.pool.doubt_calendar(self.place, Now::read());
        }
        Ok(())
    }

    /// Takes up what a reply tells of the allowance in passing.
    pub(crate) fn overhear(&self, headers: &HeaderMap) {
        let windows = self.backend.overheard(headers);
        if !windows.is_empty() {
            let left = self.allowance.overhear(windows, Timestamp::now());
            self.pool.learn_left(self.place, left);
        }
    }

    /// Asks for the quota anew, soon: something was said of it.
    pub(crate) fn want_quota(&self) {
        self.allowance.asked.want();
    }

    /// The dialects that its upstream speaks with a model: as the list says and as was
    /// learnt since.
    pub fn spoken(&self, model: &str) -> Spoken {
        let list = self.models.list();
        let listed = list.as_ref().and_then(|list| list.spoken(model));
        let spoken = self.backend.spoken(model, listed);
        let learnt = self.unspoken.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = learnt.iter().filter(|(known, _)| **known == *model);
        refused.fold(spoken, |spoken, (_, dialect)| spoken.without(*dialect))
    }

    /// Its upstream has said that it does not speak this dialect with this model.
    pub(crate) fn learn_unspoken(&self, model: &Arc<str>, dialect: Dialect) {
        /// So many models no upstream has; a wrong word must not stay for ever.
        const MOST: usize = 256;
        let mut learnt = self.unspoken.lock().unwrap_or_else(PoisonError::into_inner);
        if learnt.len() >= MOST {
            learnt.clear();
        }
        if !learnt
            .iter()
            .any(|known| *known == (Arc::clone(model), dialect))
        {
            learnt.push((Arc::clone(model), dialect));
        }
    }

    /// The most tokens that a model generates, where its list says it.
    pub fn max_output(&self, model: &str) -> Option<u64> {
        self.models.list()?.max_output(model)
    }

    /// Whether a model itself decides how much to think, where its list says it.
    pub fn is_adaptive(&self, model: &str) -> bool {
        let list = self.models.list();
        list.is_some_and(|list| list.is_adaptive(model))
    }

    /// Whether it may serve.
    pub fn is_enabled(&self) -> bool {
        *self.enabled.borrow()
    }

    /// Asks for a new list of models where the one at hand is old.
    pub(crate) fn freshen(&self, now: Instant) {
        if self.is_enabled() {
            self.models.freshen(now);
        }
    }
}
