//! Single keys of a TOML text.

use serde_json::Value;

use crate::layout::{Form, Layout};
use crate::splice::{self, Cut, apply};

pub(super) fn meaning(text: &str) -> Result<Value, String> {
    toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
}

/// A value as TOML writes it on one line. There is no null in TOML, and none is ever written.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::String(text) => splice::string(text),
        Value::Array(items) => format!(
            "[{}]",
            items.iter().map(written).collect::<Vec<_>>().join(", ")
        ),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{} = {}", key(name), written(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

pub(super) fn value(text: &str, path: &[String]) -> Option<String> {
    let layout = Layout::parse(text)?;
    let scope = layout.whole();
    let (_, item) = scope.find(&names(path))?;
    Some(text[item.value.span.clone()].to_owned())
}

pub(super) fn set(text: &str, path: &[String], written: &str) -> Option<String> {
    let layout = Layout::parse(text)?;
    let scope = layout.whole();
    let path = names(path);
    if let Some((_, item)) = scope.find(&path) {
        // A comment inside the value goes and comes back with it.
        let cut = Cut::swap(item.value.span.clone(), written);
        return Some(apply(text, vec![cut]));
    }
    let (name, table) = path.split_last()?;
    let line = format!("{} = {written}", key(name));
    if table.is_empty() && layout.sections.first()?.items.is_empty() {
        return Some(apply(
            text,
            vec![splice::add_first_line(text, &layout, &line)],
        ));
    }
    if let Some(home) = scope.home(table) {
        return Some(apply(text, splice::add_key(text, &layout, home, &line)));
    }
    let dotted = |from: usize| format!("{} = {written}", keys(&path[from..]));
    if let Some((home, last)) = scope.dotted(table) {
        let line = dotted(home.path.len());
        let cuts = match home.form {
            Form::Section(..) => vec![splice::add_line_below(text, last, &line)],
            Form::Braces(node) => splice::add_item(text, &layout, node, &line),
        };
        return Some(apply(text, cuts));
    }
    let above = (1..table.len()).rev().find_map(|length| {
        let home = scope.home(&table[..length])?;
        match home.form {
            Form::Braces(node) => Some((length, node)),
            Form::Section(..) => None,
        }
    });
    let cuts = match above {
        Some((length, node)) => splice::add_item(text, &layout, node, &dotted(length)),
        None => {
            let header = format!("[{}]", keys(table));
            vec![splice::add_section(text, &layout, None, &header, &[line])]
        }
    };
    Some(apply(text, cuts))
}

pub(super) fn unset(text: &str, path: &[String]) -> Option<String> {
    let layout = Layout::parse(text)?;
    let scope = layout.whole();
    let (home, item) = scope.find(&names(path))?;
    Some(apply(text, splice::remove_key(text, &layout, home, item)))
}

pub(super) fn unset_empty(text: &str, path: &[String]) -> Option<String> {
    let layout = Layout::parse(text)?;
    let place = layout
        .sections
        .iter()
        .position(|section| !section.is_list && section.path == path && !section.header.is_empty());
    let Some(place) = place else {
        return unset(text, path);
    };
    let header = layout.sections[place].header.clone();
    let next = layout.sections.get(place + 1);
    let end = next.map_or(text.len(), |next| next.header.start);
    if layout.comments_in(&(header.end..end)).next().is_some() {
        return None;
    }
    // It was set off by a blank line above, which goes with it.
    let above = &text[..header.start];
    let blank = ["\r\n\r\n", "\n\n"]
        .into_iter()
        .find(|blank| above.ends_with(blank));
    let start = header.start - blank.map_or(0, |blank| blank.len() / 2);
    let rest = &text[header.end..];
    let rest = rest
        .strip_prefix("\r\n")
        .or_else(|| rest.strip_prefix('\n'));
    let end = text.len() - rest.map_or(0, str::len);
    Some(apply(text, vec![Cut::out(start..end)]))
}

fn names(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

fn keys(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| key(name))
        .collect::<Vec<_>>()
        .join(".")
}

/// A name as a key: bare where it can be.
fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match !name.is_empty() && name.bytes().all(is_bare) {
        true => name.to_owned(),
        // Never one of the forms over several lines, which no key may have.
        false => Value::from(name).to_string(),
    }
}
