//! Shows the configuration as it takes effect: every key with its value, where it comes from, and
//! no secret unless asked.

use std::fmt;
use std::path::Path;

use crate::assemble::Values;
use crate::edit::no_account;
use crate::kind::Value;
use crate::problem::position;
use crate::schema::{self, KEYS, Key};
use crate::{Error, Problems, check, splice, url};

/// A key that has a value. Its `Debug` shows no secret.
#[derive(Clone)]
pub struct Setting {
    /// The key.
    pub key: &'static Key,
    /// The id of the account whose value it is, when the key is one of an account.
    pub account: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
    value: Value,
}

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file, on this line, counted from 1.
    File {
        /// The line.
        line: usize,
    },
    /// The schema, as the file says nothing.
    Default,
}

/// Whether secrets are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Only so much as tells one from another.
    Mask,
    /// Whole.
    Show,
}

/// Every key that has a value in a configuration, or by default, in the order of the schema; those
/// of the accounts last, account by account. `file` only names the text.
pub fn effective(text: &str, file: &Path) -> Result<Vec<Setting>, Problems> {
    let (values, accounts) = check::values(text, file)?;
    let text = check::without_mark(text);
    let (of_account, of_root): (Vec<_>, Vec<_>) = KEYS.iter().partition(|key| key.is_of_account());
    let root = of_root
        .into_iter()
        .filter_map(|key| setting(text, key, &values, None));
    let accounts = accounts.iter().flat_map(|values| {
        let id = values.text("accounts[].id");
        let keys = of_account.iter();
        keys.filter_map(move |key| setting(text, key, values, Some(id.clone())))
    });
    Ok(root.chain(accounts).collect())
}

/// The setting that a person means by a key, and an account for a key of accounts; `None` when it
/// has no value.
pub fn find<'a>(
    settings: &'a [Setting],
    key: &str,
    account: Option<&str>,
) -> Result<Option<&'a Setting>, Error> {
    let key = schema::resolve(key, account)?;
    let mut ids = settings
        .iter()
        .filter_map(|setting| setting.account.as_deref());
    if let Some(id) = account
        && !ids.clone().any(|found| found == id)
    {
        return Err(no_account(id, &mut ids));
    }
    let is_it =
        |setting: &&Setting| setting.key.path == key.path && setting.account.as_deref() == account;
    Ok(settings.iter().find(is_it))
}

fn setting(
    text: &str,
    key: &'static Key,
    values: &Values,
    account: Option<String>,
) -> Option<Setting> {
    let written = values.place(key.path).map(|(offset, value)| {
        let (line, _) = position(text, offset);
        (Origin::File { line }, value.clone())
    });
    let (origin, value) = written.or_else(|| Some((Origin::Default, key.default_value()?)))?;
    Some(Setting {
        key,
        account,
        origin,
        value,
    })
}

impl Setting {
    /// The value as TOML writes it, a masked secret as a string.
    pub fn toml(&self, secrets: Secrets) -> String {
        match self.masked(secrets) {
            Some(masked) => splice::string(&masked),
            None => self.value.to_toml(),
        }
    }

    /// The value as plain text, a list with one element a line.
    pub fn plain(&self, secrets: Secrets) -> String {
        self.masked(secrets).unwrap_or_else(|| match &self.value {
            Value::String(text) => text.clone(),
            Value::Strings(texts) => texts.join("\n"),
            Value::Bool(_) | Value::Integer(_) => self.value.to_toml(),
        })
    }

    /// The value in JSON, a masked secret as a string.
    pub fn json(&self, secrets: Secrets) -> serde_json::Value {
        self.masked(secrets)
            .map_or_else(|| self.value.to_json(), Into::into)
    }

    /// What is shown of a secret that is not shown.
    fn masked(&self, secrets: Secrets) -> Option<String> {
        let Value::String(text) = &self.value else {
            return None;
        };
        match secrets {
            Secrets::Mask if self.key.kind.is_proxy() => url::without_password(text),
            Secrets::Mask if self.key.secret => Some(mask(text)),
            Secrets::Mask | Secrets::Show => None,
        }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            account,
            origin,
            ..
        } = self;
        let value = self.toml(Secrets::Mask);
        write!(f, "{} {account:?} = {value} ({origin:?})", key.path)
    }
}

/// The first characters of a secret and its length; nothing of one that is short.
fn mask(secret: &str) -> String {
    match secret.len() >= LONG {
        true => format!("{}*** ({} characters)", &secret[..SHOWN], secret.len()),
        false => "***".to_owned(),
    }
}

/// As many as tell what kind of token it is.
const SHOWN: usize = 4;
/// Of a secret of this length, those that are shown are not worth guessing the rest for.
const LONG: usize = 20;

#[cfg(test)]
mod tests;
