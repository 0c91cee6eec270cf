//! What single replies are read as.

use super::*;

#[test]
fn copilots_first_chunks_are_no_beginning() {
    let deltas = read(&[
        json!({"choices": [], "id": "", "created": 0, "prompt_filter_results": [{"prompt_index": 0}]}),
        json!({"choices": null, "copilot_references": []}),
        json!({"id": "c1", "model": "gpt", "created": 5,
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": "a"}}]}),
        json!({"id": "c1", "model": "gpt", "created": 5,
            "choices": [{"index": 0, "delta": {"role": "assistant", "content": "b"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
            "copilot_usage": {"total_nano_aiu": 7}}),
    ]);
    let usage = Usage {
        input: 3,
        output: 2,
        nano_credits: Some(7),
        ..Usage::default()
    };
    assert_eq!(
        deltas,
        [
            Delta::Begin {
                id: Some("c1".to_owned()),
                model: Some("gpt".to_owned()),
                created: Some(5),
            },
            said("a"),
            said("b"),
            Delta::Finish(Finish::Stop),
            Delta::Usage(usage),
        ]
    );
}

#[test]
fn two_choices_are_one_reply() {
    let reply = read_whole(json!({"id": "c", "choices": [
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "content": "I look."}},
        {"finish_reason": "tool_calls", "message": {"role": "assistant", "tool_calls": [
            {"id": "toolu_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        ]}},
    ]}));
    let streamed = Reply::of(read(&[
        chunk(json!({"role": "assistant", "content": "I look."})),
        json!({"choices": [{"index": 1, "delta": {"tool_calls": [
            {"index": 0, "id": "toolu_1", "function": {"name": "f", "arguments": "{}"}},
        ]}}]}),
        last_chunk("stop"),
        json!({"choices": [{"index": 1, "delta": {}, "finish_reason": "tool_calls"}]}),
    ]));
    assert_eq!(reply, streamed);
    assert_eq!(reply.finish, Some(Finish::Calls));
    let [Block::Text { text, .. }, Block::Call { id, .. }] = &reply.blocks[..] else {
        panic!("a text and a call, not {:?}", reply.blocks)
    };
    assert_eq!((&**text, &**id), ("I look.", "toolu_1"));
}

#[test]
fn the_calls_of_two_choices_are_not_mixed() {
    let entry = |choice: u64, call: Value| json!({"choices": [{"index": choice, "delta": {"tool_calls": [call]}}]});
    let deltas = read(&[
        entry(
            0,
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}),
        ),
        entry(
            1,
            json!({"index": 0, "id": "b", "function": {"name": "g", "arguments": ""}}),
        ),
        entry(0, json!({"index": 0, "function": {"arguments": "1"}})),
        entry(1, json!({"index": 0, "function": {"arguments": "2"}})),
    ]);
    assert_eq!(
        deltas[1..5],
        [
            call(0, "a", "f"),
            call(1, "b", "g"),
            arguments(0, "1"),
            arguments(1, "2"),
        ]
    );
}

#[test]
fn calls_are_told_apart_however_they_are_numbered() {
    let of = |entries: Vec<Value>| {
        let chunks = entries
            .into_iter()
            .map(|entry| chunk(json!({"tool_calls": [entry]})));
        let deltas = read(&chunks.collect::<Vec<_>>());
        deltas[1..deltas.len() - 1].to_vec()
    };
    let two = |first: &str, second: &str| {
        vec![
            call(0, first, "f"),
            arguments(0, "{}"),
            call(1, second, "g"),
            arguments(1, "[]"),
        ]
    };
    // Gemini's, whole and all with the same number.
    assert_eq!(
        of(vec![
            json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}),
            json!({"index": 0, "id": "b", "function": {"name": "g", "arguments": "[]"}}),
        ]),
        two("a", "b")
    );
    // Without a number, and without an id.
    assert_eq!(
        of(vec![
            json!({"function": {"name": "f", "arguments": "{"}}),
            json!({"function": {"arguments": "}"}}),
            json!({"function": {"name": "g", "arguments": "[]"}}),
        ]),
        [
            call(0, "call_c_0", "f"),
            arguments(0, "{"),
            arguments(0, "}"),
            call(1, "call_c_1", "g"),
            arguments(1, "[]"),
        ]
    );
    // By the position of a content block, with id and name each time.
    assert_eq!(
        of(vec![
            json!({"index": 2, "id": "a", "function": {"name": "f", "arguments": "{}"}}),
            json!({"index": 5, "id": "b", "function": {"name": "g", "arguments": "["}}),
            json!({"index": 5, "id": "b", "function": {"name": "g", "arguments": "]"}}),
        ]),
        [&two("a", "b")[..3], &[arguments(1, "["), arguments(1, "]")]].concat()
    );
    // The name behind the id and the first arguments, which are an object.
    assert_eq!(
        of(vec![
            json!({"index": 0, "id": "a", "function": {"arguments": {}}}),
            json!({"index": 0, "function": {"name": "f", "arguments": null}}),
        ]),
        [call(0, "a", "f"), arguments(0, "{}")]
    );
}

#[test]
fn calls_may_take_turns() {
    let entries = |entries: Value| chunk(json!({"tool_calls": entries}));
    let reply = Reply::of(read(&[
        entries(json!([
            {"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}},
            {"index": 1, "id": "b", "function": {"name": "g", "arguments": ""}},
        ])),
        entries(json!([{"index": 1, "function": {"arguments": "[1,"}}])),
        entries(json!([{"index": 0, "function": {"arguments": "{\"a\""}}])),
        entries(json!([
            {"index": 1, "function": {"arguments": "2]"}},
            {"index": 0, "function": {"arguments": ":1}"}},
        ])),
        last_chunk("tool_calls"),
    ]));
    let inputs = reply.blocks.iter().map(|block| match block {
        Block::Call {
            input: Input::Json(text),
            ..
        } => &**text,
        other => panic!("{other:?}"),
    });
    assert_eq!(inputs.collect::<Vec<_>>(), [r#"{"a":1}"#, "[1,2]"]);
}

#[test]
fn a_reply_that_stops_with_calls_waits_for_them() {
    let entry = json!({"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}});
    let deltas = read(&[chunk(json!({"tool_calls": [entry]})), last_chunk("stop")]);
    assert_eq!(deltas.last(), Some(&Delta::Finish(Finish::Calls)));
}

#[test]
fn geminis_sealed_reasoning_stands_before_what_it_led_to() {
    let zero = json!({"prompt_tokens": 0, "completion_tokens": 0});
    let mut first = chunk(json!({"reasoning_text": "hm", "content": null}));
    first["usage"] = zero;
    let deltas = read(&[
        first,
        chunk(json!({"reasoning_opaque": "AB"})),
        chunk(
            json!({"reasoning_opaque": "CD", "content": "", "tool_calls": [
                {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}},
            ]}),
        ),
        last_chunk("stop"),
    ]);
    assert_eq!(
        deltas[1..],
        [
            thought("hm"),
            Delta::Usage(Usage::default()),
            Delta::Sealed(seal(Dialect::Chat, "ABCD")),
            call(0, "a", "f"),
            arguments(0, "{}"),
            Delta::Finish(Finish::Calls),
        ]
    );
}

#[test]
fn reasoning_has_three_names() {
    for name in ["reasoning_content", "reasoning_text", "reasoning"] {
        assert_eq!(read(&[chunk(json!({name: "hm"}))])[1], thought("hm"));
    }
    // Some tell it twice.
    let both = chunk(json!({"reasoning_content": "hm", "reasoning": "hm"}));
    assert_eq!(read(&[both])[1..2], [thought("hm")]);
}

#[test]
fn an_error_in_mid_reply_ends_it() {
    let deltas = read(&[
        chunk(json!({"content": "a"})),
        json!({"error": {"code": "rate_limited", "message": "slow down"}}),
    ]);
    let failed = Delta::Failed {
        code: Some("rate_limited".to_owned()),
        message: "slow down".to_owned(),
    };
    assert_eq!(deltas[1..], [said("a"), failed]);
}

#[test]
fn zais_word_for_a_failure_is_one() {
    let deltas = read(&[chunk(json!({"content": "a"})), last_chunk("network_error")]);
    assert!(matches!(
        &deltas[2..],
        [Delta::Failed { code: Some(code), .. }] if code == "network_error"
    ));
}

#[test]
fn finish_reasons_are_known_by_everyones_words() {
    for (word, finish) in [
        ("stop", Finish::Stop),
        ("end_turn", Finish::Stop),
        ("length", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("function_call", Finish::Calls),
        ("content_filter", Finish::Filtered),
        ("sensitive", Finish::Filtered),
    ] {
        let deltas = read(&[chunk(json!({"content": "a"})), last_chunk(word)]);
        assert_eq!(deltas.last(), Some(&Delta::Finish(finish)), "{word}");
    }
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    let half = chunk(json!({"content": "a"}));
    decoder.event(half.to_string().as_bytes(), &mut out);
    decoder.event(br#"{"choices":[{"delta":{"content":"b"#, &mut out);
    assert_eq!(Reply::of(out).finish, None);
}

#[test]
fn a_legacy_call_is_one() {
    let streamed = Reply::of(read(&[
        chunk(json!({"function_call": {"name": "f", "arguments": ""}})),
        chunk(json!({"function_call": {"arguments": "{}"}})),
        last_chunk("function_call"),
    ]));
    let reply = read_whole(json!({"id": "c", "choices": [{
        "message": {"content": null, "function_call": {"name": "f", "arguments": "{}"}},
        "finish_reason": "function_call",
    }]}));
    assert_eq!(reply, streamed);
    assert!(matches!(&reply.blocks[..], [Block::Call { id, .. }] if id == "call_c_0"));
}

#[test]
fn a_whole_error_is_a_failure_and_other_json_is_no_reply() {
    let reply = read_whole(json!({"error": {"code": "1302", "message": "too many"}}));
    assert_eq!(
        reply.failure,
        Some((Some("1302".to_owned()), "too many".to_owned()))
    );
    assert_eq!(reply.finish, None);
    for other in ["{}", "[]", "7", "", r#"{"object":"list","data":[]}"#] {
        assert_eq!(whole(other.as_bytes()), None, "{other}");
    }
}
