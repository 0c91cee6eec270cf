//! What single replies become, on the way in and on the way out.

mod reading;
mod writing;

use serde_json::{Value, json};

use super::{Decoder, Encoder, whole};
use crate::delta::{Block, Delta, Finish, Reply};
use crate::prompt::{Input, Seal, Takes, Tool};
use crate::tag::tagged;
use crate::translate::Asked;
use crate::way_back::WayBack;
use crate::{Dialect, Usage};

/// The increments of a stream of these chunks, with `[DONE]` behind them.
fn read(chunks: &[Value]) -> Vec<Delta> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for chunk in chunks {
        decoder.event(chunk.to_string().as_bytes(), &mut out);
    }
    decoder.event(b"[DONE]", &mut out);
    out
}

/// A chunk of one choice.
fn chunk(delta: Value) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn last_chunk(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn read_whole(json: Value) -> Reply {
    Reply::of(whole(json.to_string().as_bytes()).unwrap())
}

fn call(number: usize, id: &str, name: &str) -> Delta {
    Delta::Call {
        number,
        id: id.to_owned(),
        name: name.to_owned(),
        is_custom: false,
    }
}

fn arguments(number: usize, text: &str) -> Delta {
    Delta::Arguments {
        number,
        text: text.to_owned(),
    }
}

fn thought(text: &str) -> Delta {
    Delta::Thought {
        text: text.to_owned(),
        is_summary: false,
    }
}

fn said(text: &str) -> Delta {
    Delta::Text(text.to_owned())
}

fn seal(dialect: Dialect, value: &str) -> Seal {
    Seal {
        dialect,
        id: None,
        value: value.to_owned(),
        is_redacted: false,
    }
}

fn asked() -> Asked {
    let patch = Tool {
        name: "patch".to_owned(),
        namespace: None,
        description: None,
        takes: Takes::Text { format: None },
        cache: false,
    };
    Asked {
        model: "asked-model".to_owned(),
        id: "req1".to_owned(),
        time: 1_700_000_000,
        include_usage: true,
        way_back: WayBack::of(&[patch]),
    }
}

/// The events that these increments make, and the end of them.
fn written(deltas: Vec<Delta>) -> String {
    let (mut encoder, mut out) = (Encoder::new(asked()), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    encoder.end(&mut out);
    encoder.end(&mut out);
    String::from_utf8(out).unwrap()
}

/// The same, of each chunk only its choice.
fn choices(deltas: Vec<Delta>) -> String {
    let events = written(deltas);
    let choices = events.split_terminator("\n\n").map(|event| {
        let data = event.strip_prefix("data: ").unwrap();
        match serde_json::from_str::<Value>(data) {
            Ok(chunk) if chunk["choices"][0].is_object() => chunk["choices"][0].to_string(),
            _ => data.to_owned(),
        }
    });
    choices.collect::<Vec<_>>().join("\n")
}
