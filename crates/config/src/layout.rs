//! Lays a configuration out as it is written: which bytes are a header, a key, a value, a comma.
//!
//! `toml` tells what a text means; where things stand is told by the events of the parser below
//! it. `toml_edit` would render an edited document anew: it reorders dotted keys, and drops
//! carriage returns and the byte order mark.

mod scope;

use std::ops::Range;

use toml::de::DeTable;
use toml_parser::Source;
use toml_parser::parser::{Event, EventKind, parse_document};

pub(crate) use scope::{Form, Home, Scope};

/// The parts of a text, in its order.
pub(crate) struct Layout {
    /// What stands before the first header, which is a section without one; then every header.
    pub(crate) sections: Vec<Section>,
    comments: Vec<Range<usize>>,
}

/// A header and what stands below it, until the next one.
pub(crate) struct Section {
    /// The header with its brackets; empty before the first one.
    pub(crate) header: Range<usize>,
    /// Its names.
    pub(crate) path: Vec<String>,
    /// Whether it is in double brackets.
    pub(crate) is_list: bool,
    /// Its keys.
    pub(crate) items: Vec<Item>,
}

/// A key with its value, or an element of an array, which has no key.
pub(crate) struct Item {
    /// Where it begins.
    pub(crate) start: usize,
    /// The names of its key, more than one when they are dotted.
    pub(crate) keys: Vec<String>,
    /// Its value.
    pub(crate) value: Node,
    /// The comma that follows it.
    pub(crate) comma: Option<Range<usize>>,
}

/// A value.
pub(crate) struct Node {
    /// Where it stands.
    pub(crate) span: Range<usize>,
    /// What it is.
    pub(crate) shape: Shape,
    /// What it holds.
    pub(crate) items: Vec<Item>,
}

/// What a value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A string, a number, a boolean, a date.
    Scalar,
    /// A list in brackets.
    Array,
    /// A table in braces.
    Table,
}

impl Layout {
    /// Lays out a text; `None` when it is no TOML.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // It also bounds how deep values nest.
        DeTable::parse(text).ok()?;
        let source = Source::new(text);
        let mut events: Vec<Event> = Vec::new();
        parse_document(&source.lex().into_vec(), &mut events, &mut ());
        let mut reader = Reader {
            source,
            events: events.into_iter(),
            comments: Vec::new(),
        };
        let sections = reader.sections();
        Some(Self {
            sections,
            comments: reader.comments,
        })
    }

    /// The comments that stand within a range.
    pub(crate) fn comments_in(&self, range: &Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let within =
            |comment: &&Range<usize>| range.start <= comment.start && comment.end <= range.end;
        self.comments.iter().filter(within).cloned()
    }

    /// Whether a comment begins at this byte.
    pub(crate) fn is_comment(&self, at: usize) -> bool {
        self.comments.iter().any(|comment| comment.start == at)
    }
}

impl Item {
    /// Where it stands, without its comma.
    pub(crate) fn span(&self) -> Range<usize> {
        self.start..self.value.span.end
    }
}

struct Reader<'a> {
    source: Source<'a>,
    events: std::vec::IntoIter<Event>,
    comments: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn sections(&mut self) -> Vec<Section> {
        let mut section = Section {
            header: 0..0,
            path: Vec::new(),
            is_list: false,
            items: Vec::new(),
        };
        let mut sections = Vec::new();
        while let Some(event) = self.next() {
            match event.kind() {
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => {
                    sections.push(section);
                    section = self.header(&event);
                }
                EventKind::SimpleKey => {
                    let item = self.item(&event);
                    section.items.push(item);
                }
                _ => {}
            }
        }
        sections.push(section);
        sections
    }

    fn header(&mut self, open: &Event) -> Section {
        let mut section = Section {
            header: range(open),
            path: Vec::new(),
            is_list: open.kind() == EventKind::ArrayTableOpen,
            items: Vec::new(),
        };
        while let Some(event) = self.next() {
            match event.kind() {
                EventKind::SimpleKey => section.path.push(self.name(&event)),
                EventKind::StdTableClose | EventKind::ArrayTableClose => {
                    section.header.end = range(&event).end;
                    break;
                }
                _ => {}
            }
        }
        section
    }

    /// A key, of which the first name was read, and its value.
    fn item(&mut self, first: &Event) -> Item {
        let mut keys = vec![self.name(first)];
        let mut value = None;
        while let Some(event) = self.next() {
            match event.kind() {
                EventKind::SimpleKey => keys.push(self.name(&event)),
                EventKind::Scalar | EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                    value = Some(self.node(&event));
                    break;
                }
                _ => {}
            }
        }
        let start = range(first).start;
        Item {
            start,
            keys,
            value: value.unwrap_or_else(|| Node::scalar(start..start)),
            comma: None,
        }
    }

    /// A value, of which the first event was read.
    fn node(&mut self, first: &Event) -> Node {
        let mut node = Node::scalar(range(first));
        node.shape = match first.kind() {
            EventKind::ArrayOpen => Shape::Array,
            EventKind::InlineTableOpen => Shape::Table,
            _ => return node,
        };
        while let Some(event) = self.next() {
            match event.kind() {
                EventKind::ArrayClose | EventKind::InlineTableClose => {
                    node.span.end = range(&event).end;
                    break;
                }
                EventKind::ValueSep => {
                    if let Some(last) = node.items.last_mut() {
                        last.comma = Some(range(&event));
                    }
                }
                EventKind::SimpleKey => {
                    let item = self.item(&event);
                    node.items.push(item);
                }
                EventKind::Scalar | EventKind::ArrayOpen | EventKind::InlineTableOpen => {
                    node.items.push(Item {
                        start: range(&event).start,
                        keys: Vec::new(),
                        value: self.node(&event),
                        comma: None,
                    });
                }
                _ => {}
            }
        }
        node
    }

    fn name(&self, event: &Event) -> String {
        let mut name = String::new();
        if let Some(raw) = self.source.get(event) {
            raw.decode_key(&mut name, &mut ());
        }
        name
    }

    /// The next event but for comments, which are noted.
    fn next(&mut self) -> Option<Event> {
        loop {
            let event = self.events.next()?;
            match event.kind() {
                EventKind::Comment => self.comments.push(range(&event)),
                _ => return Some(event),
            }
        }
    }
}

impl Node {
    const fn scalar(span: Range<usize>) -> Self {
        Self {
            span,
            shape: Shape::Scalar,
            items: Vec::new(),
        }
    }
}

fn range(event: &Event) -> Range<usize> {
    event.span().start()..event.span().end()
}
