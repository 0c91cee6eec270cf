//! What was told of a reply's items until now. Each text comes up to four times: in
//! deltas, at the end of its part, at the end of its item and at the end of the reply.
//! Whatever comes first is taken, and of what follows only what is new.

use serde_json::Value;

use super::notes;
use crate::Dialect;
use crate::delta::Delta;
use crate::json::{list, string, text};
use crate::prompt::Seal;
use crate::tag::untagged;
use crate::way_back::flat;

/// The items of a reply.
#[derive(Debug, Default)]
pub(super) struct Heard {
    items: Vec<Item>,
    /// How many calls have begun.
    pub(super) calls: usize,
}

#[derive(Debug)]
struct Item {
    index: u64,
    kind: Kind,
    /// How long each of its parts is until now.
    told: Vec<Told>,
    /// The number of the call, once it has begun.
    call: Option<usize>,
    is_sealed: bool,
}

#[derive(Debug)]
struct Told {
    what: What,
    part: u64,
    length: usize,
}

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The model's message.
    Message,
    /// Its reasoning.
    Reasoning,
    /// A call of a function.
    Function,
    /// A call of a custom tool.
    Custom,
}

/// What a part of an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A message's text.
    Text,
    /// A message's refusal.
    Refusal,
    /// A summary of the reasoning.
    Summary,
    /// The reasoning itself.
    Thought,
    /// What a call is called with.
    Input,
    /// The notes on a text: they are counted.
    Notes,
    /// The probabilities of a text: they are counted.
    Logprobs,
}

impl Kind {
    fn of(item: &Value) -> Option<Self> {
        match item["type"].as_str()? {
            "message" => Some(Self::Message),
            "reasoning" => Some(Self::Reasoning),
            "function_call" => Some(Self::Function),
            "custom_tool_call" => Some(Self::Custom),
            _ => None,
        }
    }
}

impl Heard {
    /// More of a part, at the place of its item: ids differ between the events of one
    /// item (facts: Copilot, 8).
    pub(super) fn more(
        &mut self,
        (index, kind): (u64, Kind),
        (what, part): (What, u64),
        text: &str,
        out: &mut Vec<Delta>,
    ) {
        let at = self.place(index, kind);
        if let Some(item) = self.items.get_mut(at) {
            item.more(what, part, text, out);
        }
    }

    /// All of a part.
    pub(super) fn whole(
        &mut self,
        (index, kind): (u64, Kind),
        (what, part): (What, u64),
        text: &str,
        out: &mut Vec<Delta>,
    ) {
        let at = self.place(index, kind);
        if let Some(item) = self.items.get_mut(at) {
            item.whole(what, part, text, out);
        }
    }

    /// More of what is listed beside a text.
    pub(super) fn beside(
        &mut self,
        index: u64,
        (what, part): (What, u64),
        more: &[Value],
        out: &mut Vec<Delta>,
    ) {
        let at = self.place(index, Kind::Message);
        if let Some(item) = self.items.get_mut(at) {
            item.told(what, part).length += more.len();
            tell_beside(what, more, out);
        }
    }

    /// A part of a message as a whole.
    pub(super) fn part(&mut self, index: u64, part: u64, content: &Value, out: &mut Vec<Delta>) {
        let at = self.place(index, Kind::Message);
        if let Some(item) = self.items.get_mut(at) {
            item.part(part, content, out);
        }
    }

    /// An item that begins. Of what it holds already only a call's name counts.
    pub(super) fn begin(&mut self, index: u64, item: &Value, out: &mut Vec<Delta>) {
        let Some(kind) = Kind::of(item) else { return };
        let at = self.place(index, kind);
        self.begin_call(at, item, out);
    }

    /// An item as a whole.
    pub(super) fn end(&mut self, index: u64, item: &Value, out: &mut Vec<Delta>) {
        let Some(kind) = Kind::of(item) else { return };
        let at = self.place(index, kind);
        self.end_at(at, item, out);
    }

    /// All items as a whole. Where all that was told of stands at its place, the places
    /// tell which is which. Some upstreams leave items out here: then the order of those
    /// of a kind does.
    pub(super) fn all(&mut self, items: &Value, out: &mut Vec<Delta>) {
        let items = list(items);
        let stands = |known: &Item| {
            let at = usize::try_from(known.index).ok();
            let item = at.and_then(|at| items.get(at));
            item.and_then(Kind::of) == Some(known.kind)
        };
        let is_whole = self.items.iter().all(stands);
        let mut unseen: Vec<usize> = (0..self.items.len()).collect();
        unseen.sort_by_key(|at| self.items.get(*at).map(|known| known.index));
        for (index, item) in (0_u64..).zip(items) {
            let Some(kind) = Kind::of(item) else { continue };
            let is_it = |at: &usize| {
                let known = self.items.get(*at);
                known.is_some_and(|it| it.kind == kind && (!is_whole || it.index == index))
            };
            let at = match unseen.iter().position(is_it) {
                Some(found) => unseen.remove(found),
                None => self.push(index, kind),
            };
            self.end_at(at, item, out);
        }
    }

    fn place(&mut self, index: u64, kind: Kind) -> usize {
        let mut known = self.items.iter();
        known
            .rposition(|item| (item.index, item.kind) == (index, kind))
            .unwrap_or_else(|| self.push(index, kind))
    }

