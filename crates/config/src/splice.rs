//! Changes the text of a configuration in one place, and leaves every other byte as it is.
//!
//! An edit is a few cuts in the text, where its [`Layout`] says. No comment is ever cut: one that
//! stands on the line of what is removed, or inside of it, gets a line of its own.

mod braces;

use std::ops::Range;

use crate::layout::{Form, Home, Item, Layout};
use crate::schema;

pub(crate) use braces::{add_item, remove_item};

/// Bytes of a text, and what takes their place.
pub(crate) struct Cut {
    range: Range<usize>,
    with: String,
}

impl Cut {
    pub(crate) const fn out(range: Range<usize>) -> Self {
        let with = String::new();
        Self { range, with }
    }

    pub(crate) fn at(at: usize, with: impl Into<String>) -> Self {
        Self::swap(at..at, with)
    }

    pub(crate) fn swap(range: Range<usize>, with: impl Into<String>) -> Self {
        let with = with.into();
        Self { range, with }
    }
}

/// The text after some cuts, which do not overlap.
pub(crate) fn apply(text: &str, mut cuts: Vec<Cut>) -> String {
    cuts.sort_by_key(|cut| (cut.range.start, cut.range.end));
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for cut in cuts {
        new += &text[at..cut.range.start];
        new += &cut.with;
        at = cut.range.end;
    }
    new + &text[at..]
}

