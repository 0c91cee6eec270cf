//! All that requests share: the accounts, the pool, the ledger, the client.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use config::{Config, OwnProxy, ProviderId, Strategy, Via};
use dialect::Operation;
use futures_util::future::join_all;
use jiff::Timestamp;
use ledger::Ledger;
use secrecy::ExposeSecret;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use crate::account::Account;
use crate::call::Call;
use crate::catalogue::Catalogue;
use crate::clock::Now;
use crate::memory::Memory;
use crate::models::Listing;
use crate::origins::Origins;
use crate::outbound::Outbound;
use crate::pool::{Member, Pool, Rules};
use crate::provider::copilot::{Copilot, identity};
use crate::provider::zai::Zai;
use crate::provider::{InvalidToken, Provider};
use crate::quota::Allowance;
use crate::route::{Candidate, NoModel, Seat, route};
use crate::session;
use crate::upstream::{Limits, Upstream};

/// What a gateway is made of.
pub struct Setup {
    /// The configuration, already checked.
    pub config: Config,
    /// Where tokens are cached, and the device id and an updated catalogue are
    /// kept; `None` keeps nothing.
    pub data: Option<PathBuf>,
    /// Where requests are recorded; `None` records nothing.
    pub ledger: Option<Arc<Ledger>>,
    /// The file that the configuration came from: a running server follows
    /// which accounts it enables.
    pub configuration: Option<PathBuf>,
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
    origins: Origins,
    catalogue: Arc<Catalogue>,
    ledger: Option<Arc<Ledger>>,
    keep_alive: Duration,
    max_body: u64,
    reveal_account: bool,
    websocket: bool,
    writing: Mutex<()>,
}

impl Gateway {
    /// A gateway that knows what the last one on the same data directory knew.
    /// It fetches nothing by itself yet.
    ///
    /// # Errors
    /// If an account cannot be used.
    pub fn new(setup: &Setup) -> Result<Arc<Self>, SetupError> {
        let config = &setup.config;
        let data = setup.data.as_deref();
        let rules = Rules {
            strategy: config.pool.strategy,
            cooldown: config.pool.failure_cooldown,
            session_ttl: config.pool.session_ttl,
            max_wait: config.pool.max_wait,
        };
        let members = config.accounts.iter().map(member).collect();
        let ground = Ground {
            config,
            data,
            device: device_id(data)?,
            memory: data.map(Memory::read).unwrap_or_default(),
            pool: Pool::new(rules, members, fastrand::Rng::new()),
            catalogue: Arc::new(data.map_or_else(Catalogue::vendored, Catalogue::read)),
            http: client(config, config.proxy.as_ref()),
        };
        let configured = config.accounts.iter().enumerate();
        let accounts = configured
            .map(|(place, account)| ground.account(place, account).map(Arc::new))
            .collect::<Result<Vec<_>, _>>()?;
        let gateway = Arc::new(Self {
            accounts,
            pool: ground.pool,
            origins: Origins::default(),
            catalogue: ground.catalogue,
            ledger: setup.ledger.clone(),
            keep_alive: config.server.keep_alive,
            max_body: config.server.max_body_bytes,
            reveal_account: config.server.reveal_account,
            websocket: config.server.websocket,
            writing: Mutex::default(),
        });
        gateway.recall(&ground.memory, Now::read());
        Ok(gateway)
    }

    /// A gateway, and the tasks that keep its tokens, lists and quotas fresh,
    /// remember how its accounts fare, and obey the person; the caller owns
    /// them.
    ///
    /// # Errors
    /// As [`Gateway::new`], and if no account is enabled.
    pub fn start(setup: Setup) -> Result<(Arc<Self>, JoinSet<()>), SetupError> {
        if !setup.config.accounts.iter().any(|account| account.enabled) {
            return Err(SetupError::NoAccount);
        }
        let gateway = Self::new(&setup)?;
        let mut keepers = gateway.keepers();
        if let Some(data) = setup.data {
            let (remembering, obeying) = (Arc::clone(&gateway), Arc::clone(&gateway));
            let directory = data.clone();
            keepers.spawn(remembering.remember(directory));
            keepers.spawn(obeying.obey(data));
        }
        if let Some(file) = setup.configuration {
            keepers.spawn(Arc::clone(&gateway).follow(file));
        }
        Ok((gateway, keepers))
    }

    fn keepers(&self) -> JoinSet<()> {
        let accounts = self.accounts.iter();
        accounts.map(|account| Arc::clone(account).keep()).collect()
    }

    /// The tasks that fetch each enabled account's list of models, and nothing
    /// else: for who only wants to know what would be.
    pub fn listers(&self) -> JoinSet<()> {
        let enabled = self.accounts.iter().filter(|account| account.is_enabled());
        let enabled = enabled.map(Arc::clone);
        enabled
            .map(|account| async move { account.keep_list().await })
            .collect()
    }

