//! Any request, reply or stream of any dialect in every dialect: what comes of it is of that
//! dialect, says the same, and is the same each time and however it is cut.

#![no_main]

use dialect::delta::{Delta, Fold, Reply};
use dialect::prompt::{Dropped, Takes, Tool};
use dialect::sse::Event;
use dialect::translate::{
    Asked, Decoder, Encoder, Target, Translator, fold, parse_request, reply, request,
};
use dialect::way_back::WayBack;
use dialect::{Dialect, Envelope};
use fuzz::gist::{Gist, Said};
use fuzz::{DIALECTS, Input, client, cut, events};
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::of(data) else { return };
    for to in DIALECTS {
        match input.kind {
            0 => a_request(&input, to),
            1 => a_whole_reply(&input, to),
            _ => a_stream(&input, to),
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    fuzz::mutate::mutate(data, size, max_size, seed)
});

fn a_request(input: &Input<'_>, to: Dialect) {
    let target = Target {
        dialect: to,
        model: "a-model",
        max_output: input.chooses(0).then_some(8_000),
        efforts: None,
        is_adaptive: input.chooses(1),
        has_developer: input.chooses(2),
    };
    let mut dropped = Dropped::default();
    let prompt = parse_request(input.dialect, input.bytes, &mut dropped);
    let translated = request(input.dialect, input.bytes, &target);
    let (prompt, translated) = match (prompt, translated) {
        (Ok(prompt), Ok(translated)) => (prompt, translated),
        (Err(_), Err(failure)) => return assert!(!failure.message.is_empty()),
        _ => panic!("what can be read can be written"),
    };
    let again = request(input.dialect, input.bytes, &target).map(|again| again.body);
    assert_eq!(
        again.ok().as_ref(),
        Some(&translated.body),
        "caches want the same bytes"
    );

    let body: Value = serde_json::from_slice(&translated.body).expect("a request is JSON");
    let envelope = Envelope::read(to, &translated.body).expect("a request can be routed");
    assert_eq!(
        (envelope.model.as_str(), envelope.stream),
        ("a-model", prompt.stream)
    );
    let back = parse_request(to, &translated.body, &mut dropped).expect("a request is read back");
    assert_eq!(
        (back.model.as_str(), back.stream),
        ("a-model", prompt.stream),
        "{body}"
    );
    let anew = |body: &[u8]| {
        let anew = request(to, body, &target).expect("a request is written anew");
        String::from_utf8(anew.body).expect("a request is text")
    };
    let twice = anew(&translated.body);
    assert_eq!(
        anew(twice.as_bytes()),
        twice,
        "what is written anew settles"
    );
    if let Some(lost) = Said::of(&prompt).lost_in(&Said::of(&back), &translated.dropped) {
        panic!("{lost} is lost in {body:#}");
    }
}

fn a_whole_reply(input: &Input<'_>, to: Dialect) {
    let Some(deltas) = Decoder::whole(input.dialect, input.bytes) else {
        return;
    };
    let before = Reply::of(deltas.clone());
    let asked = asked(input, &before);
    let mut encoder = Encoder::new(to, asked.clone());
    let whole = reply(input.dialect, input.bytes, &mut encoder).expect("it was read before");
    let json: Value = serde_json::from_slice(&whole).expect("a reply is JSON");
    let mut encoder = Encoder::new(to, asked);
    let mut stream = Vec::new();
    for delta in deltas {
        encoder.delta(delta, &mut stream);
    }
    encoder.end(&mut stream);
    client::insist(to, &stream, before.failure.is_none());
    if before.failure.is_some() {
        return;
    }
    let read = Decoder::whole(to, &whole).expect("a reply is read back");
    let (streamed, whole) = (fold(to, &stream), Reply::of(read));
    assert_eq!(streamed.finish, whole.finish, "{json}");
    for after in [streamed, whole] {
        says_the_same(input, &before, &after);
    }
}

