//! Whether a server runs on a data directory: it holds a part in a lock there for
//! as long as it does.

use std::path::{Path, PathBuf};

use config::files::Lock;

/// Says that a server runs here, for as long as the lock lives.
///
/// # Errors
/// If the file cannot be made or locked.
pub fn announce(data: &Path) -> Result<Lock, config::Error> {
    config::files::share(&lock(data))
}

/// Makes sure that no server runs here, nor can begin to, for as long as the
/// lock lives; `None` where one does, or somebody else makes sure.
///
/// # Errors
/// If the file cannot be made or locked.
pub fn keep_free(data: &Path) -> Result<Option<Lock>, config::Error> {
    config::files::try_lock(&lock(data))
}

fn lock(data: &Path) -> PathBuf {
    data.join("serve.lock")
}
