//! Replies: what is written is understood again, whole and in increments, and the
//! events of a stream are in Anthropic's order.

use proptest::prelude::*;
use serde_json::Value;

use super::{any_json, any_object};
use crate::delta::{Block, Delta, Finish, Reply};
use crate::messages::reply::{Decoder, Encoder, whole};
use crate::prompt::{Input, Seal};
use crate::translate::Asked;
use crate::{Dialect, Usage, sse, tag};

fn encoder() -> Encoder {
    Encoder::new(Asked {
        model: "claude-opus-4.6".to_owned(),
        id: "7f".to_owned(),
        ..Asked::default()
    })
}

/// The stream that the increments make.
fn stream(deltas: Vec<Delta>) -> Vec<u8> {
    let (mut encoder, mut out) = (encoder(), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    encoder.end(&mut out);
    out
}

fn events(mut bytes: &[u8]) -> Vec<Value> {
    let mut events = Vec::new();
    while let Some(end) = sse::event_end(bytes, 0) {
        let event = sse::Event::parse(&bytes[..end]);
        let data: Value = serde_json::from_slice(&event.data.unwrap()).unwrap();
        assert_eq!(
            data["type"].as_str().unwrap().as_bytes(),
            event.name.unwrap()
        );
        events.push(data);
        bytes = &bytes[end..];
    }
    assert!(bytes.is_empty());
    events
}

fn understood(stream: &[u8]) -> Reply {
    let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
    for event in events(stream) {
        decoder.event(event.to_string().as_bytes(), &mut deltas);
    }
    Reply::of(deltas)
}

/// Insists on what Anthropic's SDKs insist on.
fn assert_order(stream: &[u8]) {
    let mut next = 0;
    let mut open = None;
    let events = events(stream);
    assert_eq!(events[0]["type"], "message_start");
    for event in &events[1..] {
        let index = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!((open, index), (None, Some(next)));
                open = index;
                next += 1;
            }
            "content_block_delta" => assert_eq!(open, index),
            "content_block_stop" => {
                assert_eq!(open, index);
                open = None;
            }
            "message_delta" | "message_stop" => assert_eq!(open, None),
            other => panic!("{other}"),
        }
    }
    let kinds: Vec<_> = events.iter().map(|event| &event["type"]).collect();
    assert!(kinds.ends_with(&[&"message_delta".into(), &"message_stop".into()]));
}

/// The reply as a client of Messages can have it.
fn seen(reply: &Reply) -> Reply {
    let mut seen = Reply {
        blocks: Vec::new(),
        ..reply.clone()
    };
    let mut has_calls = false;
    let mut has_refusal = false;
    for block in &reply.blocks {
        let block = match block.clone() {
            Block::Refusal(text) => {
                has_refusal = true;
                Block::Text {
                    text,
                    annotations: Vec::new(),
                    logprobs: Vec::new(),
                }
            }
            Block::Text { text, .. } => Block::Text {
                text,
                annotations: Vec::new(),
                logprobs: Vec::new(),
            },
            Block::Reasoning { text, seal, .. } => Block::Reasoning {
                seal: seal.map(|seal| Seal {
                    is_redacted: seal.is_redacted && text.is_empty(),
                    value: match seal.dialect {
                        Dialect::Messages => seal.value.clone(),
                        _ => tag::tagged(&seal),
                    },
                    dialect: Dialect::Messages,
                    id: None,
                }),
                text,
                is_summary: false,
            },
            call => {
                has_calls = true;
                call
            }
        };
        match (&block, seen.blocks.last_mut()) {
            (Block::Text { text, .. }, Some(Block::Text { text: before, .. })) => {
                before.push_str(text);
            }
            (
                Block::Reasoning { text, seal, .. },
                Some(Block::Reasoning {
                    text: before,
                    seal: None,
                    is_summary: _,
                }),
            ) if !text.is_empty() => {
                before.push_str(text);
                if let Some(Block::Reasoning { seal: place, .. }) = seen.blocks.last_mut() {
                    *place = seal.clone();
                }
            }
            _ => seen.blocks.push(block),
        }
    }
    seen.id = Some("msg_7f".to_owned());
    seen.model
        .get_or_insert_with(|| "claude-opus-4.6".to_owned());
    seen.created = None;
    seen.finish = Some(match seen.finish.take() {
        _ if has_refusal => Finish::Refused,
        Some(Finish::Filtered | Finish::Refused) => Finish::Refused,
        None | Some(Finish::Stop | Finish::Calls) if has_calls => Finish::Calls,
        None | Some(Finish::Calls) => Finish::Stop,
        Some(finish) => finish,
    });
    let usage = seen.usage.unwrap_or_default();
    seen.usage = Some(Usage {
        reasoning: 0,
        nano_credits: None,
        ..usage
    });
    seen
}

fn seal() -> impl Strategy<Value = Seal> {
    let dialect = prop::sample::select(&[Dialect::Chat, Dialect::Responses, Dialect::Messages][..]);
    (dialect, "[a-z]{1,8}", any::<bool>()).prop_map(|(dialect, value, is_redacted)| Seal {
        id: (dialect == Dialect::Responses).then(|| format!("rs_{value}")),
        dialect,
        value,
        is_redacted,
    })
}

