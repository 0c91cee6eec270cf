//! The list of models.

use std::time::Duration;

use mock_upstream::{Fault, Faults};
use serde_json::Value;
use tokio::time::Instant;

use crate::support::{Answer, House};

fn ids(answer: &Answer) -> Vec<String> {
    let list = answer.json();
    list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_model_is_listed_once_as_its_upstream_sent_it_and_with_our_block() {
    let house = House::build().await;
    let answer = house.get("/v1/models").await;
    let mut ids = ids(&answer);
    assert!(
        ids.contains(&"gpt-4o".into()) && ids.contains(&"glm-4.7".into()),
        "{ids:?}"
    );
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let list = answer.json();
    let entry = |id: &str| {
        list["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|entry| entry["id"] == id)
            .unwrap()
            .clone()
    };
    let mini = entry("gpt-5-mini");
    assert_eq!(mini["x_tokn_router"]["provider"], "github-copilot");
    assert_eq!(mini["x_tokn_router"]["display_name"], "GitHub Copilot");
    assert_eq!(mini["x_tokn_router"]["auth"], "github_oauth");
    assert!(mini["x_tokn_router"]["cost"].is_object(), "{mini}");
    assert!(mini["capabilities"]["supports"].is_object());
    assert_eq!(entry("glm-4.7")["x_tokn_router"]["auth"], "api_key");
}

#[tokio::test]
async fn one_model_is_found_by_its_id_and_by_an_alias() {
    let house = House::build().await;
    for path in [
        "/v1/models/claude-haiku-4.5",
        "/v1/models/claude-haiku-4-5-20251001",
    ] {
        assert_eq!(
            house.get(path).await.json()["id"],
            "claude-haiku-4.5",
            "{path}"
        );
    }
    let answer = house.get("/v1/models/claude-haiku-9%20x").await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn a_hung_account_costs_two_seconds_at_most_and_hides_nothing_of_the_others() {
    let house =
        House::with(|script, _| script.accounts[0].models = Some(vec!["gpt-4.1".into()])).await;
    house
        .mock
        .set_models_faults("octocat", Faults::always(Fault::silence(120_000)));
    // Whatever was fetched before the fault is behind us: a new gateway asks anew.
    let house = house.restarted(|_, _| {}).await;
    let started = Instant::now();
    let answer = house.get("/v1/models").await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
    assert!(ids(&answer).contains(&"gpt-4o".into()));
    // And a request goes to the account whose list is known.
    assert!(house.ask("gpt-4o").await.said().contains("hubot"));
}

#[tokio::test]
async fn accounts_whose_lists_fail_are_still_served_from() {
    let house = House::build().await;
    for account in ["octocat", "hubot"] {
        house
            .mock
            .set_models_faults(account, Faults::always(Fault::status(500, "oops")));
    }
    let house = house.restarted(|_, _| {}).await;
    assert_eq!(house.ask("gpt-4o").await.status, 200);
    let answer = house.get("/v1/models").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.json()["error"]["code"], "models_unknown");
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn lists_are_cached() {
    let house = House::build().await;
    for _ in 0..5 {
        house.get("/v1/models").await;
        house.ask("gpt-4o").await;
    }
    let listed = house
        .mock
        .seen()
        .iter()
        .filter(|seen| seen.path.ends_with("/models"))
        .count();
    assert_eq!(listed, 3);
}

#[tokio::test]
async fn a_bad_entry_hides_no_other() {
    let house = House::with(|script, _| script.odd_models = true).await;
    let answer = house.get("/v1/models").await;
    let entries = answer.json();
    assert!(
        entries["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(Value::is_object)
    );
    assert!(ids(&answer).contains(&"gpt-4o".into()));
}
