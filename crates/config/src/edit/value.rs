//! Sets and removes single values, each typed by the schema.

use std::path::Path;

use super::{Document, edit, names, read, scope};
use crate::kind::{Kind, Value};
use crate::layout::{Layout, Node, Shape};
use crate::schema::{self, Key};
use crate::{Error, nearest, splice};

/// Sets a key of the file at `path`, as in `server.port`; or one of an account, as in `enabled`.
///
/// A list takes several values. With `add` they join those that it has, each once. A secret is a
/// value like any other.
///
/// No comment and no other line changes. Unsetting a key that was added leaves the text as it was,
/// but for the header of a section that was not there, which stays with a blank line on each side;
/// `[ ]` becomes `[]`, and `{ }` becomes `{}`.
pub fn set_value(
    path: &Path,
    key: &str,
    account: Option<&str>,
    values: &[String],
    add: bool,
) -> Result<Set, Error> {
    let key = schema::resolve(key, account)?;
    if add && !key.kind.is_list() {
        let message = format!(
            "`{}` is no list that a value could be added to",
            key.typed()
        );
        return Err(Error::refused(message, Some("leave --add out".to_owned())));
    }
    let value = key.parse(values)?;
    edit(path, |document| {
        document.set_value(key, account, &value, add)
    })?
}

/// Removes a key of the file at `path`, or of an account of it; or only `value` of a list. Tells
/// whether it was there. Comments on its lines stay, each on a line of its own; the header of its
/// section stays, too.
pub fn unset_value(
    path: &Path,
    key: &str,
    account: Option<&str>,
    value: Option<&str>,
) -> Result<bool, Error> {
    let key = schema::resolve(key, account)?;
    if value.is_some() && !key.kind.is_list() {
        let message = format!(
            "`{}` is no list that a value could be taken out of",
            key.typed()
        );
        return Err(Error::refused(
            message,
            Some("leave the value out".to_owned()),
        ));
    }
    edit(path, |document| document.unset_value(key, account, value))?
}

/// What became of a key that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It was not in the file.
    Added,
    /// It had another value.
    Changed,
    /// It had this value, so nothing was written.
    Kept,
}

impl Document {
    /// Sets a key to a value that its kind has accepted; `add` adds to a list. An account that
    /// does not exist is refused.
    pub fn set_value(
        &mut self,
        key: &Key,
        account: Option<&str>,
        value: &Value,
        add: bool,
    ) -> Result<Set, Error> {
        self.require_account(account)?;
        let was_there = self.holds(key, account);
        let before = self.text.clone();
        match (self.value(key, account), value) {
            (Some(Value::Strings(old)), Value::Strings(new)) if add => {
                let new = without_repeats(new.iter().filter(|text| !old.contains(text)));
                self.add_elements(key, account, &new);
            }
            // The check will tell that it is no list.
            _ if add && was_there => {}
            (Some(Value::Strings(old)), Value::Strings(new)) => {
                self.set_list(key, account, &old, &without_repeats(new));
            }
            (old, new) if old.as_ref() == Some(new) => {}
            (_, Value::Strings(new)) => {
                let new = Value::Strings(without_repeats(new));
                self.set(key, account, &new.to_toml());
            }
            (_, new) => self.set(key, account, &new.to_toml()),
        }
        Ok(match was_there {
            _ if self.text == before => Set::Kept,
            true => Set::Changed,
            false => Set::Added,
        })
    }

    /// Removes a key, or only one element of a list, and tells whether it was there. An account
    /// that does not exist is refused.
    pub fn unset_value(
        &mut self,
        key: &Key,
        account: Option<&str>,
        element: Option<&str>,
    ) -> Result<bool, Error> {
        self.require_account(account)?;
        let old = self.text.clone();
        match element {
            None => self.remove(key, account),
            Some(element) => self.remove_elements(key, account, |_, text| text == element),
        }
        Ok(self.text != old)
    }

    /// Makes one list of another. What both have stays where it is, with its comments, when that
    /// leads to the right order.
    fn set_list(&mut self, key: &Key, account: Option<&str>, old: &[String], new: &[String]) {
        if old == new {
            return;
        }
        let stays = |at: usize, text: &String| new.contains(text) && !old[..at].contains(text);
        self.remove_elements(key, account, |at, text| !stays(at, text));
        let missing = without_repeats(new.iter().filter(|text| !old.contains(text)));
        self.add_elements(key, account, &missing);
        if self.value(key, account) != Some(Value::Strings(new.to_vec())) {
            self.remove_elements(key, account, |_, _| true);
            self.add_elements(key, account, new);
        }
    }

    fn add_elements(&mut self, key: &Key, account: Option<&str>, elements: &[String]) {
        for element in elements {
            self.change(|text, layout| {
                let list = list(text, layout, key, account)?;
                let element = splice::string(element);
                Some(splice::add_item(text, layout, list, &element))
            });
        }
    }

    fn remove_elements(
        &mut self,
        key: &Key,
        account: Option<&str>,
        goes: impl Fn(usize, &String) -> bool,
    ) {
        let Some(Value::Strings(elements)) = self.value(key, account) else {
            return;
        };
        // From the last, so that the places of the others stay.
        for (at, element) in elements.iter().enumerate().rev() {
            if !goes(at, element) {
                continue;
            }
            self.change(|text, layout| {
                let list = list(text, layout, key, account)?;
                Some(splice::remove_item(text, layout, list, list.items.get(at)?))
            });
        }
    }

    fn holds(&self, key: &Key, account: Option<&str>) -> bool {
        Layout::parse(&self.text).is_some_and(|layout| {
            scope(&self.text, &layout, account)
                .is_some_and(|scope| scope.find(&names(key)).is_some())
        })
    }

    /// Refuses an account that does not exist. What is wrong with a text that is no TOML is told
    /// by the check.
    pub(super) fn require_account(&self, account: Option<&str>) -> Result<(), Error> {
        let Some((id, layout)) = account.zip(Layout::parse(&self.text)) else {
            return Ok(());
        };
        if scope(&self.text, &layout, Some(id)).is_some() {
            return Ok(());
        }
        let accounts = layout.accounts();
        let ids: Vec<_> = accounts
            .iter()
            .filter_map(|account| Some(account.find(&["id"])?.1))
            .filter_map(|item| match read(&self.text, item, Kind::Id)? {
                Value::String(id) => Some(id),
                _ => None,
            })
            .collect();
        Err(no_account(id, ids.iter().map(String::as_str)))
    }
}

/// Says that there is no account of this id, and which was most likely meant.
pub(crate) fn no_account<'a>(id: &str, ids: impl Iterator<Item = &'a str>) -> Error {
    let hint = nearest::nearest(id, ids).map(|id| format!("did you mean `{id}`?"));
    Error::refused(format!("there is no account `{}`", id.escape_debug()), hint)
}

fn list<'a>(text: &str, layout: &'a Layout, key: &Key, account: Option<&str>) -> Option<&'a Node> {
    let (_, item) = scope(text, layout, account)?.find(&names(key))?;
    (item.value.shape == Shape::Array).then_some(&item.value)
}

fn without_repeats<'a>(texts: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let mut seen = Vec::new();
    for text in texts {
        if !seen.contains(text) {
            seen.push(text.clone());
        }
    }
    seen
}
