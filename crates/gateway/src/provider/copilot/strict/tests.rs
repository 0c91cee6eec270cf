//! Each thing that Copilot refuses, and what becomes of it.

use dialect::Dialect;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Model, mended};

const FIXED: Model = Model { is_adaptive: false };
const ADAPTIVE: Model = Model { is_adaptive: true };

/// What becomes of a Messages body with these fields, and what is named as lost.
fn messages(more: &Value) -> (Value, String) {
    messages_for(more, FIXED)
}

fn messages_for(more: &Value, model: Model) -> (Value, String) {
    let mut body = json!({
        "model": "claude", "max_tokens": 9000, "new_field": {"kept": [1.5, null]},
        "messages": [{"role": "user", "content": "hi"}],
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    run(Dialect::Messages, &body, model)
}

fn run(dialect: Dialect, body: &Value, model: Model) -> (Value, String) {
    let Some(mended) = mended(dialect, body.to_string().as_bytes(), model) else {
        return (body.clone(), "untouched".into());
    };
    let after: Value = serde_json::from_slice(&mended.body).unwrap();
    assert_eq!(after.get("new_field"), body.get("new_field"));
    let names: Vec<_> = mended.dropped.names().collect();
    (after, names.join(", "))
}

#[test]
fn a_body_that_copilot_takes_passes_untouched() {
    let body = json!({
        "context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]},
        "system": [{"type": "text", "text": "the \"system\": a \"ttl\"", "cache_control": {"type": "ephemeral"}}],
        "tools": [{"name": "speed", "input_schema": {"type": "object"}}],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
    });
    assert_eq!(messages(&body).1, "untouched");
    assert_eq!(
        messages_for(&json!({"thinking": {"type": "adaptive"}}), ADAPTIVE).1,
        "untouched"
    );
    let responses = json!({"store": false, "input": "a \"store\":true", "tools": [
        {"type": "namespace", "name": "n", "description": "Some.", "tools": []},
    ]});
    assert_eq!(run(Dialect::Responses, &responses, FIXED).1, "untouched");
    assert_eq!(
        run(Dialect::Chat, &json!({"service_tier": "auto"}), FIXED).1,
        "untouched"
    );
}

#[test]
fn tools_lose_the_fields_that_only_their_vendor_knows() {
    let (after, lost) = messages(&json!({"speed": "fast", "tools": [{
        "name": "f", "eager_input_streaming": true, "defer_loading": true, "new": 1,
        "input_schema": {"$schema": "x", "type": "object"},
    }]}));
    assert_eq!(
        after["tools"],
        json!([{"name": "f", "new": 1, "input_schema": {"type": "object"}}])
    );
    assert_eq!((after.get("speed"), &*lost), (None, "defer_loading, speed"));
}

#[test]
fn system_turns_become_instructions_or_what_the_user_says() {
    let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t"}]});
    let result = json!({"type": "tool_result", "tool_use_id": "t", "content": "r"});
    let (after, lost) = messages(&json!({"system": "a", "messages": [
        {"role": "system", "content": "b"},
        {"role": "user", "content": "c"},
        {"role": "system", "content": [{"type": "text", "text": "d"}]},
        call,
        {"role": "system", "content": "e"},
        {"role": "user", "content": [result]},
    ]}));
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(after["system"], json!([text("a"), text("b")]));
    assert_eq!(
        after["messages"],
        json!([
            {"role": "user", "content": "c"},
            {"role": "user", "content": [text("d")]},
            call,
            {"role": "user", "content": [result, text("e")]},
        ])
    );
    assert_eq!(lost, "");
    let (after, _) = messages(&json!({"messages": [{"role": "system", "content": "only"}]}));
    assert_eq!(
        after["messages"],
        json!([{"role": "user", "content": "only"}])
    );
}

#[test]
fn a_turn_that_the_assistant_has_begun_is_followed_by_a_users() {
    let (after, lost) = messages(&json!({"messages": [
        {"role": "user", "content": "hi"}, {"role": "assistant", "content": "I"},
    ]}));
    assert_eq!(after["messages"][2]["role"], "user");
    assert_eq!(lost, "prefill");
}

#[test]
fn a_model_that_does_not_adapt_is_told_how_much_to_think() {
    let ask = |effort: &str, max_tokens: u64| {
        let (after, _) = messages(&json!({
            "thinking": {"type": "adaptive"}, "max_tokens": max_tokens,
            "output_config": {"effort": effort},
        }));
        assert_eq!(after.get("output_config"), None);
        after.get("thinking").cloned()
    };
    let budget = |tokens: u64| Some(json!({"type": "enabled", "budget_tokens": tokens}));
    assert_eq!(ask("low", 64_000), budget(4_096));
    assert_eq!(ask("max", 64_000), budget(32_000));
    assert_eq!(ask("high", 8_000), budget(6_000));
    assert_eq!(ask("medium", 1_000), None);
}

#[test]
fn marks_stand_where_they_are_taken_and_say_nothing_more() {
    let mark = json!({"type": "ephemeral", "ttl": "1h", "scope": "global"});
    let plain = json!({"type": "ephemeral"});
    let (after, lost) = messages(&json!({
        "cache_control": mark,
        "system": [{"type": "text", "text": "a", "cache_control": mark}],
        "messages": [{"role": "user", "content": [{
            "type": "tool_result", "tool_use_id": "t",
            "content": [{"type": "text", "text": "r", "cache_control": mark}],
        }]}, {"role": "user", "content": "last"}],
    }));
    assert_eq!(after.get("cache_control"), None);
    assert_eq!(after["system"][0]["cache_control"], plain);
    let result = &after["messages"][0]["content"][0];
    assert_eq!(
        (
            &result["cache_control"],
            result["content"][0].get("cache_control")
        ),
        (&plain, None)
    );
    assert_eq!(after["messages"][1]["content"][0]["cache_control"], plain);
    assert_eq!(lost, "cache marks, cache_control");
}

#[test]
fn of_more_than_four_marks_the_first_and_the_last_stay() {
    let block =
        |text: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}});
    let blocks = ["b", "c", "d", "e", "f"].map(block);
    let (after, lost) = messages(&json!({
        "system": [block("a")],
        "messages": [{"role": "user", "content": blocks}],
    }));
    let marked: Vec<_> = after["messages"][0]["content"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|block| block.get("cache_control").is_some())
        .map(|block| block["text"].as_str().unwrap())
        .collect();
    assert_eq!(marked, ["d", "e", "f"]);
    assert!(after["system"][0].get("cache_control").is_some());
    assert_eq!(lost, "cache marks");
}

