//! The log: its form, and what is never in it.

use mock_upstream::{Fault, Mock};
use serde_json::{Value, json};

use crate::support::home::seat;
use crate::support::{Home, Server, ZAI_KEY, hi, mock, streamed};

/// What a person asks, which is nobody else's business.
const PRIVATE_WORDS: &str = "my-private-words";

/// An account of each kind, and one whose token GitHub does not know.
fn home_of_all_kinds(mock: &Mock) -> Home {
    let seats = seat(mock, "octocat") + &seat(mock, "stranger");
    let zai = format!(
        "[[accounts]]\nid = \"zed\"\nprovider = \"zai\"\nbase_url = \"{}/api/paas/v4\"\napi_key = \"{ZAI_KEY}\"\n",
        mock.url()
    );
    Home::with_config(&(seats + &zai)).with_variable("TOKN_ROUTER_LOG", "trace")
}

/// Everything that may be logged happens once.
async fn live_through_a_lot(mock: &Mock, server: &Server) {
    let question = json!({
        "model": "gpt-4o", "messages": [{"role": "user", "content": PRIVATE_WORDS}],
    });
    for body in [
        question,
        streamed("gpt-4o"),
        hi("glm-4.7"),
        streamed("glm-4.7"),
        hi("nobodys"),
    ] {
        server.chat(body).await;
    }
    mock.revoke_tokens("octocat");
    server.chat(hi("gpt-4o")).await;
    let broken = Fault::CutStream {
        after_events: 1,
        clean: false,
    };
    for fault in [
        Fault::Refuse,
        Fault::status(500, "{}"),
        Fault::status(400, "{}"),
        broken,
    ] {
        mock.set_fault("octocat", fault.clone());
        mock.set_fault("zed", fault);
        server.chat(streamed("gpt-4o")).await;
        server.chat(streamed("glm-4.7")).await;
    }
    server.get("/v1/models").await;
    server.get("/nowhere").await;
}

#[tokio::test]
async fn the_log_has_neither_a_secret_nor_a_prompt_in_it_even_where_all_is_logged() {
    let mock = mock().await;
    let server = home_of_all_kinds(&mock).serve().await;
    live_through_a_lot(&mock, &server).await;
    // That no secret is told is looked after for all output.
    let output = server.stop().await;
    assert!(
        output.stderr.contains("TRACE"),
        "it was not all that was logged"
    );
    assert!(output.stderr.contains("request failed"), "{output:#?}");
    assert!(
        !output.stderr.contains(PRIVATE_WORDS),
        "a prompt is told: {output:#?}"
    );
}

#[tokio::test]
async fn a_json_log_is_one_object_a_line() {
    let mock = mock().await;
    let server = home_of_all_kinds(&mock)
        .serve_with(&["--log-format", "json"])
        .await;
    live_through_a_lot(&mock, &server).await;
    let output = server.stop().await;
    let lines: Vec<Value> = output
        .stderr
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        let is_told = |field| line.get(field).is_some_and(Value::is_string);
        assert!(
            is_told("timestamp") && is_told("level") && is_told("message"),
            "{line}"
        );
    }
    let failed = lines
        .iter()
        .find(|line| line["message"] == "request failed");
    let failed = failed.expect("a failed request is logged");
    assert!(
        failed["request"].is_string() && failed["status"].is_u64(),
        "{failed}"
    );
}

#[tokio::test]
async fn a_server_that_is_well_says_nothing() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    server.chat(streamed("gpt-4o")).await.is_a_finished_stream();
    let output = server.stop().await;
    assert_eq!(output.stderr, "");
}
