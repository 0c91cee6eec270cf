//! The live lists: which models each account's upstream says it serves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::kept::{Kept, Next};
use crate::provider::Provider;
use crate::spoken::Spoken;
use crate::upstream::Upstream;

/// How long a list is good.
const FRESH: Duration = Duration::from_secs(600);
/// How long anyone waits for one: a hung account costs no more than this.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long the upstream has, whoever waits.
const LIMIT: Duration = Duration::from_secs(30);
/// How long asking for a list again is of no use.
const REST: Duration = Duration::from_secs(20);

/// One account's list, kept by a task of its own.
#[derive(Default)]
pub struct Listing {
    kept: Kept<List, String>,
}

/// The models of one account.
#[derive(Default)]
pub struct List {
    entries: Vec<Entry>,
    by_id: HashMap<Arc<str>, usize>,
    /// The first model of each plain name.
    by_plain: HashMap<String, usize>,
}

struct Entry {
    id: Arc<str>,
    json: Box<RawValue>,
    /// The dialects that the upstream says it can be spoken to in.
    spoken: Option<Spoken>,
    /// The most tokens that it generates.
    max_output: Option<u64>,
    /// Whether it decides itself how much to think.
    is_adaptive: bool,
    /// How hard it can be told to think, where the upstream tells what it can do.
    efforts: Option<Vec<String>>,
}

impl Listing {
    /// The last list that was fetched well; `None` if none ever was.
    pub fn list(&self) -> Option<Arc<List>> {
        self.kept.value()
    }

    /// Lets the list be fetched behind a request where it is old or missing.
    pub fn freshen(&self, now: Instant) {
        if !self.is_fresh(now) {
            self.kept.want();
        }
    }

    /// Asks for a new list without waiting: this one was wrong.
    pub fn want(&self) {
        self.kept.want();
    }

    /// Waits a little for a list where there is no fresh one.
    pub async fn refresh(&self) {
        if !self.is_fresh(Instant::now()) {
            self.look_again().await;
        }
    }

    /// Asks the upstream again, and waits a little: a model is asked for that
    /// is on no list.
    pub async fn look_again(&self) {
        self.kept.renew(PATIENCE).await;
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.kept.age(now).is_some_and(|age| age < FRESH)
    }

    /// Keeps the list of the account `id` for ever.
    pub async fn keep(&self, id: &str, backend: &dyn Provider, http: &Upstream) {
        let first = Next {
            after: Some(Duration::ZERO),
            rest: Duration::ZERO,
        };
        self.kept
            .keep(first, |failures| async move {
                let fetched = fetch(backend, http).await;
                if let Err(error) = &fetched {
                    tracing::warn!(account = id, %error, "cannot list the models");
                }
                // Asking is of no use for a while; after a failure it is of
                // use sooner, but ever later.
                let rest = if fetched.is_ok() {
                    REST
                } else {
                    REST.min(Duration::from_secs(1 << failures.min(6)))
                };
                (fetched, Next { after: None, rest })
            })
            .await;
    }
}

async fn fetch(backend: &dyn Provider, http: &Upstream) -> Result<List, String> {
    let token = match backend.token(Timestamp::now()) {
        Some(token) => token,
        None => backend.renew(None).await.map_err(|verdict| {
            verdict
                .failure
                .map_or_else(|| "no credential".to_owned(), |failure| failure.message)
        })?,
    };
    let (status, _, body) = http
        .fetch(backend.models(&token), LIMIT)
        .await
        .map_err(|error| error.to_string())?;
    if !status.is_success() {
        return Err(format!("the upstream answered {status}"));
    }
    List::parse(&body)
}

