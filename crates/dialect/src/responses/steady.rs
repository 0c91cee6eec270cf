//! One id for each item of a streamed response, from its beginning to its end.
//!
//! Copilot names an item anew in nearly every event (facts: Copilot, 8), which clients that
//! put items together by their ids take for a fault. So each keeps the id that it was added
//! with. Encrypted reasoning is good only with the very id that it came with (facts:
//! Copilot, 9), so that one is told, to be put back when the item comes again.

use std::ops::Range;

use memchr::memmem;
use serde_json::value::RawValue;

use crate::envelope::{Splice, splice};
use crate::raw::{elements, members, span, text};
use crate::sealed::Digest;
use crate::sse::Event;

/// No response has more items than this; of those beyond it no id is known.
const MOST: usize = 1024;

/// Keeps the ids of one response.
#[derive(Debug, Default)]
pub struct Steady {
    response: Option<String>,
    /// The id that each item was added with, by its `output_index`.
    items: Vec<(u64, String)>,
    /// The id of the item that was spoken of last, as JSON writes it.
    quoted: String,
    exact: Vec<(Digest, String)>,
}

impl Steady {
    /// The event in which each item has the id that it began with; `None` where it is so
    /// already, which costs a search.
    pub fn event(&mut self, event: &[u8]) -> Option<Vec<u8>> {
        if self.goes_on(event) {
            return None;
        }
        let data = Event::parse(event).data?;
        // Data on several lines is none that an upstream sends.
        let std::borrow::Cow::Borrowed(data) = data else {
            return None;
        };
        let json = std::str::from_utf8(data).ok()?;
        let mut splices = self.mended(event, json)?;
        (!splices.is_empty()).then(|| splice(event, &mut splices))
    }

    /// The very ids of sealed items that have others here.
    pub fn exact(&self) -> impl Iterator<Item = (Digest, &str)> {
        self.exact.iter().map(|(digest, id)| (*digest, &**id))
    }

    /// Whether an event speaks of the same item as the one before, by its id.
    fn goes_on(&self, event: &[u8]) -> bool {
        // With its quotes, since one id may be the beginning of another.
        !self.quoted.is_empty()
            && memmem::find(event, self.quoted.as_bytes()).is_some()
            && memmem::find(event, b"\"response\"").is_none()
    }

    fn mended(&mut self, event: &[u8], json: &str) -> Option<Vec<Splice>> {
        let mut read = Read::default();
        members(json, |member| match &*member.name() {
            "type" => read.is_added = member.value.get() == r#""response.output_item.added""#,
            "output_index" => read.index = member.value.get().parse().ok(),
            "item_id" => read.id = Some(member.value),
            "item" => read.item = Some(member.value),
            "response" => read.response = Some(member.value),
            _ => {}
        })
        .ok()?;
        let mut splices = Vec::new();
        if let Some(response) = read.response {
            self.whole(event, response, &mut splices)?;
        }
        let Some(index) = read.index else {
            return Some(splices);
        };
        if read.is_added {
            let item = Item::of(read.item?)?;
            self.add(index, item.id);
            return Some(splices);
        }
        let known = self.items.iter().find(|(known, _)| *known == index);
        self.quoted = known.map_or_else(String::new, |(_, id)| quoted(id));
        if let Some(id) = read.id {
            splices.extend(self.named(event, index, id));
        }
        if let Some(item) = read.item.and_then(Item::of) {
            self.item(event, index, &item, &mut splices);
        }
        Some(splices)
    }

    /// A response that stands in an event whole, or as far as it has come.
    fn whole(
        &mut self,
        event: &[u8],
        response: &RawValue,
        splices: &mut Vec<Splice>,
    ) -> Option<()> {
        let (mut id, mut output) = (None, None);
        members(response.get(), |member| match &*member.name() {
            "id" => id = Some(member.value),
            "output" => output = Some(member.value),
            _ => {}
        })
        .ok()?;
        if let Some(id) = id {
            match &self.response {
                None => self.response = text(id).map(|id| id.into_owned()),
                Some(known) => splices.extend(renamed(event, id, known)),
            }
        }
        let mut index = 0;
        let mut items = Vec::new();
        elements(output?.get(), |item| {
            items.extend(Item::of(item).map(|item| (index, item)));
            index += 1;
        })
        .ok()?;
        for (index, item) in items {
            self.item(event, index, &item, splices);
        }
        Some(())
    }

    fn item(&mut self, event: &[u8], index: u64, item: &Item<'_>, splices: &mut Vec<Splice>) {
        let Some(id) = item.id else { return };
        let Some(splice) = self.named(event, index, id) else {
            return;
        };
        splices.push(splice);
        let is_new = |digest: &Digest| self.exact.iter().all(|(known, _)| known != digest);
        if let Some(digest) = item.sealed.filter(is_new)
            && let Some(id) = text(id)
        {
            self.exact.push((digest, id.into_owned()));
        }
    }

    fn add(&mut self, index: u64, id: Option<&RawValue>) {
        let Some(id) = id.and_then(text).filter(|id| !id.is_empty()) else {
            return;
        };
        if self.items.len() < MOST && self.items.iter().all(|(known, _)| *known != index) {
            self.quoted = quoted(&id);
            self.items.push((index, id.into_owned()));
        }
    }

