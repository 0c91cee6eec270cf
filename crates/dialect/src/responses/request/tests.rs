//! Cases of requests: what is read, what is written, and what is left out.

use serde_json::{Value, json};

use super::{read, write};
use crate::prompt::{
    Call, Dropped, Input, Part, Prompt, Reasoning, Role, Sampling, Seal, Source, Takes, Thinking,
    Tool, ToolChoice, Turn,
};
use crate::translate::Target;
use crate::{Dialect, Failure};

/// What Copilot is asked.
pub(super) const COPILOT: Target<'static> = Target {
    dialect: Dialect::Responses,
    model: "gpt-4.1",
    max_output: Some(16_384),
    is_adaptive: false,
    efforts: None,
    has_developer: true,
};

fn parsed(body: Value) -> (Prompt, String) {
    let mut dropped = Dropped::default();
    let prompt = read(body.to_string().as_bytes(), &mut dropped).unwrap();
    (prompt, dropped.names().collect::<Vec<_>>().join(" "))
}

fn refused(body: Value) -> Failure {
    let body = body.to_string();
    read(body.as_bytes(), &mut Dropped::default()).unwrap_err()
}

fn written(prompt: &Prompt) -> (Value, String) {
    let mut dropped = Dropped::default();
    let body = write(prompt, &COPILOT, &mut dropped);
    (body, dropped.names().collect::<Vec<_>>().join(" "))
}

fn user(parts: Vec<Part>) -> Turn {
    Turn {
        role: Role::User,
        parts,
    }
}

fn call(id: &str, namespace: Option<&str>, input: Input) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: "read".to_owned(),
        namespace: namespace.map(str::to_owned),
        input,
    })
}

fn result(call: &str, parts: Vec<Part>, is_error: bool) -> Part {
    Part::Result {
        call: call.to_owned(),
        parts,
        is_error,
        is_custom: false,
        cache: false,
    }
}

fn thought(dialect: Dialect, id: Option<&str>) -> Part {
    Part::Reasoning(Reasoning {
        text: "hm".to_owned(),
        is_summary: true,
        seal: Some(Seal {
            dialect,
            id: id.map(str::to_owned),
            value: "sealed".to_owned(),
            is_redacted: false,
        }),
    })
}

#[test]
fn what_the_model_says_in_several_items_is_one_turn() {
    let (prompt, dropped) = parsed(json!({"model": "m", "instructions": "be brief", "input": [
        {"role": "developer", "content": "in French"},
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "sealed", "summary": [
            {"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]},
        {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed",
            "content": [{"type": "output_text", "text": "ok", "annotations": []}]},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c2", "name": "p", "input": "text"},
        {"type": "function_call_output", "call_id": "c1", "output": "1"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": [
            {"type": "input_text", "text": "2"}]},
        {"role": "user", "content": "go on"},
    ]}));
    let turns: Vec<_> = prompt
        .turns
        .iter()
        .map(|turn| (turn.role, turn.parts.len()))
        .collect();
    assert_eq!(
        turns,
        [
            (Role::System, 1),
            (Role::Developer, 1),
            (Role::User, 1),
            (Role::Assistant, 4),
            (Role::User, 2),
            (Role::User, 1),
        ]
    );
    assert_eq!(
        prompt.turns[3].parts[0],
        Part::Reasoning(Reasoning {
            text: "a\n\nb".to_owned(),
            is_summary: true,
            seal: Some(Seal {
                dialect: Dialect::Responses,
                id: Some("rs_1".to_owned()),
                value: "sealed".to_owned(),
                is_redacted: false,
            }),
        })
    );
    assert_eq!(dropped, "");
}

#[test]
fn what_the_hub_cannot_carry_is_named() {
    let (prompt, dropped) = parsed(json!({
        "model": "m", "background": true, "max_tool_calls": 3, "truncation": "auto",
        "context_management": [{"type": "compaction"}], "x_own": 1, "client_metadata": {},
        "include": ["reasoning.encrypted_content", "file_search_call.results"],
        "top_logprobs": 2, "moderation": null,
        "text": {"format": {"type": "grammar"}},
        "tools": [{"type": "web_search"}, {"type": "a b"}, {"type": "function", "name": "f"}],
        "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": []},
        "input": [
            {"type": "item_reference", "id": "x"},
            {"role": "user", "content": [
                {"type": "input_audio"}, {"type": "input_image", "file_id": "f"},
                {"type": "input_file", "file_id": "f"}, {"type": "input_text", "text": "hi"}]},
        ],
    }));
    insta::assert_snapshot!(dropped, @"background content.input_audio context_management include.file_search_call.results input.item_reference input_file.file_id input_image.file_id max_tool_calls text.format.grammar tool_choice.allowed_tools tools.unknown tools.web_search top_logprobs truncation");
    assert_eq!(prompt.tool_choice, Some(ToolChoice::Required));
    assert_eq!(prompt.tools.len(), 1);
}

