//! Copilot tokens between two runs of the server, apart from the person's
//! configuration: one private file for each account in the data directory.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// A cached Copilot token.
pub(super) struct Cached {
    /// The token.
    pub(super) token: SecretString,
    /// Unix seconds.
    pub(super) expires_at: i64,
    /// The data plane that it is good for.
    pub(super) base: String,
}

#[derive(Serialize, Deserialize)]
struct File {
    /// Ties the token to the credential it came from: after a login with
    /// another one, the cache is no longer that account's.
    source: u64,
    token: String,
    expires_at: i64,
    base: String,
}

/// Removes the cached token of an account that is no more. Where there is none,
/// all is well.
///
/// # Errors
/// If the file is there and cannot be removed.
pub fn forget_token(data: &Path, account: &str) -> Result<(), String> {
    let path = path(data, account);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

fn path(data: &Path, account: &str) -> PathBuf {
    let name = utf8_percent_encode(account, NON_ALPHANUMERIC);
    data.join("tokens").join(format!("{name}.json"))
}

/// Where the token of one account is cached.
#[derive(Clone)]
pub(super) struct Cache {
    path: PathBuf,
    source: u64,
}

impl Cache {
    /// The cache of `account` below the data directory.
    pub(super) fn new(data: &Path, account: &str, credential: &SecretString) -> Self {
        let mut hasher = DefaultHasher::new();
        credential.expose_secret().hash(&mut hasher);
        Self {
            path: path(data, account),
            source: hasher.finish(),
        }
    }

    /// What is cached. A file that is missing, foreign or unreadable is no
    /// error: the token is fetched anew.
    pub(super) fn read(&self) -> Option<Cached> {
        let text = config::files::read_private(&self.path, |_| true).ok()?;
        let file: File = serde_json::from_slice(&text).ok()?;
        (file.source == self.source).then(|| Cached {
            token: file.token.into(),
            expires_at: file.expires_at,
            base: file.base,
        })
    }

    /// Caches a token. Blocks on the disk.
    ///
    /// # Errors
    /// If the file cannot be written; the server goes on without it.
    pub(super) fn write(&self, cached: &Cached) -> Result<(), String> {
        let file = File {
            source: self.source,
            token: cached.token.expose_secret().to_owned(),
            expires_at: cached.expires_at,
            base: cached.base.clone(),
        };
        let json = serde_json::to_vec(&file).map_err(|error| error.to_string())?;
        config::files::replace(&self.path, &json).map_err(|error| error.to_string())
    }
}
