//! Writes a reply for its client: the events of a stream, or all of it at once.
//!
//! A message or some reasoning is open at a time, and closed by what is said next.
//! Calls stay open until the reply ends, since their arguments may come in turns.

use serde_json::{Value, json};

use super::close::more_input;
use super::events::Events;
use super::item::{Body, Called, Form, Item, Part, summary};
use super::notes;
use super::response::{Head, State, response};
use crate::Dialect;
use crate::delta::{Delta, Reply};
use crate::prompt::Seal;
use crate::translate::Asked;

/// Writes a reply for its client.
#[derive(Debug)]
pub struct Encoder {
    asked: Asked,
    pub(super) events: Events,
    head: Option<Head>,
    pub(super) items: Vec<Item>,
    pub(super) state: Box<State>,
    is_over: bool,
}

impl Encoder {
    /// Of a reply that has not begun.
    pub fn new(asked: Asked) -> Self {
        Self {
            asked,
            events: Events::default(),
            head: None,
            items: Vec::new(),
            state: Box::default(),
            is_over: false,
        }
    }

    /// Writes the events of one increment.
    pub fn delta(&mut self, delta: Delta, out: &mut Vec<u8>) {
        if self.is_over {
            return;
        }
        match delta {
            Delta::Begin { id, model, created } => {
                let head = Head::new(&self.asked, id, model, created);
                self.begin(head, out);
                return;
            }
            Delta::Usage(usage) => {
                self.state.usage.get_or_insert_default().merge(usage);
                return;
            }
            Delta::Finish(finish) => {
                self.state.finish.get_or_insert(finish);
                return;
            }
            _ => self.begin_at_last(out),
        }
        match delta {
            Delta::Thought { text, .. } => self.think(&text, out),
            Delta::Sealed(seal) => self.seal(seal, out),
            Delta::Text(text) => self.say(&text, false, out),
            Delta::Refusal(text) => self.say(&text, true, out),
            Delta::Annotation(note) => self.annotate(&note, out),
            Delta::Logprobs(more) => {
                if let Some((_, Part::Text { logprobs, .. })) = self.open_part() {
                    logprobs.extend(more);
                }
            }
            Delta::Call {
                number,
                id,
                name,
                is_custom,
            } => self.call(number, id, name, is_custom, out),
            Delta::Arguments { number, text } => self.arguments(number, &text, out),
            Delta::Failed { code, message } => {
                self.state.failure = Some((code, message));
                let open = self.items.iter_mut().filter(|item| item.is_open());
                open.for_each(|item| item.status = "incomplete");
                self.finish(out);
            }
            Delta::Begin { .. } | Delta::Usage(_) | Delta::Finish(_) => {}
        }
    }