const TEXT: &str = "[a-z\"\\\\{}\n\u{1f600}]{1,12}";

fn block() -> impl Strategy<Value = Block> {
    let arguments = prop::sample::select(&["{}", r#"{"a":"}\"{","b":[1,{}]}"#][..]);
    prop_oneof![
        TEXT.prop_map(|text| Block::Text {
            text,
            annotations: Vec::new(),
            logprobs: Vec::new(),
        }),
        TEXT.prop_map(Block::Refusal),
        (TEXT, any::<bool>(), prop::option::of(seal())).prop_map(|(text, is_summary, seal)| {
            Block::Reasoning {
                text,
                is_summary,
                // A redacted seal has no text.
                seal: seal.map(|seal| Seal {
                    is_redacted: false,
                    ..seal
                }),
            }
        }),
        ("call_[a-z]{3}", "[a-z]{2,8}", arguments).prop_map(|(id, name, arguments)| {
            Block::Call {
                id,
                name,
                input: Input::Json(arguments.to_owned()),
            }
        }),
    ]
}

prop_compose! {
    fn reply()(
        blocks in prop::collection::vec(block(), 0..6),
        finish in prop::option::of(prop::sample::select(&[
            Finish::Stop, Finish::Length, Finish::Calls, Finish::Filtered, Finish::Paused,
            Finish::StopSequence(None),
        ][..])),
        input in 0..1000_u64,
        cached in (0..500_u64, 0..500_u64),
        output in 0..1000_u64,
    ) -> Reply {
        Reply {
            id: None,
            model: None,
            created: None,
            blocks,
            finish,
            usage: Some(Usage {
                input: input + cached.0 + cached.1,
                output,
                cache_read: cached.0,
                cache_write: cached.1,
                ..Usage::default()
            }),
            failure: None,
        }
    }
}

/// The increments of a reply, each text in several and the arguments of neighbouring
/// calls in turns.
fn cut(reply: Reply, size: usize) -> Vec<Delta> {
    let (mut cut, mut held): (Vec<Delta>, Vec<Vec<Delta>>) = (Vec::new(), Vec::new());
    let interleave = |held: &mut Vec<Vec<Delta>>, cut: &mut Vec<Delta>| {
        while held.iter().any(|rest| !rest.is_empty()) {
            for rest in held.iter_mut().filter(|rest| !rest.is_empty()) {
                cut.push(rest.remove(0));
            }
        }
        held.clear();
    };
    for delta in reply.into_deltas() {
        let pieces = |text: &str| {
            let chars: Vec<char> = text.chars().collect();
            chars
                .chunks(size)
                .map(String::from_iter)
                .collect::<Vec<_>>()
        };
        match delta {
            Delta::Call { .. } => cut.push(delta),
            Delta::Arguments { number, text } => held.push(
                pieces(&text)
                    .into_iter()
                    .map(|text| Delta::Arguments { number, text })
                    .collect(),
            ),
            other => {
                interleave(&mut held, &mut cut);
                match other {
                    Delta::Text(text) => cut.extend(pieces(&text).into_iter().map(Delta::Text)),
                    Delta::Thought { text, is_summary } => cut.extend(
                        pieces(&text)
                            .into_iter()
                            .map(|text| Delta::Thought { text, is_summary }),
                    ),
                    other => cut.push(other),
                }
            }
        }
    }
    interleave(&mut held, &mut cut);
    cut
}

proptest! {
    #[test]
    fn a_stream_is_understood_as_what_it_was_made_of(reply in reply(), size in 1..6_usize) {
        let deltas = cut(reply, size);
        let expected = seen(&Reply::of(deltas.clone()));
        let bytes = stream(deltas);
        assert_order(&bytes);
        prop_assert_eq!(understood(&bytes), expected);
    }

    #[test]
    fn whole_and_streamed_a_reply_says_the_same(reply in reply(), size in 1..6_usize) {
        let json = encoder().whole(&reply).to_string();
        let read = Reply::of(whole(json.as_bytes()).unwrap());
        prop_assert_eq!(&read, &understood(&stream(cut(reply.clone(), size))));
        prop_assert_eq!(&read, &seen(&Reply::of(reply.into_deltas())));
    }

    #[test]
    fn no_bytes_panic(data in prop::collection::vec(any::<u8>(), 0..120)) {
        Decoder::default().event(&data, &mut Vec::new());
        whole(&data);
    }

    #[test]
    fn no_json_panics(
        json in any_json(),
        events in prop::collection::vec(any_object(&[
            "type", "index", "delta", "content_block", "message", "usage", "error",
            "copilot_usage", "content", "stop_reason",
        ]), 0..6),
    ) {
        whole(json.to_string().as_bytes());
        let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
        for event in events {
            whole(event.to_string().as_bytes());
            decoder.event(event.to_string().as_bytes(), &mut deltas);
        }
        stream(deltas.clone());
        let begins = |delta: &&Delta| matches!(delta, Delta::Begin { .. });
        prop_assert_eq!(deltas.iter().filter(begins).count(), deltas.iter().take(1).filter(begins).count());
        encoder().whole(&Reply::of(deltas));
    }
}
