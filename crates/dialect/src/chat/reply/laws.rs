//! The laws of replies, over generated ones.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Decoder, Encoder, finish, whole};
use crate::chat::reply_as_chunk;
use crate::chat::request::laws::any_json;
use crate::delta::{Block, Delta, Finish, Reply};
use crate::prompt::{Input, Seal};
use crate::sse::Event;
use crate::translate::{Asked, fold};
use crate::{Dialect, Usage};

fn asked() -> Asked {
    Asked {
        model: "asked-model".to_owned(),
        id: "req1".to_owned(),
        time: 1_700_000_000,
        include_usage: true,
        ..Asked::default()
    }
}

fn encoded(deltas: Vec<Delta>) -> Vec<u8> {
    let (mut encoder, mut out) = (Encoder::new(asked()), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    encoder.end(&mut out);
    out
}

fn decoded(events: &[Value]) -> Vec<Delta> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    for event in events {
        decoder.event(event.to_string().as_bytes(), &mut out);
    }
    decoder.event(b"[DONE]", &mut out);
    out
}

/// What a client of Chat can know of a reply.
fn known_to_chat(mut reply: Reply) -> Reply {
    let own = reply.id.filter(|id| id.starts_with("chatcmpl-"));
    reply.id = Some(own.unwrap_or_else(|| "chatcmpl-req1".to_owned()));
    reply.model = Some(reply.model.unwrap_or_else(|| asked().model));
    reply.created = Some(reply.created.unwrap_or_else(|| asked().time));
    let mut has_calls = false;
    for block in &mut reply.blocks {
        match block {
            Block::Reasoning { is_summary, .. } => *is_summary = false,
            Block::Call { input, .. } => {
                has_calls = true;
                if *input == Input::Json(String::new()) {
                    *input = Input::Json("{}".to_owned());
                }
            }
            Block::Text { .. } | Block::Refusal(_) => {}
        }
    }
    let finish = reply.finish.unwrap_or(Finish::Stop);
    reply.finish = Some(finish::with_calls(finish, has_calls));
    if let Some(usage) = &mut reply.usage {
        usage.nano_credits = None;
    }
    reply
}

fn piece() -> impl Strategy<Value = String> {
    "[a-zä \"\n{}]{1,6}"
}

fn seal() -> impl Strategy<Value = Seal> {
    let dialect = prop_oneof![
        Just(Dialect::Chat),
        Just(Dialect::Responses),
        Just(Dialect::Messages)
    ];
    let id = option::of("rs_[0-9]{1,4}");
    (dialect, id, "[A-Za-z0-9+/=]{1,9}", any::<bool>()).prop_map(
        |(dialect, id, value, is_redacted)| {
            // What Chat itself seals has neither.
            let is_own = dialect == Dialect::Chat;
            Seal {
                dialect,
                id: id.filter(|_| !is_own),
                value,
                is_redacted: is_redacted && !is_own,
            }
        },
    )
}

/// Thought, what is sealed of it, text with its notes, and a refusal.
fn said() -> impl Strategy<Value = Vec<Delta>> {
    (
        vec(piece(), 0..3),
        vec(seal(), 0..3),
        vec(piece(), 0..4),
        any::<bool>(),
        vec(piece(), 0..2),
    )
        .prop_map(|(thought, seals, text, is_noted, refusal)| {
            let thought = thought.into_iter().map(|text| Delta::Thought {
                text,
                is_summary: true,
            });
            let notes = [
                Delta::Annotation(json!({"type": "url_citation", "url_citation": {"url": "u"}})),
                Delta::Logprobs(vec![json!({"token": "a", "logprob": -0.5})]),
            ];
            let notes = notes.into_iter().filter(|_| is_noted && !text.is_empty());
            thought
                .chain(seals.into_iter().map(Delta::Sealed))
                .chain(text.iter().cloned().map(Delta::Text))
                .chain(notes)
                .chain(refusal.into_iter().map(Delta::Refusal))
                .collect()
        })
}

