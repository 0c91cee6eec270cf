//! The events of a stream: typed, counted, and as server-sent events.

use serde_json::{Map, Value};

use crate::responses::json::put;

/// Writes events, counting them.
#[derive(Debug, Default)]
pub(super) struct Events {
    next: u64,
    /// Whether a whole reply is made, for which there are none.
    pub(super) is_silent: bool,
}

impl Events {
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
