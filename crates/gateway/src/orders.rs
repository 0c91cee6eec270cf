//! What a person says to a running server: files in the data directory, which
//! need no port, no key and no signal.
//!
//! A server holds a shared lock there for as long as it runs, by which others
//! know that there is one. What it is told is a file in `orders/`, named for an
//! account, which it removes once it has obeyed; and it follows the `enabled`
//! of each account in the configuration.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use config::files::Lock;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::time::sleep;

use crate::clock::Now;
use crate::gateway::Gateway;

/// Says that a server runs on a data directory, for as long as the lock lives.
///
/// # Errors
/// If the file cannot be made or locked.
pub fn announce(data: &Path) -> Result<Lock, config::Error> {
    config::files::share(&lock(data))
}

/// Makes sure that no server runs on a data directory, nor can begin to, for as
/// long as the lock lives; `None` where one does.
///
/// # Errors
/// If the file cannot be made or locked.
pub fn keep_free(data: &Path) -> Result<Option<Lock>, config::Error> {
    config::files::try_lock(&lock(data))
}

/// Tells the server to end an account's cooldowns.
///
/// # Errors
/// If the file cannot be written.
pub fn order_reset(data: &Path, account: &str) -> Result<(), config::Error> {
    config::files::replace(&order(data, account), b"reset\n")
}

/// Whether the server has obeyed.
pub fn is_obeyed(data: &Path, account: &str) -> bool {
    !order(data, account).exists()
}

/// Takes an order back that nobody obeys.
pub fn take_back(data: &Path, account: &str) {
    // Where it has been obeyed meanwhile, there is nothing to take back.
    let _ = std::fs::remove_file(order(data, account));
}

fn lock(data: &Path) -> PathBuf {
    data.join("serve.lock")
}

fn orders(data: &Path) -> PathBuf {
    data.join("orders")
}

fn order(data: &Path, account: &str) -> PathBuf {
    let name = utf8_percent_encode(account, NON_ALPHANUMERIC);
    orders(data).join(name.to_string())
}

impl Gateway {
    /// Looks for orders, for ever.
    pub(crate) async fn obey(self: Arc<Self>, data: PathBuf, configuration: Option<PathBuf>) {
        let mut read = configuration.as_deref().and_then(changed);
        loop {
            sleep(EACH).await;
            let (data, path) = (data.clone(), configuration.clone());
            let directory = data.clone();
            let known = read;
            let look = tokio::task::spawn_blocking(move || {
                let now = path.as_deref().and_then(changed);
                // Read only where it has changed, and left alone where it is wrong.
                let config = path
                    .filter(|_| now != known)
                    .and_then(|path| config::load(&path).ok());
                (given(&directory).unwrap_or_default(), config, now)
            });
            let Ok((orders, config, now)) = look.await else {
                continue;
            };
            read = now;
            if let Some(loaded) = config {
                self.enable(&loaded.config.accounts);
            }
            if !orders.is_empty() {
                self.follow(orders, data).await;
            }
        }
    }

    /// Obeys, writes down what has come of it, and only then says that it has
    /// obeyed: who gave the order may look at once.
    async fn follow(&self, orders: Vec<Order>, data: PathBuf) {
        for order in &orders {
            self.reset(&order.account);
        }
        let memory = self.memory(Now::read());
        let followed = tokio::task::spawn_blocking(move || {
            if let Err(error) = memory.write(&data) {
                tracing::warn!(%error, "cannot keep the health of the accounts");
            }
            for order in orders {
                // One that was taken back meanwhile is gone already.
                let _ = std::fs::remove_file(order.path);
            }
        });
        // A panic in there has been told of; the next round goes on.
        let _ = followed.await;
    }

    fn reset(&self, id: &str) {
        if let Some(account) = self.accounts().iter().find(|account| *account.id == *id) {
            tracing::info!(account = id, "its cooldowns are ended by hand");
            self.pool().reset(account.place);
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

/// An order to end an account's cooldowns.
struct Order {
    account: String,
    path: PathBuf,
}

/// The orders that were given. Where there is no directory there are none.
fn given(data: &Path) -> io::Result<Vec<Order>> {
    let mut given = Vec::new();
    for entry in std::fs::read_dir(orders(data))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // One whose name begins with a dot is still being written.
        if !name.starts_with('.') {
            let account = percent_decode_str(&name).decode_utf8_lossy().into_owned();
            given.push(Order { account, path });
        }
    }
    Ok(given)
}

/// When a file was changed last, and how long it is.
fn changed(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// How often it looks: as long as a person gladly waits, and two system calls.
const EACH: Duration = Duration::from_millis(500);
