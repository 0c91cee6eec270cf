//! What is asked of a model beside replies: vectors and counted tokens, and how they are told.

use serde_json::json;

use crate::support::home::{seat, zai_seat};
use crate::support::output::with_times_named;
use crate::support::usage::records_until;
use crate::support::{Home, mock};

#[tokio::test]
async fn vectors_and_counted_tokens_are_explained_as_what_they_are() {
    let mock = mock().await;
    let home = Home::with_config(&(seat(&mock, "octocat") + &zai_seat(&mock, "zed")));
    let server = home.serve().await;
    server.knows_models().await;
    let embedded = json!({"model": "text-embedding-3-small", "input": "hi"});
    let embedded = server.post("/v1/embeddings", embedded).await;
    let count = async |model: &str| {
        let messages = json!([{"role": "user", "content": "hi"}]);
        let body = json!({"model": model, "messages": messages});
        server.post("/v1/messages/count_tokens", body).await
    };
    let counted = count("claude-sonnet-5").await;
    let estimated = count("glm-4.7").await;
    records_until(&home.database(), 3).await;
    let mut told = String::new();
    for reply in [embedded, counted, estimated] {
        assert_eq!(reply.status, 200, "{reply:?}");
        let id = reply.header("x-tokn-router-request-id");
        told += &home.run(&["explain", id]).await.succeeded().printed();
        told += "---\n";
    }
    with_times_named(|| {
        insta::assert_snapshot!(told, @"
    request [id]
    text-embedding-3-small, embedded, at [moment]
    served by octocat after 1 attempt in [time], the first byte after [time]

    the strategy was round_robin; one account had the model when it came, best first:
      1. octocat: free

    what happened:
      octocat answered
    ---
    request [id]
    claude-sonnet-5, its tokens counted, at [moment]
    served by octocat after 1 attempt in [time], the first byte after [time]

    the strategy was round_robin; one account had the model when it came, best first:
      1. octocat: free

    what happened:
      octocat answered
    ---
    request [id]
    glm-4.7, its tokens counted, at [moment]
    told by the router itself after 0 attempts in [time], the first byte after [time]

    no upstream that counts for this model was asked: the number is an estimate
    ---
    ")
    });
}