/// Several calls, of which the arguments come in turns.
fn calls() -> impl Strategy<Value = Vec<Delta>> {
    let call = ("[a-z]{1,6}", any::<bool>(), vec(piece(), 0..4));
    (vec(call, 0..4), any::<bool>()).prop_map(|(calls, in_turns)| {
        let mut deltas = Vec::new();
        let mut later = Vec::new();
        for (number, (name, is_custom, pieces)) in calls.into_iter().enumerate() {
            deltas.push(Delta::Call {
                number,
                id: format!("call_{number}"),
                name,
                is_custom,
            });
            for (at, text) in pieces.into_iter().enumerate() {
                // White space alone is nothing to call with.
                let text = format!("{text}.");
                let more = Delta::Arguments { number, text };
                match in_turns {
                    true => later.push((at, more)),
                    false => deltas.push(more),
                }
            }
        }
        later.sort_by_key(|(at, _)| *at);
        deltas.extend(later.into_iter().map(|(_, more)| more));
        deltas
    })
}

fn ending() -> impl Strategy<Value = Vec<Delta>> {
    let finish = prop_oneof![
        Just(Finish::Stop),
        Just(Finish::Length),
        Just(Finish::Calls),
        Just(Finish::Filtered)
    ];
    let usage = (0..9_u64, 0..9_u64, option::of(0..9_u64)).prop_map(|(input, output, nano)| {
        let cache_read = input / 2;
        Usage {
            input,
            output,
            cache_read,
            cache_write: input - cache_read,
            reasoning: output / 2,
            nano_credits: nano,
        }
    });
    (vec(usage, 0..3), option::of(finish)).prop_map(|(usage, finish)| {
        let usage = usage.into_iter().map(Delta::Usage);
        usage.chain(finish.map(Delta::Finish)).collect()
    })
}

fn beginning() -> impl Strategy<Value = Delta> {
    let id = option::of("(chatcmpl-|msg_|resp_)[a-z0-9]{1,5}");
    (id, option::of("[a-z]{1,5}"), option::of(1_u64..9))
        .prop_map(|(id, model, created)| Delta::Begin { id, model, created })
}

/// A reply in the order in which Chat has its parts.
fn in_order() -> impl Strategy<Value = Vec<Delta>> {
    (beginning(), said(), calls(), ending())
        .prop_map(|(begin, said, calls, end)| [vec![begin], said, calls, end].concat())
}

/// A reply in any order, as those of the other dialects are.
fn in_any_order() -> impl Strategy<Value = Vec<Delta>> {
    (beginning(), vec(said(), 0..4), calls(), said(), ending()).prop_map(
        |(begin, before, calls, after, end)| {
            [vec![begin], before.concat(), calls, after, end].concat()
        },
    )
}

#[derive(Debug, Default, PartialEq)]
struct Gist {
    thought: String,
    text: String,
    refusal: String,
    calls: Vec<Block>,
    seals: Vec<Seal>,
}