#[test]
fn what_is_wrong_is_named_by_its_place() {
    let says = |body| refused(body).message;
    assert_eq!(
        says(json!({"model": "m", "input": [{"role": "tool", "content": ""}]})),
        "input[0].role is not known: \"tool\""
    );
    assert_eq!(
        says(json!({"model": "m", "input": [{"role": "user", "content": [{"text": 1}]}]})),
        "input[0].content[0].text has to be a string"
    );
    assert_eq!(
        says(json!({"model": "m", "input": [{"type": "function_call", "name": "f"}]})),
        "input[0].call_id has to name the call"
    );
    assert_eq!(
        says(json!({"model": "m", "input": "", "tools": [
            {"type": "namespace", "name": "n", "tools": [{"type": "function"}]}]})),
        "tools[0].tools[0].name has to be a name"
    );
    assert_eq!(
        says(json!({"model": "m"})),
        "input has to be a string or a list of items"
    );
    assert_eq!(says(json!({"input": "a"})), "model has to name a model");
    assert_eq!(says(json!([])), "the body has to be a JSON object");
}

#[test]
fn a_conversation_that_is_kept_elsewhere_is_refused() {
    let code = |field: &str| {
        let failure = refused(json!({"model": "m", "input": "hi", field: "id"}));
        (failure.status, failure.code)
    };
    let lost = (400, "previous_response_not_found".into());
    assert_eq!(code("previous_response_id"), lost);
    assert_eq!(code("conversation"), lost);
    assert_eq!(code("prompt"), (400, "unsupported_value".into()));
}

#[test]
fn a_seal_with_a_tag_is_its_own_makers() {
    let seal = Seal {
        dialect: Dialect::Messages,
        id: None,
        value: "sig".to_owned(),
        is_redacted: false,
    };
    let (prompt, _) = parsed(json!({"model": "m", "input": [
        {"type": "reasoning", "id": "rs_q_0", "summary": [],
            "encrypted_content": crate::tag::tagged(&seal)},
        {"role": "assistant", "content": "a"},
    ]}));
    let Part::Reasoning(reasoning) = &prompt.turns[0].parts[0] else {
        panic!("no reasoning");
    };
    assert_eq!(reasoning.seal, Some(seal));
}

