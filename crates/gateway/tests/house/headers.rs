//! What goes upstream of the client, and what of the account.

use mock_upstream::Seen;
use serde_json::{Value, json};

use crate::support::House;

async fn sent(house: &House, body: &Value, headers: &[(&str, &str)]) -> Seen {
    house.mock.clear_seen();
    let mut request = house.request("/v1/chat/completions");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = house
        .send(request.body(body.to_string().into()).unwrap())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = house.mock.seen();
    seen.into_iter()
        .find(|seen| seen.path.ends_with("/chat/completions"))
        .unwrap()
}

fn ask(content: &Value) -> Value {
    json!({"model": "gpt-4o", "messages": [{"role": "user", "content": content}]})
}

#[tokio::test]
async fn nothing_of_the_clients_identity_goes_upstream_and_all_of_the_accounts_does() {
    let house = House::with(|_, config| {
        config.accounts[0].settings.editor_version = Some("vscode/9.9.9".into());
    })
    .await;
    let client = [
        ("user-agent", "OpenAI/Python 3.54.0"),
        ("cookie", "session=secret"),
        ("authorization", "Bearer sk-client"),
        ("x-api-key", "sk-client"),
        ("x-stainless-lang", "python"),
        ("accept-encoding", "gzip, br"),
    ];
    let seen = sent(&house, &ask(&json!("hi")), &client).await;
    let all: String = seen
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    for word in ["OpenAI", "session=secret", "sk-client", "stainless", "gzip"] {
        assert!(!all.contains(word), "{word} in\n{all}");
    }
    assert_eq!(seen.header("editor-version"), Some("vscode/9.9.9"));
    for name in [
        "authorization",
        "copilot-integration-id",
        "editor-plugin-version",
        "editor-device-id",
        "user-agent",
        "openai-intent",
        "x-interaction-type",
        "x-github-api-version",
        "x-vscode-user-agent-library-version",
        "x-request-id",
        "x-agent-task-id",
        "x-initiator",
    ] {
        assert!(seen.header(name).is_some(), "{name} is missing in\n{all}");
    }
}

#[tokio::test]
async fn the_initiator_is_the_clients_word_then_the_settings_then_the_classifiers() {
    let house = House::with(|_, config| config.accounts.truncate(1)).await;
    let tool = json!({"model": "gpt-4o", "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]});
    assert_eq!(
        sent(&house, &ask(&json!("hi")), &[])
            .await
            .header("x-initiator"),
        Some("user")
    );
    assert_eq!(
        sent(&house, &tool, &[]).await.header("x-initiator"),
        Some("agent")
    );
    assert_eq!(
        sent(&house, &tool, &[("X-Initiator", " USER ")])
            .await
            .header("x-initiator"),
        Some("user")
    );
    let house = House::with(|_, config| {
        config.accounts.truncate(1);
        config.accounts[0].settings.initiator_mode = config::InitiatorMode::Agent;
    })
    .await;
    assert_eq!(
        sent(&house, &ask(&json!("hi")), &[])
            .await
            .header("x-initiator"),
        Some("agent")
    );
    assert_eq!(
        sent(&house, &ask(&json!("hi")), &[("x-initiator", "user")])
            .await
            .header("x-initiator"),
        Some("user")
    );
    let records = house.records().await;
    assert_eq!(records[0].initiator, dialect::Initiator::Agent);
}

#[tokio::test]
async fn an_image_is_announced_also_inside_a_tools_result() {
    let house = House::build().await;
    let image = json!([{"type": "text", "text": "what is it?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]);
    assert_eq!(
        sent(&house, &ask(&image), &[])
            .await
            .header("copilot-vision-request"),
        Some("true")
    );
    let mut result = ask(&json!("hi"));
    result["messages"][0] = json!({"role": "tool", "tool_call_id": "a", "content": image});
    assert_eq!(
        sent(&house, &result, &[])
            .await
            .header("copilot-vision-request"),
        Some("true")
    );
    assert_eq!(
        sent(&house, &ask(&json!("an image_url")), &[])
            .await
            .header("copilot-vision-request"),
        None
    );
}

#[tokio::test]
async fn thinking_is_asked_of_reasoning_models_and_never_over_the_clients_own() {
    let house = House::build().await;
    let glm = |thinking: Option<Value>| {
        let mut body = ask(&json!("hi"));
        body["model"] = json!("glm-4.7");
        if let Some(thinking) = thinking {
            body["thinking"] = thinking;
        }
        body
    };
    let seen = sent(&house, &glm(None), &[]).await;
    assert_eq!(
        seen.json()["thinking"],
        json!({"type": "enabled", "clear_thinking": false})
    );
    assert_eq!(
        seen.header("user-agent"),
        Some(concat!("tokn-router/", env!("CARGO_PKG_VERSION")))
    );
    let own = glm(Some(json!({"type": "disabled"})));
    assert_eq!(sent(&house, &own, &[]).await.body, own.to_string());
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_errors_have_openais_shape() {
    let house = House::build().await;
    for path in ["/healthz", "/v1/models", "/v1/nothing"] {
        assert!(
            house.get(path).await.headers.contains_key("x-request-id"),
            "{path}"
        );
    }
    let answer = house.get("/v1/nothing").await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]["code"]),
        (404, &json!("unknown_path"))
    );
    let answer = house.get("/v1/chat/completions").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.headers["allow"].to_str().unwrap()
        ),
        (405, "POST")
    );
}
