//! The laws of requests, over generated ones.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::read::LOGPROBS;
use super::tests::COPILOT;
use super::{read, write};
use crate::prompt::{Dropped, Prompt};

/// Any JSON, with the words of the dialect in likely places.
pub(in crate::responses) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(WORDS).prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let key = prop::sample::select(KEYS).prop_map(str::to_owned);
        let object = vec((key, inner.clone()), 0..6);
        prop_oneof![
            vec(inner, 0..5).prop_map(Value::from),
            object.prop_map(|fields| fields.into_iter().collect::<Map<_, _>>().into()),
        ]
    })
}

const WORDS: &[&str] = &[
    "message",
    "user",
    "assistant",
    "developer",
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "function",
    "custom",
    "namespace",
    "input_text",
    "output_text",
    "input_image",
    "input_file",
    "refusal",
    "summary_text",
    "json_schema",
    "url_citation",
    "data:a;base64,b",
    "tokn1.r-3.ab\ntokn1.",
];

const KEYS: &[&str] = &[
    "type",
    "role",
    "content",
    "text",
    "refusal",
    "id",
    "call_id",
    "name",
    "namespace",
    "arguments",
    "input",
    "output",
    "summary",
    "encrypted_content",
    "image_url",
    "file_data",
    "filename",
    "file_url",
    "tools",
    "format",
    "effort",
    "schema",
    "annotations",
    "logprobs",
    "top_logprobs",
    "token",
    "url_citation",
    "usage",
    "copilot_usage",
    "error",
    "code",
];

fn request_of_any() -> impl Strategy<Value = Value> {
    const FIELDS: &[&str] = &[
        "instructions",
        "tools",
        "tool_choice",
        "reasoning",
        "text",
        "include",
        "metadata",
        "max_output_tokens",
        "top_logprobs",
        "truncation",
        "store",
    ];
    let input = prop_oneof![any_json(), vec(any_json(), 0..5).prop_map(Value::from)];
    let fields = vec((prop::sample::select(FIELDS), any_json()), 0..6);
    (input, fields).prop_map(|(input, fields)| {
        let mut body = json!({"model": "m", "input": input});
        for (field, value) in fields {
            body[field] = value;
        }
        body
    })
}

fn text() -> impl Strategy<Value = String> {
    "[a-z]\\PC{0,11}"
}

fn said_by_user() -> impl Strategy<Value = Value> {
    let part = prop_oneof![
        text().prop_map(|text| json!({"type": "input_text", "text": text})),
        prop_oneof!["low", "high", "auto"].prop_map(|detail| json!({
            "type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": detail,
        })),
        Just(json!({
            "type": "input_file", "filename": "a.pdf",
            "file_data": "data:application/pdf;base64,AAAA",
        })),
        Just(json!({"type": "input_file", "file_url": "https://a.example/a.pdf"})),
    ];
    let content = prop_oneof![
        text().prop_map(Value::from),
        vec(part, 1..4).prop_map(Value::from)
    ];
    let role = prop_oneof![Just("user"), Just("developer")];
    (role, content).prop_map(|(role, content)| json!({"role": role, "content": content}))
}