fn gist(reply: &Reply) -> Gist {
    let mut gist = Gist::default();
    for block in &reply.blocks {
        match block {
            Block::Reasoning { text, seal, .. } => {
                gist.thought.push_str(text);
                gist.seals.extend(seal.clone());
            }
            Block::Text { text, .. } => gist.text.push_str(text),
            Block::Refusal(text) => gist.refusal.push_str(text),
            call @ Block::Call { .. } => gist.calls.push(call.clone()),
        }
    }
    gist
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_reply(deltas in in_order()) {
        let reply = Reply::of(deltas.clone());
        let streamed = fold(Dialect::Chat, &encoded(deltas));
        prop_assert_eq!(streamed, known_to_chat(reply));
    }

    #[test]
    fn a_whole_reply_says_the_same_as_its_stream(deltas in in_order()) {
        let reply = Reply::of(deltas.clone());
        let json = Encoder::new(asked()).whole(&reply).to_string();
        let read = Reply::of(whole(json.as_bytes()).unwrap());
        prop_assert_eq!(&read, &fold(Dialect::Chat, &encoded(deltas)));
        prop_assert_eq!(read, known_to_chat(reply));
    }

    #[test]
    fn in_any_order_nothing_that_is_said_is_lost(deltas in in_any_order()) {
        let reply = Reply::of(deltas.clone());
        let streamed = gist(&fold(Dialect::Chat, &encoded(deltas)));
        let json = Encoder::new(asked()).whole(&reply).to_string();
        prop_assert_eq!(&streamed, &gist(&Reply::of(whole(json.as_bytes()).unwrap())));
        let said = gist(&known_to_chat(reply));
        // A client has room for the seals of one row of reasoning.
        prop_assert!(said.seals.starts_with(&streamed.seals));
        let seals = streamed.seals.clone();
        prop_assert_eq!(streamed, Gist { seals, ..said });
    }

    #[test]
    fn a_stream_is_of_whole_events_and_ends_once(deltas in in_any_order()) {
        let out = encoded(deltas);
        let (mut rest, mut done, mut finished) = (out.as_slice(), 0, 0);
        while !rest.is_empty() {
            let end = crate::sse::event_end(rest, 0).unwrap();
            let data = Event::parse(&rest[..end]).data.unwrap();
            rest = &rest[end..];
            prop_assert_eq!(done, 0);
            if &*data == b"[DONE]" {
                done += 1;
                continue;
            }
            let chunk: Value = serde_json::from_slice(&data).unwrap();
            finished += usize::from(chunk["choices"][0]["finish_reason"].is_string());
            prop_assert_eq!(&chunk["object"], "chat.completion.chunk");
        }
        prop_assert_eq!((done, finished), (1, 1));
    }

    #[test]
    fn any_whole_reply_reads_as_the_chunk_that_it_makes(
        messages in vec(any_json(), 1..3), reason in option::of("stop|length|tool_calls|error"),
    ) {
        let choices: Vec<Value> = messages
            .into_iter()
            .map(|message| json!({"message": message, "finish_reason": reason}))
            .collect();
        let json = json!({"id": "a", "choices": choices}).to_string();
        let Some(chunk) = reply_as_chunk(json.as_bytes()) else { return Ok(()) };
        let chunk: Value = serde_json::from_slice(&chunk).unwrap();
        let read = whole(json.as_bytes()).unwrap();
        prop_assert_eq!(Reply::of(read), Reply::of(decoded(&[chunk])));
    }

    #[test]
    fn increments_keep_their_order_whatever_comes(
        chunks in vec((any_json(), any_json()), 0..6), error in option::of(any_json()),
    ) {
        let chunks: Vec<Value> = chunks
            .into_iter()
            .map(|(delta, reason)| json!({
                "choices": [{"delta": delta, "finish_reason": reason}], "error": error,
            }))
            .collect();
        let deltas = decoded(&chunks);
        let mut begun = 0;
        for (at, delta) in deltas.iter().enumerate() {
            prop_assert_eq!(at == 0, matches!(delta, Delta::Begin { .. }));
            match delta {
                Delta::Call { number, .. } => {
                    prop_assert_eq!(*number, begun);
                    begun += 1;
                }
                Delta::Arguments { number, .. } => prop_assert!(*number < begun),
                _ => {}
            }
        }
        let finishes = deltas.iter().filter(|delta| matches!(delta, Delta::Finish(_)));
        prop_assert!(finishes.count() <= 1);
    }

    #[test]
    fn no_input_panics(bytes in vec(any::<u8>(), 0..120), json in any_json(), text in "\\PC{0,80}") {
        let choices = json!({"choices": json, "usage": json, "id": json}).to_string();
        let choice = json!({"choices": [json], "error": json}).to_string();
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for data in [&bytes, text.as_bytes(), choices.as_bytes(), choice.as_bytes()] {
            decoder.event(data, &mut out);
            whole(data);
        }
        encoded(out);
    }
}