    /// The accounts that may serve a model. Waits a little for lists only
    /// where none that is known has it, before it says that nobody does.
    ///
    /// # Errors
    /// If every list is known and none has it.
    pub async fn candidates(&self, model: &str) -> Result<Vec<Candidate>, NoModel> {
        let now = Instant::now();
        for account in &self.accounts {
            account.freshen(now);
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
        let wait_for = wait_for.iter().filter(|account| account.is_enabled());
        join_all(wait_for.map(|account| account.models.look_again())).await;
        self.route(model)
    }

    /// Those of the candidates whose upstreams have what is asked for.
    pub(crate) fn able(
        &self,
        mut candidates: Vec<Candidate>,
        operation: Operation,
    ) -> Vec<Candidate> {
        if operation == Operation::CountTokens {
            candidates.retain(|candidate| {
                let account = &self.accounts[candidate.account];
                let spoken = account.spoken(&candidate.model);
                account.backend.counts_tokens(spoken)
            });
        }
        candidates
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
                enabled: account.is_enabled(),
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

    /// Held by whoever writes down what is known.
    pub(crate) const fn writing(&self) -> &Mutex<()> {
        &self.writing
    }

    /// Who sealed what.
    pub(crate) const fn origins(&self) -> &Origins {
        &self.origins
    }

    /// Whether clients are told which account served them.
    pub const fn reveals_account(&self) -> bool {
        self.reveal_account
    }

    /// The key of the conversation that a call belongs to, where that matters.
    pub(crate) fn conversation(&self, call: &Call) -> Option<u64> {
        if self.pool.rules().strategy != Strategy::Sticky {
            return None;
        }
        let named = session::named(&call.headers);
        call.envelope.conversation(named, &call.body)
    }

    /// Where requests are recorded.
    pub const fn ledger(&self) -> Option<&Arc<Ledger>> {
        self.ledger.as_ref()
    }

    /// How long a stream may be silent before a comment goes out.
    pub const fn keep_alive(&self) -> Duration {
        self.keep_alive
    }

    /// Whether Responses are also given over a WebSocket.
    pub const fn has_socket(&self) -> bool {
        self.websocket
    }

    /// The largest request body, packed and unpacked.
    pub const fn max_body(&self) -> u64 {
        self.max_body
    }
}

/// What accounts are made of.
struct Ground<'a> {
    config: &'a Config,
    data: Option<&'a Path>,
    device: String,
    memory: Memory,
    pool: Arc<Pool>,
    catalogue: Arc<Catalogue>,
    http: Upstream,
}

impl Ground<'_> {
    fn account(&self, place: usize, account: &config::Account) -> Result<Account, SetupError> {
        let backend: Box<dyn Provider> = match account.provider {
            ProviderId::GithubCopilot => Box::new(Copilot::new(account, self.data, &self.device)),
            ProviderId::ZaiCodingPlan
            | ProviderId::Zai
            | ProviderId::ZhipuaiCodingPlan
            | ProviderId::Zhipuai => {
                let zai = Zai::new(account, Arc::clone(&self.catalogue));
                Box::new(zai.map_err(|error| SetupError::Account {
                    account: account.id.clone(),
                    error,
                })?)
            }
        };
        let http = match &account.proxy {
            None => self.http.clone(),
            Some(OwnProxy::Direct) => client(self.config, None),
            Some(OwnProxy::Url(url)) => {
                let outer = self.config.proxy.as_ref();
                let proxy = config::Proxy {
                    via: Via::Url(url.clone()),
                    no_proxy: outer
                        .map(|proxy| proxy.no_proxy.clone())
                        .unwrap_or_default(),
                };
                client(self.config, Some(&proxy))
            }
        };
        let source = source(account);
        let known = self.memory.accounts.get(&account.id);
        let known = known.filter(|known| known.source == source);
        let label = if self.config.server.reveal_account {
            account.id.clone()
        } else {
            format!("account {}", place + 1)
        };
        Ok(Account {
            id: account.id.as_str().into(),
            label: label.into(),
            pool: Arc::clone(&self.pool),
            place,
            provider: account.provider,
            backend,
            http,
            models: Listing::default(),
            allowance: Allowance::starting_with(
                known.map(|known| known.quota.clone()).unwrap_or_default(),
            ),
            enabled: watch::Sender::new(account.enabled),
            source,
            unspoken: Mutex::default(),
        })
    }
}

fn client(config: &Config, proxy: Option<&config::Proxy>) -> Upstream {
    let limits = Limits {
        connect: config.server.connect_timeout,
        first_byte: config.server.first_byte_timeout,
        idle: config.server.idle_timeout,
    };
    Upstream::new(Outbound::new(proxy, limits.connect), limits)
}

fn member(account: &config::Account) -> Member {
    Member {
        id: account.id.as_str().into(),
        provider: account.provider,
        tier: account.tier,
        shares_provider: account.base_url.is_none(),
        weight: account.weight,
        max_concurrent: account.max_concurrent,
        enabled: account.enabled,
    }
}

/// Tells one credential, with where and how it is used, from another.
pub fn source(account: &config::Account) -> u64 {
    let mut hasher = DefaultHasher::new();
    let long_lived = account.refresh_token.as_ref().or(account.api_key.as_ref());
    let secret = long_lived.or(account.access_token.as_ref());
    secret.map(ExposeSecret::expose_secret).hash(&mut hasher);
    (account.provider, &account.host, &account.base_url).hash(&mut hasher);
    // Only what is set, so that a new setting forgets nobody.
    for (name, value) in identity::overrides(&account.settings) {
        if value.is_some() {
            (name, value).hash(&mut hasher);
        }
    }
    hasher.finish()
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