/// What the model thinks, says and calls, and what the tools return to it.
fn round() -> impl Strategy<Value = Vec<Value>> {
    let thought = (option::of(text()), "[a-z]{1,6}").prop_map(|(text, id)| {
        let texts = text.map(|text| json!({"type": "summary_text", "text": text}));
        json!({
            "type": "reasoning", "id": format!("rs_{id}"),
            "summary": Vec::from_iter(texts), "encrypted_content": format!("sealed {id}"),
        })
    });
    let said = prop_oneof![
        text().prop_map(|text| json!({"type": "output_text", "text": text})),
        text().prop_map(|text| json!({"type": "refusal", "refusal": text})),
    ];
    let call = (
        "[a-z]{1,8}",
        option::of("[a-z]{1,4}"),
        any::<bool>(),
        text(),
    );
    (
        said_by_user(),
        option::of(thought),
        vec(said, 1..3),
        vec(call, 0..4),
    )
        .prop_map(|(asked, thought, said, calls)| {
            let mut items = vec![asked];
            items.extend(thought);
            items.push(json!({"type": "message", "role": "assistant", "content": said}));
            let mut results = Vec::new();
            for (at, (name, namespace, is_custom, text)) in calls.into_iter().enumerate() {
                let kind = if is_custom {
                    "custom_tool_call"
                } else {
                    "function_call"
                };
                let field = if is_custom { "input" } else { "arguments" };
                let mut call = json!({
                    "type": kind, "call_id": format!("call_{at}"), "name": name, field: text,
                });
                if let Some(namespace) = namespace {
                    call["namespace"] = namespace.into();
                }
                items.push(call);
                results.push(json!({
                    "type": format!("{kind}_output"), "call_id": format!("call_{at}"),
                    "output": text,
                }));
            }
            items.extend(results);
            items
        })
}

fn request() -> impl Strategy<Value = Value> {
    let number = || option::of((0_u32..20).prop_map(|tenths| f64::from(tenths) / 10.0));
    let fields = (
        number(),
        number(),
        option::of(16_u64..9000),
        option::of(0_u64..5),
    );
    (option::of(text()), vec(round(), 1..4), fields).prop_map(
        |(instructions, rounds, (temperature, top_p, most, logprobs))| {
            let include: Vec<&str> = logprobs.iter().map(|_| LOGPROBS).collect();
            json!({
                "model": "gpt-4.1",
                "instructions": instructions,
                "input": rounds.concat(),
                "tools": [
                    {"type": "function", "name": "f", "strict": true,
                        "parameters": {"type": "object", "properties": {"z": {}, "a": {}}}},
                    {"type": "custom", "name": "c", "format": {"type": "text"}},
                    {"type": "namespace", "name": "n", "description": "d", "tools": [
                        {"type": "function", "name": "g", "strict": false,
                            "parameters": {"type": "object", "properties": {}}}]},
                ],
                "tool_choice": {"type": "custom", "name": "c"},
                "parallel_tool_calls": false,
                "temperature": temperature, "top_p": top_p, "max_output_tokens": most,
                "top_logprobs": logprobs, "include": include,
                "text": {"format": {"type": "json_schema", "name": "s",
                    "schema": {"type": "object"}, "strict": true}, "verbosity": "low"},
                "user": "u", "metadata": {"k": "v"}, "prompt_cache_key": "k",
                "store": false, "stream": true,
            })
        },
    )
}

fn parsed(json: &Value) -> Prompt {
    read(json.to_string().as_bytes(), &mut Dropped::default()).unwrap()
}

proptest! {
    #[test]
    fn a_request_comes_back_as_it_was_meant(body in request()) {
        let prompt = parsed(&body);
        let mut dropped = Dropped::default();
        let written = write(&prompt, &COPILOT, &mut dropped);
        prop_assert_eq!(dropped.names().collect::<Vec<_>>(), Vec::<&str>::new());
        let mut again = parsed(&written);
        prop_assert_eq!(again.store, Some(false));
        again.model.clone_from(&prompt.model);
        prop_assert_eq!(again, prompt);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..60)) {
        let _ = read(&bytes, &mut Dropped::default());
    }

    #[test]
    fn no_json_panics_and_all_that_is_read_can_be_written(body in request_of_any()) {
        let mut dropped = Dropped::default();
        if let Ok(prompt) = read(body.to_string().as_bytes(), &mut dropped) {
            let written = write(&prompt, &COPILOT, &mut dropped);
            prop_assert_eq!(&written, &write(&prompt, &COPILOT, &mut dropped));
            prop_assert_eq!(&written["store"], &json!(false));
            prop_assert!(written["service_tier"].is_null());
            parsed(&written);
        }
    }
}
