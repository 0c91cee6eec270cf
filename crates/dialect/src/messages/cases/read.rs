//! Requests of Anthropic's clients, read.

use serde_json::{Value, json};

use crate::messages::request::read;
use crate::prompt::{Dropped, Part};

#[test]
fn a_request_that_is_wrong_names_the_place() {
    let refused = |body: Value| {
        let failure = read(body.to_string().as_bytes(), &mut Dropped::default()).unwrap_err();
        assert_eq!(failure.status, 400);
        failure.message
    };
    insta::assert_snapshot!([
        refused(json!([])),
        refused(json!({"model": "m"})),
        refused(json!({"messages": [{"role": "tool", "content": "x"}]})),
        refused(json!({"messages": [{"role": "user", "content": [{"text": "x"}]}]})),
        refused(json!({"messages": [{"role": "user", "content": [{"type": "image"}]}]})),
        refused(json!({"messages": [], "max_tokens": "many"})),
        refused(json!({"messages": [], "tools": [{"input_schema": {}}]})),
        refused(json!({"messages": [], "tools": [{"name": "", "input_schema": {}}]})),
        refused(json!({"messages": [], "tool_choice": {"type": "tool", "name": ""}})),
        refused(json!({"messages": [{"role": "assistant", "content": [
            {"type": "tool_use", "id": "a", "name": "", "input": {}},
        ]}]})),
    ].join("\n"), @r#"
    the body is not an object
    `messages` is missing
    `messages[0].role` is none of user, assistant and system
    `messages[0].content[0].type` is missing
    `messages[0].content[0].source` is missing
    `max_tokens` is not a whole number
    `tools[0].name` is missing
    `tools[0].name` is empty
    `tool_choice.name` is empty
    `messages[0].content[0].name` is empty
    "#);
}

#[test]
fn what_only_the_model_can_say_is_dropped_by_name_where_another_says_it() {
    let own = json!([
        {"type": "tool_use", "id": "a", "name": "read", "input": {}},
        {"type": "thinking", "thinking": "Hm.", "signature": "s"},
        {"type": "text", "text": "Hi."},
    ]);
    let body = json!({"model": "m", "system": own, "messages": [
        {"role": "user", "content": own},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "b", "content": own}]},
    ]});
    let mut dropped = Dropped::default();
    let prompt = read(body.to_string().as_bytes(), &mut dropped).unwrap();
    let names: Vec<_> = dropped.names().collect();
    assert_eq!(names, ["content.thinking", "content.tool_use"]);
    let hi = || vec![Part::text("Hi.")];
    let mut parts = prompt.turns.into_iter().map(|turn| turn.parts);
    assert_eq!(parts.next(), Some(hi()));
    assert_eq!(parts.next(), Some(hi()));
    let result = parts.next().unwrap().pop();
    assert!(matches!(result, Some(Part::Result { parts, .. }) if parts == hi()));
}
