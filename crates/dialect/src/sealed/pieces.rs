//! The sealed pieces of a request, and its body without them.

use std::ops::Range;

use serde_json::value::RawValue;

use super::cuts::{Part, cuts};
use super::{Digest, may_hold};
use crate::Dialect;
use crate::envelope::{Splice, splice};
use crate::raw::{elements, members, span, text};

/// The sealed pieces of `body`, in order; none where it is not valid. A body
/// that has none costs a search.
pub fn pieces(dialect: Dialect, body: &[u8]) -> Sealed {
    if !may_hold(dialect, body) {
        return Sealed::default();
    }
    let Ok(json) = std::str::from_utf8(body) else {
        return Sealed::default();
    };
    let list = match dialect {
        Dialect::Chat | Dialect::Messages => "messages",
        Dialect::Responses => "input",
    };
    let mut lists = Vec::new();
    let valid = members(json, |member| {
        if member.name() == list {
            lists.push(member.value);
        }
    });
    if valid.is_err() {
        return Sealed::default();
    }
    let mut reader = Reader {
        body,
        sealed: Sealed {
            len: body.len(),
            ..Sealed::default()
        },
    };
    for list in lists {
        reader.read(dialect, list);
    }
    reader.sealed
}

/// What is sealed in one request.
#[derive(Clone, Debug, Default)]
pub struct Sealed {
    digests: Vec<Digest>,
    parts: Vec<Part>,
    /// Where the ids of sealed items stand, and of which pieces they are.
    ids: Vec<(Range<usize>, Range<usize>)>,
    /// The length of the body that was read: no other one is cut.
    len: usize,
}

impl Sealed {
    /// Whether nothing is sealed.
    pub const fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// The digest of each piece.
    pub fn digests(&self) -> impl Iterator<Item = Digest> {
        self.digests.iter().copied()
    }

    /// The body without those pieces of which `goes` says so, nor what is of
    /// no use without them. `None` where none goes. `body` is the one that was
    /// read.
    pub fn strip(&self, body: &[u8], goes: impl Fn(Digest) -> bool) -> Option<Vec<u8>> {
        let mut cuts = self.cuts(goes);
        if cuts.is_empty() || body.len() != self.len {
            return None;
        }
        Some(splice(body, &mut cuts))
    }

    /// The splices that strip the body, to be made together with those of its
    /// [`Envelope`](crate::Envelope), whose positions hold for the whole body
    /// only.
    pub fn cuts(&self, goes: impl Fn(Digest) -> bool) -> Vec<Splice> {
        let gone: Vec<bool> = self.digests().map(goes).collect();
        cuts(&self.parts, &gone)
    }
}

impl Sealed {
    /// The splices that give sealed items other ids, where `id` knows one of their pieces.
    pub fn renames(&self, id: impl Fn(Digest) -> Option<String>) -> Vec<Splice> {
        let renames = self.ids.iter().filter_map(|(at, pieces)| {
            let id = self.digests[pieces.clone()]
                .iter()
                .find_map(|piece| id(*piece))?;
            let text = serde_json::Value::from(id).to_string();
            Some(Splice::replace(at.clone(), text))
        });
        renames.collect()
    }
}

struct Reader<'a> {
    body: &'a [u8],
    sealed: Sealed,
}

