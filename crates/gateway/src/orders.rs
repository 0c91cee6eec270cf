//! What a person orders of a running server: files in the data directory, which
//! need no port, no key and no signal.
//!
//! An order is a file in `orders/`, named for an account. The server takes it by
//! renaming it, so that none is obeyed twice, and removes it once it has obeyed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use tokio::time::sleep;

use crate::gateway::Gateway;

/// Tells the server to end an account's cooldowns.
///
/// # Errors
/// If the file cannot be written.
pub fn order_reset(data: &Path, account: &str) -> Result<(), config::Error> {
    config::files::replace(&order(data, account), b"reset\n")
}

/// Whether the server has obeyed.
pub fn is_obeyed(data: &Path, account: &str) -> bool {
    let order = order(data, account);
    !order.exists() && !taken(&order).exists()
}

/// Takes an order back that nobody obeys.
pub fn take_back(data: &Path, account: &str) {
    // Where it has been obeyed meanwhile, there is nothing to take back.
    let _ = std::fs::remove_file(order(data, account));
}

fn orders(data: &Path) -> PathBuf {
    data.join("orders")
}

fn order(data: &Path, account: &str) -> PathBuf {
    let name = utf8_percent_encode(account, NON_ALPHANUMERIC);
    orders(data).join(name.to_string())
}

/// What an order is called once it is taken. No order's own name has a dot.
fn taken(order: &Path) -> PathBuf {
    order.with_extension("taken")
}

impl Gateway {
    /// Looks for orders, for ever.
    pub(crate) async fn obey(self: Arc<Self>, data: PathBuf) {
        loop {
            sleep(EACH).await;
            let (gateway, data) = (Arc::clone(&self), data.clone());
            // A panic in there has been told of; the next round looks again.
            let _ = tokio::task::spawn_blocking(move || gateway.obey_all(&data)).await;
        }
    }

    /// Obeys, writes down what has come of it, and only then says that it has
    /// obeyed: who gave the order may look at once.
    fn obey_all(&self, data: &Path) {
        // Where there is no directory there are no orders.
        let taken = take(data).unwrap_or_default();
        if taken.is_empty() {
            return;
        }
        for (account, _) in &taken {
            self.reset(account);
        }
        self.write_memory(data);
        for (_, path) in taken {
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "cannot remove an order that was obeyed");
            }
        }
    }

    fn reset(&self, id: &str) {
        if let Some(account) = self.accounts().iter().find(|account| *account.id == *id) {
            tracing::info!(account = id, "its cooldowns are ended by hand");
            self.pool().reset(account.place);
        }
    }
}

/// Takes the orders that were given: the account of each, and what is to be
/// removed for it. One that cannot be taken is not obeyed.
fn take(data: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut orders_taken = Vec::new();
    for entry in std::fs::read_dir(orders(data))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // With a dot it is still being written, or taken already.
        if name.contains('.') {
            continue;
        }
        let account = percent_decode_str(&name).decode_utf8_lossy().into_owned();
        let taken = taken(&path);
        if std::fs::rename(&path, &taken).is_ok() {
            orders_taken.push((account, taken));
        }
    }
    Ok(orders_taken)
}

/// How often it looks: as long as a person gladly waits, and one system call.
const EACH: Duration = Duration::from_millis(500);
