//! The handle of a running mock.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::fault::{Fault, Faults};
use crate::quota::Quota;
use crate::script::{Login, Script};
use crate::seen::Seen;
use crate::server;
use crate::state::{Seat, State, lock};

/// A running mock. Dropping it closes its port and all its connections.
///
/// The methods that name an account do nothing when the script has no such account.
pub struct Mock {
    addr: SocketAddr,
    state: Arc<State>,
    server: JoinSet<Infallible>,
}

impl Mock {
    /// Binds the script's address and serves on the current runtime.
    pub async fn start(script: Script) -> io::Result<Self> {
        let listener = TcpListener::bind(script.addr).await?;
        let addr = listener.local_addr()?;
        let state = Arc::new(State::new(script, format!("http://{addr}")));
        let mut server = JoinSet::new();
        server.spawn(server::serve(listener, Arc::clone(&state)));
        Ok(Self {
            addr,
            state,
            server,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL of everything that it plays, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.state.url
    }

    /// Lets the account's next chat or embeddings reply go wrong.
    pub fn set_fault(&self, account: &str, fault: Fault) {
        self.set_faults(account, fault);
    }

    /// Sets the faults of the account's chat and embeddings replies, in place of those before.
    ///
    /// A `Vec<Fault>` is a queue; [`Faults::always`] stays.
    pub fn set_faults(&self, account: &str, faults: impl Into<Faults>) {
        self.with(account, |seat| *lock(&seat.faults) = faults.into());
    }

    /// Sets the faults of the account's model lists.
    pub fn set_models_faults(&self, account: &str, faults: impl Into<Faults>) {
        self.with(account, |seat| *lock(&seat.models_faults) = faults.into());
    }

    /// Sets the faults of the account's token exchanges.
    pub fn set_exchange_faults(&self, account: &str, faults: impl Into<Faults>) {
        self.with(account, |seat| *lock(&seat.exchange_faults) = faults.into());
    }

    /// Sets the faults of what tells the account's quota.
    pub fn set_quota_faults(&self, account: &str, faults: impl Into<Faults>) {
        self.with(account, |seat| *lock(&seat.quota_faults) = faults.into());
    }

    /// Takes back all faults of the account.
    pub fn clear(&self, account: &str) {
        self.set_faults(account, Faults::default());
        self.set_models_faults(account, Faults::default());
        self.set_exchange_faults(account, Faults::default());
        self.set_quota_faults(account, Faults::default());
    }

    /// Sets what the account has left from now on.
    pub fn set_quota(&self, account: &str, quota: Quota) {
        self.with(account, |seat| *lock(&seat.quota) = quota);
    }

    /// Scripts the sign-ins that have not begun.
    pub fn set_login(&self, login: Login) {
        lock(&self.state.logins).script(login);
    }

    /// Ends all Copilot tokens of the account; an exchange gives a new one.
    pub fn revoke_tokens(&self, account: &str) {
        self.state.revoke_tokens(account);
    }

    /// How many Copilot tokens the account was given.
    pub fn exchanges(&self, account: &str) -> u64 {
        let seat = self.state.seat(account);
        seat.map_or(0, |seat| seat.exchanges.load(Ordering::Relaxed))
    }

    /// A Copilot token for the account, as an exchange would give it; counted as one.
    pub fn issue_token(&self, account: &str) -> Option<String> {
        let seat = self.state.seat(account)?;
        Some(self.state.exchange(seat).token)
    }

    /// The requests since the start or the last clearing; none when the script records none.
    pub fn seen(&self) -> Vec<Seen> {
        let log = self.state.log.as_ref();
        log.map(|log| log.all()).unwrap_or_default()
    }

    /// The most chat and embeddings requests that the account had in flight at once, since the
    /// start or the last [`Mock::clear_seen`], also when the script records none.
    ///
    /// One is in flight from its arrival until its reply's body has ended or its client has left.
    pub fn most_at_once(&self, account: &str) -> usize {
        let seat = self.state.seat(account);
        seat.map_or(0, |seat| seat.flights.most())
    }

    /// Forgets the requests, and how many there were at once but for those still in flight.
    pub fn clear_seen(&self) {
        self.state.clear_seen();
    }

    /// Waits until the requests seen satisfy the claim, also by one of them disconnecting.
    ///
    /// A script that records none is answered at once, with none.
    pub async fn seen_until(&self, satisfied: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        match &self.state.log {
            Some(log) => log.until(satisfied).await,
            None => Vec::new(),
        }
    }

    /// Closes the port and the connections, and waits until that is done.
    pub async fn stop(mut self) {
        self.server.shutdown().await;
    }

    fn with(&self, account: &str, act: impl FnOnce(&Seat)) {
        if let Some(seat) = self.state.seat(account) {
            act(seat);
        }
    }
}
