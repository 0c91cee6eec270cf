//! Requests that came from elsewhere, written.

use serde_json::{Value, json};

use crate::Dialect;
use crate::messages::request::write;
use crate::prompt::{
    Call, Dropped, Format, Input, Part, Prompt, Reasoning, Role, Sampling, Seal, Source, Takes,
    Thinking, Tool, ToolChoice, Turn,
};
use crate::translate::Target;

const TARGET: Target<'static> = Target {
    dialect: Dialect::Messages,
    model: "claude-haiku-4.5",
    max_output: Some(64_000),
    is_adaptive: false,
    efforts: None,
    has_developer: false,
};

pub(super) const ADAPTIVE: Target<'static> = Target {
    model: "claude-opus-4.7",
    is_adaptive: true,
    ..TARGET
};

/// The body without its model, and what was dropped behind it.
fn written(prompt: &Prompt, target: &Target<'_>) -> String {
    let mut dropped = Dropped::default();
    let mut body = write(prompt, target, &mut dropped);
    body.as_object_mut().unwrap().shift_remove("model");
    let dropped: Vec<_> = dropped.names().collect();
    format!("{body}\n{}", dropped.join(", "))
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, parts }
}

fn says(role: Role, text: &str) -> Turn {
    turn(role, vec![Part::text(text)])
}

fn call(id: &str) -> Part {
    Part::Call(Call {
        id: id.to_owned(),
        name: "read".to_owned(),
        namespace: None,
        input: Input::Json(r#"{"path":"a"}"#.to_owned()),
    })
}

fn result(id: &str, text: &str) -> Part {
    Part::Result {
        call: id.to_owned(),
        parts: vec![Part::text(text)],
        is_error: false,
        is_custom: false,
        cache: false,
    }
}

fn tool(name: &str) -> Tool {
    Tool {
        name: name.to_owned(),
        namespace: None,
        description: None,
        takes: Takes::Json {
            schema: None,
            strict: None,
        },
        cache: false,
    }
}

fn conversation(turns: Vec<Turn>) -> String {
    let prompt = Prompt {
        turns,
        max_tokens: Some(9),
        tools: vec![tool("read")],
        ..Prompt::default()
    };
    let mut dropped = Dropped::default();
    let body = write(&prompt, &TARGET, &mut dropped);
    let dropped: Vec<_> = dropped.names().collect();
    let system = match &body["system"] {
        Value::Null => String::new(),
        system => format!("system: {system}\n"),
    };
    let messages: Vec<String> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| {
            format!(
                "{}: {}",
                message["role"].as_str().unwrap(),
                message["content"]
            )
        })
        .collect();
    format!("{system}{}\n{}", messages.join("\n"), dropped.join(", "))
}

