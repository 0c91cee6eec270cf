//! `update-catalogue`: where a catalogue comes from, and what becomes of it.

use serde_json::{Value, json};

use crate::support::home::{mode, seat};
use crate::support::page::Page;
use crate::support::{Home, closed_port, mock};

/// Of the program's own form; the day is later than any release's.
pub(super) const OWN: &str = r#"{
  "version": "2999-01-01",
  "models": {
    "copilot": {
      "gpt-5-mini": {"cost": {"input": 0.5, "cached_input": 0.05, "output": 4}},
      "gpt-5.4": {"limits": {"context": 1}},
      "gpt-99": {"name": "GPT-99", "cost": {"input": 1}}
    }
  }
}"#;

/// Of models.dev's form.
pub(super) const MODELS_DEV: &str = r#"{
  "acme": {"models": {"of-nobody-here": {}}},
  "github-copilot": {"models": {
    "gpt-5-mini": {"name": "GPT-5 mini", "cost": {"input": 0.3, "output": 2.4, "cache_read": 0.03}},
    "gpt-99": {"name": "GPT-99", "modalities": {"input": ["text", "image"]}, "cost": {"input": 1, "output": 8}},
    "odd": []
  }},
  "zai-coding-plan": {"models": {"glm-4.7": {"name": "GLM-4.7", "cost": {"input": 0, "output": 0}}}},
  "zai": {"models": {"glm-4.7": {"name": "GLM-4.7", "cost": {"input": 0.6, "output": 2.2}}}}
}"#;

const UPDATE: &str = "update-catalogue";

/// Takes snapshots with a name for today and for how many models a release knows.
fn with_names(take: impl FnOnce()) {
    let filters = [
        (r"of \d{4}-\d\d-\d\d\b", "of [day]"),
        (r"\d+ models", "[all] models"),
    ];
    insta::with_settings!({filters => filters}, { take() });
}

/// What a server that starts now tells clients of a model.
async fn told_of(home: &Home, model: &str) -> Value {
    let server = home.serve().await;
    let reply = server.get(&format!("/v1/models/{model}")).await;
    server.stop().await;
    let model: Value = serde_json::from_str(&reply.body).unwrap();
    model["x_tokn_router"].clone()
}

/// Nobody asks the real models.dev.
fn home_of(text: &str) -> Home {
    let nobody = format!("http://{}/api.json", closed_port());
    let home = Home::with_config(text).calling(nobody.clone(), "[models.dev]");
    home.with_variable("TOKN_ROUTER_CATALOGUE_URL", &nobody)
}

fn home() -> Home {
    home_of("")
}

fn home_with(page: &Page, config: &str) -> Home {
    Home::with_config(config)
        .with_variable("TOKN_ROUTER_CATALOGUE_URL", &page.url)
        .calling(&page.url, "[models.dev]")
}

#[tokio::test]
async fn a_file_of_the_programs_own_form_keeps_its_day_and_its_prices_are_told() {
    let home = home();
    home.write("own.json", OWN);
    let output = home.run(&[UPDATE, "--from", "own.json"]).await.succeeded();
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("of 2999-01-01 now"), "{output:#?}");
    with_names(|| {
        insta::assert_snapshot!(output.told(), @"
    the catalogue is of [day] now: [all] models, 1 new, 1 with another price, 1 with other capabilities, limits or names; a running server follows at its next start
    prices in US dollars for a million tokens:
      gpt-5-mini: 0.25 in, 0.025 cached, 2 out → 0.5 in, 0.05 cached, 4 out
    ")
    });
    assert_eq!(mode(&home.data().join("catalogue.json")), 0o600);
}