#[test]
fn only_reasoning_of_this_maker_is_written_and_only_with_what_follows() {
    let said = |parts| Prompt {
        turns: vec![
            user(vec![Part::text("hi")]),
            Turn {
                role: Role::Assistant,
                parts,
            },
        ],
        ..Prompt::default()
    };
    let (body, dropped) = written(&said(vec![
        thought(Dialect::Messages, None),
        thought(Dialect::Responses, Some("rs_1")),
        Part::text("ok"),
        call("c1", Some("files"), Input::Json(String::new())),
        thought(Dialect::Responses, Some("rs_2")),
    ]));
    insta::assert_snapshot!(body["input"][1].to_string(), @r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"sealed"}"#);
    insta::assert_snapshot!(body["input"][2].to_string(), @r#"{"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok","annotations":[]}]}"#);
    insta::assert_snapshot!(body["input"][3].to_string(), @r#"{"type":"function_call","call_id":"c1","name":"read","namespace":"files","arguments":"{}"}"#);
    assert_eq!(body["input"].as_array().unwrap().len(), 4);
    assert_eq!(
        dropped,
        "reasoning of another maker reasoning that nothing follows"
    );
}

#[test]
fn a_result_is_text_where_it_can_be_and_says_that_it_failed() {
    let image = Part::Image {
        source: Source::of_url("data:image/png;base64,AAAA"),
        detail: None,
        cache: true,
    };
    let prompt = Prompt {
        turns: vec![
            Turn {
                role: Role::Assistant,
                parts: vec![
                    call("c1", None, Input::Json("{}".to_owned())),
                    call("c2", None, Input::Text("ls".to_owned())),
                ],
            },
            user(vec![
                result(
                    "c1",
                    vec![Part::text("no such file"), Part::text("a.txt")],
                    true,
                ),
                result("c2", vec![Part::text("an error: no"), image], true),
                result("c3", Vec::new(), false),
                Part::text("why?"),
            ]),
        ],
        ..Prompt::default()
    };
    let (body, dropped) = written(&prompt);
    let input = body["input"].as_array().unwrap();
    insta::assert_snapshot!(input[2].to_string(), @r#"{"type":"function_call_output","call_id":"c1","output":"Error: no such file\na.txt"}"#);
    insta::assert_snapshot!(input[3].to_string(), @r#"{"type":"custom_tool_call_output","call_id":"c2","output":[{"type":"input_text","text":"an error: no"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"auto"}]}"#);
    insta::assert_snapshot!(input[4].to_string(), @r#"{"type":"function_call_output","call_id":"c3","output":""}"#);
    insta::assert_snapshot!(input[5].to_string(), @r#"{"type":"message","role":"user","content":[{"type":"input_text","text":"why?"}]}"#);
    assert_eq!(dropped, "cache marks");
}

#[test]
fn what_the_dialect_cannot_say_is_left_out_by_name() {
    let number = || Some(1.into());
    let (body, dropped) = written(&Prompt {
        turns: vec![user(vec![Part::text("hi")])],
        stop: vec!["x".to_owned()],
        sampling: Sampling {
            temperature: number(),
            top_k: number(),
            presence_penalty: number(),
            frequency_penalty: number(),
            seed: number(),
            logit_bias: Some(json!({})),
            choices: Some(2),
            ..Sampling::default()
        },
        max_tokens: Some(1),
        metadata: [("k".to_owned(), json!("v")), ("n".to_owned(), json!(1))]
            .into_iter()
            .collect(),
        service_tier: Some("flex".to_owned()),
        store: Some(true),
        cache_key: Some("k".repeat(65)),
        ..Prompt::default()
    });
    insta::assert_snapshot!(dropped, @"choices frequency_penalty logit_bias metadata presence_penalty prompt_cache_key seed service_tier stop store top_k");
    insta::assert_snapshot!(body.to_string(), @r#"{"model":"gpt-4.1","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}],"max_output_tokens":16,"temperature":1,"metadata":{"k":"v"},"include":["reasoning.encrypted_content"],"store":false,"stream":false}"#);
}

#[test]
fn system_turns_that_lead_are_instructions_unless_there_is_nothing_else() {
    let turn = |role, text: &str| Turn {
        role,
        parts: vec![Part::text(text)],
    };
    let mut prompt = Prompt {
        turns: vec![turn(Role::System, "a"), turn(Role::System, "b")],
        ..Prompt::default()
    };
    let (body, _) = written(&prompt);
    assert_eq!(body["instructions"], Value::Null);
    assert_eq!(body["input"][1]["role"], "system");
    prompt.turns.push(turn(Role::User, "hi"));
    prompt.turns.push(turn(Role::System, "c"));
    let (body, _) = written(&prompt);
    assert_eq!(body["instructions"], "a\n\nb");
    assert_eq!(body["input"][1]["role"], "system");
}

#[test]
fn a_model_that_thinks_is_not_told_how_to_choose_words() {
    let reasoning = |thinking: Thinking| {
        let prompt = Prompt {
            thinking: Some(thinking),
            sampling: Sampling {
                temperature: Some(1.into()),
                logprobs: Some(0),
                ..Sampling::default()
            },
            ..Prompt::default()
        };
        let (body, dropped) = written(&prompt);
        format!("{} {dropped}", body["reasoning"])
    };
    let budget = |tokens| Thinking {
        budget: Some(tokens),
        ..Thinking::default()
    };
    insta::assert_snapshot!(reasoning(budget(4096)), @r#"{"effort":"low","summary":"auto"} logprobs temperature"#);
    insta::assert_snapshot!(reasoning(budget(16_384)), @r#"{"effort":"medium","summary":"auto"} logprobs temperature"#);
    insta::assert_snapshot!(reasoning(budget(20_000)), @r#"{"effort":"high","summary":"auto"} logprobs temperature"#);
    let max = Thinking {
        effort: Some("max".to_owned()),
        summary: Some("omitted".to_owned()),
        ..Thinking::default()
    };
    insta::assert_snapshot!(reasoning(max), @r#"{"effort":"xhigh"} logprobs temperature"#);
    let off = Thinking {
        is_off: true,
        ..Thinking::default()
    };
    insta::assert_snapshot!(reasoning(off), @"null thinking");
}

#[test]
fn tools_are_written_whole_and_by_namespace() {
    let tool = |name: &str, namespace: Option<&str>, takes| Tool {
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        description: None,
        takes,
        cache: false,
    };
    let function = |schema| Takes::Json {
        schema,
        strict: None,
    };
    let grammar = json!({"type": "grammar", "grammar": {"syntax": "lark", "definition": "a"}});
    let (body, _) = written(&Prompt {
        tools: vec![
            tool("a", Some("n"), function(None)),
            tool(
                "b",
                None,
                function(Some(json!({"$schema": "s", "type": "object"}))),
            ),
            tool("c", Some("n"), function(Some(json!({"type": null})))),
            tool(
                "d",
                None,
                Takes::Text {
                    format: Some(grammar),
                },
            ),
        ],
        tool_choice: Some(ToolChoice::Named("n__c".to_owned())),
        ..Prompt::default()
    });
    insta::assert_snapshot!(body["tools"].to_string(), @r#"[{"type":"namespace","name":"n","description":"Tools of n.","tools":[{"type":"function","name":"a","parameters":{"type":"object","properties":{}},"strict":false},{"type":"function","name":"c","parameters":{"type":"object","properties":{}},"strict":false}]},{"type":"function","name":"b","parameters":{"$schema":"s","type":"object","properties":{}},"strict":false},{"type":"custom","name":"d","format":{"type":"grammar","syntax":"lark","definition":"a"}}]"#);
    insta::assert_snapshot!(body["tool_choice"].to_string(), @r#"{"type":"function","name":"c"}"#);
}
