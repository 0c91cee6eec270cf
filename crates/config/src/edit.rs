//! Edits of the configuration file that keep its comments, its order, and every other byte.

mod account;
mod draft;
mod remove;
mod value;

use std::path::Path;

use toml::de::DeValue;

use crate::kind::{Kind, Value};
use crate::layout::{Form, Home, Item, Layout, Scope};
use crate::schema::Key;
use crate::splice::Cut;
use crate::{Error, Problems, check, files, load, schema, splice};

pub use account::{NewAccount, Put, put_account};
pub use draft::{Draft, Finished};
pub use remove::remove_account;
pub(crate) use value::no_account;
pub use value::{Set, set_value, unset_value};

/// Changes the file at `path`, alone among all who change it, unless the result would be wrong.
/// A file that does not exist is created.
pub fn edit<T>(path: &Path, change: impl FnOnce(&mut Document) -> T) -> Result<T, Error> {
    let _lock = files::lock(path)?;
    let old = load::read(path)?;
    let old = old.as_deref().unwrap_or(HEADER);
    let mut document = Document {
        text: old.to_owned(),
    };
    let outcome = change(&mut document);
    if let Err(problems) = check(&document.text, path) {
        // What was wrong before is told with the lines that the person sees.
        return Err(match check(old, path) {
            Err(problems) => Error::Problems(problems),
            Ok(_) => would_be_wrong(&problems),
        });
    }
    if document.text != old {
        files::replace(path, document.text.as_bytes())?;
    }
    Ok(outcome)
}

/// Sets whether an account of the file at `path` may serve. Tells whether that changed anything,
/// or `None` when there is no such account.
pub fn set_enabled(path: &Path, id: &str, enabled: bool) -> Result<Option<bool>, Error> {
    edit(path, |document| document.set_enabled(id, enabled))
}

/// The text of a configuration under edit.
pub struct Document {
    text: String,
}

impl Document {
    /// The text as it stands now. It may hold secrets.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Sets whether an account may serve, and tells whether that changed anything; `None` when
    /// there is no such account.
    pub fn set_enabled(&mut self, id: &str, enabled: bool) -> Option<bool> {
        if !self.has_account(id) {
            return None;
        }
        let key = schema::find("accounts[].enabled")?;
        let old = self.value(key, Some(id)) != Some(Value::Bool(false));
        if old != enabled {
            self.set(key, Some(id), &enabled.to_string());
        }
        Some(old != enabled)
    }

    fn has_account(&self, id: &str) -> bool {
        Layout::parse(&self.text)
            .is_some_and(|layout| scope(&self.text, &layout, Some(id)).is_some())
    }

    /// The value that a key has in the text, when it has one of the right type.
    fn value(&self, key: &Key, account: Option<&str>) -> Option<Value> {
        let layout = Layout::parse(&self.text)?;
        let scope = scope(&self.text, &layout, account)?;
        let (_, item) = scope.find(&names(key))?;
        read(&self.text, item, key.kind)
    }

    /// Sets a key to a value that is written in TOML. A new key comes after the others of its
    /// section, and a new section where the schema has it.
    fn set(&mut self, key: &Key, account: Option<&str>, value: &str) {
        let names = names(key);
        let (name, section) = names.split_last().expect("a key has a name");
        let line = format!("{name} = {value}");
        self.change(|text, layout| {
            let scope = scope(text, layout, account)?;
            if let Some((_, item)) = scope.find(&names) {
                return Some(splice::replace_value(text, layout, item, value));
            }
            if let Some(home) = scope.home(section) {
                return Some(splice::add_key(text, layout, home, &line));
            }
            let dotted =
                |home: &Home<'_>| format!("{} = {value}", names[home.path.len()..].join("."));
            if let Some((home, last)) = scope.dotted(section) {
                let line = dotted(home);
                return Some(match home.form {
                    Form::Braces(node) => splice::add_item(text, layout, node, &line),
                    Form::Section(..) => vec![splice::add_line_below(text, last, &line)],
                });
            }
            let home = scope.homes.first()?;
            let (before, header) = match home.form {
                Form::Braces(_) => return Some(splice::add_key(text, layout, home, &dotted(home))),
                Form::Section(at, _) if account.is_some() => {
                    let next = Some(at + 1).filter(|&at| at < layout.sections.len());
                    (next, format!("[accounts.{}]", section.join(".")))
                }
                Form::Section(..) => (
                    splice::section_after(layout, section.first()?),
                    format!("[{}]", section.join(".")),
                ),
            };
            Some(vec![splice::add_section(
                text,
                layout,
                before,
                &header,
                &[line],
            )])
        });
    }

    /// Removes a key and its value.
    fn remove(&mut self, key: &Key, account: Option<&str>) {
        self.change(|text, layout| {
            let scope = scope(text, layout, account)?;
            let (home, item) = scope.find(&names(key))?;
            Some(splice::remove_key(text, layout, home, item))
        });
    }

    /// Makes cuts in the text, unless it is no TOML.
    fn change(&mut self, cuts: impl FnOnce(&str, &Layout) -> Option<Vec<Cut>>) {
        let cuts = Layout::parse(&self.text).and_then(|layout| cuts(&self.text, &layout));
        if let Some(cuts) = cuts {
            self.text = splice::apply(&self.text, cuts);
        }
    }
}

/// Says why a change is not made. The places are those of a text that nobody sees.
fn would_be_wrong(problems: &Problems) -> Error {
    let told: Vec<_> = problems
        .list
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    let told = told.join("; ");
    Error::refused(
        format!("this would make the configuration wrong: {told}"),
        None,
    )
}

/// The keys of an account, or of none.
fn scope<'a>(text: &str, layout: &'a Layout, account: Option<&str>) -> Option<Scope<'a>> {
    let Some(id) = account else {
        return Some(layout.root());
    };
    let has_id = |account: &Scope<'_>| {
        let found = account.find(&["id"]);
        let value = found.and_then(|(_, item)| read(text, item, Kind::Id));
        value == Some(Value::String(id.to_owned()))
    };
    layout.accounts().into_iter().find(has_id)
}

fn read(text: &str, item: &Item, kind: Kind) -> Option<Value> {
    let value = DeValue::parse(&text[item.value.span.clone()]).ok()?;
    check::read(value.get_ref(), kind).ok()
}

/// The names of a key, as seen from the configuration or from its account.
fn names(key: &Key) -> Vec<&'static str> {
    key.typed().split('.').collect()
}

/// What a new file begins with.
const HEADER: &str = "\
# The configuration of tokn-router. Every key has a default; docs/config.md lists them.
# This file holds secrets: keep it to yourself (mode 0600).
";

#[cfg(test)]
mod tests;
