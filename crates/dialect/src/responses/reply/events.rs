//! The events of a stream: typed, counted, and as server-sent events.

use serde_json::{Map, Value};

use crate::json::put;
use crate::plain;

/// Writes events, counting them.
#[derive(Debug, Default)]
pub(super) struct Events {
    next: u64,
    /// Whether a whole reply is made, for which there are none.
    pub(super) is_silent: bool,
}

impl Events {
    /// Writes one that says more of the text of a part: what most events are, and so
    /// written without a tree.
    pub(super) fn write_text(
        &mut self,
        (item, index, part): (&str, usize, usize),
        text: &str,
        out: &mut Vec<u8>,
    ) {
        if self.is_silent {
            return;
        }
        out.extend_from_slice(
            b"event: response.output_text.delta\ndata: \
              {\"type\":\"response.output_text.delta\",\"sequence_number\":",
        );
        plain::write_number(self.next, out);
        self.next += 1;
        out.extend_from_slice(b",\"item_id\":");
        plain::write_text(item, out);
        for (name, number) in [("output_index", index), ("content_index", part)] {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":");
            plain::write_number(number as u64, out);
        }
        out.extend_from_slice(b",\"delta\":");
        plain::write_text(text, out);
        out.extend_from_slice(b",\"logprobs\":[]}\n\n");
    }

    /// Writes one of this type with these fields.
    pub(super) fn write<const N: usize>(
        &mut self,
        kind: &str,
        fields: [(&str, Value); N],
        out: &mut Vec<u8>,
    ) {
        if self.is_silent {
            return;
        }
        let mut event = Map::new();
        put(&mut event, "type", Some(kind));
        put(&mut event, "sequence_number", Some(self.next));
        self.next += 1;
        for (name, value) in fields {
            put(&mut event, name, Some(value));
        }
        let event = Value::Object(event);
        out.extend_from_slice(format!("event: {kind}\ndata: {event}\n\n").as_bytes());
    }
}
