//! Who is let in, and which models he sees.

use http::StatusCode;
use mock_upstream::{Fault, Mock, Script};
use serde_json::json;

use crate::client::{Ask, Reply, chat, demo, hi, with_octocat};

async fn models(mock: &Mock) -> Reply {
    Ask::get(mock, "/models")
        .by_copilot(mock, "octocat")
        .send()
        .await
}

fn ids(reply: &Reply) -> Vec<String> {
    let entries = reply.json()["data"].as_array().unwrap().clone();
    entries
        .iter()
        .filter_map(|entry| entry["id"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn copilot_wants_a_copilot_token_and_an_editors_name() {
    let mock = demo().await;
    let status = async |ask: Ask| ask.send().await.status;
    let whole = || chat(&mock, &hi());
    assert_eq!(status(whole()).await, StatusCode::OK);
    let nobody = whole().without("authorization");
    assert_eq!(status(nobody).await, StatusCode::UNAUTHORIZED);
    for stranger in ["Bearer tid=x", "Bearer gho_demo_octocat", "Basic x", "x"] {
        let ask = whole()
            .without("authorization")
            .with("authorization", stranger);
        assert_eq!(status(ask).await, StatusCode::UNAUTHORIZED, "{stranger}");
    }
    let no_editor = whole().without("editor-version").send().await;
    assert_eq!(no_editor.status, StatusCode::BAD_REQUEST);
    assert!(
        no_editor
            .text()
            .contains("missing Editor-Version header for IDE auth")
    );
    let no_integration = whole().without("copilot-integration-id");
    assert_eq!(status(no_integration).await, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn zai_wants_its_key_and_words_its_refusal_its_own_way() {
    let mock = demo().await;
    let path = "/api/coding/paas/v4/models";
    let ask = Ask::get(&mock, path).with("authorization", "Bearer wrong");
    let refused = ask.send().await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(refused.json()["error"]["code"], "1000");
    for base in ["/api/paas/v4", "/api/coding/paas/v4"] {
        let ask =
            Ask::get(&mock, &format!("{base}/models")).with("authorization", "Bearer zai-demo-key");
        assert!(ids(&ask.send().await).contains(&"glm-4.7".to_owned()));
    }
}

#[tokio::test]
async fn an_unknown_path_is_not_found() {
    let mock = demo().await;
    let ask = Ask::post(&mock, "/completions", "{}").by_copilot(&mock, "octocat");
    assert_eq!(ask.send().await.status, StatusCode::NOT_FOUND);
    let ask = Ask::post(&mock, "/api/paas/v4/embeddings", "{}");
    assert_eq!(ask.send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn copilots_list_says_what_each_model_can_and_costs() {
    let mock = demo().await;
    let list = models(&mock).await.json();
    let entries = list["data"].as_array().unwrap();
    assert_eq!(entries.len(), 10);
    for entry in entries {
        assert!(entry["capabilities"]["type"].is_string(), "{entry}");
        assert!(entry["billing"]["token_prices"]["batch_size"].is_number());
    }
    let claude = entries
        .iter()
        .find(|entry| entry["id"] == "claude-opus-4.7")
        .unwrap();
    assert_eq!(claude["policy"]["state"], "enabled");
    assert_eq!(claude["supported_endpoints"][1], "/v1/messages");
}

#[tokio::test]
async fn an_account_sees_and_uses_only_its_own_models() {
    let mock = with_octocat(|octocat| octocat.models = Some(vec!["gpt-4o".to_owned()])).await;
    assert_eq!(ids(&models(&mock).await), ["gpt-4o"]);
    let refused = chat(&mock, &hi()).send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["code"], "model_not_supported");
}

#[tokio::test]
async fn odd_entries_stand_among_good_ones_on_demand() {
    let script = Script {
        odd_models: true,
        ..Script::demo()
    };
    let mock = Mock::start(script).await.unwrap();
    let reply = models(&mock).await;
    assert_eq!(ids(&reply).len(), 10);
    assert_eq!(reply.json()["data"].as_array().unwrap().len(), 13);
}

#[tokio::test]
async fn the_list_goes_wrong_apart_from_the_replies() {
    let mock = demo().await;
    mock.set_models_faults("octocat", vec![Fault::status(503, "busy")]);
    assert_eq!(chat(&mock, &hi()).send().await.status, StatusCode::OK);
    assert_eq!(models(&mock).await.status, StatusCode::SERVICE_UNAVAILABLE);
    mock.set_fault("octocat", Fault::status(503, "busy"));
    assert_eq!(models(&mock).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_model_is_refused_where_it_does_not_list_the_path() {
    let mock = demo().await;
    let mut body = hi();
    body["model"] = json!("gpt-5.3-codex");
    let refused = chat(&mock, &body).send().await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(refused.json()["error"]["code"], "unsupported_api_for_model");
    let body = json!({"model": "gpt-5.3-codex", "input": "hi there"});
    let ask = Ask::post(&mock, "/responses", body.to_string()).by_copilot(&mock, "octocat");
    let reply = ask.send().await.json();
    let text = &reply["output"][0]["content"][0]["text"];
    assert_eq!(text, "Hello from octocat, you said: hi there");
}
