//! The laws of replies, over generated ones.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Decoder, Encoder, whole};
use crate::delta::{Block, Delta, Finish, Reply};
use crate::prompt::{Input, Seal};
use crate::responses::request::laws::any_json;
use crate::sse::{Event, event_end};
use crate::translate::Asked;
use crate::{Dialect, Usage};

fn asked() -> Asked {
    Asked {
        model: "m".to_owned(),
        id: "q".to_owned(),
        time: 1,
        ..Asked::default()
    }
}

/// The `data` of all events of a stream.
pub(super) fn events(stream: &[u8]) -> Vec<Value> {
    let mut rest = stream;
    let mut events = Vec::new();
    while let Some(end) = event_end(rest, 0) {
        let (event, others) = rest.split_at(end);
        let event = Event::parse(event);
        let data: Value = serde_json::from_slice(&event.data.unwrap()).unwrap();
        let name = std::str::from_utf8(event.name.unwrap()).unwrap();
        assert_eq!(data["type"], name);
        events.push(data);
        rest = others;
    }
    assert!(rest.is_empty(), "the stream ends with a whole event");
    events
}

pub(super) fn decoded(events: &[Value]) -> Vec<Delta> {
    let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
    for event in events {
        decoder.event(event.to_string().as_bytes(), &mut deltas);
    }
    deltas
}

fn encoded(deltas: Vec<Delta>) -> Vec<Value> {
    let (mut encoder, mut out) = (Encoder::new(asked()), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    encoder.end(&mut out);
    events(&out)
}

/// The ids aside, and the finish as this dialect tells it.
fn bare(mut reply: Reply) -> Reply {
    reply.id = None;
    let has_call = |block: &Block| matches!(block, Block::Call { .. });
    reply.finish = match reply.finish {
        _ if reply.failure.is_some() => None,
        Some(Finish::Length) => Some(Finish::Length),
        Some(Finish::Filtered) => Some(Finish::Filtered),
        _ if reply.blocks.iter().any(has_call) => Some(Finish::Calls),
        _ => Some(Finish::Stop),
    };
    reply
}

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,8}"
}

fn seal() -> impl Strategy<Value = Seal> {
    let own = ("[a-z]{1,5}", text()).prop_map(|(id, value)| Seal {
        dialect: Dialect::Responses,
        id: Some(format!("rs_{id}")),
        value,
        is_redacted: false,
    });
    let foreign = (option::of("[a-z]{1,5}"), text(), any::<bool>());
    let foreign = foreign.prop_map(|(id, value, is_redacted)| Seal {
        dialect: Dialect::Messages,
        id,
        value,
        is_redacted,
    });
    prop_oneof![own, foreign]
}

fn usage() -> impl Strategy<Value = Usage> {
    (0_u64..99, 0_u64..99, 0_u64..99, 0_u64..99, 0_u64..99).prop_map(
        |(input, output, cache_read, cache_write, reasoning)| Usage {
            input,
            output,
            cache_read,
            cache_write,
            reasoning,
            ..Usage::default()
        },
    )
}

fn finish() -> impl Strategy<Value = Finish> {
    prop_oneof![
        Just(Finish::Stop),
        Just(Finish::StopSequence(Some("x".to_owned()))),
        Just(Finish::Length),
        Just(Finish::Calls),
        Just(Finish::Filtered),
        Just(Finish::Refused),
        Just(Finish::Paused),
    ]
}

