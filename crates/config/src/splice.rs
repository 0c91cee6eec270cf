//! Changes single values in the text of a configuration, and leaves every other byte as it is.
//!
//! The parser tells where each key and value stands, so an edit is a cut in the text. Rendering
//! an edited document anew, as `toml_edit` does, would reorder dotted keys and drop carriage
//! returns.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value as TOML writes it.
pub(crate) fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// The string that an account has for a key.
pub(crate) fn account_string(text: &str, id: &str, key: &str) -> Option<String> {
    let tree = DeTable::parse(text).ok()?;
    let table = account(tree.get_ref(), id)?.get_ref().as_table()?;
    table.get(key)?.get_ref().as_str().map(str::to_owned)
}

/// The boolean that an account has for a key.
pub(crate) fn account_bool(text: &str, id: &str, key: &str) -> Option<bool> {
    let tree = DeTable::parse(text).ok()?;
    let table = account(tree.get_ref(), id)?.get_ref().as_table()?;
    table.get(key)?.get_ref().as_bool()
}

/// Whether there is an account with this id.
pub(crate) fn has_account(text: &str, id: &str) -> bool {
    DeTable::parse(text).is_ok_and(|tree| account(tree.get_ref(), id).is_some())
}

/// The text with an account's key set to a value that is written in TOML; a new key comes after
/// the account's other values. Unchanged when there is no such account.
pub(crate) fn set(text: &str, id: &str, key: &str, value: &str) -> String {
    let cut = || {
        let tree = DeTable::parse(text).ok()?;
        let item = account(tree.get_ref(), id)?;
        let table = item.get_ref().as_table()?;
        if let Some(old) = table.get(key) {
            return Some(replaced(text, old.span(), value));
        }
        let values = table
            .iter()
            .filter(|(_, value)| !value.get_ref().is_table());
        let (last_key, last) = values.max_by_key(|(_, value)| value.span().end)?;
        if is_inline(text, item) {
            let at = last.span().end;
            return Some(replaced(text, at..at, &format!(", {key} = {value}")));
        }
        let start = line_start(text, last_key.span().start);
        let indent: String = text[start..]
            .chars()
            .take_while(|c| matches!(c, ' ' | '\t'))
            .collect();
        let at = line_end(text, last.span().end);
        Some(replaced(
            text,
            at..at,
            &format!("{}{indent}{key} = {value}", newline(text)),
        ))
    };
    cut().unwrap_or_else(|| text.to_owned())
}

/// The text without a key of an account. A comment on the line of the key goes with it; one above
/// stays.
pub(crate) fn remove(text: &str, id: &str, key: &str) -> String {
    let cut = || {
        let tree = DeTable::parse(text).ok()?;
        let item = account(tree.get_ref(), id)?;
        let (key, value) = item.get_ref().as_table()?.get_key_value(key)?;
        let (start, end) = (key.span().start, value.span().end);
        if is_inline(text, item) {
            return Some(replaced(text, with_comma(text, start..end), ""));
        }
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at + 1);
        Some(replaced(text, line_start(text, start)..end, ""))
    };
    cut().unwrap_or_else(|| text.to_owned())
}

/// The text with one more account, whose values are written in TOML.
pub(crate) fn append_account(text: &str, values: &[(&str, String)]) -> String {
    let lines = values.iter().map(|(key, value)| format!("{key} = {value}"));
    if let Some((at, separator)) = end_of_inline_list(text) {
        let table = lines.collect::<Vec<_>>().join(", ");
        return replaced(text, at..at, &format!("{separator}{{ {table} }}"));
    }
    let newline = newline(text);
    let mut text = text.to_owned();
    if !text.is_empty() {
        if !text.ends_with('\n') {
            text += newline;
        }
        text += newline;
    }
    for line in std::iter::once("[[accounts]]".to_owned()).chain(lines) {
        text += &line;
        text += newline;
    }
    text
}

/// Where one more table goes, and what comes before it, when the accounts are written as
/// `accounts = [{ .. }]`.
fn end_of_inline_list(text: &str) -> Option<(usize, &'static str)> {
    let tree = DeTable::parse(text).ok()?;
    let list = tree.get_ref().get("accounts")?;
    let items = list.get_ref().as_array()?;
    match items.last() {
        Some(last) if is_inline(text, last) => Some((last.span().end, ", ")),
        Some(_) => None,
        None => Some((list.span().start + 1, "")),
    }
}

fn account<'a, 'i>(tree: &'a DeTable<'i>, id: &str) -> Option<&'a Spanned<DeValue<'i>>> {
    let is_it = |item: &&Spanned<DeValue<'_>>| {
        let found = item
            .get_ref()
            .get("id")
            .and_then(|found| found.get_ref().as_str());
        found == Some(id)
    };
    tree.get("accounts")?
        .get_ref()
        .as_array()?
        .iter()
        .find(is_it)
}

/// Whether a table is written in braces; one with a header spans its header.
fn is_inline(text: &str, table: &Spanned<DeValue<'_>>) -> bool {
    text[table.span()].starts_with('{')
}

/// An entry of an inline table, and the comma that parts it from the next, else from the last.
fn with_comma(text: &str, entry: Range<usize>) -> Range<usize> {
    let after = text[entry.end..].trim_start();
    if let Some(rest) = after.strip_prefix(',') {
        return entry.start..text.len() - rest.trim_start().len();
    }
    let before = text[..entry.start].trim_end();
    match before.strip_suffix(',') {
        Some(rest) => rest.len()..entry.end,
        None => entry,
    }
}

fn replaced(text: &str, range: Range<usize>, with: &str) -> String {
    [&text[..range.start], with, &text[range.end..]].concat()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |at| at + 1)
}

/// The end of the line, before its line break.
fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}
