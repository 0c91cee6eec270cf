//! Remembers which requests came and whether their senders stayed for the reply.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use crate::state::lock;

/// One request as it came.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// Counts the requests of a mock, also those that were cleared.
    pub number: u64,
    /// The method in capitals.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case, in the order of arrival, repeated ones repeated.
    pub headers: Vec<(String, String)>,
    /// The body; in JSON as text, with what is not UTF-8 replaced.
    #[serde(serialize_with = "as_text")]
    pub body: Bytes,
    /// Whose credentials it carried, if anyone's.
    pub account: Option<String>,
    /// Whether the client went away before the reply had ended.
    pub disconnected: bool,
}

impl Seen {
    /// The first header of this name, given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `Null` when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// All requests since the start or the last clearing.
pub(crate) struct Log {
    entries: Mutex<Entries>,
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct Entries {
    count: u64,
    seen: Vec<Seen>,
}

/// Dropped before it is finished, the client has gone.
pub(crate) struct Watch {
    log: Arc<Log>,
    number: u64,
    done: bool,
}

impl Log {
    pub(crate) fn new() -> Self {
        Self {
            entries: Mutex::default(),
            changed: watch::Sender::new(()),
        }
    }

    pub(crate) fn add(
        self: &Arc<Self>,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        body: &Bytes,
        account: Option<&str>,
    ) -> Watch {
        let mut entries = lock(&self.entries);
        let number = entries.count;
        entries.count += 1;
        entries.seen.push(Seen {
            number,
            method: method.to_string(),
            path: path.to_owned(),
            headers: headers.iter().map(pair).collect(),
            body: body.clone(),
            account: account.map(str::to_owned),
            disconnected: false,
        });
        drop(entries);
        self.changed.send_replace(());
        Watch {
            log: Arc::clone(self),
            number,
            done: false,
        }
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        lock(&self.entries).seen.clone()
    }

    pub(crate) fn clear(&self) {
        lock(&self.entries).seen.clear();
        self.changed.send_replace(());
    }

    pub(crate) async fn until(&self, satisfied: impl Fn(&[Seen]) -> bool) -> Vec<Seen> {
        let mut changes = self.changed.subscribe();
        loop {
            changes.mark_unchanged();
            let seen = self.all();
            if satisfied(&seen) {
                return seen;
            }
            if changes.changed().await.is_err() {
                return seen;
            }
        }
    }

    fn disconnect(&self, number: u64) {
        let mut entries = lock(&self.entries);
        let Ok(index) = entries
            .seen
            .binary_search_by_key(&number, |seen| seen.number)
        else {
            return;
        };
        entries.seen[index].disconnected = true;
        drop(entries);
        self.changed.send_replace(());
    }
}

impl Watch {
    pub(crate) fn finish(mut self) {
        self.done = true;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.done {
            self.log.disconnect(self.number);
        }
    }
}

fn pair((name, value): (&http::HeaderName, &http::HeaderValue)) -> (String, String) {
    (
        name.as_str().to_owned(),
        String::from_utf8_lossy(value.as_bytes()).into_owned(),
    )
}

fn as_text<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&String::from_utf8_lossy(body))
}
