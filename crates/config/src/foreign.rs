//! Another program's configuration: sets and takes out single keys of a JSON or TOML text, and
//! leaves every other byte as it is.
//!
//! What an edit makes of the text is read again and compared with what was meant: one that would
//! change anything else is not made.

mod json;
mod toml;

use serde_json::{Map, Value};

/// The language that a text is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON, without comments.
    Json,
    /// TOML.
    Toml,
}

impl Form {
    /// Why a text cannot be edited. An empty one can.
    pub fn check(self, text: &str) -> Result<(), String> {
        match self.meaning(text) {
            Ok(Value::Object(_)) => Ok(()),
            Ok(_) => Err("it is no object".to_owned()),
            Err(error) => Err(error),
        }
    }

    /// A value as this language writes it.
    pub fn written(self, value: &Value) -> String {
        match self {
            Self::Json => json::written(value),
            Self::Toml => toml::written(value),
        }
    }

    /// The value at a path, as it is written there. A table with a header of its own is none.
    pub fn value(self, text: &str, path: &[String]) -> Option<String> {
        match self {
            Self::Json => json::value(text, path),
            Self::Toml => toml::value(text, path),
        }
    }

    /// Whether there is anything at a path, be it a value or a table.
    pub fn has(self, text: &str, path: &[String]) -> bool {
        let meaning = self.meaning(text).ok();
        meaning.is_some_and(|meaning| at(&meaning, path).is_some())
    }

    /// Whether two values, as they are written, mean the same.
    pub fn same(self, one: &str, other: &str) -> bool {
        match (self.means(one), self.means(other)) {
            (Some(one), Some(other)) => one == other,
            _ => one == other,
        }
    }

    /// The text with a value, as this language writes it, at a path; what holds it is made where
    /// it is missing. `None` where that would change anything else, or is not possible.
    pub fn set(self, text: &str, path: &[String], written: &str) -> Option<String> {
        let mut meant = self.meaning(text).ok()?;
        put(&mut meant, path, self.means(written)?)?;
        let new = match self {
            Self::Json => json::set(text, path, written),
            Self::Toml => toml::set(text, path, written),
        }?;
        (self.meaning(&new).ok()? == meant).then_some(new)
    }

    /// The text without the value at a path; what held it stays, though it be empty.
    pub fn unset(self, text: &str, path: &[String]) -> Option<String> {
        let mut meant = self.meaning(text).ok()?;
        take(&mut meant, path)?;
        let new = match self {
            Self::Json => json::unset(text, path),
            Self::Toml => toml::unset(text, path),
        }?;
        let meaning = self.meaning(&new).ok()?;
        // With its last dotted key a table of TOML's goes too.
        (pruned(meaning) == pruned(meant)).then_some(new)
    }

    /// The text without the table at a path, if that is empty, and no comment is in it.
    pub fn unset_empty(self, text: &str, path: &[String]) -> Option<String> {
        let mut meant = self.meaning(text).ok()?;
        let is_empty = |table: &Value| table.as_object().is_some_and(Map::is_empty);
        if !at(&meant, path).is_some_and(is_empty) {
            return None;
        }
        take(&mut meant, path)?;
        let new = match self {
            Self::Json => json::unset(text, path),
            Self::Toml => toml::unset_empty(text, path),
        }?;
        (pruned(self.meaning(&new).ok()?) == pruned(meant)).then_some(new)
    }

    /// Whether a text says nothing: it has neither a key nor a comment.
    pub fn is_empty(self, text: &str) -> bool {
        let marks = text.chars().filter(|char| !char.is_whitespace());
        text.trim().is_empty() || self == Self::Json && marks.eq("{}".chars())
    }

    fn means(self, written: &str) -> Option<Value> {
        match self {
            Self::Json => serde_json::from_str(written).ok(),
            Self::Toml => {
                let meaning = toml::meaning(&format!("value = {written}\n")).ok()?;
                at(&meaning, &["value".to_owned()]).cloned()
            }
        }
    }

    fn meaning(self, text: &str) -> Result<Value, String> {
        if text.trim().is_empty() {
            return Ok(Value::Object(Map::new()));
        }
        match self {
            Self::Json => serde_json::from_str(text).map_err(|error| error.to_string()),
            Self::Toml => toml::meaning(text),
        }
    }
}

fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

fn put(value: &mut Value, path: &[String], new: Value) -> Option<()> {
    let Some((name, rest)) = path.split_first() else {
        *value = new;
        return Some(());
    };
    let entry = value.as_object_mut()?.entry(name.clone());
    put(entry.or_insert_with(|| Map::new().into()), rest, new)
}

fn take(value: &mut Value, path: &[String]) -> Option<()> {
    let (name, table) = path.split_last()?;
    let table = table
        .iter()
        .try_fold(value, |value, name| value.get_mut(name));
    table?.as_object_mut()?.shift_remove(name).map(|_| ())
}

/// A value without the tables that are empty.
fn pruned(value: Value) -> Value {
    let Value::Object(members) = value else {
        return value;
    };
    let members = members
        .into_iter()
        .map(|(name, value)| (name, pruned(value)));
    let is_kept =
        |(_, value): &(String, Value)| value.as_object().is_none_or(|table| !table.is_empty());
    Value::Object(members.filter(is_kept).collect())
}

#[cfg(test)]
mod tests;
