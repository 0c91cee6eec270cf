//! Edits of the configuration file that keep its comments, its order, and every other byte.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use crate::account::ProviderId;
use crate::{Error, check, files, load, schema, splice};

/// Changes the file at `path`, alone among all who change it, unless the result would be wrong.
/// A file that does not exist is created.
pub fn edit<T>(path: &Path, change: impl FnOnce(&mut Document) -> T) -> Result<T, Error> {
    let _lock = files::lock(path)?;
    let old = load::read(path)?;
    let old = old.as_deref().unwrap_or(HEADER);
    let mut document = Document {
        text: old.to_owned(),
    };
    let outcome = change(&mut document);
    if let Err(problems) = check(&document.text, path) {
        // What was wrong before is told with the lines that the person sees.
        return Err(Error::Problems(check(old, path).err().unwrap_or(problems)));
    }
    if document.text != old {
        files::replace(path, document.text.as_bytes())?;
    }
    Ok(outcome)
}

/// Adds an account to the file at `path`, or gives the one of the same id new credentials.
pub fn put_account(path: &Path, account: &NewAccount) -> Result<Put, Error> {
    edit(path, |document| document.put_account(account))
}

/// Sets whether an account of the file at `path` may serve. Tells whether that changed anything,
/// or `None` when there is no such account.
pub fn set_enabled(path: &Path, id: &str, enabled: bool) -> Result<Option<bool>, Error> {
    edit(path, |document| document.set_enabled(id, enabled))
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

/// The text of a configuration under edit.
pub struct Document {
    text: String,
}

impl Document {
    /// The text as it stands now. It may hold secrets.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Adds an account, or gives the one of the same id new credentials; its settings and all else
    /// that it has stay.
    pub fn put_account(&mut self, account: &NewAccount) -> Put {
        if !splice::has_account(&self.text, &account.id) {
            self.add_account(account);
            return Put::Added;
        }
        let id = &account.id;
        let old = |key: &str| {
            let written = splice::account_string(&self.text, id, key);
            let default = || {
                schema::find(&format!("accounts[].{key}"))?
                    .default
                    .map(str::to_owned)
            };
            written.or_else(default).unwrap_or_default()
        };
        let host = account.host.as_deref().unwrap_or("github.com");
        let same_provider = old("provider") == account.provider.as_str();
        let same_host = old("host").eq_ignore_ascii_case(host);
        if !same_provider {
            self.set(id, "provider", &splice::string(account.provider.as_str()));
        }
        for (key, value) in account.credentials() {
            match value {
                _ if key == "host" && same_host => {}
                Some(value) => self.set(id, key, &value),
                None => self.text = splice::remove(&self.text, id, key),
            }
        }
        for (key, value) in account.places() {
            match value {
                Some(value) => self.set(id, key, &value),
                // A credential must not go where that of another provider or host went.
                None if !(same_provider && same_host) => {
                    self.text = splice::remove(&self.text, id, key)
                }
                None => {}
            }
        }
        Put::Updated
    }

    /// Sets whether an account may serve, and tells whether that changed anything; `None` when
    /// there is no such account.
    pub fn set_enabled(&mut self, id: &str, enabled: bool) -> Option<bool> {
        if !splice::has_account(&self.text, id) {
            return None;
        }
        let old = splice::account_bool(&self.text, id, "enabled");
        let changes = old.unwrap_or(true) != enabled;
        if changes {
            self.set(id, "enabled", &enabled.to_string());
        }
        Some(changes)
    }

    fn add_account(&mut self, account: &NewAccount) {
        let mut values = vec![
            ("id", splice::string(&account.id)),
            ("provider", splice::string(account.provider.as_str())),
        ];
        let rest = account.credentials().into_iter().chain(account.places());
        values.extend(rest.filter_map(|(key, value)| Some((key, value?))));
        self.text = splice::append_account(&self.text, &values);
    }

    fn set(&mut self, id: &str, key: &str, value: &str) {
        self.text = splice::set(&self.text, id, key, value);
    }
}

/// What a new file begins with.
const HEADER: &str = "\
# The configuration of tokn-router. Every key has a default; docs/config.md lists them.
# This file holds secrets: keep it to yourself (mode 0600).
";

#[cfg(test)]
mod tests;
