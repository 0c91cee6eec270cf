//! What single replies are written as.

use super::super::whole::unwrapped;
use super::*;

fn begin() -> Delta {
    Delta::Begin {
        id: Some("msg_1".to_owned()),
        model: Some("claude".to_owned()),
        created: None,
    }
}

fn usage() -> Usage {
    Usage {
        input: 10,
        output: 4,
        cache_read: 6,
        cache_write: 2,
        reasoning: 1,
        nano_credits: Some(9),
    }
}

#[test]
fn a_stream_begins_with_a_role_and_ends_with_its_usage() {
    let events = written(vec![
        begin(),
        said("Hel"),
        said("lo"),
        Delta::Usage(usage()),
        Delta::Finish(Finish::Stop),
    ]);
    insta::assert_snapshot!(events, @r#"
    data: {"id":"chatcmpl-req1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"},"finish_reason":null}]}

    data: {"id":"chatcmpl-req1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}

    data: {"id":"chatcmpl-req1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

    data: {"id":"chatcmpl-req1","object":"chat.completion.chunk","created":1700000000,"model":"claude","choices":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":6,"cache_creation_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}}

    data: [DONE]
    "#);
}

#[test]
fn usage_is_told_only_to_whom_asked_for_it() {
    let without = Asked {
        include_usage: false,
        ..asked()
    };
    let (mut encoder, mut out) = (Encoder::new(without), Vec::new());
    encoder.delta(Delta::Usage(usage()), &mut out);
    encoder.end(&mut out);
    assert!(!String::from_utf8(out).unwrap().contains("usage"));
}

#[test]
fn what_an_upstream_never_said_is_made_up_at_the_end() {
    insta::assert_snapshot!(written(vec![]), @r#"
    data: {"id":"chatcmpl-req1","object":"chat.completion.chunk","created":1700000000,"model":"asked-model","choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":"stop"}]}

    data: [DONE]
    "#);
    insta::assert_snapshot!(choices(vec![begin(), call(0, "a", "f")]), @r#"
    {"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}
    {"index":0,"delta":{},"finish_reason":"tool_calls"}
    [DONE]
    "#);
}

#[test]
fn calls_are_numbered_from_zero_and_may_take_turns() {
    insta::assert_snapshot!(choices(vec![
        begin(),
        said("look"),
        call(3, "a", "f"),
        call(5, "b", "g"),
        arguments(5, "[1"),
        arguments(3, "{}"),
        arguments(5, "]"),
        arguments(4, "of no call"),
        Delta::Finish(Finish::Calls),
    ]), @r#"
    {"index":0,"delta":{"role":"assistant","content":"look"},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"[1"}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"]"}}]},"finish_reason":null}
    {"index":0,"delta":{},"finish_reason":"tool_calls"}
    [DONE]
    "#);
}

#[test]
fn a_custom_tool_gets_its_text_however_the_upstream_knows_it() {
    let native = Delta::Call {
        number: 1,
        id: "b".to_owned(),
        name: "patch".to_owned(),
        is_custom: true,
    };
    let deltas = vec![
        begin(),
        call(0, "a", "patch"),
        arguments(0, r#"{"input":"*** Be"#),
        native,
        arguments(1, "as "),
        arguments(1, "it is"),
        arguments(0, "gin\\n\"}"),
        Delta::Finish(Finish::Calls),
    ];
    insta::assert_snapshot!(choices(deltas.clone()), @r#"
    {"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"patch","input":""}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"custom","custom":{"name":"patch","input":""}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"custom":{"input":"as "}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"custom":{"input":"it is"}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":0,"custom":{"input":"*** Begin\n"}}]},"finish_reason":null}
    {"index":0,"delta":{},"finish_reason":"tool_calls"}
    [DONE]
    "#);
    let json = Encoder::new(asked()).whole(&Reply::of(deltas));
    insta::assert_snapshot!(json["choices"][0]["message"]["tool_calls"].to_string(), @r#"[{"id":"a","type":"custom","custom":{"name":"patch","input":"*** Begin\n"}},{"id":"b","type":"custom","custom":{"name":"patch","input":"as it is"}}]"#);
}