#[test]
fn responses_lose_what_copilot_has_not() {
    let (after, lost) = run(
        Dialect::Responses,
        &json!({
            "store": true, "service_tier": "flex", "new_field": 1,
            "tool_choice": {"type": "image_generation"},
            "tools": [{"type": "image_generation"}, {"type": "namespace", "name": "n", "description": ""}],
        }),
        FIXED,
    );
    assert_eq!(
        after,
        json!({
            "store": false, "new_field": 1, "tool_choice": "auto",
            "tools": [{"type": "namespace", "name": "n", "description": "Tools of n."}],
        })
    );
    assert_eq!(lost, "service_tier, store, tools.image_generation");
}

proptest! {
    #[test]
    fn what_was_mended_is_taken_and_no_body_makes_it_panic(
        words in proptest::collection::vec(prop::sample::select(vec![
            "role", "system", "assistant", "user", "content", "messages", "tools", "thinking",
            "adaptive", "cache_control", "ttl", "type", "tool_result", "speed", "max_tokens",
            "store", "service_tier", "namespace", "description", "",
        ]), 0..14),
        shape in any::<u64>(),
    ) {
        let mut body = json!({});
        let mut rest = shape;
        for pair in words.chunks(2) {
            let value = match rest % 4 {
                0 => json!(pair[pair.len() - 1]),
                1 => json!([{pair[0]: pair[pair.len() - 1]}]),
                2 => json!({pair[0]: {"type": pair[pair.len() - 1]}}),
                _ => json!(rest % 100),
            };
            rest /= 4;
            body[pair[0]] = value;
        }
        for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
            if let Some(first) = mended(dialect, body.to_string().as_bytes(), FIXED) {
                prop_assert!(mended(dialect, &first.body, FIXED).is_none());
            }
        }
    }
}