/// What one may say next; calls are numbered later.
fn said() -> impl Strategy<Value = Vec<Delta>> {
    let note = json!({"type": "url_citation", "url_citation":
        {"start_index": 0, "end_index": 1, "url": "https://a.example", "title": "a"}});
    let logprob = json!({"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []});
    let thought = text().prop_map(|text| Delta::Thought {
        text,
        is_summary: true,
    });
    let words = || vec(text().prop_map(Delta::Text), 1..3);
    prop_oneof![
        (vec(thought, 0..3), option::of(seal())).prop_map(|(mut deltas, seal)| {
            deltas.extend(seal.map(Delta::Sealed));
            deltas
        }),
        words(),
        words().prop_map(move |mut deltas| {
            deltas.push(Delta::Annotation(note.clone()));
            deltas
        }),
        words().prop_map(move |mut deltas| {
            deltas.push(Delta::Logprobs(vec![logprob.clone()]));
            deltas
        }),
        text().prop_map(|text| vec![Delta::Refusal(text)]),
        (text(), any::<bool>()).prop_map(|(name, is_custom)| vec![Delta::Call {
            number: 0,
            id: String::new(),
            name,
            is_custom,
        }]),
        (any::<prop::sample::Index>(), "[^ \\s]{1,6}").prop_map(|(number, text)| {
            vec![Delta::Arguments {
                number: number.index(usize::MAX),
                text,
            }]
        }),
    ]
}

/// A reply of which calls interleave.
fn deltas() -> impl Strategy<Value = Vec<Delta>> {
    let failure = option::weighted(0.1, text());
    let parts = (
        vec(said(), 0..10),
        vec(usage(), 0..3),
        option::of(finish()),
        failure,
    );
    parts.prop_map(|(said, usages, finish, failure)| {
        let mut deltas = vec![Delta::Begin {
            id: Some("resp_1".to_owned()),
            model: Some("model".to_owned()),
            created: Some(7),
        }];
        let mut calls = 0;
        for mut delta in said.into_iter().flatten() {
            match &mut delta {
                Delta::Call { number, id, .. } => {
                    *number = calls;
                    *id = format!("call_x{calls}");
                    calls += 1;
                }
                Delta::Arguments { .. } if calls == 0 => continue,
                Delta::Arguments { number, .. } => *number %= calls,
                _ => {}
            }
            deltas.push(delta);
        }
        // An empty input is made an object's, so each gets one.
        let input = |number| Delta::Arguments {
            number,
            text: "{}".to_owned(),
        };
        deltas.extend((0..calls).map(input));
        deltas.extend(usages.into_iter().map(Delta::Usage));
        deltas.extend(finish.map(Delta::Finish));
        let failed = |message| Delta::Failed {
            code: Some("server_error".to_owned()),
            message,
        };
        deltas.extend(failure.map(failed));
        deltas
    })
}

/// How much a reply says, however it is cut into blocks.
fn length(reply: &Reply) -> usize {
    let blocks = reply.blocks.iter().map(|block| match block {
        Block::Reasoning { text, .. } | Block::Text { text, .. } | Block::Refusal(text) => text,
        Block::Call { input, .. } => match input {
            Input::Json(text) | Input::Text(text) => text,
        },
    });
    blocks.map(String::len).sum()
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_reply(deltas in deltas()) {
        let reply = Reply::of(deltas.clone());
        let events = encoded(deltas);
        for (number, event) in events.iter().enumerate() {
            prop_assert_eq!(&event["sequence_number"], &json!(number));
        }
        prop_assert_eq!(bare(Reply::of(decoded(&events))), bare(reply.clone()));

        let whole_json = Encoder::new(asked()).whole(&reply).to_string();
        let read = Reply::of(whole(whole_json.as_bytes()).unwrap());
        prop_assert_eq!(bare(read), bare(reply));
    }

    #[test]
    fn a_stream_ends_with_the_whole_reply(deltas in deltas()) {
        let last = encoded(deltas.clone()).pop().unwrap();
        let response = last["response"].to_string();
        prop_assert_eq!(
            Reply::of(whole(response.as_bytes()).unwrap()),
            Reply::of(decoded(std::slice::from_ref(&last)))
        );
        let status = last["response"]["status"].as_str().unwrap();
        prop_assert_eq!(&last["type"], &format!("response.{status}"));
    }

    #[test]
    fn every_item_is_added_and_done_once(deltas in deltas()) {
        let events = encoded(deltas);
        let of = |kind: &str| -> Vec<u64> {
            let events = events.iter().filter(|event| event["type"] == kind);
            events.map(|event| event["output_index"].as_u64().unwrap()).collect()
        };
        let added = of("response.output_item.added");
        prop_assert_eq!(&added, &(0..added.len() as u64).collect::<Vec<_>>());
        let mut done = of("response.output_item.done");
        done.sort_unstable();
        if events.last().unwrap()["type"] != "response.failed" {
            prop_assert_eq!(done, added);
        }
    }

    #[test]
    fn what_comes_without_deltas_is_neither_lost_nor_doubled(
        deltas in deltas(), lost in vec(any::<bool>(), 40),
    ) {
        let events = encoded(deltas);
        let reply = bare(Reply::of(decoded(&events)));
        let is_lost = |event: &Value| {
            let item = event["output_index"].as_u64().and_then(|at| usize::try_from(at).ok());
            event["type"] != "response.output_item.done"
                && item.is_some_and(|at| lost.get(at) == Some(&true))
        };
        let kept: Vec<Value> = events.into_iter().filter(|event| !is_lost(event)).collect();
        let heard = bare(Reply::of(decoded(&kept)));
        prop_assert_eq!(&heard.finish, &reply.finish);
        prop_assert_eq!(length(&heard), length(&reply));
    }

    #[test]
    fn a_reply_that_is_told_only_at_its_end_is_the_same(deltas in deltas()) {
        let events = encoded(deltas);
        let last = events.last().cloned();
        prop_assert_eq!(Reply::of(decoded(&Vec::from_iter(last))), Reply::of(decoded(&events)));
    }

    #[test]
    fn no_event_and_no_reply_panics(all in vec(any_json(), 0..6), bytes in vec(any::<u8>(), 0..60)) {
        let mut encoder = Encoder::new(asked());
        let (mut decoder, mut deltas, mut out) = (Decoder::default(), Vec::new(), Vec::new());
        decoder.event(&bytes, &mut deltas);
        whole(&bytes);
        for json in all {
            decoder.event(json.to_string().as_bytes(), &mut deltas);
            whole(json.to_string().as_bytes());
            let whole_json = json!({"output": [json], "usage": json, "error": json});
            whole(whole_json.to_string().as_bytes());
        }
        for delta in deltas {
            encoder.delta(delta, &mut out);
        }
        encoder.end(&mut out);
    }

    #[test]
    fn no_order_of_events_panics(
        all in vec((prop::sample::select(&KINDS[..]), 0_u64..3, any_json(), text()), 0..12),
    ) {
        let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
        for (kind, index, json, text) in all {
            let event = json!({
                "type": format!("response.{kind}"), "output_index": index, "item": json,
                "part": json, "delta": text, "text": text, "arguments": text, "input": text,
                "response": {"output": [json], "usage": json},
            });
            decoder.event(event.to_string().as_bytes(), &mut deltas);
        }
        let begins = deltas.iter().filter(|delta| matches!(delta, Delta::Begin { .. }));
        prop_assert!(begins.count() <= 1);
        encoded(deltas);
    }
}

const KINDS: [&str; 17] = [
    "created",
    "in_progress",
    "output_item.added",
    "output_item.done",
    "content_part.done",
    "output_text.delta",
    "output_text.done",
    "output_text.annotation.added",
    "refusal.delta",
    "reasoning_summary_text.delta",
    "reasoning_text.delta",
    "function_call_arguments.delta",
    "function_call_arguments.done",
    "custom_tool_call_input.delta",
    "completed",
    "incomplete",
    "failed",
];