#[test]
fn a_custom_tools_text_is_found_in_whatever_was_generated() {
    for (arguments, input) in [
        (r#"{"input":"a\nb"}"#, "a\nb"),
        ("", ""),
        ("{}", ""),
        ("not JSON", "not JSON"),
        (r#"{"input":"cut"#, r#"{"input":"cut"#),
    ] {
        assert_eq!(unwrapped(arguments), input);
    }
}

#[test]
fn another_dialects_seal_travels_with_a_tag_before_what_it_led_to() {
    let foreign = seal(Dialect::Messages, "sig");
    let tag = tagged(&foreign);
    let events = choices(vec![
        begin(),
        thought("hm"),
        Delta::Sealed(foreign),
        said("a"),
        Delta::Sealed(seal(Dialect::Messages, "later")),
        Delta::Finish(Finish::Stop),
    ]);
    assert!(events.contains(&tag));
    insta::assert_snapshot!(events, @r#"
    {"index":0,"delta":{"role":"assistant","content":null,"reasoning_content":"hm"},"finish_reason":null}
    {"index":0,"delta":{"reasoning_opaque":"tokn1.m--.sig"},"finish_reason":null}
    {"index":0,"delta":{"content":"a"},"finish_reason":null}
    {"index":0,"delta":{},"finish_reason":"stop"}
    [DONE]
    "#);
}

#[test]
fn what_comes_after_the_reason_why_it_ends_is_told_before_it() {
    let choices = choices(vec![
        begin(),
        call(0, "a", "read"),
        Delta::Finish(Finish::Stop),
        said("late"),
        call(1, "b", "read"),
        arguments(0, "{}"),
    ]);
    insta::assert_snapshot!(choices, @r#"
    {"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"read","arguments":""}}]},"finish_reason":null}
    {"index":0,"delta":{"content":"late"},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"read","arguments":""}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":null}
    {"index":0,"delta":{"tool_calls":[{"index":1,"function":{"arguments":"{}"}}]},"finish_reason":null}
    {"index":0,"delta":{},"finish_reason":"tool_calls"}
    [DONE]
    "#);
}

#[test]
fn after_a_failure_nothing_looks_like_a_clean_end() {
    let failed = Delta::Failed {
        code: Some("overloaded_error".to_owned()),
        message: "Overloaded".to_owned(),
    };
    let deltas = vec![
        begin(),
        said("a"),
        failed,
        said("b"),
        Delta::Finish(Finish::Stop),
    ];
    insta::assert_snapshot!(choices(deltas.clone()), @r#"
    {"index":0,"delta":{"role":"assistant","content":"a"},"finish_reason":null}
    {"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded_error"}}
    "#);
    let json = Encoder::new(asked()).whole(&Reply::of(deltas));
    insta::assert_snapshot!(json.to_string(), @r#"{"error":{"message":"Overloaded","type":"server_error","param":null,"code":"overloaded_error"}}"#);
}

#[test]
fn a_whole_reply_is_one_message() {
    let reply = Reply::of(vec![
        begin(),
        thought("hm"),
        Delta::Sealed(seal(Dialect::Chat, "op")),
        said("Look: "),
        call(0, "a", "f"),
        said("there."),
        Delta::Annotation(json!({"type": "url_citation"})),
        Delta::Logprobs(vec![json!({"token": "there"})]),
        Delta::Usage(usage()),
        Delta::Finish(Finish::Calls),
    ]);
    insta::assert_snapshot!(Encoder::new(asked()).whole(&reply).to_string(), @r#"{"id":"chatcmpl-req1","object":"chat.completion","created":1700000000,"model":"claude","choices":[{"index":0,"message":{"role":"assistant","content":"Look: there.","refusal":null,"annotations":[{"type":"url_citation"}],"reasoning_content":"hm","reasoning_opaque":"op","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"logprobs":{"content":[{"token":"there"}],"refusal":null},"finish_reason":"tool_calls"}],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":6,"cache_creation_tokens":2},"completion_tokens_details":{"reasoning_tokens":1}}}"#);
}

#[test]
fn a_refusal_has_no_content() {
    let refused = vec![
        begin(),
        Delta::Refusal("No.".to_owned()),
        Delta::Finish(Finish::Refused),
    ];
    let json = Encoder::new(asked()).whole(&Reply::of(refused.clone()));
    insta::assert_snapshot!(json["choices"][0].to_string(), @r#"{"index":0,"message":{"role":"assistant","content":null,"refusal":"No."},"logprobs":null,"finish_reason":"content_filter"}"#);
    insta::assert_snapshot!(choices(refused), @r#"
    {"index":0,"delta":{"role":"assistant","content":null,"refusal":"No."},"finish_reason":null}
    {"index":0,"delta":{},"finish_reason":"content_filter"}
    [DONE]
    "#);
}
