//! Faults in place of a reply, and the order that they are used in.

use std::time::Duration;

use http::StatusCode;
use mock_upstream::{Fault, Faults, Mock};

use crate::client::{chat, demo, hi, hi_stream};

async fn status(mock: &Mock) -> StatusCode {
    chat(mock, &hi()).send().await.status
}

#[tokio::test]
async fn a_status_fault_sends_its_headers_and_body_as_they_are() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::rate_limited(3));
    let limited = chat(&mock, &hi()).send().await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(limited.header("retry-after"), "3");
    assert_eq!(limited.json()["error"]["code"], "rate_limited");
    assert!(!limited.header("x-request-id").is_empty());
    mock.set_fault(
        "octocat",
        Fault::Status {
            status: 402,
            headers: vec![
                ("Content-Type".to_owned(), "text/plain".to_owned()),
                ("x-two".to_owned(), "1".to_owned()),
                ("x-two".to_owned(), "2".to_owned()),
            ],
            body: "spent".to_owned(),
        },
    );
    let spent = chat(&mock, &hi()).send().await;
    assert_eq!(spent.header("content-type"), "text/plain");
    assert_eq!(spent.headers.get_all("x-two").iter().count(), 2);
    assert_eq!(spent.text(), "spent");
}

#[tokio::test]
async fn a_queue_is_used_in_order_and_then_the_standing_fault_until_cleared() {
    let mock = demo().await;
    mock.set_faults(
        "octocat",
        Faults {
            queue: [Fault::status(500, ""), Fault::Pass].into(),
            standing: Some(Fault::status(429, "")),
        },
    );
    assert_eq!(status(&mock).await, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(status(&mock).await, StatusCode::OK);
    for _ in 0..3 {
        assert_eq!(status(&mock).await, StatusCode::TOO_MANY_REQUESTS);
    }
    let hubot = chat(&mock, &hi())
        .without("authorization")
        .without("editor-version")
        .without("copilot-integration-id")
        .by_copilot(&mock, "hubot");
    assert_eq!(hubot.send().await.status, StatusCode::OK);
    mock.clear("octocat");
    assert_eq!(status(&mock).await, StatusCode::OK);
}

#[tokio::test]
async fn a_web_filter_answers_in_html() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::Html { status: 403 });
    let blocked = chat(&mock, &hi()).send().await;
    assert_eq!(blocked.status, StatusCode::FORBIDDEN);
    assert!(blocked.header("content-type").starts_with("text/html"));
    assert!(blocked.text().starts_with("<!DOCTYPE html>"));
}

#[tokio::test]
async fn a_refused_connection_closes_without_a_byte() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::Refuse);
    let refused = chat(&mock, &hi()).open().await;
    assert!(refused.is_err_and(|error| error.is_incomplete_message()));
    assert_eq!(status(&mock).await, StatusCode::OK);
}

#[tokio::test]
async fn silence_comes_before_the_headers_and_then_what_was_asked() {
    let mock = demo().await;
    mock.set_faults(
        "octocat",
        vec![
            Fault::silence(60_000),
            Fault::silence(1),
            Fault::Silence {
                millis: 1,
                then: Some(Box::new(Fault::status(502, "late"))),
            },
        ],
    );
    let early = tokio::time::timeout(Duration::from_millis(20), status(&mock)).await;
    assert!(early.is_err(), "a reply during the silence");
    assert_eq!(status(&mock).await, StatusCode::OK);
    assert_eq!(status(&mock).await, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn an_error_event_ends_a_stream_that_began_well() {
    let mock = demo().await;
    for after_events in [0, 2, 1000] {
        mock.set_fault(
            "octocat",
            Fault::ErrorInStream {
                after_events,
                body: r#"{"error":{"code":"late"}}"#.to_owned(),
            },
        );
        let reply = chat(&mock, &hi_stream()).send().await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("content-type"), "text/event-stream");
        assert!(reply.complete);
        let data = reply.data();
        // The greeting has nine chunks; an error never follows `[DONE]`.
        assert_eq!(data.len(), after_events.min(9) + 1);
        assert_eq!(data.last().unwrap(), r#"{"error":{"code":"late"}}"#);
    }
}

#[tokio::test]
async fn an_error_without_a_stream_is_a_200_with_the_error_as_its_body() {
    let mock = demo().await;
    let fault = serde_json::from_str(r#"{"error_in_stream":{"after_events":0}}"#).unwrap();
    mock.set_fault("octocat", fault);
    let reply = chat(&mock, &hi()).send().await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json()["error"]["code"], "model_overloaded");
}

#[tokio::test]
async fn a_stream_request_may_be_answered_in_whole_json() {
    let mock = demo().await;
    mock.set_fault("octocat", Fault::JsonDespiteStream);
    let reply = chat(&mock, &hi_stream()).send().await;
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.json()["object"], "chat.completion");
}
