//! What a running mock knows: its seats, the tokens it gave out, the sign-ins under way.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use crate::fault::Faults;
use crate::flight::Flights;
use crate::login::Logins;
use crate::models::{self, Model};
use crate::quota::Quota;
use crate::script::{Account, Clock, Kind, ReplyShape, Script};
use crate::seen::Log;

/// One mock's state, shared by its connections.
pub(crate) struct State {
    pub(crate) url: String,
    pub(crate) clock: Clock,
    pub(crate) shape: ReplyShape,
    pub(crate) models: HashMap<String, Model>,
    pub(crate) log: Option<Arc<Log>>,
    pub(crate) logins: Mutex<Logins>,
    seats: Vec<Seat>,
    by_id: HashMap<String, usize>,
    by_secret: HashMap<String, usize>,
    tokens: RwLock<HashMap<String, Issued>>,
    serial: AtomicU64,
}

/// An account at work.
pub(crate) struct Seat {
    pub(crate) account: Account,
    /// The ids that it may use.
    pub(crate) allowed: HashSet<String>,
    /// Its model list, ready to send.
    pub(crate) models: Bytes,
    /// For chat and embeddings.
    pub(crate) faults: Mutex<Faults>,
    /// For the model list.
    pub(crate) models_faults: Mutex<Faults>,
    /// For the token exchange.
    pub(crate) exchange_faults: Mutex<Faults>,
    /// For what tells the quota.
    pub(crate) quota_faults: Mutex<Faults>,
    pub(crate) quota: Mutex<Quota>,
    pub(crate) exchanges: AtomicU64,
    /// Its chat and embeddings requests.
    pub(crate) flights: Arc<Flights>,
}

/// Whose credential a request carries, and what it is worth.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) seat: &'a Seat,
    pub(crate) credential: Credential,
}

/// What the `authorization` header holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Credential {
    /// The GitHub token or the Z.ai key.
    Secret,
    /// The same without a scheme before it.
    BareSecret,
    /// A Copilot token that is still good.
    Token,
    /// A Copilot token that has expired or was revoked.
    DeadToken,
}

/// A Copilot token that was given out.
struct Issued {
    seat: usize,
    expires_at: u64,
    revoked: bool,
}

/// A Copilot token as the exchange tells it.
pub(crate) struct Exchange {
    pub(crate) token: String,
    pub(crate) expires_at: u64,
}

impl State {
    pub(crate) fn new(script: Script, url: String) -> Self {
        let mut listed = script.models;
        if script.bench {
            listed.extend(models::bench());
        }
        let seats: Vec<Seat> = script
            .accounts
            .into_iter()
            .map(|account| Seat::new(account, &listed, script.odd_models))
            .collect();
        let index = |key: fn(&Account) -> &String| {
            seats
                .iter()
                .enumerate()
                .map(|(index, seat)| (key(&seat.account).clone(), index))
                .collect()
        };
        Self {
            url,
            clock: script.clock,
            shape: script.reply,
            log: script.record.then(|| Arc::new(Log::new())),
            logins: Mutex::new(Logins::new(script.login)),
            by_id: index(|account| &account.id),
            by_secret: index(|account| &account.secret),
            models: listed
                .into_iter()
                .map(|model| (model.id.clone(), model))
                .collect(),
            seats,
            tokens: RwLock::default(),
            serial: AtomicU64::new(1),
        }
    }

    pub(crate) fn seat(&self, id: &str) -> Option<&Seat> {
        self.by_id.get(id).map(|index| &self.seats[*index])
    }

    /// Reads `Bearer x` and `token x`, in any case, and a secret that stands alone.
    pub(crate) fn caller(&self, headers: &HeaderMap) -> Option<Caller<'_>> {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        if let Some(index) = self.by_secret.get(header) {
            return Some(Caller {
                seat: &self.seats[*index],
                credential: Credential::BareSecret,
            });
        }
        let (scheme, credential) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") && !scheme.eq_ignore_ascii_case("token") {
            return None;
        }
        if let Some(index) = self.by_secret.get(credential) {
            return Some(Caller {
                seat: &self.seats[*index],
                credential: Credential::Secret,
            });
        }
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner);
        let issued = tokens.get(credential)?;
        let dead = issued.revoked || issued.expires_at <= self.clock.unix_secs();
        Some(Caller {
            seat: &self.seats[issued.seat],
            credential: if dead {
                Credential::DeadToken
            } else {
                Credential::Token
            },
        })
    }

    /// Gives out a token unlike all before it.
    pub(crate) fn exchange(&self, seat: &Seat) -> Exchange {
        let account = &seat.account;
        let count = seat.exchanges.fetch_add(1, Ordering::Relaxed) + 1;
        let expires_at = self.clock.unix_secs() + account.token_lifetime_secs;
        // The `.invalid` host resolves nowhere: a client that prefers it to `endpoints.api` fails.
        let token = format!(
            "tid={};exp={expires_at};sku={};st=dotcom;chat=1;proxy-ep=proxy.mock.invalid:{count:016x}",
            account.id, account.sku
        );
        if account.revoke_older {
            self.revoke_tokens(&account.id);
        }
        let issued = Issued {
            seat: self.by_id[&account.id],
            expires_at,
            revoked: false,
        };
        self.tokens
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(token.clone(), issued);
        Exchange { token, expires_at }
    }

    pub(crate) fn revoke_tokens(&self, id: &str) {
        let Some(seat) = self.by_id.get(id) else {
            return;
        };
        let mut tokens = self.tokens.write().unwrap_or_else(PoisonError::into_inner);
        for issued in tokens.values_mut().filter(|issued| issued.seat == *seat) {
            issued.revoked = true;
        }
    }

    /// Forgets the requests, and how many there were at once.
    pub(crate) fn clear_seen(&self) {
        if let Some(log) = &self.log {
            log.clear();
        }
        for seat in &self.seats {
            seat.flights.forget();
        }
    }

    /// A number unlike all before it.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    /// The headers that every reply of this kind carries.
    pub(crate) fn request_ids(&self, kind: Kind) -> HeaderMap {
        let serial = self.next_serial();
        let mut headers = HeaderMap::with_capacity(8);
        let mut put = |name, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        put(
            "x-request-id",
            format!("00000000-0000-4000-8000-{serial:012x}"),
        );
        if kind == Kind::Copilot {
            put("x-github-request-id", format!("MOCK:{serial:08X}"));
        }
        headers
    }
}

impl Seat {
    fn new(account: Account, listed: &[Model], odd: bool) -> Self {
        let models: Vec<&Model> = listed
            .iter()
            .filter(|model| model.kinds.contains(&account.kind))
            .filter(|model| match &account.models {
                Some(allowed) => allowed.contains(&model.id),
                None => true,
            })
            .collect();
        Self {
            allowed: models.iter().map(|model| model.id.clone()).collect(),
            models: models::list(&models, odd && account.kind == Kind::Copilot),
            quota: Mutex::new(account.quota),
            account,
            faults: Mutex::default(),
            models_faults: Mutex::default(),
            exchange_faults: Mutex::default(),
            quota_faults: Mutex::default(),
            exchanges: AtomicU64::new(0),
            flights: Arc::default(),
        }
    }
}

/// Locks what no holder leaves half done, so that a panic elsewhere does not spread.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