    /// Writes the events that end a stream whose upstream has ended it well.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        if !self.is_over {
            self.begin_at_last(out);
            self.close_all(out);
            self.finish(out);
        }
    }

    /// A whole reply.
    pub fn whole(&mut self, reply: &Reply) -> Value {
        self.events.is_silent = true;
        let mut none = Vec::new();
        for delta in reply.clone().into_deltas() {
            self.delta(delta, &mut none);
        }
        self.end(&mut none);
        self.response()
    }

    fn begin(&mut self, head: Head, out: &mut Vec<u8>) {
        if self.head.is_some() {
            return;
        }
        for kind in ["response.created", "response.in_progress"] {
            let response = response(&head, "in_progress", Vec::new());
            self.events.write(kind, [("response", response)], out);
        }
        self.head = Some(head);
    }

    fn begin_at_last(&mut self, out: &mut Vec<u8>) {
        if self.head.is_none() {
            let head = Head::new(&self.asked, None, None, None);
            self.begin(head, out);
        }
    }

    /// Writes the last event.
    fn finish(&mut self, out: &mut Vec<u8>) {
        self.is_over = true;
        if !self.events.is_silent {
            let kind = format!("response.{}", self.state.status());
            let response = self.response();
            self.events.write(&kind, [("response", response)], out);
        }
    }

    fn response(&self) -> Value {
        let none = || Head::new(&self.asked, None, None, None);
        let head = self.head.clone().unwrap_or_else(none);
        let output = self.items.iter().map(Item::json).collect();
        self.state.ended(&head, output)
    }

    fn think(&mut self, text: &str, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let at = self.reasoning(out);
        let Some(item) = self.items.get_mut(at) else {
            return;
        };
        let Body::Reasoning { text: before, .. } = &mut item.body else {
            return;
        };
        let place = [
            ("item_id", json!(item.id)),
            ("output_index", json!(at)),
            ("summary_index", json!(0)),
        ];
        if before.is_empty() {
            let [id, index, part] = place.clone();
            let empty = ("part", summary(""));
            let kind = "response.reasoning_summary_part.added";
            self.events.write(kind, [id, index, part, empty], out);
        }
        before.push_str(text);
        let [id, index, part] = place;
        let kind = "response.reasoning_summary_text.delta";
        let delta = ("delta", json!(text));
        self.events.write(kind, [id, index, part, delta], out);
    }

    fn seal(&mut self, seal: Seal, out: &mut Vec<u8>) {
        let at = self.reasoning(out);
        if let Some(Item {
            id,
            body: Body::Reasoning { seal: place, .. },
            ..
        }) = self.items.get_mut(at)
        {
            let is_own = seal.dialect == Dialect::Responses;
            if let Some(own) = seal.id.as_ref().filter(|_| is_own && self.events.is_silent) {
                id.clone_from(own);
            }
            *place = Some(seal);
        }
        self.close(at, out);
    }

    /// The open reasoning, which is opened if there is none.
    fn reasoning(&mut self, out: &mut Vec<u8>) -> usize {
        let is_reasoning = |item: &Item| matches!(item.body, Body::Reasoning { .. });
        if let Some(at) = self.open_item().filter(|at| self.is(*at, is_reasoning)) {
            return at;
        }
        let body = Body::Reasoning {
            text: String::new(),
            seal: None,
        };
        self.open(body, out)
    }

    fn say(&mut self, text: &str, is_refusal: bool, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        let is_message = |item: &Item| matches!(item.body, Body::Message(_));
        let open = self.open_item().filter(|at| self.is(*at, is_message));
        let at = open.unwrap_or_else(|| self.open(Body::Message(Vec::new()), out));
        let is_same = |item: &Item| match &item.body {
            Body::Message(parts) => match parts.last() {
                Some(Part::Text { .. }) => !is_refusal,
                Some(Part::Refusal(_)) => is_refusal,
                None => false,
            },
            _ => false,
        };
        if !self.is(at, is_same) {
            self.close_part(at, out);
            self.open_new_part(at, is_refusal, out);
        }
        if let Some(Item {
            id,
            body: Body::Message(parts),
            ..
        }) = self.items.get_mut(at)
        {
            let content = parts.len().saturating_sub(1);
            match parts.last_mut() {
                Some(Part::Text { text: before, .. }) => {
                    before.push_str(text);
                    self.events.write_text((id, at, content), text, out);
                }
                Some(Part::Refusal(before)) => {
                    before.push_str(text);
                    let fields = [
                        ("item_id", json!(id)),
                        ("output_index", json!(at)),
                        ("content_index", json!(content)),
                        ("delta", json!(text)),
                    ];
                    self.events.write("response.refusal.delta", fields, out);
                }
                None => {}
            }
        }
    }

    fn annotate(&mut self, note: &Value, out: &mut Vec<u8>) {
        let Some((place, Part::Text { annotations, .. })) = self.open_part() else {
            return;
        };
        let [id, index, content] = place;
        let number = ("annotation_index", json!(annotations.len()));
        let note = notes::write_annotation(note);
        annotations.push(note.clone());
        let kind = "response.output_text.annotation.added";
        let fields = [id, index, content, number, ("annotation", note)];
        self.events.write(kind, fields, out);
    }

    fn call(
        &mut self,
        number: usize,
        id: String,
        name: String,
        is_custom: bool,
        out: &mut Vec<u8>,
    ) {
        let known = self.asked.way_back.tool(&name);
        let form = match known {
            _ if is_custom => Form::Custom,
            Some(known) if known.is_custom => Form::Wrapped,
            _ => Form::Function,
        };
        let namespace = known.and_then(|known| known.namespace.clone());
        let name = known.map_or(name, |known| known.name.clone());
        let call_id = match &self.head {
            Some(head) if id.is_empty() => head.item_id("call", number),
            _ => id,
        };
        self.open(
            Body::Call(Called {
                number,
                call_id,
                name,
                namespace,
                form,
                input: String::new(),
            }),
            out,
        );
    }

    fn arguments(&mut self, number: usize, text: &str, out: &mut Vec<u8>) {
        let is_it = |item: &Item| {
            matches!(&item.body, Body::Call(call) if call.number == number) && item.is_open()
        };
        let Some(at) = self.items.iter().rposition(is_it) else {
            return;
        };
        let Some(Item {
            id,
            body: Body::Call(call),
            ..
        }) = self.items.get_mut(at)
        else {
            return;
        };
        call.input.push_str(text);
        // A wrapped text can be told only when all of it is there.
        if !text.is_empty() && call.form != Form::Wrapped {
            more_input(&mut self.events, (id, at), call.form, text, out);
        }
    }

    /// Opens an item, and closes what else was open of what is said.
    fn open(&mut self, body: Body, out: &mut Vec<u8>) -> usize {
        if let Some(at) = self.open_item() {
            self.close(at, out);
        }
        let at = self.items.len();
        let prefix = Item::prefix(&body);
        let id = self.head.as_ref().map(|head| head.item_id(prefix, at));
        let item = Item {
            id: id.unwrap_or_default(),
            status: "in_progress",
            body,
        };
        let fields = [("output_index", json!(at)), ("item", item.json())];
        self.events.write("response.output_item.added", fields, out);
        self.items.push(item);
        at
    }

    /// The message or the reasoning that is open.
    fn open_item(&self) -> Option<usize> {
        let is_it = |item: &Item| item.is_open() && !matches!(item.body, Body::Call(_));
        self.items.iter().rposition(is_it)
    }

    fn is(&self, at: usize, what: impl Fn(&Item) -> bool) -> bool {
        self.items.get(at).is_some_and(what)
    }

    fn open_new_part(&mut self, at: usize, is_refusal: bool, out: &mut Vec<u8>) {
        let Some(Item {
            id,
            body: Body::Message(parts),
            ..
        }) = self.items.get_mut(at)
        else {
            return;
        };
        let part = match is_refusal {
            true => Part::Refusal(String::new()),
            false => Part::Text {
                text: String::new(),
                annotations: Vec::new(),
                logprobs: Vec::new(),
            },
        };
        let fields = [
            ("item_id", json!(id)),
            ("output_index", json!(at)),
            ("content_index", json!(parts.len())),
            ("part", part.json()),
        ];
        self.events
            .write("response.content_part.added", fields, out);
        parts.push(part);
    }

    /// The last part of the open message, and where it stands.
    fn open_part(&mut self) -> Option<(Place, &mut Part)> {
        let at = self.open_item()?;
        let item = self.items.get_mut(at)?;
        let Body::Message(parts) = &mut item.body else {
            return None;
        };
        let content = parts.len().saturating_sub(1);
        let place = [
            ("item_id", json!(item.id)),
            ("output_index", json!(at)),
            ("content_index", json!(content)),
        ];
        Some((place, parts.last_mut()?))
    }
}

/// The fields that tell where a part stands.
type Place = [(&'static str, Value); 3];