    /// The splice that names an item as it was added.
    fn named(&self, event: &[u8], index: u64, id: &RawValue) -> Option<Splice> {
        let (_, known) = self.items.iter().find(|(known, _)| *known == index)?;
        renamed(event, id, known)
    }
}

/// The splice that puts a known id in the place of another one.
fn renamed(event: &[u8], id: &RawValue, known: &str) -> Option<Splice> {
    let told = text(id)?;
    (told != known).then(|| {
        let at: Range<usize> = span(event, id.get());
        Splice::replace(at, quoted(known))
    })
}

fn quoted(id: &str) -> String {
    serde_json::Value::from(id).to_string()
}

/// What is read of an event.
#[derive(Default)]
struct Read<'a> {
    is_added: bool,
    index: Option<u64>,
    id: Option<&'a RawValue>,
    item: Option<&'a RawValue>,
    response: Option<&'a RawValue>,
}

/// What is read of an item.
struct Item<'a> {
    id: Option<&'a RawValue>,
    sealed: Option<Digest>,
}

impl<'a> Item<'a> {
    fn of(item: &'a RawValue) -> Option<Self> {
        let mut read = Self {
            id: None,
            sealed: None,
        };
        members(item.get(), |member| match &*member.name() {
            "id" => read.id = Some(member.value),
            "encrypted_content" => {
                let sealed = text(member.value).filter(|sealed| !sealed.is_empty());
                read.sealed = sealed.map(|sealed| Digest::of(&sealed));
            }
            _ => {}
        })
        .ok()?;
        Some(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn event(value: &Value) -> Vec<u8> {
        format!(
            "event: {}\ndata: {value}\n\n",
            value["type"].as_str().unwrap()
        )
        .into_bytes()
    }

    /// A response of a reasoning item and a message; `id` gives each mention its id.
    fn stream(id: impl Fn(&str) -> String) -> Vec<Value> {
        let reasoning = |sealed: &str| json!({"id": id("rs"), "type": "reasoning", "encrypted_content": sealed});
        let message = |text: &str| json!({"id": id("msg"), "type": "message", "content": text});
        let response = |output: Value| json!({"id": id("resp"), "output": output});
        vec![
            json!({"type": "response.created", "response": response(json!([]))}),
            json!({"type": "response.output_item.added", "output_index": 0, "item": reasoning("")}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": reasoning("sealed")}),
            json!({"type": "response.output_item.added", "output_index": 1, "item": message("")}),
            json!({"type": "response.output_text.delta", "item_id": id("msg"), "output_index": 1, "delta": "ä\"rs_1"}),
            json!({"type": "response.output_text.delta", "delta": "b", "output_index": 1, "item_id": id("msg")}),
            json!({"type": "response.output_item.done", "output_index": 1, "item": message("ä\"b")}),
            json!({"type": "response.completed", "response": response(json!([reasoning("sealed"), message("ä\"b")]))}),
        ]
    }

    #[test]
    fn every_item_keeps_the_id_that_it_was_added_with() {
        let mentions = std::cell::Cell::new(0);
        let events = stream(|kind| {
            mentions.set(mentions.get() + 1);
            format!("{kind}_{}\u{e9}", mentions.get())
        });
        let mut steady = Steady::default();
        let mended: Vec<Value> = events
            .iter()
            .map(|told| {
                let bytes = event(told);
                let bytes = steady.event(&bytes).unwrap_or(bytes);
                let data = Event::parse(&bytes).data.unwrap();
                serde_json::from_slice(&data).unwrap()
            })
            .collect();
        let first = [
            &events[0]["response"]["id"],
            &events[1]["item"]["id"],
            &events[3]["item"]["id"],
        ];
        let expected = stream(|kind| {
            let at = ["resp", "rs", "msg"]
                .iter()
                .position(|known| *known == kind)
                .unwrap();
            first[at].as_str().unwrap().to_owned()
        });
        assert_eq!(mended, expected);
        let exact: Vec<_> = steady.exact().collect();
        let very = events[2]["item"]["id"].as_str().unwrap();
        assert_eq!(exact, [(Digest::of("sealed"), very)]);
    }

    #[test]
    fn a_stream_whose_ids_are_steady_passes_as_it_is() {
        let mut steady = Steady::default();
        for told in stream(|kind| format!("{kind}_1")) {
            assert_eq!(steady.event(&event(&told)), None, "{told}");
        }
        assert_eq!(steady.exact().count(), 0);
    }

    #[test]
    fn an_id_that_begins_as_another_does_is_another() {
        let mut steady = Steady::default();
        let added =
            json!({"type": "response.output_item.added", "output_index": 0, "item": {"id": "a"}});
        assert_eq!(steady.event(&event(&added)), None);
        let done =
            json!({"type": "response.output_item.done", "output_index": 0, "item": {"id": "ab"}});
        let mended = steady.event(&event(&done)).unwrap();
        assert!(memmem::find(&mended, br#""id":"a""#).is_some());
    }

    proptest! {
        #[test]
        fn no_event_makes_it_panic(
            events in proptest::collection::vec("(data: )?[{}\\[\\]\":,a-z0-9 \n]{0,40}", 0..6),
        ) {
            let mut steady = Steady::default();
            for event in &events {
                let _ = steady.event(event.as_bytes());
            }
        }
    }
}
