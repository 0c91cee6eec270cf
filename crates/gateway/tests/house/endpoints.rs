//! The endpoints that are no replies of a model: vectors, counted tokens, Anthropic's list.

use dialect::Operation;
use http::Request;
use http_body_util::Full;
use mock_upstream::{Fault, Faults};
use serde_json::{Value, json};

use crate::support::{Answer, House};

const EMBEDDER: &str = "text-embedding-3-small";

async fn embed(house: &House, body: &Value) -> Answer {
    house.post("/v1/embeddings", &body.to_string()).await
}

#[tokio::test]
async fn a_text_alone_is_embedded_though_the_upstream_takes_lists_only() {
    let house = House::build().await;
    let one = embed(
        &house,
        &json!({"model": EMBEDDER, "input": "ä", "dimensions": 3}),
    )
    .await;
    assert_eq!(one.status, 200, "{}", one.text());
    let many = json!({"model": EMBEDDER, "input": ["b", "ä"], "dimensions": 3});
    let many = house.post("/embeddings", &many.to_string()).await.json();
    assert_eq!(
        one.json()["data"][0]["embedding"],
        many["data"][1]["embedding"]
    );
    assert!(one.headers.contains_key("x-tokn-router-account"));
    let records = house.records().await;
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].operation, Operation::Embed);
    assert!(records[0].usage.input > 0);
    assert_eq!(records[0].initiator, dialect::Initiator::Agent);
}

#[tokio::test]
async fn base64_is_made_of_numbers_by_the_router() {
    let house = House::build().await;
    let body = |format: &str| json!({"model": EMBEDDER, "input": ["a"], "dimensions": 8, "encoding_format": format});
    let packed = embed(&house, &body("base64")).await.json();
    // 8 floats of 4 bytes, in base64.
    assert_eq!(packed["data"][0]["embedding"].as_str().unwrap().len(), 44);
    let numbers = embed(&house, &body("float")).await.json();
    assert_eq!(numbers["data"][0]["embedding"].as_array().unwrap().len(), 8);
    let odd = embed(&house, &body("int8")).await;
    assert_eq!(
        (odd.status.as_u16(), &odd.json()["error"]["code"]),
        (400, &json!("invalid_input"))
    );
}

