//! Writes down the account that someone just signed in to.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::{Document, edit};
use crate::account::ProviderId;
use crate::kind::Value;
use crate::{Error, schema, splice};

/// Adds an account to the file at `path`, or gives the one of the same id new credentials.
pub fn put_account(path: &Path, account: &NewAccount) -> Result<Put, Error> {
    edit(path, |document| document.put_account(account))
}

/// An account that someone just signed in to.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its name.
    pub id: String,
    /// Whose account it is.
    pub provider: ProviderId,
    /// The GitHub that it lives on, when not `github.com`.
    pub host: Option<String>,
    /// GitHub's long-lived token.
    pub refresh_token: Option<SecretString>,
    /// Copilot's short-lived token.
    pub access_token: Option<SecretString>,
    /// When `access_token` ends, in Unix seconds.
    pub access_token_expires_at: Option<i64>,
    /// The static key of a Z.ai or Zhipu account.
    pub api_key: Option<SecretString>,
    /// Where `refresh_token` is exchanged, when not at the usual place.
    pub refresh_url: Option<String>,
    /// The upstream, when not the provider's own.
    pub base_url: Option<String>,
}

/// What became of an account that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// There was none of its id.
    Added,
    /// There was one, whose credentials were replaced.
    Updated,
}

impl NewAccount {
    /// An account without credentials.
    pub fn new(id: impl Into<String>, provider: ProviderId) -> Self {
        Self {
            id: id.into(),
            provider,
            host: None,
            refresh_token: None,
            access_token: None,
            access_token_expires_at: None,
            api_key: None,
            refresh_url: None,
            base_url: None,
        }
    }

    /// What a sign-in decides, each as TOML writes it: what is `None` was left behind by an
    /// earlier one.
    fn credentials(&self) -> [(&'static str, Option<String>); 5] {
        let secret = |secret: &Option<SecretString>| {
            secret
                .as_ref()
                .map(|secret| splice::string(secret.expose_secret()))
        };
        [
            ("host", self.host.as_deref().map(splice::string)),
            ("refresh_token", secret(&self.refresh_token)),
            ("access_token", secret(&self.access_token)),
            (
                "access_token_expires_at",
                self.access_token_expires_at.map(|at| at.to_string()),
            ),
            ("api_key", secret(&self.api_key)),
        ]
    }

    /// What a person may have decided: what is `None` stays as it is.
    fn places(&self) -> [(&'static str, Option<String>); 2] {
        [
            (
                "refresh_url",
                self.refresh_url.as_deref().map(splice::string),
            ),
            ("base_url", self.base_url.as_deref().map(splice::string)),
        ]
    }
}

impl Document {
    /// Adds an account, or gives the one of the same id new credentials; its settings and all else
    /// that it has stay.
    pub fn put_account(&mut self, account: &NewAccount) -> Put {
        let id = Some(account.id.as_str());
        if !self.has_account(&account.id) {
            self.add_account(account);
            return Put::Added;
        }
        let old = |key: &str| {
            let key = account_key(key);
            match self.value(key, id).or_else(|| key.default_value()) {
                Some(Value::String(text)) => text,
                _ => String::new(),
            }
        };
        let host = account.host.as_deref().unwrap_or("github.com");
        let same_provider = old("provider") == account.provider.as_str();
        let same_host = old("host").eq_ignore_ascii_case(host);
        if !same_provider {
            let provider = splice::string(account.provider.as_str());
            self.set(account_key("provider"), id, &provider);
        }
        for (name, value) in account.credentials() {
            let key = account_key(name);
            match value {
                _ if name == "host" && same_host => {}
                Some(value) => self.set(key, id, &value),
                None => self.remove(key, id),
            }
        }
        for (name, value) in account.places() {
            let key = account_key(name);
            match value {
                Some(value) => self.set(key, id, &value),
                // A credential must not go where that of another provider or host went.
                None if !(same_provider && same_host) => self.remove(key, id),
                None => {}
            }
        }
        Put::Updated
    }

    fn add_account(&mut self, account: &NewAccount) {
        let named = [
            ("id", Some(splice::string(&account.id))),
            ("provider", Some(splice::string(account.provider.as_str()))),
        ];
        let rest = account.credentials().into_iter().chain(account.places());
        let lines: Vec<_> = named
            .into_iter()
            .chain(rest)
            .filter_map(|(key, value)| Some(format!("{key} = {}", value?)))
            .collect();
        self.change(|text, layout| {
            Some(match layout.account_list() {
                Some(list) => {
                    let table = format!("{{ {} }}", lines.join(", "));
                    splice::add_item(text, layout, list, &table)
                }
                None => vec![splice::add_section(
                    text,
                    layout,
                    None,
                    "[[accounts]]",
                    &lines,
                )],
            })
        });
    }
}

fn account_key(name: &str) -> &'static schema::Key {
    schema::find(&format!("accounts[].{name}")).expect("the schema has this key of an account")
}
