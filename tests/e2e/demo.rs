//! `serve --demo`: an answer at once, without an account, and nothing left of it.

use serde_json::Value;

use crate::support::{Home, Server, client};

/// The request of the curl line that the server printed.
fn printed_request(server: &Server) -> (String, Value) {
    let greeting = server.greeting();
    let (_, line) = greeting.split_once("curl ").expect("a curl line");
    let (url, rest) = line.split_once(" \\\n").unwrap();
    let (_, data) = rest.split_once("-d '").unwrap();
    let (json, _) = data.split_once("'\n").unwrap();
    (url.to_owned(), serde_json::from_str(json).unwrap())
}

#[tokio::test]
async fn the_demo_answers_the_request_that_it_prints() {
    let home = Home::new();
    let server = home.serve_with(&["--demo"]).await;
    let (url, body) = printed_request(&server);
    assert_eq!(
        url,
        format!("http://{}/v1/chat/completions", server.address())
    );
    assert_eq!(body["stream"], true);
    server.chat(body).await.is_a_finished_stream();
    server.stop().await;
}

#[tokio::test]
async fn the_demo_prints_the_base_url_that_clients_take() {
    let home = Home::new();
    let server = home.serve_with(&["--demo"]).await;
    let base = format!("export OPENAI_BASE_URL=http://{}/v1\n", server.address());
    assert!(server.greeting().contains(&base), "{}", server.greeting());
    let models = server.get("/v1/models").await.json();
    assert!(
        models["data"]
            .as_array()
            .is_some_and(|list| !list.is_empty()),
        "{models}"
    );
    server.stop().await;
}

#[tokio::test]
async fn the_demo_writes_to_a_temporary_directory_only_and_leaves_nothing() {
    let home = Home::new();
    let server = home.serve_with(&["--demo"]).await;
    server.chat(client::hi("gpt-4o")).await;
    let during = home.left_behind();
    assert!(
        !during.is_empty()
            && during
                .iter()
                .all(|name| name.starts_with("tmp/tokn-router-demo-")),
        "{during:?}"
    );
    server.stop().await;
    assert_eq!(home.left_behind(), [""; 0]);
}

#[tokio::test]
async fn the_demo_does_not_look_at_the_persons_own_configuration() {
    let home = Home::with_config("[servers]\n");
    let server = home.serve_with(&["--demo"]).await;
    assert!(
        server.greeting().contains("accounts: octocat, hubot\n"),
        "{}",
        server.greeting()
    );
    server.stop().await;
}