#[test]
fn instructions_come_first_and_later_ones_are_the_users() {
    insta::assert_snapshot!(conversation(vec![
        says(Role::System, "A"),
        says(Role::Developer, "B"),
        says(Role::User, "C"),
        says(Role::Developer, "D"),
    ]), @r#"
    system: [{"type":"text","text":"A"},{"type":"text","text":"B"}]
    user: [{"type":"text","text":"C"},{"type":"text","text":"D"}]
    "#);
}

#[test]
fn results_stand_right_behind_their_calls() {
    insta::assert_snapshot!(conversation(vec![
        says(Role::User, "Go."),
        turn(Role::Assistant, vec![call("1"), call("2")]),
        turn(Role::User, vec![Part::text("Wait."), result("2", "two")]),
        says(Role::Assistant, "So?"),
        turn(Role::User, vec![result("1", "one"), result("3", "three")]),
    ]), @r#"
    user: "Go."
    assistant: [{"type":"tool_use","id":"1","name":"read","input":{"path":"a"}},{"type":"tool_use","id":"2","name":"read","input":{"path":"a"}}]
    user: [{"type":"tool_result","tool_use_id":"1","content":"one"},{"type":"tool_result","tool_use_id":"2","content":"two"},{"type":"text","text":"Wait."}]
    assistant: "So?"
    user: "three"
    result without a call
    "#);
}

#[test]
fn ids_are_made_of_letters_that_are_taken_and_are_never_the_same() {
    insta::assert_snapshot!(conversation(vec![
        turn(Role::Assistant, vec![call("f.read:0"), call("f.read:0"), call("")]),
        turn(Role::User, vec![result("f.read:0", "one"), result("f.read:0", "two")]),
    ]), @r#"
    user: "Continue."
    assistant: [{"type":"tool_use","id":"f_read_0","name":"read","input":{"path":"a"}},{"type":"tool_use","id":"f_read_0_2","name":"read","input":{"path":"a"}},{"type":"tool_use","id":"call","name":"read","input":{"path":"a"}}]
    user: [{"type":"tool_result","tool_use_id":"f_read_0","content":"one"},{"type":"tool_result","tool_use_id":"f_read_0_2","content":"two"},{"type":"tool_result","tool_use_id":"call","content":"There is no result.","is_error":true}]
    call without a result
    "#);
}

#[test]
fn blank_text_and_a_begun_reply_are_not_sent() {
    insta::assert_snapshot!(conversation(vec![
        says(Role::User, "Go."),
        says(Role::Assistant, " \n"),
        says(Role::User, "On."),
        says(Role::Assistant, "{"),
    ]), @r#"
    user: [{"type":"text","text":"Go."},{"type":"text","text":"On."}]
    assistant: "{"
    user: "Please continue."
    prefill
    "#);
    insta::assert_snapshot!(conversation(vec![says(Role::System, "A")]), @r#"
    system: "A"
    user: "Continue."
    "#);
}

#[test]
fn only_anthropics_own_seals_are_sent() {
    let thought = |dialect| {
        Part::Reasoning(Reasoning {
            text: "Hm.".to_owned(),
            is_summary: false,
            seal: Some(Seal {
                dialect,
                id: None,
                value: "s".to_owned(),
                is_redacted: false,
            }),
        })
    };
    insta::assert_snapshot!(conversation(vec![
        says(Role::User, "Go."),
        turn(Role::Assistant, vec![
            thought(Dialect::Responses),
            thought(Dialect::Messages),
            Part::text("A"),
            thought(Dialect::Messages),
        ]),
        says(Role::User, "On."),
    ]), @r#"
    user: "Go."
    assistant: [{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text","text":"A"}]
    user: "On."
    reasoning of another maker, reasoning without a reply
    "#);
}

#[test]
fn images_and_documents_are_sent_as_far_as_they_are_taken() {
    let data = |media_type: &str, data: &str| Source::Data {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    };
    let document = |source, name: &str| Part::Document {
        source,
        name: Some(name.to_owned()),
        cache: false,
    };
    let image = |source| Part::Image {
        source,
        detail: None,
        cache: false,
    };
    insta::assert_snapshot!(conversation(vec![turn(Role::User, vec![
        image(data("image/jpg", "aGk=")),
        image(data("image/bmp", "aGk=")),
        image(Source::Url("http://example.com/a.png".to_owned())),
        document(data("text/csv", "YSxi"), "a.csv"),
        document(data("application/zip", "YSxi"), "a.zip"),
        document(data("application/pdf", "YSxi"), "a.pdf"),
    ])]), @r#"
    user: [{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"aGk="}},{"type":"document","source":{"type":"text","media_type":"text/plain","data":"a,b"},"title":"a.csv"},{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"YSxi"},"title":"a.pdf"}]
    document, image
    "#);
}

#[test]
fn what_chat_alone_can_say_is_dropped_by_name() {
    let prompt = Prompt {
        turns: vec![says(Role::User, "Hi.")],
        stop: vec!["\n".to_owned(), "END".to_owned()],
        sampling: Sampling {
            temperature: Some(2.into()),
            top_p: serde_json::Number::from_f64(0.5),
            seed: Some(1.into()),
            logit_bias: Some(json!({})),
            choices: Some(2),
            ..Sampling::default()
        },
        format: Some(Format::Json),
        verbosity: Some("low".to_owned()),
        store: Some(false),
        ..Prompt::default()
    };
    insta::assert_snapshot!(written(&prompt, &TARGET), @r#"
    {"max_tokens":64000,"messages":[{"role":"user","content":"Hi."}],"temperature":1,"stop_sequences":["END"]}
    choices, logit_bias, response_format, seed, stop, top_p, verbosity
    "#);
}

#[test]
fn tools_of_other_kinds_become_functions() {
    let custom = Tool {
        description: Some("Patches.".to_owned()),
        takes: Takes::Text {
            format: Some(
                json!({"type": "grammar", "syntax": "lark", "definition": "start: \"x\""}),
            ),
        },
        ..tool("patch")
    };
    let spaced = Tool {
        namespace: Some("mcp__files".to_owned()),
        ..tool("list")
    };
    let prompt = Prompt {
        turns: vec![says(Role::User, "Hi.")],
        max_tokens: Some(9),
        tools: vec![custom, spaced],
        tool_choice: Some(ToolChoice::Named("list".to_owned())),
        parallel_calls: Some(false),
        ..Prompt::default()
    };
    insta::assert_snapshot!(written(&prompt, &TARGET), @r#"{"max_tokens":9,"tools":[{"name":"patch","description":"Patches.\n\nThe input is text of this grammar (lark):\nstart: \"x\"","input_schema":{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}},{"name":"mcp__files__list","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"tool","name":"mcp__files__list","disable_parallel_tool_use":true},"messages":[{"role":"user","content":"Hi."}]}"#);
}

fn thinking(effort: &str, max_tokens: u64, choice: ToolChoice, target: &Target<'_>) -> String {
    let prompt = Prompt {
        turns: vec![says(Role::User, "Hi.")],
        max_tokens: Some(max_tokens),
        tools: vec![tool("read")],
        tool_choice: Some(choice),
        thinking: Some(Thinking {
            effort: Some(effort.to_owned()),
            ..Thinking::default()
        }),
        sampling: Sampling {
            temperature: Some(0.into()),
            ..Sampling::default()
        },
        ..Prompt::default()
    };
    let mut dropped = Dropped::default();
    let body = write(&prompt, target, &mut dropped);
    let dropped: Vec<_> = dropped.names().collect();
    format!(
        "{} {} {} {}",
        body["thinking"],
        body["output_config"],
        body["temperature"],
        dropped.join(", ")
    )
}

#[test]
fn effort_is_a_budget_or_anthropics_own() {
    let auto = || ToolChoice::Auto;
    insta::assert_snapshot!([
        thinking("low", 16_000, auto(), &TARGET),
        thinking("high", 16_000, auto(), &TARGET),
        thinking("low", 1_100, auto(), &TARGET),
        thinking("low", 1_024, auto(), &TARGET),
        thinking("none", 16_000, auto(), &TARGET),
        thinking("high", 16_000, ToolChoice::Required, &TARGET),
        thinking("minimal", 16_000, auto(), &ADAPTIVE),
        thinking("xhigh", 16_000, auto(), &ADAPTIVE),
        thinking("none", 16_000, auto(), &ADAPTIVE),
        thinking("max", 16_000, ToolChoice::Required, &ADAPTIVE),
    ].join("\n"), @r#"
    {"type":"enabled","budget_tokens":4096} null null temperature
    {"type":"enabled","budget_tokens":12000} null null temperature
    {"type":"enabled","budget_tokens":1024} null null temperature
    null null 0 thinking
    null null 0 
    null null 0 thinking
    {"type":"adaptive"} {"effort":"low"} null temperature
    {"type":"adaptive"} {"effort":"high"} null temperature
    null {"effort":"low"} null temperature
    null {"effort":"max"} null temperature, thinking
    "#);
}

#[test]
fn calls_that_were_made_without_thinking_are_answered_without() {
    let row = |first: Option<Part>, last: Turn| {
        let mut made = Vec::from_iter(first);
        made.push(call("1"));
        let prompt = Prompt {
            turns: vec![says(Role::User, "Go."), turn(Role::Assistant, made), last],
            max_tokens: Some(16_000),
            thinking: Some(Thinking::default()),
            ..Prompt::default()
        };
        let body = write(&prompt, &TARGET, &mut Dropped::default());
        body["thinking"].is_object()
    };
    let thought = Part::Reasoning(Reasoning {
        seal: Some(Seal {
            dialect: Dialect::Messages,
            id: None,
            value: "s".to_owned(),
            is_redacted: true,
        }),
        ..Reasoning::default()
    });
    let answer = || turn(Role::User, vec![result("1", "one")]);
    assert!(row(Some(thought), answer()));
    assert!(!row(None, answer()));
}