impl List {
    /// Reads `{"data": […]}` or a bare array, entry by entry: a bad one is
    /// passed over.
    ///
    /// # Errors
    /// If the body is neither.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Object<'a> {
            #[serde(borrow)]
            data: Vec<&'a RawValue>,
        }
        let raw: Vec<&RawValue> = serde_json::from_slice::<Object<'_>>(body)
            .map(|object| object.data)
            .or_else(|_| serde_json::from_slice(body))
            .map_err(|error| format!("the list of models cannot be read: {error}"))?;
        let mut list = Self::default();
        for json in raw {
            list.push(json);
        }
        Ok(list)
    }

    fn push(&mut self, json: &RawValue) {
        #[derive(Deserialize)]
        struct Shape {
            id: String,
        }
        // serde would read an array as a struct too.
        if !json.get().starts_with('{') {
            return;
        }
        let Ok(shape) = serde_json::from_str::<Shape>(json.get()) else {
            return;
        };
        let id: Arc<str> = shape.id.into();
        if self.by_id.contains_key(&id) {
            return;
        }
        self.by_id.insert(Arc::clone(&id), self.entries.len());
        self.by_plain
            .entry(plain(&id))
            .or_insert(self.entries.len());
        self.entries.push(Entry {
            id,
            json: json.to_owned(),
            spoken: Spoken::listed(json.get()),
            max_output: told(json.get(), "/capabilities/limits/max_output_tokens")
                .and_then(|told| told.as_u64()),
            is_adaptive: told(json.get(), "/capabilities/supports/adaptive_thinking")
                .is_some_and(|told| told == true),
            efforts: efforts(json.get()),
        });
    }

    /// The model of this very id.
    pub fn get(&self, id: &str) -> Option<&Arc<str>> {
        let at = *self.by_id.get(id)?;
        Some(&self.entries[at].id)
    }

    /// The model of this very id, or else the one that an alias of a client's
    /// means, told by its [`plain`] name.
    pub fn find(&self, id: &str, plain: &str) -> Option<&Arc<str>> {
        let alias = || Some(&self.entries[*self.by_plain.get(plain)?].id);
        self.get(id).or_else(alias)
    }

    /// The dialects that the upstream says a model can be spoken to in; `None` where it
    /// says nothing of it.
    pub fn spoken(&self, id: &str) -> Option<Spoken> {
        self.entries[*self.by_id.get(id)?].spoken
    }

    /// The most tokens that a model generates, where the upstream says it.
    pub fn max_output(&self, id: &str) -> Option<u64> {
        self.entries[*self.by_id.get(id)?].max_output
    }

    /// Whether a model decides itself how much to think.
    pub fn is_adaptive(&self, id: &str) -> bool {
        let place = self.by_id.get(id);
        place.is_some_and(|place| self.entries[*place].is_adaptive)
    }

    /// How hard a model can be told to think; none where it cannot be told. `None` where
    /// the upstream says nothing of what it can do.
    pub fn efforts(&self, id: &str) -> Option<&[String]> {
        self.entries[*self.by_id.get(id)?].efforts.as_deref()
    }

    /// Every model, as its id and the JSON that the upstream sent.
    pub fn entries(&self) -> impl Iterator<Item = (&Arc<str>, &RawValue)> {
        self.entries.iter().map(|entry| (&entry.id, &*entry.json))
    }

    /// All ids, in the upstream's order.
    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.entries.iter().map(|entry| &entry.id)
    }
}

fn efforts(entry: &str) -> Option<Vec<String>> {
    let supports = told(entry, "/capabilities/supports")?;
    let efforts = supports.as_object()?.get("reasoning_effort");
    let efforts = efforts.and_then(serde_json::Value::as_array);
    let names = efforts
        .into_iter()
        .flatten()
        .filter_map(|effort| effort.as_str());
    Some(names.map(str::to_owned).collect())
}

/// What a model's entry says at a place (facts: Copilot, 5).
fn told(entry: &str, place: &str) -> Option<serde_json::Value> {
    let mut entry: serde_json::Value = serde_json::from_str(entry).ok()?;
    entry.pointer_mut(place).map(serde_json::Value::take)
}

/// A name without what clients vary: case, a date of eight digits at the end,
/// and dashes between digits where upstreams have dots
/// (`claude-haiku-4-5-20251001` is `claude-haiku-4.5`).
pub fn plain(model: &str) -> String {
    let model = model.to_ascii_lowercase();
    let undated = match model.rsplit_once('-') {
        Some((name, date)) if date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit()) => {
            name
        }
        _ => &model,
    };
    let bytes = undated.as_bytes();
    let is_digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    undated
        .char_indices()
        .map(|(at, char)| match char {
            '-' if is_digit(at.checked_sub(1)) && is_digit(Some(at + 1)) => '.',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(body: &str) -> Vec<String> {
        let list = List::parse(body.as_bytes()).unwrap();
        list.ids().map(|id| id.to_string()).collect()
    }

    #[test]
    fn a_bad_entry_costs_only_itself() {
        assert_eq!(
            ids(r#"{"data":[{"id":"a"},7,["x"],{"name":"b"},{"id":"c"},{"id":"a"}]}"#),
            ["a", "c"]
        );
        assert_eq!(ids(r#"[{"id":"a"}]"#), ["a"]);
        assert!(List::parse(b"<html>").is_err());
    }
}
