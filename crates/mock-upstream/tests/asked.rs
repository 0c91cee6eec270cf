//! Tools that the user names are called as he says: what tests of agents build on.

use serde_json::{Value, json};

use crate::client::{chat, demo, hi_tools};

async fn calls(user: &str) -> Vec<(String, Value)> {
    let mock = demo().await;
    let mut body = hi_tools();
    body["messages"][0]["content"] = json!(user);
    let reply = chat(&mock, &body).send().await.json();
    let calls = reply["choices"][0]["message"]["tool_calls"].as_array();
    calls
        .unwrap()
        .iter()
        .map(|call| &call["function"])
        .map(|function| {
            let arguments = function["arguments"].as_str().unwrap();
            let name = function["name"].as_str().unwrap();
            (name.to_owned(), serde_json::from_str(arguments).unwrap())
        })
        .collect()
}

fn call(name: &str, arguments: Value) -> (String, Value) {
    (name.to_owned(), arguments)
}

#[tokio::test]
async fn a_tool_is_called_with_the_arguments_that_the_user_names() {
    let text = r#"Please call find with {"where": "in \"a\" b", "n": [1]}, and say what it says."#;
    let arguments = json!({"where": "in \"a\" b", "n": [1]});
    assert_eq!(calls(text).await, [call("find", arguments)]);
}

#[tokio::test]
async fn all_tools_that_the_user_names_are_called_at_once_and_in_order() {
    let text = r#"call find with {"n": 1} and call look with {} and call find with {"n": 2}"#;
    let expected = [
        call("find", json!({"n": 1})),
        call("look", json!({})),
        call("find", json!({"n": 2})),
    ];
    assert_eq!(calls(text).await, expected);
}

#[tokio::test]
async fn a_tool_that_is_not_offered_is_not_called() {
    let sampled = call("look", json!({"city": "mock", "days": 1, "unit": "C"}));
    for text in [
        r#"call rm with {"path": "/"}"#,
        "call find with care",
        "call find",
    ] {
        assert_eq!(calls(text).await, std::slice::from_ref(&sampled), "{text}");
    }
}

#[tokio::test]
async fn what_the_system_says_after_the_user_is_no_turn_of_its_own() {
    let mock = demo().await;
    let mut body = hi_tools();
    let messages = body["messages"].as_array_mut().unwrap();
    messages[0]["content"] = json!(r#"call find with {"n": 1}"#);
    messages.push(json!({"role": "system", "content": "the date has changed"}));
    let reply = chat(&mock, &body).send().await.json();
    let call = &reply["choices"][0]["message"]["tool_calls"][0];
    assert_eq!(call["function"]["name"], "find");
}
