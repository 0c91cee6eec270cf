//! What single requests are read as.

use serde_json::{Value, json};

use super::*;

#[test]
fn what_is_wrong_is_told_with_its_place() {
    insta::assert_snapshot!(refused("[]"), @"the body has to be a JSON object");
    insta::assert_snapshot!(refused(r#"{"messages":[]}"#), @"model has to name a model");
    insta::assert_snapshot!(refused(r#"{"model":"m"}"#), @"messages has to be a list");
    insta::assert_snapshot!(
        refused(r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"robot"}]}"#),
        @r#"messages[1].role is not known: "robot""#
    );
    insta::assert_snapshot!(
        refused(r#"{"model":"m","messages":[{"role":"user","content":7}]}"#),
        @"messages[0].content has to be a string or a list of parts"
    );
    insta::assert_snapshot!(
        refused(r#"{"model":"m","messages":[{"role":"tool","content":"x"}]}"#),
        @"messages[0].tool_call_id has to name the call that this answers"
    );
    insta::assert_snapshot!(
        refused(r#"{"model":"m","messages":[],"tools":[{"type":"function","function":{}}]}"#),
        @"tools[0] has to have a name"
    );
}

#[test]
fn results_of_one_message_are_one_turn() {
    let turns = read_messages(json!([
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
            {"id": "b", "type": "function", "function": {"name": "g", "arguments": ""}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "one"},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "two"}]},
        {"role": "user", "content": "go on"},
    ]));
    assert_eq!(turns.len(), 3);
    assert_eq!(
        turns[1].parts,
        [
            result("a", vec![Part::text("one")], false),
            result("b", vec![Part::text("two")], false),
        ]
    );
}

#[test]
fn calls_without_ids_find_their_results() {
    let turns = read_messages(json!([
        {"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "one"},
        {"role": "assistant", "content": "", "tool_calls": [
            {"function": {"name": "g", "arguments": {"a": 1}}},
        ]},
        {"role": "tool", "content": "two"},
    ]));
    assert_eq!(turns[0].parts, [call("call_0", "f")]);
    assert_eq!(
        turns[1].parts,
        [result("call_0", vec![Part::text("one")], false)]
    );
    let Part::Call(second) = &turns[2].parts[0] else {
        panic!("a call")
    };
    assert_eq!(second.input, Input::Json(r#"{"a":1}"#.to_owned()));
    assert_eq!(
        turns[3].parts,
        [result("call_1", vec![Part::text("two")], false)]
    );
}

#[test]
fn a_custom_tools_result_is_known_as_one() {
    let turns = read_messages(json!([
        {"role": "assistant", "tool_calls": [
            {"id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** Begin"}},
        ]},
        {"role": "tool", "tool_call_id": "a", "content": "done"},
    ]));
    assert!(matches!(
        &turns[1].parts[..],
        [Part::Result {
            is_custom: true,
            ..
        }]
    ));
}

#[test]
fn files_and_images_are_read_from_data_and_from_urls() {
    let turns = read_messages(json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
        {"type": "image_url", "image_url": "https://example.com/a.png"},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "JVBERi0="}},
    ]}]));
    let sources: Vec<&Source> = turns[0]
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Image { source, .. } | Part::Document { source, .. } => Some(source),
            _ => None,
        })
        .collect();
    let data = |media_type: &str, data: &str| Source::Data {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    };
    let url = Source::Url("https://example.com/a.png".to_owned());
    assert_eq!(
        sources,
        [
            &data("image/png", "AAAA"),
            &url,
            &data("application/pdf", "JVBERi0="),
        ]
    );
}

#[test]
fn a_seal_is_of_whom_its_tag_tells() {
    let claude = seal(Dialect::Messages, "sig");
    let turns = read_messages(json!([
        {"role": "assistant", "content": "a", "reasoning_text": "hm", "reasoning_opaque": "op"},
        {"role": "assistant", "content": "b", "reasoning_content": "hm",
            "reasoning_opaque": tagged(&claude)},
    ]));
    assert_eq!(
        turns[0].parts[0],
        reasoning("hm", Some(seal(Dialect::Chat, "op")))
    );
    assert_eq!(turns[1].parts[0], reasoning("hm", Some(claude)));
}

#[test]
fn thinking_is_read_in_everyones_words() {
    let thinking = |fields: Value| {
        let mut body = json!({"model": "m", "messages": []});
        body.as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        read_ok(body).0.thinking
    };
    assert_eq!(thinking(json!({})), None);
    assert_eq!(
        thinking(json!({"thinking": {"type": "enabled"}})),
        Some(Thinking::default())
    );
    let off = thinking(json!({"thinking": {"type": "disabled"}})).unwrap();
    assert!(off.is_off);
    let budget = thinking(json!({"thinking_budget": 4000})).unwrap();
    assert_eq!(budget.budget, Some(4000));
    let effort = thinking(json!({"reasoning_effort": "high"})).unwrap();
    assert_eq!(effort.effort.as_deref(), Some("high"));
}

#[test]
fn what_no_one_else_knows_is_named_and_what_means_nothing_is_not() {
    let (prompt, dropped) = read_ok(json!({
        "model": "m",
        "messages": [
            {"role": "user", "name": "alice", "content": [
                {"type": "text", "text": "hear this"},
                {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}},
                {"type": "sp\u{e4}m", "x": 1},
            ]},
            {"role": "assistant", "content": "a", "refusal": null, "annotations": [],
                "x_unknown": 1, "provider": "p"},
        ],
        "tools": [{"type": "web_search"}],
        "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}},
        "prediction": {"type": "content", "content": "x"},
        "modalities": ["text"],
        "thinking": {"type": "enabled", "clear_thinking": false},
        "x_mine": true,
    }));
    assert_eq!(prompt.tool_choice, Some(ToolChoice::Required));
    assert_eq!(
        dropped,
        [
            "content.input_audio",
            "content.unknown",
            "messages.name",
            "prediction",
            "thinking.clear_thinking",
            "tool_choice.allowed_tools",
            "tools.web_search",
        ]
    );
}
