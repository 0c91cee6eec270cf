//! What each dialect's requests lose, and the bounds, case by case.

use super::laws::{DIALECTS, reply, stream};
use super::*;

fn stripped(dialect: Dialect, body: &str) -> Option<String> {
    let left = pieces(dialect, body.as_bytes()).strip(body.as_bytes(), |_| true)?;
    Some(String::from_utf8(left).unwrap())
}

#[test]
fn chat_loses_both_members_wherever_they_stand() {
    let cases = [
        (
            r#"{"reasoning_opaque":"s","role":"assistant","reasoning_text":"t","content":"a"}"#,
            r#"{"role":"assistant","content":"a"}"#,
        ),
        (
            r#"{ "role": "assistant", "reasoning_text": "t", "reasoning_opaque": "s" }"#,
            r#"{ "role": "assistant" }"#,
        ),
        (
            r#"{"reasoning_opaque":"s","reasoning_opaque":"","role":"assistant","reasoning_content":"z"}"#,
            r#"{"role":"assistant","reasoning_content":"z"}"#,
        ),
    ];
    for (message, expected) in cases {
        let body = |message| format!(r#"{{"messages":[{message}],"model":"m"}}"#);
        let left = stripped(Dialect::Chat, &body(message));
        assert_eq!(left, Some(body(expected)), "{message}");
    }
    for message in [
        r#"{"role":"user","reasoning_opaque":"s"}"#,
        r#"{"role":"assistant","reasoning_opaque":""}"#,
        r#"{"role":"assistant","reasoning_opaque":null,"reasoning_text":"t"}"#,
        r#"{"role":"assistant","content":"{\"reasoning_opaque\":\"s\"}"}"#,
        r#"{"role":"assistant","content":{"reasoning_opaque":"s"}}"#,
        r#"["assistant","reasoning_opaque"]"#,
    ] {
        let body = format!(r#"{{"messages":[{message}]}}"#);
        assert!(pieces(Dialect::Chat, body.as_bytes()).is_empty(), "{body}");
    }
}

#[test]
fn responses_lose_the_reasoning_and_the_ids_that_came_with_it() {
    let body = r#"{"input": [
  {"role": "user", "id": "msg_1", "content": "hi"},
  {"type": "message", "role": "assistant", "id": "msg_2"},
  {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "s"},
  {"id": "msg_3", "role": "assistant", "content": []},
  {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c"},
  {"type": "local_shell_call", "call_id": "d", "id": "lsh_1"},
  {"type": "custom_tool_call_output", "id": "out_1", "call_id": "c"},
  {"type": "function_call", "id": "fc_1"},
  {"type": "reasoning", "id": "rs_2", "encrypted_content": "t"},
  {"type": "compaction", "id": "cmp_1", "encrypted_content": "u"},
  {"type": "function_call", "id": "fc_2"},
  {"type": "reasoning", "id": "rs_3", "encrypted_content": "v"},
  {"type": "reasoning", "id": "rs_4"},
  {"type": "function_call", "id": "fc_3"}
]}"#;
    insta::assert_snapshot!(stripped(Dialect::Responses, body).unwrap(), @r#"
    {"input": [
      {"role": "user", "id": "msg_1", "content": "hi"},
      {"type": "message", "role": "assistant", "id": "msg_2"},
      {"role": "assistant", "content": []},
      {"type": "custom_tool_call", "call_id": "c"},
      {"type": "local_shell_call", "call_id": "d"},
      {"type": "custom_tool_call_output", "id": "out_1", "call_id": "c"},
      {"type": "function_call", "id": "fc_1"},
      {"type": "compaction", "id": "cmp_1", "encrypted_content": "u"},
      {"type": "function_call", "id": "fc_2"},
      {"type": "reasoning", "id": "rs_4"},
      {"type": "function_call", "id": "fc_3"}
    ]}
    "#);
}

#[test]
fn messages_lose_their_thinking_and_never_stay_empty() {
    let body = r#"{"thinking": {"type": "enabled"}, "messages": [
  {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "thinking", "signature": "no block of a message"}]}]},
  {"role": "assistant", "content": [
    {"type": "thinking", "thinking": "a", "signature": "s"},
    {"type": "text", "text": "b"},
    {"type": "redacted_thinking", "data": "t"}
  ]},
  {"role": "assistant", "content": [{"signature": "u", "type": "thinking"}, {"type": "redacted_thinking", "data": "v"}]},
  {"role": "assistant", "content": [{"type": "thinking", "thinking": "unsigned", "signature": ""}, {"type": "text", "text": "", "signature": "w"}]},
  {"role": "assistant", "content": [{"type": "redacted_thinking", "data": "x"}]}
]}"#;
    insta::assert_snapshot!(stripped(Dialect::Messages, body).unwrap(), @r#"
    {"thinking": {"type": "enabled"}, "messages": [
      {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "thinking", "signature": "no block of a message"}]}]},
      {"role": "assistant", "content": [
        {"type": "text", "text": "b"}
      ]},
      {"role": "assistant", "content": [{"type": "thinking", "thinking": "unsigned", "signature": ""}, {"type": "text", "text": "", "signature": "w"}]}
    ]}
    "#);
}

