//! Adds and removes what stands in brackets or braces, on one line or over many.

use super::{BLANKS, Cut, comments, indent, line_end, line_start, newline, remove_lines};
use crate::layout::{Item, Layout, Node, Shape};

/// Adds an item, written in TOML, after the others.
pub(crate) fn add_item(text: &str, layout: &Layout, node: &Node, item: &str) -> Vec<Cut> {
    let Some(last) = node.items.last() else {
        return vec![add_first(text, node, item)];
    };
    let newline = newline(text);
    let end = last.value.span.end;
    if !has_own_lines(text, layout, node, last) {
        return vec![Cut::at(end, format!(", {item}"))];
    }
    let line = format!("{newline}{}{item}", indent(text, last.start));
    let at = line_end(text, end);
    match last.comma {
        Some(_) => vec![Cut::at(at, line + ",")],
        None => vec![Cut::at(end, ","), Cut::at(at, line)],
    }
}

fn add_first(text: &str, node: &Node, item: &str) -> Cut {
    let inside = node.span.start + 1..node.span.end - 1;
    if !text[inside.clone()].contains('\n') {
        let spaced = format!(" {item} ");
        return Cut::swap(
            inside,
            if node.shape == Shape::Table {
                &spaced
            } else {
                item
            },
        );
    }
    // A comment ends with its line, so the closing bracket is the first on its own.
    let close = line_start(text, inside.end);
    let comma = if node.shape == Shape::Table { "" } else { "," };
    let indent = indent(text, close);
    Cut::at(close, format!("{indent}  {item}{comma}{}", newline(text)))
}

/// Removes an item, and one comma.
pub(crate) fn remove_item(text: &str, layout: &Layout, node: &Node, item: &Item) -> Vec<Cut> {
    let previous = node.items.iter().rfind(|other| other.start < item.start);
    let mut cuts = Vec::new();
    // One that was last without a comma leaves a last one without a comma.
    if let (None, Some(comma)) = (&item.comma, previous.and_then(|item| item.comma.clone())) {
        cuts.push(Cut::out(comma));
    }
    if has_own_lines(text, layout, node, item) {
        cuts.push(remove_lines(text, layout, item));
        return cuts;
    }
    let inside = node.span.start + 1..node.span.end - 1;
    let is_only = node.items.len() == 1;
    if is_only && !text[inside.clone()].contains('\n') {
        return vec![Cut::out(inside)];
    }
    let mut range = item.span();
    let before = text[..range.start].trim_end_matches(BLANKS).len();
    let leads = previous.is_none() || text[..before].ends_with('\n');
    if !leads {
        range.start = before;
    }
    if let Some(comma) = item.comma.clone() {
        let blanks = |at: usize| text[at..].len() - text[at..].trim_start_matches(BLANKS).len();
        let after = if leads { blanks(comma.end) } else { 0 };
        if text[range.end..comma.start].trim_matches(BLANKS).is_empty() {
            range.end = comma.end + after;
        } else {
            cuts.push(Cut::out(comma));
        }
    }
    let kept: Vec<_> = comments(text, layout, &range)
        .map(|comment| format!("{comment}{}", newline(text)))
        .collect();
    cuts.push(Cut::swap(range, kept.concat()));
    cuts
}

/// Whether nothing else stands on the lines of an item, but for its comma and comments.
fn has_own_lines(text: &str, layout: &Layout, node: &Node, item: &Item) -> bool {
    let start = line_start(text, item.start);
    let end = line_end(text, item.value.span.end);
    if start <= node.span.start || end >= node.span.end || !is_blank(&text[start..item.start]) {
        return false;
    }
    let after = match &item.comma {
        Some(comma) if comma.start > end => return false,
        Some(comma) if !is_blank(&text[item.value.span.end..comma.start]) => return false,
        Some(comma) => comma.end,
        None => item.value.span.end,
    };
    let rest = after + text[after..end].len() - text[after..end].trim_start_matches(BLANKS).len();
    rest == end || layout.is_comment(rest)
}

fn is_blank(text: &str) -> bool {
    text.trim_matches(BLANKS).is_empty()
}
