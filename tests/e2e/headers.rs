//! `headers`: what an upstream is told, and that it is told just that.

use std::collections::BTreeMap;

use crate::support::home::{seat, zai_seat};
use crate::support::output::with_times_named;
use crate::support::{Home, hi, mock, mock_with};

#[tokio::test]
async fn each_accounts_headers_are_shown_with_their_sources_and_secrets_masked() {
    let mock = mock().await;
    let settings = "[accounts.settings]\nuser_agent = \"Mine/1.0\"\n\n";
    let config = [&seat(&mock, "octocat"), settings, &zai_seat(&mock, "zed")].concat();
    let home = Home::with_config(&config);
    home.write_device_id();
    let output = home.run(&["headers"]).await.succeeded();
    with_times_named(|| {
        insta::assert_snapshot!(output.printed(), @"
    octocat (GitHub Copilot)
    HEADER                               VALUE                     SOURCE
    copilot-integration-id               vscode-chat               default profile
    editor-plugin-version                copilot-chat/0.52.0       default profile
    editor-version                       vscode/1.124.2            default profile
    openai-intent                        conversation-agent        default profile
    user-agent                           Mine/1.0                  settings
    x-github-api-version                 2026-06-01                default profile
    x-interaction-type                   conversation-agent        default profile
    x-vscode-user-agent-library-version  electron-fetch            default profile
    editor-device-id                     00000000-0000-4000-8000-  derived
                                         000000000000
    authorization                        Bearer (fetched when it   credential
                                         is needed)
    content-type                         application/json          derived
    accept                               application/json          derived
    x-initiator                          user                      derived
    x-request-id                         00000000-0000-7000-8000-  derived
                                         000000000000
    x-agent-task-id                      00000000-0000-7000-8000-  derived
                                         000000000000

    zed (Z.ai)
    HEADER         VALUE              SOURCE
    authorization  Bearer ****        credential
    user-agent     tokn-router/0.1.0  default profile
    content-type   application/json   derived
    accept         application/json   derived
    ")
    });
    assert!(mock.seen().is_empty(), "{:#?}", mock.seen());
}

#[tokio::test]
async fn what_is_shown_is_what_a_request_carries() {
    let mock = mock_with(vec![mock_upstream::Account::copilot("octocat")]).await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    server.stop().await;
    let seen = mock.seen();
    let chat = seen.iter().find(|seen| seen.path == "/chat/completions");
    let told = home.run(&["headers", "--json"]).await.succeeded().json();
    let told = told[0]["headers"].as_array().unwrap().iter();
    let told: BTreeMap<&str, &str> = told
        .map(|header| {
            (
                header["name"].as_str().unwrap(),
                header["value"].as_str().unwrap(),
            )
        })
        .collect();
    let mut sent = BTreeMap::new();
    for (name, value) in &chat.unwrap().headers {
        sent.insert(name.as_str(), value.as_str());
    }
    // The connection's own, which are none of the request's.
    for name in ["host", "content-length"] {
        sent.remove(name);
    }
    assert_eq!(
        sent.keys().collect::<Vec<_>>(),
        told.keys().collect::<Vec<_>>()
    );
    for (name, value) in sent {
        match name {
            "authorization" => assert_eq!(told[name], "Bearer ****"),
            // New for each request.
            "x-request-id" | "x-agent-task-id" | "x-interaction-id" => {}
            _ => assert_eq!(told[name], value, "{name}"),
        }
    }
}

#[tokio::test]
async fn an_account_that_is_not_there_is_refused_with_those_that_are() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat", "hubot"]);
    let output = home
        .run(&["headers", "--account", "nobody"])
        .await
        .failed_with(2);
    insta::assert_snapshot!(output.told(), @"
    error: there is no account nobody
    hint: there are octocat, hubot
    ");
    let output = Home::new().run(&["headers"]).await.failed_with(3);
    insta::assert_snapshot!(output.told(), @"
    error: there is no account
    hint: add one with `tokn-router login`
    ");
}
