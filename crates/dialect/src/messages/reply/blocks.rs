//! A reply's blocks while it is written: Messages has them strictly one after the
//! other, so what comes before its turn is held.

use serde_json::Value;

use crate::prompt::Seal;
use crate::{Dialect, tag};

/// A block that is not over, with what of it is not written yet.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// What is not written yet.
    pub(super) pending: String,
    /// Whether its beginning is written.
    pub(super) is_started: bool,
}

#[derive(Debug)]
pub(super) enum Kind {
    Text {
        is_refusal: bool,
    },
    Thinking {
        is_summary: bool,
        signature: Option<String>,
    },
    Redacted {
        data: String,
    },
    Call {
        number: usize,
        id: String,
        name: String,
        is_custom: bool,
        scan: Scan,
        has_arguments: bool,
    },
}

impl Block {
    pub(super) fn new(kind: Kind, pending: String) -> Self {
        Self {
            kind,
            pending,
            is_started: false,
        }
    }

    /// Whether nothing more can be said in it once another block has begun.
    pub(super) fn is_complete(&self) -> bool {
        match &self.kind {
            Kind::Call { scan, .. } => scan.is_complete(),
            Kind::Text { .. } | Kind::Thinking { .. } | Kind::Redacted { .. } => true,
        }
    }
}

/// The text that stands for a seal in Messages.
pub(super) fn seal_text(seal: &Seal) -> String {
    match seal.dialect {
        Dialect::Messages => seal.value.clone(),
        _ => tag::tagged(seal),
    }
}

/// What a tool is called with as the object that Messages has it as. What was cut short
/// is passed on as text, so that no tool runs with less than it was called with.
pub(in crate::messages) fn object(arguments: &str) -> Value {
    match serde_json::from_str(arguments) {
        Ok(Value::Object(object)) => Value::Object(object),
        Ok(Value::Null) => serde_json::json!({}),
        Ok(other) => serde_json::json!({"arguments": other}),
        Err(_) if arguments.trim().is_empty() => serde_json::json!({}),
        Err(_) => serde_json::json!({"arguments": arguments}),
    }
}

/// Tells when a JSON object that comes in pieces is complete.
#[derive(Debug, Default)]
pub(super) struct Scan {
    depth: usize,
    has_begun: bool,
    is_in_string: bool,
    is_escaped: bool,
}

impl Scan {
    pub(super) fn take_in(&mut self, text: &str) {
        for byte in text.bytes() {
            if self.is_in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.is_in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => self.is_in_string = true,
                b'{' | b'[' => {
                    self.has_begun = true;
                    self.depth += 1;
                }
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.has_begun && self.depth == 0 && !self.is_in_string
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_complete_when_its_last_brace_has_come() {
        let mut scan = Scan::default();
        for piece in ["", "{\"a\":", " \"}\\\"", "\", \"b\": {}"] {
            scan.take_in(piece);
            assert!(!scan.is_complete(), "{piece}");
        }
        scan.take_in("}");
        assert!(scan.is_complete());
    }
}
