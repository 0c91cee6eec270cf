//! Reads a stream as strictly as its vendor's own clients: every event is one that the vendor
//! has, named and counted as the vendor does, in an order that it could have.

use std::collections::HashSet;

use dialect::Dialect;
use dialect::sse::{Event, event_end};
use serde_json::Value;

/// Insists on all of it. `is_ended`: whether the stream is to be whole.
pub fn insist(dialect: Dialect, stream: &[u8], is_ended: bool) {
    let events = whole_events(stream);
    match dialect {
        Dialect::Chat => chat(&events, is_ended),
        Dialect::Responses => responses(&events, is_ended),
        Dialect::Messages => messages(&events, is_ended),
    }
}

struct Said {
    name: Option<String>,
    data: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.data).expect("an event's data is JSON")
    }

    /// The JSON of an event that is named as its type says.
    fn named(&self) -> (String, Value) {
        let json = self.json();
        assert_eq!(self.name.as_deref(), json["type"].as_str(), "{}", self.data);
        let name = self.name.clone().expect("an event has a name");
        (name, json)
    }
}

fn whole_events(stream: &[u8]) -> Vec<Said> {
    let mut rest = stream;
    let mut events = Vec::new();
    while !rest.is_empty() {
        let end = event_end(rest, 0).expect("a stream is of whole events");
        let event = Event::parse(&rest[..end]);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("events are text");
        events.push(Said {
            name: event.name.map(text),
            data: text(&event.data.expect("an event has data")),
        });
        rest = &rest[end..];
    }
    events
}

fn chat(events: &[Said], is_ended: bool) {
    let (mut finished, mut calls) = (0, 0);
    for (at, event) in events.iter().enumerate() {
        let is_last = at + 1 == events.len();
        assert_eq!(event.name, None);
        if event.data == "[DONE]" {
            assert!(is_last && is_ended);
            continue;
        }
        let chunk = event.json();
        if chunk.get("error").is_some() {
            assert!(is_last && chunk["error"]["message"].is_string());
            return;
        }
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk["id"].is_string() && chunk["model"].is_string());
        assert!(chunk["created"].is_u64());
        let choices = chunk["choices"].as_array().expect("a chunk has choices");
        assert!(choices.len() <= 1);
        for choice in choices {
            assert_eq!(choice["index"], 0);
            assert!(choice["delta"].is_object());
            if choice["finish_reason"].is_string() {
                finished += 1;
            } else {
                assert!(choice["finish_reason"].is_null());
                assert_eq!(finished, 0, "nothing is said after the reason why it ends");
            }
            for call in choice["delta"]["tool_calls"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let index = call["index"].as_u64().expect("a call has an index");
                if call.get("id").is_some() {
                    assert_eq!(index, calls, "calls are counted");
                    calls += 1;
                }
                assert!(index < calls, "a call begins before its arguments");
            }
        }
    }
    if is_ended {
        assert_eq!(finished, 1);
        assert!(events.last().is_some_and(|event| event.data == "[DONE]"));
    }
}

fn messages(events: &[Said], is_ended: bool) {
    let (mut next, mut open, mut last) = (0, None, String::new());
    for (at, event) in events.iter().enumerate() {
        let (name, json) = event.named();
        let index = json["index"].as_u64();
        let kind = |field: &str| json[field]["type"].as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "error" => {
                assert_eq!(at + 1, events.len());
                return assert!(json["error"]["message"].is_string());
            }
            "message_start" => assert_eq!(at, 0),
            _ => assert_ne!(at, 0, "a message starts first"),
        }
        match name.as_str() {
            "message_start" => assert!(json["message"]["id"].is_string()),
            "content_block_start" => {
                assert!(open.is_none());
                assert_eq!(index, Some(next));
                open = Some((next, kind("content_block")));
                next += 1;
            }
            "content_block_delta" => {
                let (at, block) = open.as_ref().expect("a delta is of an open block");
                assert_eq!(index, Some(*at));
                let fits = match kind("delta").as_str() {
                    "text_delta" => block == "text",
                    "thinking_delta" | "signature_delta" => block == "thinking",
                    "input_json_delta" => block == "tool_use",
                    other => panic!("{other} is none of Anthropic's deltas"),
                };
                assert!(fits, "{block} with {}", event.data);
            }
            "content_block_stop" => {
                assert_eq!(index, open.take().map(|(at, _)| at));
            }
            "message_delta" => {
                assert!(open.is_none() && is_ended);
                assert!(json["delta"]["stop_reason"].is_string());
            }
            "message_stop" => {
                assert_eq!((at + 1, last.as_str()), (events.len(), "message_delta"));
            }
            other => panic!("{other} is none of Anthropic's events"),
        }
        last = name;
    }
    assert!(!is_ended || last == "message_stop");
}

fn responses(events: &[Said], is_ended: bool) {
    let (mut added, mut open, mut done) = (0, HashSet::new(), false);
    for (at, event) in events.iter().enumerate() {
        let (name, json) = event.named();
        assert_eq!(json["sequence_number"], at);
        assert!(!done, "nothing follows the end");
        let item = json["output_index"].as_u64();
        match name.strip_prefix("response.").unwrap_or_default() {
            "created" => assert_eq!(at, 0),
            "in_progress" => assert_eq!(at, 1),
            "output_item.added" => {
                assert_eq!(item, Some(added));
                open.insert(item);
                added += 1;
            }
            "output_item.done" => assert!(open.remove(&item)),
            "completed" | "incomplete" => {
                assert!(open.is_empty() && is_ended);
                done = true;
            }
            "failed" => done = true,
            kind => {
                assert!(KINDS.contains(&kind), "{name} is none of OpenAI's events");
                assert!(open.contains(&item), "of an open item: {}", event.data);
                assert!(json["item_id"].is_string());
            }
        }
    }
    assert!(!is_ended || done);
}

/// The events of an item that a translation makes, all of OpenAI's.
const KINDS: [&str; 17] = [
    "content_part.added",
    "content_part.done",
    "output_text.delta",
    "output_text.done",
    "output_text.annotation.added",
    "refusal.delta",
    "refusal.done",
    "reasoning_summary_part.added",
    "reasoning_summary_part.done",
    "reasoning_summary_text.delta",
    "reasoning_summary_text.done",
    "reasoning_text.delta",
    "reasoning_text.done",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "custom_tool_call_input.delta",
    "custom_tool_call_input.done",
];
