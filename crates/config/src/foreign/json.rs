//! Single keys of a JSON text.
//!
//! Every text that comes here is valid JSON with an object outside, so that what follows only
//! has to find where things stand in it.

use std::ops::Range;

use serde_json::Value;

use crate::splice::{Cut, apply};

/// An object, and where its parts stand.
struct Object {
    /// What is between its braces.
    inside: Range<usize>,
    members: Vec<Member>,
}

struct Member {
    name: String,
    start: usize,
    value: Range<usize>,
}

/// A value on one line, as people write it.
pub(super) fn written(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Array(items) => format!("[{}]", joined(items.iter().map(written).collect())),
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), written(value))
            };
            format!("{{{}}}", joined(members.iter().map(member).collect()))
        }
        other => other.to_string(),
    }
}

pub(super) fn value(text: &str, path: &[String]) -> Option<String> {
    let (object, name) = holder(text, path)?;
    let member = object.member(name)?;
    Some(text[member.value.clone()].to_owned())
}

pub(super) fn set(text: &str, path: &[String], written: &str) -> Option<String> {
    if text.trim().is_empty() {
        return set("{}\n", path, written);
    }
    let mut object = root(text)?;
    for (depth, name) in path.iter().enumerate() {
        let is_last = depth + 1 == path.len();
        match object.member(name) {
            Some(member) if is_last => {
                let cut = Cut::swap(member.value.clone(), written);
                return Some(apply(text, vec![cut]));
            }
            Some(member) => object = Object::read(text, member.value.start)?,
            None if is_last => return Some(add(text, &object, name, written)),
            None => return set(&add(text, &object, name, "{}"), path, written),
        }
    }
    None
}

pub(super) fn unset(text: &str, path: &[String]) -> Option<String> {
    let (object, name) = holder(text, path)?;
    let place = object
        .members
        .iter()
        .rposition(|member| member.name == *name)?;
    let member = &object.members[place];
    let previous = place.checked_sub(1).map(|place| &object.members[place]);
    let range = match (previous, object.members.get(place + 1)) {
        (Some(previous), _) => previous.value.end..member.value.end,
        (None, Some(next)) => member.start..next.start,
        (None, None) => object.inside.clone(),
    };
    Some(apply(text, vec![Cut::out(range)]))
}

/// The object that holds what a path names, and the last name of it.
fn holder<'a>(text: &str, path: &'a [String]) -> Option<(Object, &'a String)> {
    let (name, above) = path.split_last()?;
    let descend = |object: Object, name: &String| {
        let start = object.member(name)?.value.start;
        Object::read(text, start)
    };
    Some((above.iter().try_fold(root(text)?, descend)?, name))
}

/// Adds a member after the others, in the way that they are laid out.
fn add(text: &str, object: &Object, name: &str, written: &str) -> String {
    let entry = format!("{}: {written}", Value::from(name));
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let cut = match object.members.last() {
        Some(last) => match own_line(text, last.start) {
            Some(indent) => Cut::at(last.value.end, format!(",{newline}{indent}{entry}")),
            None => Cut::at(last.value.end, format!(", {entry}")),
        },
        None => {
            let before = &text[line_start(text, object.inside.start)..object.inside.start - 1];
            let indent = &before[..before.len() - before.trim_start().len()];
            let is_first = before.trim().is_empty() || is_key(before.trim());
            let entry = match is_first || text[object.inside.clone()].contains('\n') {
                true => format!("{newline}{indent}{}{entry}{newline}{indent}", unit(text)),
                false => entry,
            };
            Cut::swap(object.inside.clone(), entry)
        }
    };
    apply(text, vec![cut])
}

/// By how much the text is indented at its first level.
fn unit(text: &str) -> &str {
    let first = root(text).and_then(|root| Some(root.members.first()?.start));
    let indent = first.and_then(|start| own_line(text, start));
    indent.filter(|indent| !indent.is_empty()).unwrap_or("  ")
}

/// What the line of this byte begins with, if it begins with it.
fn own_line(text: &str, at: usize) -> Option<&str> {
    let start = line_start(text, at);
    let before = &text[start..at];
    (start > 0 && before.trim().is_empty()).then_some(before)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |at| at + 1)
}

/// Whether a text is a key with its colon and no more.
fn is_key(text: &str) -> bool {
    text.starts_with('"') && text[end_of(text, 0)..].trim() == ":"
}

fn root(text: &str) -> Option<Object> {
    Object::read(text, blanks_end(text, 0))
}

impl Object {
    /// The object that begins at this byte, if what begins there is one.
    fn read(text: &str, start: usize) -> Option<Self> {
        if !text[start..].starts_with('{') {
            return None;
        }
        let mut members = Vec::new();
        let mut at = blanks_end(text, start + 1);
        while text[at..].starts_with('"') {
            let key = at..end_of(text, at);
            let colon = blanks_end(text, key.end);
            let value = blanks_end(text, colon + 1);
            let value = value..end_of(text, value);
            at = blanks_end(text, value.end);
            if text[at..].starts_with(',') {
                at = blanks_end(text, at + 1);
            }
            members.push(Member {
                name: serde_json::from_str(&text[key.clone()]).ok()?,
                start: key.start,
                value,
            });
        }
        Some(Self {
            inside: start + 1..at,
            members,
        })
    }

    /// The member of this name; of several, the last one counts, as it does to most readers.
    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().rfind(|member| member.name == name)
    }
}

/// The end of the value that begins at this byte.
fn end_of(text: &str, start: usize) -> usize {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate().skip(start) {
        if in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_string = false,
                _ => continue,
            }
            if !in_string && depth == 0 {
                return at + 1;
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => depth += 1,
            // The end of what holds a number or a word.
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b' ' | b'\t' | b'\r' | b'\n' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn blanks_end(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t', '\r', '\n']).len()
}