impl Reader<'_> {
    /// Reads a list of messages or items, whose JSON is valid: what cannot be
    /// read of it is of another type than it should be, and holds nothing.
    fn read(&mut self, dialect: Dialect, list: &RawValue) {
        let mut paired = 0..0;
        let _ = elements(list.get(), |element| {
            // Most are passed over, unless they may belong to the one before.
            if paired.is_empty() && !may_hold(dialect, element.get().as_bytes()) {
                return;
            }
            match dialect {
                Dialect::Chat => self.read_chat(element),
                Dialect::Responses => paired = self.read_item(element, paired.clone()),
                Dialect::Messages => self.read_message(element),
            }
        });
    }

    /// A Chat message, whose text of reasoning goes with the sealed one: Gemini
    /// wants both or none. Z.ai's `reasoning_content` is not sealed.
    fn read_chat(&mut self, message: &RawValue) {
        let mut role = None;
        let mut opaque = Vec::new();
        let mut spans = Vec::new();
        let _ = members(message.get(), |member| match &*member.name() {
            "role" => role = text(member.value),
            "reasoning_opaque" => {
                opaque.extend(digest(member.value));
                spans.push(member.span(self.body));
            }
            "reasoning_text" => spans.push(member.span(self.body)),
            _ => {}
        });
        if role.as_deref() != Some("assistant") {
            return;
        }
        let pieces = self.push(opaque);
        for at in spans {
            self.may_go(at, &pieces);
        }
    }

    /// An item of a Responses input. An item of reasoning goes as a whole, and
    /// with it the ids of the output that followed it: with its id, an item is
    /// refused without the reasoning that it came with (hermes-agent#10217).
    ///
    /// `paired` are the pieces of the reasoning in front of it; the answer is
    /// what that is to the next item.
    fn read_item(&mut self, item: &RawValue, paired: Range<usize>) -> Range<usize> {
        let (mut kind, mut role) = (None, None);
        let mut encrypted = Vec::new();
        let mut ids = Vec::new();
        let mut id = None;
        let _ = members(item.get(), |member| match &*member.name() {
            "type" => kind = text(member.value),
            "role" => role = text(member.value),
            "id" => {
                id = Some(span(self.body, member.value.get()));
                ids.push(member.span(self.body));
            }
            "encrypted_content" => encrypted.extend(digest(member.value)),
            _ => {}
        });
        if kind.as_deref() == Some("reasoning") {
            let pieces = self.push(encrypted);
            self.may_go(span(self.body, item.get()), &pieces);
            if let Some(id) = id.filter(|_| !pieces.is_empty()) {
                self.sealed.ids.push((id, pieces.clone()));
            }
            return pieces;
        }
        if !is_output(kind.as_deref(), role.as_deref()) {
            return 0..0;
        }
        for at in ids {
            self.may_go(at, &paired);
        }
        paired
    }

    /// A message of Messages. One of which nothing would be left goes as a
    /// whole: empty content is refused.
    fn read_message(&mut self, message: &RawValue) {
        let mut contents = Vec::new();
        let _ = members(message.get(), |member| {
            if member.name() == "content" {
                contents.push(member.value);
            }
        });
        let before = self.sealed.parts.len();
        let mut blocks = 0;
        for content in contents {
            let list = elements(content.get(), |block| {
                blocks += 1;
                self.read_block(block);
            });
            if list.is_err() {
                blocks += 1;
            }
        }
        let parts = &mut self.sealed.parts;
        if blocks > 0 && parts.len() - before == blocks {
            let all = parts.split_off(before);
            parts.push(Part::around(self.body, span(self.body, message.get()), all));
        }
    }

    fn read_block(&mut self, block: &RawValue) {
        let mut kind = None;
        let mut signatures = Vec::new();
        let mut redacted = Vec::new();
        let _ = members(block.get(), |member| match &*member.name() {
            "type" => kind = text(member.value),
            "signature" => signatures.extend(digest(member.value)),
            "data" => redacted.extend(digest(member.value)),
            _ => {}
        });
        let pieces = match kind.as_deref() {
            Some("thinking") => self.push(signatures),
            Some("redacted_thinking") => self.push(redacted),
            _ => return,
        };
        self.may_go(span(self.body, block.get()), &pieces);
    }

    /// Takes pieces in; the answer is where they stand.
    fn push(&mut self, digests: Vec<Digest>) -> Range<usize> {
        let start = self.sealed.digests.len();
        self.sealed.digests.extend(digests);
        start..self.sealed.digests.len()
    }

    /// Remembers what goes with `pieces`, if there are any.
    fn may_go(&mut self, at: Range<usize>, pieces: &Range<usize>) {
        if !pieces.is_empty() {
            let part = Part::of_pieces(self.body, at, pieces.clone());
            self.sealed.parts.push(part);
        }
    }
}

/// Whether an item is the assistant's own, and names itself by an id that may
/// be left out: a reference is nothing but its id, and a compaction is sealed
/// together with its own.
fn is_output(kind: Option<&str>, role: Option<&str>) -> bool {
    match kind {
        None | Some("message") => role == Some("assistant"),
        Some("item_reference" | "compaction" | "compaction_summary") => false,
        Some("mcp_approval_response") => false,
        Some(kind) => !kind.ends_with("_output"),
    }
}

/// The digest of a string; nothing is sealed in an empty one.
fn digest(sealed: &RawValue) -> Option<Digest> {
    text(sealed)
        .filter(|sealed| !sealed.is_empty())
        .map(|sealed| Digest::of(&sealed))
}