#[test]
fn a_body_is_stripped_and_spliced_in_one_go() {
    let body = r#"{"messages":[{"role":"assistant","reasoning_opaque":"s"}],"model":"a"}"#;
    let envelope = crate::Envelope::read(Dialect::Chat, body.as_bytes()).unwrap();
    let mut splices = pieces(Dialect::Chat, body.as_bytes()).cuts(|_| true);
    splices.extend([envelope.with_model("longer")]);
    splices.extend(envelope.with_usage());
    let spliced = crate::envelope::splice(body.as_bytes(), &mut splices);
    insta::assert_snapshot!(String::from_utf8(spliced).unwrap(), @r#"{"stream_options":{"include_usage":true},"messages":[{"role":"assistant"}],"model":"longer"}"#);
}

#[test]
fn depth_and_size_are_no_danger() {
    for dialect in DIALECTS {
        let deep = "[".repeat(1_000_000);
        let flat = "{},".repeat(1_000_000);
        let words = r#""reasoning_opaque" "encrypted_content" "signature""#;
        for name in ["messages", "input"] {
            for inner in [&deep, &flat] {
                for body in [
                    format!(r#"{{"{name}":[{{"content":{inner}{words}"#),
                    format!(r#"{{"{name}":[{inner}{words}"#),
                ] {
                    assert!(pieces(dialect, body.as_bytes()).is_empty());
                    let mut seals = Seals::new(dialect);
                    seals.event(body.as_bytes());
                    seals.whole(body.as_bytes());
                    assert_eq!(seals.digests().count(), 0);
                }
            }
        }
    }
}

#[test]
fn a_reply_without_end_is_gathered_to_a_bound() {
    for dialect in DIALECTS {
        let texts: Vec<String> = (0..1000).map(|text| format!("s{text}")).collect();
        let mut seals = Seals::new(dialect);
        for event in stream(dialect, &texts, 12) {
            seals.event(event.to_string().as_bytes());
        }
        seals.whole(reply(dialect, &texts).to_string().as_bytes());
        assert_eq!(seals.digests().count(), 256, "{dialect:?}");
    }
}

#[test]
fn an_item_is_sealed_as_it_is_done_not_as_it_was_added() {
    let mut seals = Seals::new(Dialect::Responses);
    seals.event(br#"{"type":"response.output_item.added","item":{"type":"reasoning","encrypted_content":"a"}}"#);
    seals.event(br#"{"type":"response.output_item.done","item":{"type":"compaction","encrypted_content":"b"}}"#);
    assert_eq!(seals.digests().count(), 0);
    seals.event(br#"{"type":"response.output_item.done","item":{"type":"reasoning","encrypted_content":"c"}}"#);
    let sealed: Vec<Digest> = seals.digests().collect();
    assert_eq!(sealed, [Digest::of("c")]);
}