#[tokio::test]
async fn what_is_no_request_for_vectors_is_told_from_one_without_a_text() {
    let house = House::build().await;
    for (body, code) in [
        ("[]", "invalid_json"),
        (r#"{"model":"text-embedding-3-small"}"#, "invalid_input"),
        (r#"{"input":"a"}"#, "missing_model"),
    ] {
        let answer = house.post("/v1/embeddings", body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (400, &json!(code))
        );
    }
}

#[tokio::test]
async fn tokens_are_refused_with_what_to_do_where_only_texts_are_embedded() {
    let house = House::build().await;
    let answer = embed(&house, &json!({"model": EMBEDDER, "input": [[1, 2]]})).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("check_embedding_ctx_length=False"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn an_account_that_cannot_embed_gives_way_to_one_that_can() {
    let house = House::build().await;
    for account in ["octocat", "hubot"] {
        house
            .mock
            .set_faults(account, Faults::always(Fault::status(500, "")));
        let answer = embed(&house, &json!({"model": EMBEDDER, "input": "a"})).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_ne!(answer.headers["x-tokn-router-account"], account);
        house.mock.clear(account);
    }
}

async fn count(house: &House, model: &str, path: &str) -> Answer {
    let body = json!({
        "model": model,
        "system": "Be brief.",
        "messages": [{"role": "user", "content": "How many tokens are these?"}],
        // Copilot refuses it, so the body is written anew.
        "tools": [{"name": "f", "input_schema": {"$schema": "x", "type": "object"}}],
    });
    house.post(path, &body.to_string()).await
}

#[tokio::test]
async fn tokens_are_counted_by_an_upstream_that_counts() {
    let house = House::build().await;
    for path in [
        "/v1/messages/count_tokens",
        "/messages/count_tokens?beta=true",
    ] {
        let answer = count(&house, "claude-sonnet-5", path).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json()["input_tokens"].as_u64().unwrap() > 0);
        assert!(answer.headers.contains_key("x-tokn-router-account"));
        assert!(!answer.headers.contains_key("x-tokn-router-estimate"));
    }
    let records = house.records().await;
    assert!(
        records
            .iter()
            .all(|record| record.operation == Operation::CountTokens)
    );
    assert_eq!(records.len(), 2);
}

#[tokio::test]
async fn tokens_are_estimated_for_a_model_whose_upstream_does_not_count() {
    let house = House::build().await;
    for model in ["gpt-4o", "glm-4.7"] {
        let answer = count(&house, model, "/v1/messages/count_tokens").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.json()["input_tokens"].as_u64().unwrap() > 0);
        assert_eq!(answer.headers["x-tokn-router-estimate"], "true");
    }
    let nobody = count(&house, "no-such-model", "/v1/messages/count_tokens").await;
    assert_eq!(nobody.status, 404);
    assert_eq!(nobody.json()["error"]["type"], "not_found_error");
    let records = house.records().await;
    let attempts: Vec<_> = records
        .iter()
        .map(|record| (record.status, record.attempts))
        .collect();
    assert_eq!(attempts, [(200, 0), (200, 0), (404, 0)]);
}

#[tokio::test]
async fn an_upstream_that_fails_to_count_costs_the_client_nothing_and_no_account_its_rest() {
    let house = House::build().await;
    house.both(&Fault::status(404, "404 page not found"));
    let answer = count(&house, "claude-sonnet-5", "/v1/messages/count_tokens").await;
    assert_eq!(
        (
            answer.status.as_u16(),
            &answer.headers["x-tokn-router-estimate"]
        ),
        (200, &"true".parse().unwrap())
    );
    for account in ["octocat", "hubot"] {
        house.mock.clear(account);
    }
    let served = house.ask("claude-sonnet-5").await;
    assert_eq!(served.headers["x-tokn-router-attempts"], "1");
}

async fn list_as_anthropic(house: &House, path: &str) -> Answer {
    let request = Request::get(format!("http://{}{path}", house.address()))
        .header("anthropic-version", "2023-06-01");
    house.send(request.body(Full::default()).unwrap()).await
}

#[tokio::test]
async fn anthropics_clients_get_the_list_in_their_own_shape() {
    let house = House::build().await;
    let list = list_as_anthropic(&house, "/v1/models?limit=1000")
        .await
        .json();
    assert_eq!(list["has_more"], false);
    let first = &list["data"][0];
    assert_eq!(first["type"], "model");
    assert_eq!(first["id"], list["first_id"]);
    assert!(first["created_at"].as_str().unwrap().ends_with('Z'));
    let page = list_as_anthropic(&house, "/v1/models?limit=1").await.json();
    assert_eq!(
        (page["data"].as_array().unwrap().len(), &page["has_more"]),
        (1, &json!(true))
    );
    let one = list_as_anthropic(&house, "/v1/models/claude-haiku-4-5-20251001")
        .await
        .json();
    assert_eq!(
        (&one["type"], &one["id"]),
        (&json!("model"), &json!("claude-haiku-4.5"))
    );
    let nobody = list_as_anthropic(&house, "/v1/models/nobody").await;
    assert_eq!(nobody.status, 404);
    assert_eq!(nobody.json()["type"], "error");
}

#[tokio::test]
async fn anthropics_clients_find_the_request_id_where_they_look_for_it() {
    let house = House::build().await;
    let body = |model: &str| {
        let messages = json!([{"role": "user", "content": "hi"}]);
        json!({"model": model, "max_tokens": 9, "messages": messages}).to_string()
    };
    for model in ["claude-sonnet-5", "gpt-4o", "no-such-model"] {
        let answer = house.post("/v1/messages", &body(model)).await;
        assert_eq!(
            answer.headers["request-id"], answer.headers["x-request-id"],
            "{model}"
        );
    }
    let list = list_as_anthropic(&house, "/v1/models").await;
    assert!(list.headers.contains_key("request-id"));
    let others = house.get("/v1/models").await;
    assert!(!others.headers.contains_key("request-id"));
}
