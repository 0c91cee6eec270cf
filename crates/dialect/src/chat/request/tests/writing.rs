//! What single prompts are written as.

use serde_json::{Number, Value, json};

use super::*;
use crate::prompt::Sampling;

#[test]
fn results_stand_right_behind_the_message_that_called_them() {
    let prompt = of_turns(vec![
        turn(Role::Assistant, vec![call("a", "f")]),
        turn(Role::Assistant, vec![call("b", "g")]),
        turn(Role::Developer, vec![Part::text("mind this")]),
        turn(
            Role::User,
            vec![
                Part::text("and"),
                result("b", vec![Part::text("broken")], true),
                result(
                    "a",
                    vec![
                        Part::text("one"),
                        Part::Image {
                            source: Source::Url("u".to_owned()),
                            detail: None,
                            cache: false,
                        },
                    ],
                    false,
                ),
                result("lost", vec![Part::text("whose?")], false),
            ],
        ),
    ]);
    let (body, dropped) = written(&prompt, &ZAI);
    let messages: Vec<String> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    {"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}
    {"role":"tool","tool_call_id":"b","content":"Error: broken"}
    {"role":"tool","tool_call_id":"a","content":"one"}
    {"role":"system","content":"mind this"}
    {"role":"user","content":"whose?"}
    {"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"and"}]}
    "#);
    assert_eq!(dropped, ["results without their call"]);
}

#[test]
fn an_error_is_not_told_twice() {
    for text in ["Error: no such file", "error", "  ERROR 5"] {
        let prompt = of_turns(vec![
            turn(Role::Assistant, vec![call("a", "f")]),
            turn(Role::User, vec![result("a", vec![Part::text(text)], true)]),
        ]);
        assert_eq!(written(&prompt, &COPILOT).0["messages"][1]["content"], text);
    }
}

#[test]
fn only_chats_own_seal_is_written() {
    let prompt = of_turns(vec![
        turn(
            Role::Assistant,
            vec![
                reasoning("mine", Some(seal(Dialect::Chat, "op"))),
                Part::text("a"),
            ],
        ),
        turn(Role::User, vec![Part::text("b")]),
        turn(
            Role::Assistant,
            vec![
                reasoning("theirs", Some(seal(Dialect::Messages, "sig"))),
                Part::text("c"),
            ],
        ),
        turn(Role::User, vec![Part::text("d")]),
        turn(
            Role::Assistant,
            vec![reasoning("", Some(seal(Dialect::Responses, "enc")))],
        ),
    ]);
    let (body, dropped) = written(&prompt, &COPILOT);
    let messages: Vec<String> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r#"
    {"role":"assistant","reasoning_text":"mine","reasoning_opaque":"op","content":"a"}
    {"role":"user","content":"b"}
    {"role":"assistant","reasoning_content":"theirs","content":"c"}
    {"role":"user","content":"d"}
    "#);
    assert_eq!(dropped, ["reasoning of another maker"]);
}

#[test]
fn tools_are_functions_with_flat_names_and_object_schemas() {
    let tool = |name: &str, namespace: Option<&str>, takes| Tool {
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        description: Some("does".to_owned()),
        takes,
        cache: false,
    };
    let json_of = |schema| Takes::Json {
        schema,
        strict: Some(false),
    };
    let grammar = json!({"type": "grammar", "syntax": "lark", "definition": "start: \"x\""});
    let prompt = Prompt {
        tools: vec![
            tool(
                "read",
                Some("mcp__files"),
                json_of(Some(json!({"$schema": "x", "type": "object"}))),
            ),
            tool("now", None, json_of(None)),
            tool(
                "patch",
                None,
                Takes::Text {
                    format: Some(grammar),
                },
            ),
        ],
        tool_choice: Some(ToolChoice::Named("read".to_owned())),
        ..Prompt::default()
    };
    let (body, dropped) = written(&prompt, &COPILOT);
    let tools: Vec<String> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    insta::assert_snapshot!(tools.join("\n"), @r#"
    {"type":"function","function":{"name":"mcp__files__read","description":"does","parameters":{"$schema":"x","type":"object","properties":{}},"strict":false}}
    {"type":"function","function":{"name":"now","description":"does","parameters":{"type":"object","properties":{}},"strict":false}}
    {"type":"function","function":{"name":"patch","description":"does\n\n`input` has to follow this lark grammar:\nstart: \"x\"","parameters":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}}}
    "#);
    assert_eq!(body["tool_choice"]["function"]["name"], "mcp__files__read");
    assert_eq!(dropped, ["tools.format"]);
}

#[test]
fn what_the_upstream_would_refuse_is_left_out_and_named() {
    let prompt = Prompt {
        stream: true,
        tool_choice: Some(ToolChoice::Auto),
        parallel_calls: Some(true),
        max_tokens: Some(32_000),
        stop: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
        user: Some("u".repeat(65)),
        metadata: json!({"a": "b"}).as_object().unwrap().clone(),
        cache_key: Some("k".to_owned()),
        service_tier: Some("flex".to_owned()),
        store: Some(true),
        ..Prompt::default()
    };
    let target = Target {
        max_output: Some(16_000),
        ..COPILOT
    };
    let (body, dropped) = written(&prompt, &target);
    insta::assert_snapshot!(body.to_string(), @r#"{"model":"upstream-model","messages":[],"max_tokens":16000,"stop":["a","b","c","d"],"prompt_cache_key":"k","stream":true,"stream_options":{"include_usage":true}}"#);
    assert_eq!(
        dropped,
        ["metadata", "service_tier", "stop", "store", "user"]
    );
}

#[test]
fn thinking_is_written_as_an_effort() {
    let effort = |thinking: Thinking, target: &Target<'_>| {
        let prompt = Prompt {
            thinking: Some(thinking),
            ..Prompt::default()
        };
        written(&prompt, target).0["reasoning_effort"]
            .as_str()
            .map(str::to_owned)
    };
    let told = |word: &str| Thinking {
        effort: Some(word.to_owned()),
        ..Thinking::default()
    };
    let budget = |budget| Thinking {
        budget: Some(budget),
        ..Thinking::default()
    };
    let off = Thinking {
        is_off: true,
        ..Thinking::default()
    };
    assert_eq!(effort(told("low"), &COPILOT).as_deref(), Some("low"));
    assert_eq!(effort(told("max"), &COPILOT).as_deref(), Some("xhigh"));
    assert_eq!(effort(told("xhigh"), &ZAI).as_deref(), Some("max"));
    assert_eq!(effort(budget(4096), &COPILOT).as_deref(), Some("low"));
    assert_eq!(effort(budget(4097), &COPILOT).as_deref(), Some("medium"));
    assert_eq!(effort(budget(16_385), &COPILOT).as_deref(), Some("high"));
    assert_eq!(effort(off, &COPILOT), None);
    assert_eq!(effort(told("none"), &COPILOT).as_deref(), Some("none"));
    assert_eq!(effort(told("none"), &ZAI), None);
    assert_eq!(effort(told("minimal"), &ZAI).as_deref(), Some("low"));
    assert_eq!(effort(Thinking::default(), &COPILOT), None);
}

#[test]
fn a_schema_without_a_name_gets_one() {
    let prompt = Prompt {
        format: Some(Format::Schema {
            name: None,
            description: None,
            schema: json!({"type": "object"}),
            strict: Some(true),
        }),
        ..Prompt::default()
    };
    insta::assert_snapshot!(written(&prompt, &COPILOT).0["response_format"].to_string(), @r#"{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"},"strict":true}}"#);
}

#[test]
fn zai_is_asked_only_for_what_it_takes() {
    let schema = json!({"type": "object", "properties": {"a": {}}});
    let prompt = Prompt {
        turns: vec![
            turn(Role::Developer, vec![Part::text("be brief")]),
            turn(Role::User, vec![Part::text("go")]),
        ],
        tools: vec![Tool {
            name: "f".to_owned(),
            namespace: None,
            description: None,
            takes: Takes::Json {
                schema: Some(schema.clone()),
                strict: Some(true),
            },
            cache: false,
        }],
        tool_choice: Some(ToolChoice::Named("f".to_owned())),
        parallel_calls: Some(false),
        sampling: Sampling {
            temperature: Number::from_f64(1.5),
            seed: Some(7.into()),
            logprobs: Some(2),
            ..Sampling::default()
        },
        stop: vec!["a".to_owned(), "b".to_owned()],
        thinking: Some(Thinking {
            effort: Some("medium".to_owned()),
            ..Thinking::default()
        }),
        format: Some(Format::Schema {
            name: None,
            description: None,
            schema,
            strict: Some(true),
        }),
        verbosity: Some("low".to_owned()),
        user: Some("somebody".to_owned()),
        cache_key: Some("k".to_owned()),
        ..Prompt::default()
    };
    let (body, dropped) = written(&prompt, &ZAI);
    insta::assert_snapshot!(body.to_string(), @r#"{"model":"upstream-model","messages":[{"role":"system","content":"be brief"},{"role":"system","content":"Answer only with JSON that fits this JSON Schema:\n{\"type\":\"object\",\"properties\":{\"a\":{}}}"},{"role":"user","content":"go"}],"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{}}}}}],"tool_choice":"auto","temperature":1,"stop":["a"],"reasoning_effort":"high","response_format":{"type":"json_object"},"user_id":"somebody","stream":false}"#);
    assert_eq!(
        dropped,
        [
            "logprobs",
            "parallel_tool_calls",
            "response_format.json_schema",
            "seed",
            "stop",
            "temperature",
            "tool_choice",
            "tools.strict",
            "top_logprobs",
            "verbosity",
        ]
    );
    let silent = Prompt {
        tool_choice: Some(ToolChoice::None),
        ..prompt
    };
    assert!(written(&silent, &ZAI).0["tools"].is_null());
}

#[test]
fn a_name_too_long_for_openai_is_cut_the_same_everywhere() {
    let name = "mcp__".to_owned() + &"long_".repeat(20);
    let prompt = Prompt {
        turns: vec![turn(Role::Assistant, vec![call("a", &name)])],
        tools: vec![Tool {
            name: name.clone(),
            namespace: None,
            description: None,
            takes: Takes::Json {
                schema: None,
                strict: None,
            },
            cache: false,
        }],
        tool_choice: Some(ToolChoice::Named(name)),
        ..Prompt::default()
    };
    let body = written(&prompt, &COPILOT).0;
    let called = &body["messages"][0]["tool_calls"][0]["function"]["name"];
    assert_eq!(called.as_str().unwrap().len(), 64);
    assert_eq!(called, &body["tools"][0]["function"]["name"]);
    assert_eq!(called, &body["tool_choice"]["function"]["name"]);
}

#[test]
fn what_the_model_says_in_two_turns_does_not_run_together() {
    let prompt = of_turns(vec![
        turn(Role::Assistant, vec![Part::text("O"), Part::text("k.")]),
        turn(Role::Assistant, vec![Part::text("Done.")]),
    ]);
    let (body, _) = written(&prompt, &COPILOT);
    assert_eq!(body["messages"][0]["content"], "Ok.\n\nDone.");
    let refusing = turn(
        Role::Assistant,
        vec![Part::text("7"), Part::Refusal("No.".to_owned())],
    );
    let (body, _) = written(&of_turns(vec![refusing]), &ZAI);
    assert_eq!(body["messages"][0]["content"], "7\n\nNo.");
}