fn a_stream(input: &Input<'_>, to: Dialect) {
    let whole = events([input.bytes]);
    let reply = fold(input.dialect, input.bytes);
    let asked = asked(input, &reply);
    let is_ended = reply.finish.is_some() && reply.failure.is_none();
    let run = |events: &[Vec<u8>]| {
        let mut translator = Translator::new(input.dialect, to, asked.clone());
        let mut out = Vec::new();
        for event in events {
            translator.event(event, &mut out);
        }
        if is_ended {
            translator.end(&mut out);
            translator.end(&mut out);
        }
        (out, translator.usage())
    };
    let (out, usage) = run(&whole);
    let pieces = events(cut(input.bytes, input.choices));
    assert_eq!(run(&pieces).0, out, "a cut changes nothing");
    assert_eq!(usage, reply.usage.unwrap_or_default());
    client::insist(to, &out, is_ended);
    if is_ended {
        says_the_same(input, &reply, &fold(to, &out));
    }
    increments_are_in_order(input.dialect, &whole);
    // What is no plain text is read in another way, and says the same.
    assert_eq!(
        run(&written_anew(&whole, plainly)).0,
        run(&written_anew(&whole, elaborately)).0,
        "a field of no dialect and an escape change nothing"
    );
}

/// The events with their JSON written in this way.
fn written_anew(events: &[Vec<u8>], write: fn(Value) -> String) -> Vec<Vec<u8>> {
    let anew = events.iter().map(|event| {
        let data = Event::parse(event).data.unwrap_or_default();
        match serde_json::from_slice(&data) {
            Ok(json) => format!("data: {}\n\n", write(json)).into_bytes(),
            Err(_) => event.clone(),
        }
    });
    anew.collect()
}

fn plainly(json: Value) -> String {
    json.to_string()
}

/// With a field in each delta, and dots of types escaped.
fn elaborately(mut json: Value) -> String {
    let choices = json.get_mut("choices").and_then(Value::as_array_mut);
    let deltas = choices.into_iter().flatten();
    let deltas = deltas.filter_map(|choice| choice.get_mut("delta"));
    for delta in deltas.filter_map(Value::as_object_mut) {
        delta.insert("a field of no dialect".to_owned(), Value::Null);
    }
    if let Some(delta) = json.get_mut("delta").and_then(Value::as_object_mut) {
        delta.insert("a field of no dialect".to_owned(), Value::Null);
    }
    json.to_string().replace("\"response.", "\"response\\u002e")
}

/// A reply begins once and first; its calls are counted, and begin before their arguments.
fn increments_are_in_order(dialect: Dialect, events: &[Vec<u8>]) {
    let (mut decoder, mut deltas) = (Decoder::new(dialect), Vec::new());
    for event in events {
        decoder.event(&Event::parse(event), &mut deltas);
    }
    let (mut fold, mut calls) = (Fold::default(), 0);
    for (at, delta) in deltas.into_iter().enumerate() {
        assert_eq!(at == 0, matches!(delta, Delta::Begin { .. }));
        match &delta {
            Delta::Call { number, .. } => {
                assert_eq!(*number, calls);
                calls += 1;
            }
            Delta::Arguments { number, .. } => assert!(*number < calls),
            _ => {}
        }
        fold.add(delta);
    }
    fold.into_reply();
}

fn says_the_same(input: &Input<'_>, before: &Reply, after: &Reply) {
    if !input.chooses(3) {
        let (before, after) = (Gist::of(before), Gist::of(after));
        assert!(before.is_same(&after), "{before:#?}\n{after:#?}");
    }
}

/// What a client may have asked for to get this reply. Where the names of its tools have to
/// be changed on the way back, the reply cannot be compared.
fn asked(input: &Input<'_>, reply: &Reply) -> Asked {
    let names = Gist::of(reply).calls.into_iter().map(|(name, _)| name);
    let tools = names.map(|name| {
        let (namespace, own) = match name.split_once("__") {
            Some((namespace, own)) => (Some(namespace.to_owned()), own.to_owned()),
            None => (None, name),
        };
        Tool {
            takes: match own.len() % 2 {
                0 => Takes::Text { format: None },
                _ => Takes::Json {
                    schema: None,
                    strict: None,
                },
            },
            name: own,
            namespace,
            description: None,
            cache: false,
        }
    });
    Asked {
        model: "asked-for".to_owned(),
        id: "an-id".to_owned(),
        time: 1_760_000_000,
        include_usage: input.chooses(4),
        way_back: match input.chooses(3) {
            true => WayBack::of(&tools.collect::<Vec<_>>()),
            false => WayBack::default(),
        },
    }
}
