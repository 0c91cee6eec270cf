//! Lays settings over another program's file, and takes them off again.
//!
//! What was written is remembered key by key, with what stood there before, so that only what is
//! still ours is ever taken back.

use config::foreign::Form;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The names that lead to a key.
pub(crate) type Path = Vec<String>;

/// A key, and the value that it is to have.
pub(crate) type Setting = (Path, Value);

/// What of a file is ours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Trace {
    keys: Vec<Key>,
    /// The tables that were made to hold them, the outer before the inner.
    made: Vec<Path>,
}

impl Trace {
    /// Whether nothing of the file is ours.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A key that was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Key {
    path: Path,
    /// The value as it was written.
    ours: String,
    /// The value that stood there before, as it was written.
    was: Option<String>,
}

/// A key that cannot be written without harm to the rest.
#[derive(Debug, PartialEq)]
pub(super) struct Stuck(pub(super) Path);

/// The text with all settings, and what of it is ours now. What an earlier write has left, and
/// these settings no longer have, goes if `is_whole` says that they are all there are.
pub(super) fn write(
    form: Form,
    text: &str,
    settings: &[Setting],
    earlier: &Trace,
    is_whole: bool,
) -> Result<(String, Trace), Stuck> {
    let is_meant = |key: &Key| settings.iter().any(|(path, _)| *path == key.path);
    let (kept, gone) = earlier
        .keys
        .iter()
        .cloned()
        .partition(|key| !is_whole || is_meant(key));
    let gone = Trace {
        keys: gone,
        made: Vec::new(),
    };
    let mut text = undo(form, text, &gone).text;
    let mut trace = Trace {
        keys: kept,
        made: earlier.made.clone(),
    };
    for (path, value) in settings {
        let ours = form.written(value);
        let now = form.value(&text, path);
        let is_there = now.as_ref().is_some_and(|now| form.same(now, &ours));
        let known = trace.keys.iter().position(|key| key.path == *path);
        let is_still_ours = |key: &Key| now.as_ref().is_some_and(|now| form.same(now, &key.ours));
        match known {
            Some(at) if is_still_ours(&trace.keys[at]) => trace.keys[at].ours.clone_from(&ours),
            // The person has written there since, or taken it out.
            Some(at) => {
                trace.keys.remove(at);
            }
            None => {}
        }
        if is_there {
            continue;
        }
        for depth in 1..path.len() {
            let table = &path[..depth];
            if !form.has(&text, table) && !trace.made.iter().any(|made| made == table) {
                trace.made.push(table.to_vec());
            }
        }
        let new = form.set(&text, path, &ours);
        text = new.ok_or_else(|| Stuck(path.clone()))?;
        if !trace.keys.iter().any(|key| key.path == *path) {
            let (path, was) = (path.clone(), now);
            trace.keys.push(Key { path, ours, was });
        }
    }
    Ok((text, trace))
}

/// What is left when what is ours is taken back.
#[derive(Debug)]
pub(super) struct Undone {
    pub(super) text: String,
    /// The keys that were changed since, and so stay.
    pub(super) left: Vec<Path>,
}

impl Undone {
    /// Whether nothing is left at all.
    pub(super) fn is_empty(&self, form: Form) -> bool {
        form.is_empty(&self.text)
    }
}

pub(super) fn undo(form: Form, text: &str, trace: &Trace) -> Undone {
    let (mut text, mut left) = (text.to_owned(), Vec::new());
    for Key { path, ours, was } in trace.keys.iter().rev() {
        let Some(now) = form.value(&text, path) else {
            // The person was faster.
            continue;
        };
        let undone = match was {
            _ if !form.same(&now, ours) => None,
            Some(was) => form.set(&text, path, was),
            None => form.unset(&text, path),
        };
        match undone {
            Some(undone) => text = undone,
            None => left.push(path.clone()),
        }
    }
    for table in trace.made.iter().rev() {
        if let Some(undone) = form.unset_empty(&text, table) {
            text = undone;
        }
    }
    left.reverse();
    Undone { text, left }
}

/// What a write made of this text, if it was the text before it.
pub(super) fn redo(form: Form, before: &str, trace: &Trace) -> Option<String> {
    let set = |text: String, key: &Key| form.set(&text, &key.path, &key.ours);
    trace.keys.iter().try_fold(before.to_owned(), set)
}

/// Settings as one value.
pub(super) fn nested(settings: &[Setting]) -> Value {
    let mut all = Value::Object(Map::new());
    for (path, value) in settings {
        let mut place = &mut all;
        for name in path {
            place = &mut place[name.as_str()];
        }
        *place = value.clone();
    }
    all
}

#[cfg(test)]
mod tests;