    fn push(&mut self, index: u64, kind: Kind) -> usize {
        self.items.push(Item {
            index,
            kind,
            told: Vec::new(),
            call: None,
            is_sealed: false,
        });
        self.items.len() - 1
    }

    fn begin_call(&mut self, at: usize, json: &Value, out: &mut Vec<Delta>) {
        let Some(item) = self.items.get_mut(at) else {
            return;
        };
        let is_call = matches!(item.kind, Kind::Function | Kind::Custom);
        let Some(name) = text(&json["name"]).filter(|_| is_call && item.call.is_none()) else {
            return;
        };
        let number = self.calls;
        self.calls += 1;
        item.call = Some(number);
        let id = string(&json["call_id"]).or_else(|| string(&json["id"]));
        out.push(Delta::Call {
            number,
            id: id.unwrap_or_else(|| format!("call_{number}")),
            name: flat(text(&json["namespace"]), name),
            is_custom: item.kind == Kind::Custom,
        });
    }

    fn end_at(&mut self, at: usize, json: &Value, out: &mut Vec<Delta>) {
        self.begin_call(at, json, out);
        if let Some(item) = self.items.get_mut(at) {
            item.end(json, out);
        }
    }
}

impl Item {
    fn end(&mut self, json: &Value, out: &mut Vec<Delta>) {
        match self.kind {
            Kind::Message => {
                for (part, content) in (0..).zip(list(&json["content"])) {
                    self.part(part, content, out);
                }
            }
            Kind::Reasoning => {
                for (what, field) in [(What::Thought, "content"), (What::Summary, "summary")] {
                    for (part, content) in (0..).zip(list(&json[field])) {
                        let text = content["text"].as_str().unwrap_or_default();
                        self.whole(what, part, text, out);
                    }
                }
                self.seal(json, out);
            }
            Kind::Function | Kind::Custom => {
                let fields = [&json["arguments"], &json["input"]];
                let input = fields.into_iter().find_map(Value::as_str);
                self.whole(What::Input, 0, input.unwrap_or_default(), out);
            }
        }
    }

    fn part(&mut self, part: u64, content: &Value, out: &mut Vec<Delta>) {
        if let Some(text) = content["text"].as_str() {
            self.whole(What::Text, part, text, out);
        }
        if let Some(text) = content["refusal"].as_str() {
            self.whole(What::Refusal, part, text, out);
        }
        for (what, field) in [(What::Notes, "annotations"), (What::Logprobs, "logprobs")] {
            let all = list(&content[field]);
            let told = self.told(what, part);
            let rest = all.get(told.length..).unwrap_or_default();
            told.length += rest.len();
            tell_beside(what, rest, out);
        }
    }

    fn whole(&mut self, what: What, part: u64, text: &str, out: &mut Vec<Delta>) {
        let known = self.told(what, part).length;
        if let Some(rest) = text.get(known..) {
            self.more(what, part, rest, out);
        }
    }

    fn more(&mut self, what: What, part: u64, text: &str, out: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        let delta = match what {
            What::Text => Delta::Text(text.to_owned()),
            What::Refusal => Delta::Refusal(text.to_owned()),
            What::Summary | What::Thought => {
                // What the seal stands for has been said.
                if self.is_sealed {
                    return;
                }
                let is_new = self.told(what, part).length == 0;
                let goes_on = self
                    .told
                    .iter()
                    .any(|told| told.what == what && told.length > 0);
                let gap = if is_new && goes_on { "\n\n" } else { "" };
                Delta::Thought {
                    text: format!("{gap}{text}"),
                    is_summary: what == What::Summary,
                }
            }
            What::Input => match self.call {
                Some(number) => Delta::Arguments {
                    number,
                    text: text.to_owned(),
                },
                // Its name comes with the whole item, and so does this again.
                None => return,
            },
            What::Notes | What::Logprobs => return,
        };
        self.told(what, part).length += text.len();
        out.push(delta);
    }

    fn seal(&mut self, json: &Value, out: &mut Vec<Delta>) {
        let Some(value) = text(&json["encrypted_content"]).filter(|_| !self.is_sealed) else {
            return;
        };
        self.is_sealed = true;
        out.push(Delta::Sealed(untagged(value).unwrap_or_else(|| Seal {
            dialect: Dialect::Responses,
            id: string(&json["id"]),
            value: value.to_owned(),
            is_redacted: false,
        })));
    }

    fn told(&mut self, what: What, part: u64) -> &mut Told {
        let mut known = self.told.iter();
        let known = known.rposition(|told| (told.what, told.part) == (what, part));
        let at = known.unwrap_or_else(|| {
            self.told.push(Told {
                what,
                part,
                length: 0,
            });
            self.told.len() - 1
        });
        &mut self.told[at]
    }
}

fn tell_beside(what: What, all: &[Value], out: &mut Vec<Delta>) {
    if what == What::Notes {
        let notes = all.iter().map(notes::read_annotation);
        out.extend(notes.map(Delta::Annotation));
    } else if !all.is_empty() {
        let entries = all.iter().map(notes::read_logprob);
        out.push(Delta::Logprobs(entries.collect()));
    }
}
