//! The golden requests and replies of this dialect, there and back.

use std::path::PathBuf;

use serde_json::Value;

use super::reply::{Encoder, whole};
use super::request;
use crate::Dialect;
use crate::delta::{Block, Reply};
use crate::prompt::Dropped;
use crate::translate::{Asked, Target, fold};

fn files(of: &str, end: &str) -> Vec<(String, Vec<u8>)> {
    let folder = format!("{}/golden/{of}/responses", env!("CARGO_MANIFEST_DIR"));
    let paths = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = paths.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == end));
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, std::fs::read(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn asked() -> Asked {
    Asked {
        model: "m".to_owned(),
        id: "q".to_owned(),
        ..Asked::default()
    }
}

#[test]
fn every_golden_request_names_what_it_loses() {
    let target = Target {
        dialect: Dialect::Responses,
        model: "gpt-5.1-codex",
        max_output: None,
        is_adaptive: false,
        efforts: None,
        has_developer: true,
    };
    let lines = files("requests", "json").into_iter().map(|(name, body)| {
        let mut dropped = Dropped::default();
        let prompt = request::read(&body, &mut dropped).unwrap();
        let written = request::write(&prompt, &target, &mut dropped);
        assert!(!written["input"].as_array().unwrap().is_empty(), "{name}");
        let again = written.to_string();
        let again = request::read(again.as_bytes(), &mut Dropped::default()).unwrap();
        assert_eq!(
            request::write(&again, &target, &mut Dropped::default()).to_string(),
            written.to_string(),
            "{name}"
        );
        let names: Vec<&str> = dropped.names().collect();
        match names.is_empty() {
            true => String::new(),
            false => format!("{name}: {}\n", names.join(", ")),
        }
    });
    insta::assert_snapshot!(lines.collect::<String>(), @r"
    allowed_tools: tool_choice.allowed_tools
    caller: service_tier, store, truncation
    codex: tools.web_search
    hosted_tools: include.web_search_call.action.sources, tool_choice.web_search, tools.code_interpreter, tools.image_generation, tools.web_search
    image_by_file_id: input_image.file_id
    logprobs: logprobs
    reasoning_of_messages: reasoning of another maker
    reasoning_unsealed: reasoning of another maker, thinking
    sampling: max_tool_calls, temperature, top_p
    unknown_fields: context_management, future, input.item_reference, input.web_search_call
    ");
}

#[test]
fn every_golden_stream_is_the_reply_that_its_end_tells() {
    let mut compared = 0;
    for (name, stream) in files("replies", "sse") {
        let reply = fold(Dialect::Responses, &stream);
        assert_eq!(reply.id.as_deref(), Some("resp_01"), "{name}");
        let last = String::from_utf8_lossy(&stream);
        let is_last = |line: &&str| line.starts_with("data: {\"type\": \"response.completed\"");
        let last = last.lines().rfind(is_last);
        let Some(last) = last.and_then(|line| line.strip_prefix("data: ")) else {
            continue;
        };
        let last: Value = serde_json::from_str(last).unwrap();
        let told = Reply::of(whole(last["response"].to_string().as_bytes()).unwrap());
        if !told.blocks.is_empty() {
            assert_eq!(bare(reply), bare(told), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 12, "{compared}");
}

/// Without what Copilot tells anew in each event, or beside the reply.
fn bare(mut reply: Reply) -> Reply {
    for block in &mut reply.blocks {
        if let Block::Reasoning {
            seal: Some(seal), ..
        } = block
        {
            seal.id = None;
        }
    }
    if let Some(usage) = &mut reply.usage {
        usage.nano_credits = None;
    }
    reply
}

#[test]
fn every_golden_reply_is_written_as_it_was_meant() {
    for (name, body) in files("replies", "json") {
        let reply = Reply::of(whole(&body).unwrap());
        let written = Encoder::new(asked()).whole(&reply);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(written["status"], body["status"], "{name}");
        assert_eq!(written["model"], body["model"], "{name}");
        for field in ["error", "incomplete_details"] {
            assert_eq!(written[field], body[field], "{name}");
        }
    }
}