#[tokio::test]
async fn a_file_of_models_devs_form_is_of_today_and_odd_entries_are_passed_over() {
    let home = home();
    home.write("api.json", MODELS_DEV);
    let output = home.run(&[UPDATE, "--from", "api.json"]).await.succeeded();
    with_names(|| {
        insta::assert_snapshot!(output.told(), @"
    note: 1 of the entries cannot be read, and is passed over
    the catalogue is of [day] now: [all] models, 1 new, 2 with another price; a running server follows at its next start
    prices in US dollars for a million tokens:
      gpt-5-mini: 0.25 in, 0.025 cached, 2 out → 0.3 in, 0.03 cached, 2.4 out
      glm-4.7: not known → 0.6 in, 2.2 out
    ")
    });
}

#[tokio::test]
async fn a_catalogue_can_be_piped_in() {
    let home = home();
    let output = home.run_with_stdin(&[UPDATE, "--from", "-"], OWN).await;
    output.succeeded().says("of 2999-01-01 now");
    let nothing = home.run_with_stdin(&[UPDATE, "--from", "-"], "").await;
    nothing
        .failed_with(1)
        .says("stdin: ")
        .hints_at("models.dev");
}

#[tokio::test]
async fn it_is_fetched_where_no_file_is_named() {
    let page = Page::serving(200, MODELS_DEV).await;
    let home = home_with(&page, "");
    let output = home.run(&[UPDATE]).await.succeeded();
    output.says("1 new");
    assert_eq!(page.asked(), 1);
}

#[tokio::test]
async fn it_is_fetched_through_the_outbound_proxy_unless_told_otherwise() {
    let page = Page::serving(200, MODELS_DEV).await;
    let config = format!("[proxy]\nurl = \"http://{}\"\n", closed_port());
    let home = home_with(&page, &config);
    let output = home.run(&[UPDATE]).await.failed_with(5);
    output.says("outbound proxy").hints_at("--no-proxy");
    assert_eq!(page.asked(), 0);
    home.run(&[UPDATE, "--no-proxy"]).await.succeeded();
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_reached_is_a_network_error_and_nothing_is_written() {
    let home = home();
    let before = home.left_behind();
    let output = home.run(&[UPDATE]).await.failed_with(5);
    output.says("127.0.0.1").hints_at("--from FILE");
    let page = Page::serving(404, "gone").await;
    let other = home_with(&page, "");
    let output = other.run(&[UPDATE]).await.failed_with(5);
    insta::assert_snapshot!(output.told(), @"
    error: [models.dev] answered 404 Not Found
    hint: check the network and the outbound proxy (`tokn-router config get proxy.url`, --no-proxy), or fetch https://models.dev/api.json elsewhere and name it with --from FILE
    ");
    assert_eq!(home.left_behind(), before);
    assert_eq!(other.left_behind(), before);
}

#[tokio::test]
async fn it_is_fetched_from_elsewhere_only_by_https_or_on_loopback() {
    let home = Home::new().with_variable("TOKN_ROUTER_CATALOGUE_URL", "http://example.com/a");
    let output = home.run(&[UPDATE]).await.failed_with(3);
    output.says("TOKN_ROUTER_CATALOGUE_URL: must begin with https://");
}

#[tokio::test]
async fn what_is_no_catalogue_is_refused_with_the_reason_and_the_last_one_stays() {
    let home = home();
    home.run_with_stdin(&[UPDATE, "--from", "-"], OWN)
        .await
        .succeeded();
    let file = home.data().join("catalogue.json");
    let kept = std::fs::read_to_string(&file).unwrap();
    for broken in [
        "<html>",
        "[]",
        "{}",
        r#"{"acme": {"models": {}}}"#,
        &OWN[..99],
    ] {
        let output = home.run_with_stdin(&[UPDATE, "--from", "-"], broken).await;
        output
            .failed_with(1)
            .says("stdin: it ")
            .hints_at("https://models.dev/api.json");
    }
    let output = home.run(&[UPDATE, "--from", "nowhere.json"]).await;
    output
        .failed_with(1)
        .says("cannot read nowhere.json")
        .hints_at("--from FILE");
    let page = Page::serving(200, "<html>").await;
    let output = home_with(&page, "").run(&[UPDATE]).await.failed_with(1);
    insta::assert_snapshot!(output.told(), @"
    error: [models.dev]: it is not a JSON object: expected value at line 1 column 1
    hint: a catalogue has the form of https://models.dev/api.json, or of the program's own: a `version` and the `models`
    ");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), kept);
}

#[tokio::test]
async fn one_that_is_older_than_the_programs_own_is_refused() {
    let home = home();
    let before = home.left_behind();
    let old = OWN.replace("2999", "2020");
    let output = home.run_with_stdin(&[UPDATE, "--from", "-"], &old).await;
    let output = output.failed_with(1);
    with_names(|| {
        insta::assert_snapshot!(output.told(), @"
    error: stdin: it is of [day], and the program's own catalogue is of [day]
    hint: take a newer one, or set its `version` to the day on which you went through it
    ")
    });
    assert_eq!(home.left_behind(), before);
}

#[tokio::test]
async fn that_nothing_has_changed_is_said() {
    let home = home();
    let update = [UPDATE, "--from", "-"];
    home.run_with_stdin(&update, OWN).await.succeeded();
    let output = home.run_with_stdin(&update, OWN).await.succeeded();
    with_names(
        || insta::assert_snapshot!(output.told(), @"the catalogue is of [day] now: [all] models, and nothing has changed"),
    );
}

#[tokio::test]
async fn a_long_list_of_prices_is_cut_short() {
    let model = |at| format!("m{at:02}");
    let of = |price: u32| {
        let models = (0..40).map(|at| (model(at), json!({"cost": {"input": price}})));
        let models: Value = models.collect();
        json!({"version": "2999-01-01", "models": {"copilot": models}}).to_string()
    };
    let home = home();
    let update = [UPDATE, "--from", "-"];
    home.run_with_stdin(&update, &of(1)).await.succeeded();
    let output = home.run_with_stdin(&update, &of(2)).await.succeeded();
    let output = output.says("40 with another price").says("and 24 more");
    assert!(output.stderr.lines().count() <= 20, "{output:#?}");
}

#[tokio::test]
async fn a_server_tells_clients_the_new_price_from_its_next_start() {
    let mock = mock().await;
    let home = home_of(&seat(&mock, "octocat"));
    let before = told_of(&home, "gpt-5-mini").await;
    assert_eq!(
        before["cost"],
        json!({"input": 0.25, "cached_input": 0.025, "output": 2})
    );
    home.run_with_stdin(&[UPDATE, "--from", "-"], OWN)
        .await
        .succeeded();
    let after = told_of(&home, "gpt-5-mini").await;
    assert_eq!(
        after["cost"],
        json!({"input": 0.5, "cached_input": 0.05, "output": 4})
    );
    // The file says nothing of what this one costs.
    let other = told_of(&home, "gpt-5.4").await;
    assert_eq!(other["limits"], json!({"context": 1}));
    assert_eq!(
        other["cost"],
        json!({"input": 2.5, "cached_input": 0.25, "output": 15})
    );
}

#[tokio::test]
async fn a_broken_catalogue_in_the_data_directory_stops_no_server() {
    let mock = mock().await;
    let home = home_of(&seat(&mock, "octocat"));
    home.write("data/tokn-router/catalogue.json", &OWN[..99]);
    let server = home.serve().await;
    let log = server.log();
    assert!(
        log.contains("the updated catalogue cannot be read"),
        "{log}"
    );
    assert!(log.contains("update-catalogue"), "{log}");
    server.stop().await;
    let told = told_of(&home, "gpt-5-mini").await;
    assert_eq!(told["cost"]["input"], json!(0.25));
    home.run_with_stdin(&[UPDATE, "--from", "-"], OWN)
        .await
        .succeeded();
    let told = told_of(&home, "gpt-5-mini").await;
    assert_eq!(told["cost"]["input"], json!(0.5));
}
