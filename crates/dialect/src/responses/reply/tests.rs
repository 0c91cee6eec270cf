//! Cases of replies: streams of upstreams with their quirks, and what clients get.

use serde_json::{Value, json};

use super::laws::{decoded, events};
use super::{Encoder, whole};
use crate::delta::{Block, Delta, Finish, Reply};
use crate::prompt::{Input, Seal, Takes, Tool};
use crate::translate::Asked;
use crate::way_back::WayBack;
use crate::{Dialect, Usage};

fn encoder() -> Encoder {
    let tool = |name: &str, namespace: Option<&str>, takes| Tool {
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        description: None,
        takes,
        cache: false,
    };
    let function = Takes::Json {
        schema: None,
        strict: None,
    };
    Encoder::new(Asked {
        model: "asked".to_owned(),
        id: "q1".to_owned(),
        time: 5,
        way_back: WayBack::of(&[
            tool("read", Some("files"), function),
            tool("patch", None, Takes::Text { format: None }),
        ]),
        ..Asked::default()
    })
}

fn begin() -> Delta {
    Delta::Begin {
        id: Some("msg_1".to_owned()),
        model: Some("model".to_owned()),
        created: None,
    }
}

fn call(number: usize, name: &str) -> Delta {
    Delta::Call {
        number,
        id: format!("toolu_{number}"),
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
        is_summary: true,
    }
}

/// The events without their types' prefix, and without the whole replies.
fn told(deltas: impl IntoIterator<Item = Delta>) -> String {
    let (mut encoder, mut out) = (encoder(), Vec::new());
    for delta in deltas {
        encoder.delta(delta, &mut out);
    }
    encoder.end(&mut out);
    let lines = events(&out).into_iter().map(|mut event| {
        let fields = event.as_object_mut().unwrap();
        let kind = fields.shift_remove("type").unwrap();
        fields.shift_remove("sequence_number").unwrap();
        if fields.contains_key("response") {
            fields.clear();
        }
        let kind = kind.as_str().unwrap().strip_prefix("response.").unwrap();
        format!("{kind} {event}\n")
    });
    lines.collect()
}

