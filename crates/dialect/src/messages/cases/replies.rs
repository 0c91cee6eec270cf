//! Replies that came from elsewhere, written.

use serde_json::json;

use crate::delta::{Delta, Finish, Reply};
use crate::messages::reply::{Decoder, Encoder, whole};
use crate::prompt::Seal;
use crate::translate::Asked;
use crate::{Dialect, Usage};

fn encoder() -> Encoder {
    Encoder::new(Asked {
        model: "gpt-5.2".to_owned(),
        id: "7f".to_owned(),
        ..Asked::default()
    })
}

/// The data of the events, without those that frame a message of no interest.
fn stream(deltas: impl IntoIterator<Item = Delta>) -> String {
    let (mut encoder, mut out) = (encoder(), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    encoder.end(&mut out);
    let text = String::from_utf8(out).unwrap();
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    data.collect::<Vec<_>>().join("\n")
}

fn call(number: usize) -> Delta {
    Delta::Call {
        number,
        id: format!("call_{number}"),
        name: "read".to_owned(),
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
        is_summary: true,
    }
}

#[test]
fn an_event_is_named_as_its_type() {
    let (mut encoder, mut out) = (encoder(), Vec::new());
    let begin = Delta::Begin {
        id: Some("chatcmpl-1".to_owned()),
        model: Some("gpt-5.2-2026".to_owned()),
        created: Some(1),
    };
    encoder.delta(begin, &mut out);
    encoder.delta(Delta::Text("Hi.".to_owned()), &mut out);
    encoder.delta(Delta::Finish(Finish::Length), &mut out);
    let usage = Usage {
        input: 100,
        output: 5,
        cache_read: 64,
        ..Usage::default()
    };
    encoder.delta(Delta::Usage(usage), &mut out);
    encoder.end(&mut out);
    encoder.end(&mut out);
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    event: message_start
    data: {"type":"message_start","message":{"id":"msg_7f","type":"message","role":"assistant","model":"gpt-5.2-2026","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}

    event: content_block_start
    data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

    event: content_block_delta
    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi."}}

    event: content_block_stop
    data: {"type":"content_block_stop","index":0}

    event: message_delta
    data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"input_tokens":36,"cache_creation_input_tokens":0,"cache_read_input_tokens":64,"output_tokens":5}}

    event: message_stop
    data: {"type":"message_stop"}
    "#);
}

#[test]
fn a_call_waits_until_the_one_before_is_complete() {
    insta::assert_snapshot!(stream([
        call(0),
        arguments(0, r#"{"a":"#),
        call(1),
        arguments(1, r#"{"b":"#),
        arguments(0, "1}"),
        arguments(1, "2}"),
        Delta::Text("Done.".to_owned()),
    ]), @r#"
    {"type":"message_start","message":{"id":"msg_7f","type":"message","role":"assistant","model":"gpt-5.2","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}
    {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"call_0","name":"read","input":{}}}
    {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}
    {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"1}"}}
    {"type":"content_block_stop","index":0}
    {"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"call_1","name":"read","input":{}}}
    {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"b\":"}}
    {"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"2}"}}
    {"type":"content_block_stop","index":1}
    {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}
    {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"Done."}}
    {"type":"content_block_stop","index":2}
    {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}
    {"type":"message_stop"}
    "#);
}

#[test]
fn a_call_without_arguments_takes_an_empty_object() {
    insta::assert_snapshot!(stream([call(0), Delta::Finish(Finish::Stop)]), @r#"
    {"type":"message_start","message":{"id":"msg_7f","type":"message","role":"assistant","model":"gpt-5.2","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}
    {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"call_0","name":"read","input":{}}}
    {"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}
    {"type":"content_block_stop","index":0}
    {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}
    {"type":"message_stop"}
    "#);
}

#[test]
fn another_makers_seal_is_a_tagged_signature() {
    let seal = Seal {
        dialect: Dialect::Responses,
        id: Some("rs_1".to_owned()),
        value: "gAAA".to_owned(),
        is_redacted: false,
    };
    insta::assert_snapshot!(stream([
        thought("Hm."),
        Delta::Sealed(seal),
        thought("Unsealed."),
        Delta::Refusal("No.".to_owned()),
    ]), @r#"
    {"type":"message_start","message":{"id":"msg_7f","type":"message","role":"assistant","model":"gpt-5.2","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}
    {"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}
    {"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Hm."}}
    {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"tokn1.r-4.rs_1gAAA"}}
    {"type":"content_block_stop","index":0}
    {"type":"content_block_start","index":1,"content_block":{"type":"thinking","thinking":"","signature":""}}
    {"type":"content_block_delta","index":1,"delta":{"type":"thinking_delta","thinking":"Unsealed."}}
    {"type":"content_block_stop","index":1}
    {"type":"content_block_start","index":2,"content_block":{"type":"text","text":""}}
    {"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":"No."}}
    {"type":"content_block_stop","index":2}
    {"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null},"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}
    {"type":"message_stop"}
    "#);
}

#[test]
fn a_failure_ends_the_stream_without_a_clean_end() {
    insta::assert_snapshot!(stream([
        Delta::Text("Hi.".to_owned()),
        Delta::Failed {
            code: Some("rate_limit_exceeded".to_owned()),
            message: "slow down".to_owned(),
        },
        Delta::Text("more".to_owned()),
    ]), @r#"
    {"type":"message_start","message":{"id":"msg_7f","type":"message","role":"assistant","model":"gpt-5.2","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":0,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":0}}}
    {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
    {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi."}}
    {"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}
    "#);
}

#[test]
fn usage_that_comes_in_parts_is_summed() {
    let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
    for event in [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {
            "input_tokens": 0, "cache_read_input_tokens": 90, "output_tokens": 7}}),
        json!({"type": "message_stop", "copilot_usage": {"total_nano_aiu": 5}}),
    ] {
        decoder.event(event.to_string().as_bytes(), &mut deltas);
    }
    let usage = Usage {
        input: 93,
        output: 7,
        cache_read: 90,
        nano_credits: Some(5),
        ..Usage::default()
    };
    assert_eq!(Reply::of(deltas).usage, Some(usage));
}

#[test]
fn a_citation_is_a_note_on_the_text_of_its_block() {
    let reply = json!({"content": [
        {"type": "text", "text": "It rains. "},
        {"type": "text", "text": "It stops.", "citations": [{"url": "https://example.com", "title": "W"}]},
    ]});
    let deltas = whole(reply.to_string().as_bytes()).unwrap();
    let note = deltas.into_iter().find_map(|delta| match delta {
        Delta::Annotation(note) => Some(note.to_string()),
        _ => None,
    });
    insta::assert_snapshot!(note.unwrap(), @r#"{"type":"url_citation","url_citation":{"start_index":10,"end_index":19,"url":"https://example.com","title":"W"}}"#);
}

#[test]
fn a_call_without_a_name_is_none() {
    let call = |name| json!({"type": "tool_use", "id": "toolu_1", "name": name, "input": {}});
    let content = [call(json!("")), call(json!(7)), call(json!("read"))];
    let reply = json!({"type": "message", "role": "assistant", "content": content});
    let read = whole(reply.to_string().as_bytes()).unwrap();
    let calls = read.iter().filter_map(|delta| match delta {
        Delta::Call { number, name, .. } => Some((*number, name.as_str())),
        _ => None,
    });
    assert_eq!(calls.collect::<Vec<_>>(), [(0, "read")]);
}