/// A string as TOML writes it.
pub(crate) fn string(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// Gives an item another value, written in TOML.
pub(crate) fn replace_value(text: &str, layout: &Layout, item: &Item, value: &str) -> Vec<Cut> {
    let indent = indent(text, item.start);
    let inside = comments(text, layout, &item.value.span);
    let inside: Vec<_> = inside
        .map(|comment| format!("{comment}{}{indent}", newline(text)))
        .collect();
    vec![
        Cut::at(item.start, inside.concat()),
        Cut::swap(item.value.span.clone(), value),
    ]
}

/// Adds a key, written in TOML, after the others of a table.
pub(crate) fn add_key(text: &str, layout: &Layout, home: &Home<'_>, line: &str) -> Vec<Cut> {
    match home.form {
        Form::Braces(node) => add_item(text, layout, node, line),
        Form::Section(_, section) => match section.items.last() {
            Some(last) => vec![add_line_below(text, last, line)],
            None => {
                let at = line_end(text, section.header.end);
                vec![Cut::at(at, format!("{}{line}", newline(text)))]
            }
        },
    }
}

/// Adds a key, written in TOML, on the line below another one's.
pub(crate) fn add_line_below(text: &str, item: &Item, line: &str) -> Cut {
    let indent = indent(text, item.start);
    let at = line_end(text, item.value.span.end);
    Cut::at(at, format!("{}{indent}{line}", newline(text)))
}

/// Adds a key, written in TOML, to a text that has none before its first header.
pub(crate) fn add_first_line(text: &str, layout: &Layout, line: &str) -> Cut {
    let newline = newline(text);
    if let Some(next) = layout.sections.get(1) {
        let at = start_with_comments(text, layout, next.header.start);
        return Cut::at(at, format!("{line}{newline}{newline}"));
    }
    let is_open = !text[text_start(text)..].is_empty() && !text.ends_with('\n');
    let break_before = if is_open { newline } else { "" };
    Cut::at(text.len(), format!("{break_before}{line}{newline}"))
}

/// Removes a key with its value.
pub(crate) fn remove_key(text: &str, layout: &Layout, home: &Home<'_>, item: &Item) -> Vec<Cut> {
    match home.form {
        Form::Braces(node) => remove_item(text, layout, node, item),
        Form::Section(..) => vec![remove_lines(text, layout, item)],
    }
}

/// Removes the lines of an item, but for their comments.
fn remove_lines(text: &str, layout: &Layout, item: &Item) -> Cut {
    let start = line_start(text, item.start);
    let last = item.comma.as_ref().unwrap_or(&item.value.span);
    let end = line_end(text, last.end);
    let next = next_line(text, end);
    let kept: Vec<_> = comments(text, layout, &(start..end)).collect();
    if !kept.is_empty() {
        let indent = indent(text, item.start);
        let lines = kept.join(&format!("{}{indent}", newline(text)));
        return Cut::swap(start + indent.len()..end, lines);
    }
    match next > end {
        true => Cut::out(start..next),
        // The last line of a text that ends without a line break.
        false => Cut::out(line_end_before(text, start)..end),
    }
}

/// Adds a header with a few lines, all written in TOML, before the section with this index, or at
/// the end of the text. It is set off by a blank line on each side.
pub(crate) fn add_section(
    text: &str,
    layout: &Layout,
    before: Option<usize>,
    header: &str,
    lines: &[String],
) -> Cut {
    let newline = newline(text);
    let next = before.and_then(|at| layout.sections.get(at));
    let at = next.map_or(text.len(), |next| {
        start_with_comments(text, layout, next.header.start)
    });
    let above = &text[text_start(text)..at];
    let mut added = String::new();
    if !above.is_empty() && !above.ends_with('\n') {
        added += newline;
    }
    if !above.is_empty() && !ends_with_blank_line(above) {
        added += newline;
    }
    for line in std::iter::once(header).chain(lines.iter().map(String::as_str)) {
        added += line;
        added += newline;
    }
    if next.is_some() {
        added += newline;
    }
    Cut::at(at, added)
}

/// Removes the sections from `first` to `last`, which follow each other, with their comments: all
/// inside, those right above, and those right below that are not right above the next section. A
/// comment that a blank line sets off below them stays. The blank lines below them go, or those
/// above where nothing follows.
pub(crate) fn remove_sections(text: &str, layout: &Layout, first: usize, last: usize) -> Cut {
    let start = start_with_comments(text, layout, layout.sections[first].header.start);
    let next = layout.sections.get(last + 1);
    let bound = next.map_or(text.len(), |next| {
        start_with_comments(text, layout, next.header.start)
    });
    let section = &layout.sections[last];
    let items = section.items.iter().map(|item| item.value.span.end);
    let is_blank = |at: usize| text[at..line_end(text, at)].trim_matches(BLANKS).is_empty();
    let mut end = next_line(text, items.fold(section.header.end, usize::max));
    while end < bound && !is_blank(end) {
        end = next_line(text, end);
    }
    let mut below = end;
    while below < text.len() && is_blank(below) {
        below = next_line(text, below);
    }
    if below < text.len() {
        return Cut::out(start..below);
    }
    let mut above = start;
    while above > text_start(text) && is_blank(line_start(text, above - 1)) {
        above = line_start(text, above - 1);
    }
    Cut::out(above..below)
}

/// The section that a new one with this name comes before, in the order of the schema; `None` is
/// the end of the text.
pub(crate) fn section_after(layout: &Layout, name: &str) -> Option<usize> {
    let rank = |name: &str| {
        let mut sections = schema::KEYS
            .iter()
            .map(|key| key.path.split(['.', '[']).next());
        sections.position(|section| section == Some(name))
    };
    let ranks = |at: usize| rank(layout.sections[at].path.first()?.as_str());
    let headers = 1..layout.sections.len();
    let earlier = headers.clone().filter(|&at| ranks(at) < rank(name));
    match earlier.max_by_key(|&at| ranks(at)) {
        Some(at) => Some(at + 1).filter(|at| headers.contains(at)),
        None => headers.clone().find(|&at| ranks(at) > rank(name)),
    }
}

/// Where a header begins with the comments right above it. Comments that a text begins with belong
/// to all of it, so they stay above.
fn start_with_comments(text: &str, layout: &Layout, header: usize) -> usize {
    let own = line_start(text, header);
    let mut start = own;
    while start > text_start(text) {
        let above = line_start(text, start - 1);
        if !layout.is_comment(above + indent(text, above).len()) {
            return start;
        }
        start = above;
    }
    own
}

fn ends_with_blank_line(text: &str) -> bool {
    let Some(text) = text.strip_suffix('\n') else {
        return false;
    };
    text[line_start(text, text.len())..].trim().is_empty()
}

/// The comments of a range.
fn comments<'a>(
    text: &'a str,
    layout: &Layout,
    range: &Range<usize>,
) -> impl Iterator<Item = &'a str> {
    layout.comments_in(range).map(|comment| &text[comment])
}

/// Where the text begins, after the byte order mark.
fn text_start(text: &str) -> usize {
    text.len() - text.trim_start_matches('\u{feff}').len()
}

fn line_start(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    start.max(text_start(text)).min(at)
}

/// The end of the line, before its line break.
fn line_end(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
    at + line.strip_suffix('\r').unwrap_or(line).len()
}

/// The end of the line above the one that begins here.
fn line_end_before(text: &str, start: usize) -> usize {
    let above = &text[..start];
    let above = above.strip_suffix('\n').unwrap_or(above);
    above.strip_suffix('\r').unwrap_or(above).len()
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |to| at + to + 1)
}

/// The blanks that the line of this byte begins with.
fn indent(text: &str, at: usize) -> &str {
    let line = &text[line_start(text, at)..];
    &line[..line.len() - line.trim_start_matches(BLANKS).len()]
}

fn newline(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

const BLANKS: [char; 2] = [' ', '\t'];
