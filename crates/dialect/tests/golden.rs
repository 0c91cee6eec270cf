//! Every golden request and reply through every pair of dialects: what comes of it stands
//! beside it, and what must not be lost is there after the way there and back.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};

use dialect::delta::{Block, Reply};
use dialect::prompt::{Dropped, Input, Part, Prompt, Role, Source};
use dialect::translate::{Asked, Decoder, Encoder, Target, fold, parse_request, request};
use dialect::way_back::{WayBack, flat};
use dialect::{Dialect, sse};
use serde_json::Value;

const DIALECTS: [Dialect; 3] = [Dialect::Chat, Dialect::Responses, Dialect::Messages];

struct File {
    dialect: Dialect,
    path: PathBuf,
    name: String,
    bytes: Vec<u8>,
}

impl File {
    fn is_stream(&self) -> bool {
        self.path
            .extension()
            .is_some_and(|extension| extension == "sse")
    }

    /// What its reply says.
    fn reply(&self) -> Reply {
        match self.is_stream() {
            true => fold(self.dialect, &self.bytes),
            false => Reply::of(Decoder::whole(self.dialect, &self.bytes).unwrap_or_default()),
        }
    }

    /// Takes the snapshot of what becomes of it, in `golden/snapshots`.
    fn snapshot(&self, text: &str) {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
        let of = self.path.parent().unwrap().strip_prefix(&root).unwrap();
        let directory = root.join("snapshots").join(of);
        insta::with_settings!({
            snapshot_path => directory,
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(self.name.as_str(), text);
        });
    }
}

fn files(kind: &str) -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(kind);
    let mut files = Vec::new();
    for dialect in DIALECTS {
        for entry in fs::read_dir(root.join(dialect.as_str())).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path
                    .file_name()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .replace('.', "_");
                let bytes = fs::read(&path).unwrap();
                files.push(File {
                    dialect,
                    path,
                    name,
                    bytes,
                });
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

fn others(dialect: Dialect) -> impl Iterator<Item = Dialect> {
    DIALECTS.into_iter().filter(move |other| *other != dialect)
}

fn target(dialect: Dialect, model: &str) -> Target<'_> {
    Target {
        dialect,
        model,
        max_output: None,
        is_adaptive: false,
        efforts: None,
        has_developer: true,
    }
}

fn asked(file: &File, way_back: WayBack) -> Asked {
    Asked {
        model: "asked-for".to_owned(),
        id: file.name.clone(),
        time: 1_760_000_000,
        include_usage: true,
        way_back,
    }
}

#[test]
fn there_are_enough_of_them() {
    assert!(files("requests").len() >= 60);
    assert!(files("replies").len() >= 60);
}

#[test]
fn each_request_in_every_other_dialect() {
    for file in files("requests") {
        let mut text = String::new();
        for to in others(file.dialect) {
            text += &format!("=== {}\n", to.as_str());
            match request(file.dialect, &file.bytes, &target(to, "a-model")) {
                Ok(translated) => {
                    let names: Vec<&str> = translated.dropped.names().collect();
                    let body: Value = serde_json::from_slice(&translated.body).unwrap();
                    text += &format!("dropped: {}\n{body:#}\n", names.join(", "));
                }
                Err(failure) => text += &format!("{}: {}\n", failure.code, failure.message),
            }
        }
        file.snapshot(&text);
    }
}

#[test]
fn each_reply_in_every_other_dialect() {
    for file in files("replies") {
        let mut text = String::new();
        for to in others(file.dialect) {
            text += &format!("=== {}\n", to.as_str());
            let mut encoder = Encoder::new(to, asked(&file, WayBack::default()));
            if file.is_stream() {
                text += &String::from_utf8(streamed(&file, &mut encoder)).unwrap();
            } else if Decoder::whole(file.dialect, &file.bytes).is_some() {
                let whole: Value = serde_json::from_slice(&encoder.whole(&file.reply())).unwrap();
                text += &format!("{whole:#}\n");
            } else {
                text += "no reply\n";
            }
        }
        file.snapshot(&text);
    }
}

/// The events that a stream becomes; ended only where it is whole.
fn streamed(file: &File, encoder: &mut Encoder) -> Vec<u8> {
    let (mut decoder, mut deltas, mut out) = (Decoder::new(file.dialect), Vec::new(), Vec::new());
    let mut rest = &file.bytes[..];
    while !rest.is_empty() {
        let end = sse::event_end(rest, 0).unwrap_or(rest.len());
        decoder.event(&sse::Event::parse(&rest[..end]), &mut deltas);
        for delta in deltas.drain(..) {
            encoder.delta(delta, &mut out);
        }
        rest = &rest[end..];
    }
    let reply = file.reply();
    if reply.finish.is_some() && reply.failure.is_none() {
        encoder.end(&mut out);
    }
    out
}

/// What a conversation says that no translation may lose.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    texts: Vec<String>,
    calls: Vec<(String, Value)>,
    results: Vec<String>,
    images: Vec<Source>,
}

