//! What holds of a conversation over a WebSocket.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Asked, Conversation, error, message};
use crate::Failure;

const MOST: u64 = 1 << 20;

fn ask(conversation: &mut Conversation, message: &Value) -> Result<Asked, Failure> {
    conversation.asked(&message.to_string(), MOST, "0-1", 7)
}

fn body(asked: Asked) -> Value {
    match asked {
        Asked::Response(body) => serde_json::from_slice(&body).unwrap(),
        Asked::Nothing(_) => panic!("nothing was asked for"),
    }
}

/// What comes of a reply of one item.
fn replied(conversation: &mut Conversation, id: &str, item: &Value) {
    for event in [
        json!({"type": "response.created", "response": {"id": id}}),
        json!({"type": "response.output_text.delta", "delta": "response.completed"}),
        json!({"type": "response.output_item.done", "item": item}),
        json!({"type": "response.completed", "response": {"id": id, "output": []}}),
    ] {
        conversation.said(&event.to_string());
    }
}

fn create(more: &Value) -> Value {
    let mut message = json!({"type": "response.create", "model": "m", "store": false});
    for (name, value) in more.as_object().unwrap() {
        message[name] = value.clone();
    }
    message
}

#[test]
fn a_turn_after_a_prewarm_sends_only_what_is_new_and_upstream_gets_all() {
    let mut conversation = Conversation::default();
    let warm =
        create(&json!({"generate": false, "input": [{"role": "developer", "content": "a"}]}));
    let Ok(Asked::Nothing(events)) = ask(&mut conversation, &warm) else {
        panic!("a response was asked for");
    };
    let events: Vec<Value> = events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    assert_eq!(events[0]["type"], "response.created");
    assert_eq!(events[1]["type"], "response.completed");
    assert_eq!(events[1]["response"]["output"], json!([]));
    let id = &events[1]["response"]["id"];

    let turn =
        create(&json!({"previous_response_id": id, "input": [{"role": "user", "content": "b"}]}));
    let asked = body(ask(&mut conversation, &turn).unwrap());
    assert_eq!(
        asked,
        json!({
            "stream": true, "model": "m", "store": false,
            "input": [{"role": "developer", "content": "a"}, {"role": "user", "content": "b"}],
        })
    );

    let call = json!({"type": "function_call", "call_id": "c"});
    replied(&mut conversation, "resp_1", &call);
    let result = json!({"type": "function_call_output", "call_id": "c"});
    let turn = create(&json!({"previous_response_id": "resp_1", "input": [result]}));
    let asked = body(ask(&mut conversation, &turn).unwrap());
    let input = asked["input"].as_array().unwrap();
    assert_eq!((input.len(), &input[2], &input[3]), (4, &call, &result));
}

#[test]
fn a_response_that_is_not_the_last_is_not_found_and_a_failed_turn_can_be_asked_again() {
    let mut conversation = Conversation::default();
    let go_on = |id: &str| create(&json!({"previous_response_id": id, "input": "b"}));
    let unknown = ask(&mut conversation, &go_on("resp_1")).unwrap_err();
    assert_eq!(
        (unknown.status, &*unknown.code),
        (400, "previous_response_not_found")
    );

    body(ask(&mut conversation, &create(&json!({"input": "a"}))).unwrap());
    replied(
        &mut conversation,
        "resp_1",
        &json!({"type": "message", "id": "x"}),
    );
    body(ask(&mut conversation, &go_on("resp_1")).unwrap());
    // That turn breaks off: its response never comes to its end.
    conversation.said(r#"{"type":"response.created","response":{"id":"resp_2"}}"#);
    assert!(ask(&mut conversation, &go_on("resp_2")).is_err());
    let again = body(ask(&mut conversation, &go_on("resp_1")).unwrap());
    assert_eq!(again["input"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_no_message_is_refused_in_words() {
    let mut conversation = Conversation::default();
    for (message, says) in [
        (json!("x").to_string(), "not valid"),
        ("{".into(), "not valid"),
        (json!({"model": "m"}).to_string(), "no type"),
        (
            json!({"type": "response.cancel"}).to_string(),
            "response.cancel",
        ),
        (create(&json!({"input": 7})).to_string(), "\"input\""),
        (
            create(&json!({"previous_response_id": 7})).to_string(),
            "\"previous_response_id\"",
        ),
    ] {
        let failure = conversation.asked(&message, MOST, "1", 0).unwrap_err();
        assert_eq!(failure.status, 400);
        assert!(failure.message.contains(says), "{}", failure.message);
    }
    for generate in [true, false] {
        let large = create(&json!({"input": "x".repeat(200), "generate": generate})).to_string();
        let failure = conversation.asked(&large, 100, "1", 0).unwrap_err();
        assert_eq!(failure.status, 413);
    }
}

#[test]
fn a_failure_is_a_message_with_its_status_and_when_to_come_again() {
    let failure = Failure::new(429, "all_accounts_limited", "wait");
    let body = failure.body(crate::Dialect::Responses);
    let told: Value = serde_json::from_str(&error(429, &body, Some("7"))).unwrap();
    assert_eq!(told["status"], 429);
    assert_eq!(told["error"]["code"], "all_accounts_limited");
    assert_eq!(told["headers"]["retry-after"], "7");
    let told: Value = serde_json::from_str(&error(502, b"<html>", None)).unwrap();
    assert_eq!(told["error"]["message"], "<html>");

    let event = failure.event(crate::Dialect::Responses);
    let told: Value = serde_json::from_str(&message(&event).unwrap()).unwrap();
    assert_eq!(
        (&told["type"], &told["error"]["code"]),
        (&json!("error"), &json!("all_accounts_limited"))
    );
    let whole = b"event: response.created\ndata: {\"type\":\"response.created\"}\n\n";
    assert_eq!(message(whole).unwrap(), r#"{"type":"response.created"}"#);
    for silent in [
        &b": keep-alive\n\n"[..],
        b"data: [DONE]\n\n",
        b"data: {}\n\n",
        b"",
    ] {
        assert_eq!(message(silent), None);
    }
}

proptest! {
    #[test]
    fn turns_in_pieces_are_the_turns_in_one(
        turns in proptest::collection::vec(("[a-zé\"]{0,6}", "[a-z\\\\]{0,6}"), 1..6),
    ) {
        let mut conversation = Conversation::default();
        let (mut whole, mut last) = (Vec::new(), Value::Null);
        for (number, (user, reply)) in turns.iter().enumerate() {
            let user = json!({"role": "user", "content": user});
            let turn = create(&json!({"previous_response_id": last, "input": [user]}));
            whole.push(user);
            let asked = body(ask(&mut conversation, &turn).unwrap());
            prop_assert_eq!(&asked["input"], &json!(whole));
            let item = json!({"role": "assistant", "content": reply});
            let id = format!("resp_{number}");
            replied(&mut conversation, &id, &item);
            whole.push(item);
            last = json!(id);
        }
    }

    #[test]
    fn no_message_and_no_event_make_it_panic(texts in proptest::collection::vec(any::<String>(), 0..4)) {
        let mut conversation = Conversation::default();
        for text in &texts {
            let _ = conversation.asked(text, MOST, text, 0);
            conversation.said(text);
            let _ = message(text.as_bytes());
            let _ = error(500, text.as_bytes(), Some(text));
        }
    }
}