#[test]
fn text_and_reasoning_come_in_the_vendors_order() {
    let seal = Seal {
        dialect: Dialect::Messages,
        id: None,
        value: "sig".to_owned(),
        is_redacted: false,
    };
    let deltas = [
        begin(),
        thought("h"),
        thought("m"),
        Delta::Sealed(seal),
        Delta::Text("Hé".to_owned()),
        Delta::Refusal("no".to_owned()),
        Delta::Finish(Finish::Stop),
    ];
    insta::assert_snapshot!(told(deltas), @r#"
    created {}
    in_progress {}
    output_item.added {"output_index":0,"item":{"id":"rs_q1_0","type":"reasoning","summary":[]}}
    reasoning_summary_part.added {"item_id":"rs_q1_0","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}}
    reasoning_summary_text.delta {"item_id":"rs_q1_0","output_index":0,"summary_index":0,"delta":"h"}
    reasoning_summary_text.delta {"item_id":"rs_q1_0","output_index":0,"summary_index":0,"delta":"m"}
    reasoning_summary_text.done {"item_id":"rs_q1_0","output_index":0,"summary_index":0,"text":"hm"}
    reasoning_summary_part.done {"item_id":"rs_q1_0","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"hm"}}
    output_item.done {"output_index":0,"item":{"id":"rs_q1_0","type":"reasoning","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"tokn1.m--.sig"}}
    output_item.added {"output_index":1,"item":{"id":"msg_q1_1","type":"message","status":"in_progress","role":"assistant","content":[]}}
    content_part.added {"item_id":"msg_q1_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}}
    output_text.delta {"item_id":"msg_q1_1","output_index":1,"content_index":0,"delta":"Hé","logprobs":[]}
    output_text.done {"item_id":"msg_q1_1","output_index":1,"content_index":0,"text":"Hé","logprobs":[]}
    content_part.done {"item_id":"msg_q1_1","output_index":1,"content_index":0,"part":{"type":"output_text","text":"Hé","annotations":[],"logprobs":[]}}
    content_part.added {"item_id":"msg_q1_1","output_index":1,"content_index":1,"part":{"type":"refusal","refusal":""}}
    refusal.delta {"item_id":"msg_q1_1","output_index":1,"content_index":1,"delta":"no"}
    refusal.done {"item_id":"msg_q1_1","output_index":1,"content_index":1,"refusal":"no"}
    content_part.done {"item_id":"msg_q1_1","output_index":1,"content_index":1,"part":{"type":"refusal","refusal":"no"}}
    output_item.done {"output_index":1,"item":{"id":"msg_q1_1","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"Hé","annotations":[],"logprobs":[]},{"type":"refusal","refusal":"no"}]}}
    completed {}
    "#);
}

#[test]
fn calls_interleave_and_come_under_their_clients_names() {
    let deltas = [
        begin(),
        call(0, "files__read"),
        call(1, "patch"),
        call(2, "other"),
        arguments(0, "{\"p\":"),
        arguments(1, "{\"input\":\"a\\n"),
        arguments(0, "1}"),
        arguments(1, "b\"}"),
    ];
    insta::assert_snapshot!(told(deltas), @r#"
    created {}
    in_progress {}
    output_item.added {"output_index":0,"item":{"id":"fc_q1_0","type":"function_call","status":"in_progress","call_id":"toolu_0","name":"read","namespace":"files","arguments":""}}
    output_item.added {"output_index":1,"item":{"id":"ctc_q1_1","type":"custom_tool_call","status":"in_progress","call_id":"toolu_1","name":"patch","input":""}}
    output_item.added {"output_index":2,"item":{"id":"fc_q1_2","type":"function_call","status":"in_progress","call_id":"toolu_2","name":"other","arguments":""}}
    function_call_arguments.delta {"item_id":"fc_q1_0","output_index":0,"delta":"{\"p\":"}
    function_call_arguments.delta {"item_id":"fc_q1_0","output_index":0,"delta":"1}"}
    function_call_arguments.done {"item_id":"fc_q1_0","output_index":0,"name":"read","arguments":"{\"p\":1}"}
    output_item.done {"output_index":0,"item":{"id":"fc_q1_0","type":"function_call","status":"completed","call_id":"toolu_0","name":"read","namespace":"files","arguments":"{\"p\":1}"}}
    custom_tool_call_input.delta {"item_id":"ctc_q1_1","output_index":1,"delta":"a\nb"}
    custom_tool_call_input.done {"item_id":"ctc_q1_1","output_index":1,"input":"a\nb"}
    output_item.done {"output_index":1,"item":{"id":"ctc_q1_1","type":"custom_tool_call","status":"completed","call_id":"toolu_1","name":"patch","input":"a\nb"}}
    function_call_arguments.delta {"item_id":"fc_q1_2","output_index":2,"delta":"{}"}
    function_call_arguments.done {"item_id":"fc_q1_2","output_index":2,"name":"other","arguments":"{}"}
    output_item.done {"output_index":2,"item":{"id":"fc_q1_2","type":"function_call","status":"completed","call_id":"toolu_2","name":"other","arguments":"{}"}}
    completed {}
    "#);
}

#[test]
fn a_failure_is_the_last_word() {
    let failed = Delta::Failed {
        code: None,
        message: "broke".to_owned(),
    };
    let deltas = [begin(), failed, Delta::Text("late".to_owned())];
    assert_eq!(
        told(deltas.clone()),
        "created {}\nin_progress {}\nfailed {}\n"
    );
    let response = encoder().whole(&Reply::of(deltas));
    assert_eq!(response["status"], "failed");
    assert_eq!(
        response["error"],
        json!({"code": "server_error", "message": "broke"})
    );
}

#[test]
fn a_whole_reply_has_all_that_sdks_want() {
    let reply = Reply::of([
        begin(),
        Delta::Text("hi".to_owned()),
        Delta::Usage(Usage {
            input: 3,
            output: 2,
            cache_read: 1,
            ..Usage::default()
        }),
        Delta::Finish(Finish::Length),
    ]);
    insta::assert_snapshot!(encoder().whole(&reply).to_string(), @r#"{"id":"resp_q1","object":"response","created_at":5,"status":"incomplete","background":false,"error":null,"incomplete_details":{"reason":"max_output_tokens"},"instructions":null,"max_output_tokens":null,"model":"model","output":[{"id":"msg_q1_0","type":"message","status":"incomplete","role":"assistant","content":[{"type":"output_text","text":"hi","annotations":[],"logprobs":[]}]}],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":false,"temperature":null,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":null,"truncation":"disabled","usage":{"input_tokens":3,"input_tokens_details":{"cached_tokens":1,"cache_write_tokens":0},"output_tokens":2,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":5},"user":null,"metadata":{}}"#);
}

#[test]
fn copilots_ids_differ_between_an_items_events_and_the_last_one_is_its_own() {
    let deltas = decoded(&[
        json!({"type": "response.created", "response": {"id": "resp_a", "model": "gpt-5", "created_at": 9.0}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item":
            {"type": "reasoning", "id": "x1", "summary": [], "encrypted_content": "part"}}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "x2",
            "summary_index": 0, "delta": "one"}),
        json!({"type": "response.reasoning_summary_text.delta", "output_index": 0, "item_id": "x3",
            "summary_index": 1, "delta": "two"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item":
            {"type": "reasoning", "id": "x4", "encrypted_content": "all",
                "summary": [{"text": "one"}, {"text": "two"}]}}),
        json!({"type": "response.output_item.added", "output_index": 1, "item":
            {"type": "function_call", "id": "y1", "call_id": "c1", "name": "f", "arguments": ""}}),
        json!({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{\"a"}),
        json!({"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{\"a\":1}"}),
        json!({"type": "response.completed", "copilot_usage": {"total_nano_aiu": 7}, "response": {
        "status": "completed", "usage": {"input_tokens": 4, "output_tokens": 2},
        "output": [
            {"type": "function_call", "id": "y9", "call_id": "c1", "name": "f", "arguments": "{\"a\":1}"},
            {"type": "message", "content": [{"type": "output_text", "text": "late"}]},
        ]}}),
    ]);
    let reply = Reply::of(deltas);
    assert_eq!(
        (reply.id.as_deref(), reply.created),
        (Some("resp_a"), Some(9))
    );
    let call = Block::Call {
        id: "c1".to_owned(),
        name: "f".to_owned(),
        input: Input::Json("{\"a\":1}".to_owned()),
    };
    let text = Block::Text {
        text: "late".to_owned(),
        annotations: Vec::new(),
        logprobs: Vec::new(),
    };
    let seal = Seal {
        dialect: Dialect::Responses,
        id: Some("x4".to_owned()),
        value: "all".to_owned(),
        is_redacted: false,
    };
    let reasoning = Block::Reasoning {
        text: "one\n\ntwo".to_owned(),
        is_summary: true,
        seal: Some(seal),
    };
    assert_eq!(reply.blocks, [reasoning, call, text]);
    assert_eq!(reply.finish, Some(Finish::Calls));
    assert_eq!(reply.usage.and_then(|usage| usage.nano_credits), Some(7));
}

#[test]
fn errors_in_a_stream_are_failures_in_every_shape() {
    let failure = |event: Value| Reply::of(decoded(&[event])).failure.unwrap();
    let known = (Some("rate_limited".to_owned()), "slow".to_owned());
    let error = json!({"code": "rate_limited", "message": "slow"});
    assert_eq!(
        failure(json!({"type": "error", "code": "rate_limited", "message": "slow"})),
        known
    );
    assert_eq!(failure(json!({"type": "error", "error": error})), known);
    assert_eq!(failure(json!({"error": error})), known);
    let response = json!({"status": "failed", "error": error, "output": []});
    assert_eq!(
        failure(json!({"type": "response.failed", "response": response})),
        known
    );
    let whole = whole(response.to_string().as_bytes()).unwrap();
    assert_eq!(Reply::of(whole).failure, Some(known));
}

#[test]
fn what_is_no_reply_is_none() {
    for json in ["", "[]", "{}", "{\"choices\":[]}", "[DONE]", "null"] {
        assert_eq!(whole(json.as_bytes()), None, "{json}");
    }
}

#[test]
fn citations_and_probabilities_are_chats_in_the_hub() {
    let deltas = decoded(&[
        json!({"type": "response.completed", "response": {"output": [
            {"type": "message", "content": [{
                "type": "output_text", "text": "a",
                "annotations": [{"type": "url_citation", "url": "https://a.example", "start_index": 0}],
                "logprobs": [{"token": "é", "logprob": -1, "top_logprobs": [{"token": "e", "logprob": -2}]}],
            }]},
        ]}}),
    ]);
    let beside: Vec<String> = deltas
        .iter()
        .filter_map(|delta| match delta {
            Delta::Annotation(note) => Some(note.to_string()),
            Delta::Logprobs(all) => Some(json!(all).to_string()),
            _ => None,
        })
        .collect();
    insta::assert_snapshot!(beside.join("\n"), @r#"
    {"type":"url_citation","url_citation":{"url":"https://a.example","start_index":0}}
    [{"token":"é","logprob":-1,"top_logprobs":[{"token":"e","logprob":-2,"bytes":[101]}],"bytes":[195,169]}]
    "#);
}