fn said(prompt: &Prompt) -> Said {
    let mut said = Said {
        texts: Vec::new(),
        calls: Vec::new(),
        results: Vec::new(),
        images: Vec::new(),
    };
    for turn in &prompt.turns {
        for part in &turn.parts {
            match part {
                Part::Text { text, .. } if matches!(turn.role, Role::User | Role::Assistant) => {
                    said.texts.extend(words(text));
                }
                Part::Call(call) => {
                    let name = flat(call.namespace.as_deref(), &call.name);
                    said.calls
                        .extend(value(&call.input).map(|input| (name, input)));
                }
                Part::Result { parts, .. } => {
                    for part in parts {
                        match part {
                            Part::Text { text, .. } => said.results.extend(words(text)),
                            Part::Image { source, .. } => said.images.push(source.clone()),
                            _ => {}
                        }
                    }
                }
                Part::Image { source, .. } => said.images.push(source.clone()),
                _ => {}
            }
        }
    }
    said
}

/// What a call is called with, whatever the tool takes; `None` where it was cut short.
fn value(input: &Input) -> Option<Value> {
    match input {
        Input::Json(text) if text.trim().is_empty() => Some(serde_json::json!({})),
        Input::Json(text) => serde_json::from_str(text).ok(),
        Input::Text(text) => Some(serde_json::json!({"input": text})),
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split_whitespace().map(str::to_owned)
}

fn sorted(words: &[String]) -> Vec<&String> {
    let mut words: Vec<&String> = words.iter().collect();
    words.sort();
    words
}

/// Whether all of `part` is in `whole`, in its order.
fn is_within<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|one| whole.any(|other| other == one))
}

#[test]
fn a_request_that_goes_there_and_back_keeps_what_it_says() {
    for file in files("requests") {
        let mut dropped = Dropped::default();
        let Ok(prompt) = parse_request(file.dialect, &file.bytes, &mut dropped) else {
            continue;
        };
        for to in others(file.dialect) {
            let there = request(file.dialect, &file.bytes, &target(to, "a-model")).unwrap();
            // What is named as lost may be.
            let lost = |what: &str| there.dropped.names().any(|name| name.contains(what));
            let mut unread = Dropped::default();
            let back = parse_request(to, &there.body, &mut unread).unwrap();
            let (before, after) = (said(&prompt), said(&back));
            let place = format!("{} to {}\n{before:#?}\n{after:#?}", file.name, to.as_str());
            assert!(
                is_within(&before.texts, &after.texts)
                    || lost("without a call")
                    || lost("without their call"),
                "{place}"
            );
            assert!(is_within(&before.calls, &after.calls), "{place}");
            // They stand in the order of their calls where a dialect wants that.
            assert!(
                is_within(&sorted(&before.results), &sorted(&after.results))
                    || lost("without a call")
                    || lost("without their call"),
                "{place}"
            );
            let images = before
                .images
                .iter()
                .filter(|image| after.images.contains(image));
            assert!(
                images.count() == before.images.len() || lost("image"),
                "{place}"
            );
        }
    }
}

#[test]
fn a_reply_that_goes_there_and_back_keeps_what_it_says_and_used() {
    for file in files("replies") {
        let before = file.reply();
        if before.failure.is_some() || before.finish.is_none() {
            continue;
        }
        for to in others(file.dialect) {
            let mut encoder = Encoder::new(to, asked(&file, WayBack::default()));
            let mut events = Vec::new();
            for delta in before.clone().into_deltas() {
                encoder.delta(delta, &mut events);
            }
            encoder.end(&mut events);
            let after = fold(to, &events);
            let place = format!("{} to {}\n{before:#?}\n{after:#?}", file.name, to.as_str());
            let mut whole = Encoder::new(to, asked(&file, WayBack::default()));
            let whole = whole.whole(&before);
            let whole = Reply::of(Decoder::whole(to, &whole).unwrap());
            for after in [&after, &whole] {
                let texts = |reply: &Reply| -> String {
                    let texts = reply.blocks.iter().filter_map(|block| match block {
                        Block::Text { text, .. } | Block::Refusal(text) => Some(text.as_str()),
                        _ => None,
                    });
                    texts.collect()
                };
                assert_eq!(texts(&before), texts(after), "{place}");
                let calls = |reply: &Reply| -> Vec<(String, Value)> {
                    let calls = reply.blocks.iter().filter_map(|block| match block {
                        Block::Call { name, input, .. } => Some((name.clone(), value(input)?)),
                        _ => None,
                    });
                    calls.collect()
                };
                assert!(is_within(&calls(&before), &calls(after)), "{place}");
                if let (Some(before), Some(after)) = (&before.usage, &after.usage) {
                    assert_eq!(
                        (before.input, before.output, before.cache_read),
                        (after.input, after.output, after.cache_read),
                        "{place}"
                    );
                }
            }
        }
    }
}
