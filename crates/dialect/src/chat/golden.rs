//! What the files in `golden/requests/chat` and `golden/replies/chat` are read as.

use std::fs;
use std::path::Path;

use super::request;
use crate::delta::{Block, Reply};
use crate::prompt::Dropped;
use crate::translate::{Asked, Decoder, Encoder, Target, fold};
use crate::{Dialect, Usage};

/// The files of a folder by their names, in order.
fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("golden")
        .join(folder);
    let mut files: Vec<_> = fs::read_dir(path)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

fn line(of: &str, dropped: &Dropped) -> String {
    let names: Vec<&str> = dropped.names().collect();
    match names.is_empty() {
        true => format!("{of}\n"),
        false => format!("{of}: {}\n", names.join(", ")),
    }
}

#[test]
fn of_each_request_it_is_known_what_cannot_cross() {
    let mut table = String::new();
    for (name, body) in files("requests/chat") {
        let mut unread = Dropped::default();
        let prompt = request::read(&body, &mut unread).unwrap();
        table += &line(&name, &unread);
        for (upstream, has_developer) in [("Copilot", true), ("Z.ai", false)] {
            let target = Target {
                dialect: Dialect::Chat,
                model: &prompt.model,
                max_output: None,
                is_adaptive: false,
                efforts: None,
                has_developer,
            };
            let mut unwritten = Dropped::default();
            let body = request::write(&prompt, &target, &mut unwritten).to_string();
            if !unwritten.is_empty() {
                table += &line(&format!("  to {upstream}"), &unwritten);
            }
            // What was written once stays as it is.
            let again = request::read(body.as_bytes(), &mut Dropped::default()).unwrap();
            let again = request::write(&again, &target, &mut Dropped::default());
            if has_developer {
                assert_eq!(again.to_string(), body, "{name}");
            }
        }
    }
    insta::assert_snapshot!(table);
}

fn told(reply: &Reply) -> String {
    let mut told = Vec::new();
    for block in &reply.blocks {
        told.push(match block {
            Block::Reasoning { text, seal, .. } => {
                let sealed = seal.as_ref().map_or("", |_| " sealed");
                format!("thought {text:?}{sealed}")
            }
            Block::Text {
                text,
                annotations,
                logprobs,
            } => {
                let (notes, logprobs) = (annotations.len(), logprobs.len());
                format!("text {text:?} {notes} {logprobs}")
            }
            Block::Refusal(text) => format!("refusal {text:?}"),
            Block::Call { id, name, input } => format!("call {id} {name} {input:?}"),
        });
    }
    told.extend(reply.usage.map(|usage: Usage| {
        format!(
            "usage {} {} {} {} {} {:?}",
            usage.input,
            usage.output,
            usage.cache_read,
            usage.cache_write,
            usage.reasoning,
            usage.nano_credits
        )
    }));
    told.push(match (&reply.finish, &reply.failure) {
        (Some(finish), None) => format!("{finish:?}"),
        (None, Some(failure)) => format!("{failure:?}"),
        other => format!("{other:?}"),
    });
    told.join("\n  ")
}

#[test]
fn of_each_reply_it_is_known_what_it_says() {
    let mut table = String::new();
    for (name, body) in files("replies/chat") {
        let reply = match name.ends_with(".sse") {
            true => fold(Dialect::Chat, &body),
            false => Reply::of(Decoder::whole(Dialect::Chat, &body).unwrap()),
        };
        table += &format!("{name}\n  {}\n", told(&reply));
        let asked = Asked {
            include_usage: true,
            ..Asked::default()
        };
        let (mut encoder, mut events) = (Encoder::new(Dialect::Chat, asked), Vec::new());
        for delta in reply.clone().into_deltas() {
            encoder.delta(delta, &mut events);
        }
        encoder.end(&mut events);
        assert_eq!(
            fold(Dialect::Chat, &events).blocks.len(),
            reply.blocks.len(),
            "{name}"
        );
    }
    insta::assert_snapshot!(table);
}
