//! Follows which accounts the configuration enables, while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::sleep;

use crate::gateway::Gateway;

impl Gateway {
    /// Looks whether the file has changed, for ever.
    pub(crate) async fn follow(self: Arc<Self>, file: PathBuf) {
        // What was changed between the start and here counts, too.
        let mut read = None;
        loop {
            let (path, known) = (file.clone(), read);
            let look = tokio::task::spawn_blocking(move || {
                let now = changed(&path);
                let config = (now != known).then(|| config::load(&path));
                (config, now)
            });
            // A panic in there has been told of; the next round looks again.
            if let Ok((config, now)) = look.await {
                read = now;
                match config {
                    Some(Ok(loaded)) => self.enable(&loaded.config.accounts),
                    Some(Err(error)) => {
                        tracing::warn!(%error, "the configuration has changed and is wrong: it is not followed");
                    }
                    None => {}
                }
            }
            sleep(EACH).await;
        }
    }

    fn enable(&self, configured: &[config::Account]) {
        for account in self.accounts() {
            let told = configured.iter().find(|told| *told.id == *account.id);
            let enabled = told.is_some_and(|told| told.enabled);
            if self.pool().enable(account.place, enabled) {
                tracing::info!(
                    account = &*account.id,
                    enabled,
                    "switched by the configuration"
                );
                account.enabled.send_replace(enabled);
            }
        }
    }
}

/// When a file was changed last, and how long it is.
fn changed(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// How often it looks: as long as a person gladly waits, and one system call.
const EACH: Duration = Duration::from_millis(500);
