//! All that requests share: the accounts, the pool, the ledger, the client.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::{Config, ProviderId};
use futures_util::future::join_all;
use jiff::Timestamp;
use ledger::Ledger;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::account::Account;
use crate::catalogue::Catalogue;
use crate::models::Listing;
use crate::outbound::Outbound;
use crate::pool::Pool;
use crate::provider::copilot::Copilot;
use crate::provider::zai::Zai;
use crate::provider::{InvalidToken, Provider};
use crate::route::{Candidate, NoModel, Seat, route};
use crate::upstream::{Limits, Upstream};

/// What a gateway is made of.
pub struct Setup {
    /// The configuration, already checked.
    pub config: Config,
    /// Where tokens are cached and the device id is kept; `None` keeps
    /// nothing.
    pub data: Option<PathBuf>,
    /// Where requests are recorded; `None` records nothing.
    pub ledger: Option<Arc<Ledger>>,
}

/// Why a gateway cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No account is configured, or all are disabled.
    #[error("there is no account")]
    NoAccount,
    /// An account's credential or URL cannot be used.
    #[error("account {account}: {error}")]
    Account {
        /// The account's id.
        account: String,
        /// What is wrong with it.
        error: InvalidToken,
    },
    /// The device id can be neither read nor written.
    #[error(transparent)]
    Device(#[from] config::Error),
}

/// All that requests share.
pub struct Gateway {
    accounts: Vec<Arc<Account>>,
    pool: Arc<Pool>,
    catalogue: Arc<Catalogue>,
    http: Upstream,
    ledger: Option<Arc<Ledger>>,
    keep_alive: Duration,
    max_body: u64,
}

impl Gateway {
    /// A gateway, and the tasks that keep its tokens and lists fresh, which
    /// the caller owns.
    ///
    /// # Errors
    /// If there is no account, or one that cannot be used.
    pub fn start(setup: Setup) -> Result<(Arc<Self>, JoinSet<()>), SetupError> {
        let Setup {
            config,
            data,
            ledger,
        } = setup;
        let limits = Limits {
            connect: config.server.connect_timeout,
            first_byte: config.server.first_byte_timeout,
            idle: config.server.idle_timeout,
        };
        let outbound = Outbound::new(config.proxy.as_ref(), limits.connect);
        let catalogue = Arc::new(Catalogue::vendored());
        let device = device_id(data.as_deref())?;
        let accounts = config
            .accounts
            .iter()
            .filter(|account| account.enabled)
            .map(|account| seat(account, data.as_deref(), &device, &catalogue).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        if accounts.is_empty() {
            return Err(SetupError::NoAccount);
        }
        let gateway = Arc::new(Self {
            accounts,
            pool: Pool::new(config.pool.failure_cooldown),
            catalogue,
            http: Upstream::new(outbound, limits),
            ledger,
            keep_alive: config.server.keep_alive,
            max_body: config.server.max_body_bytes,
        });
        let keepers = gateway.keepers();
        Ok((gateway, keepers))
    }

    fn keepers(&self) -> JoinSet<()> {
        let mut keepers = JoinSet::new();
        for account in &self.accounts {
            let (of_token, http) = (Arc::clone(account), self.http.clone());
            keepers.spawn(async move { of_token.backend.keep(&http).await });
            let (of_models, http) = (Arc::clone(account), self.http.clone());
            keepers.spawn(async move {
                let Account {
                    id,
                    backend,
                    models,
                    ..
                } = &*of_models;
                models.keep(id, &**backend, &http).await;
            });
        }
        keepers
    }

    /// The accounts that may serve a model. Waits a little for lists only
    /// where none that is known has it, before it says that nobody does.
    pub(crate) async fn candidates(&self, model: &str) -> Result<Vec<Candidate>, NoModel> {
        let now = Instant::now();
        for account in &self.accounts {
            account.models.freshen(now);
        }
        let wait_for: Vec<&Account> = match self.route(model) {
            Ok(candidates) if candidates.iter().any(|candidate| candidate.listed) => {
                return Ok(candidates);
            }
            Ok(candidates) => candidates
                .iter()
                .map(|candidate| &*self.accounts[candidate.account])
                .collect(),
            Err(_) => self.accounts.iter().map(|account| &**account).collect(),
        };
        join_all(wait_for.iter().map(|account| account.models.look_again())).await;
        self.route(model)
    }

    fn route(&self, model: &str) -> Result<Vec<Candidate>, NoModel> {
        let now = Timestamp::now();
        let seats: Vec<Seat> = self
            .accounts
            .iter()
            .map(|account| Seat {
                provider: account.provider,
                list: account.models.list(),
                ready: account.backend.token(now).is_some(),
            })
            .collect();
        route(model, &seats, &self.catalogue)
    }

    /// The accounts, in the configuration's order, which is the pool's.
    pub fn accounts(&self) -> &[Arc<Account>] {
        &self.accounts
    }

    /// What leases the accounts.
    pub const fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What is known of models.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The client of all upstreams.
    pub const fn http(&self) -> &Upstream {
        &self.http
    }

    /// Where requests are recorded.
    pub const fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// How long a stream may be silent before a comment goes out.
    pub const fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    /// The largest request body, packed and unpacked.
    pub const fn max_body(&self) -> u64 {
        self.max_body
    }
}

fn seat(
    account: &config::Account,
    data: Option<&Path>,
    device: &str,
    catalogue: &Arc<Catalogue>,
) -> Result<Account, SetupError> {
    let backend: Box<dyn Provider> = match account.provider {
        ProviderId::GithubCopilot => Box::new(Copilot::new(account, data, device)),
        ProviderId::ZaiCodingPlan
        | ProviderId::Zai
        | ProviderId::ZhipuaiCodingPlan
        | ProviderId::Zhipuai => {
            let zai = Zai::new(account, Arc::clone(catalogue));
            Box::new(zai.map_err(|error| SetupError::Account {
                account: account.id.clone(),
                error,
            })?)
        }
    };
    Ok(Account {
        id: account.id.as_str().into(),
        provider: account.provider,
        backend,
        models: Listing::default(),
    })
}

/// This installation's stable id, made at the first start.
fn device_id(data: Option<&Path>) -> Result<String, config::Error> {
    let fresh = || Uuid::new_v4().to_string();
    let Some(data) = data else {
        return Ok(fresh());
    };
    let path = data.join("device-id");
    let kept = config::files::read_private(&path, |_| false)
        .ok()
        .and_then(|bytes| Uuid::try_parse_ascii(bytes.trim_ascii()).ok());
    if let Some(id) = kept {
        return Ok(id.to_string());
    }
    let id = fresh();
    config::files::replace(&path, id.as_bytes())?;
    Ok(id)
}
