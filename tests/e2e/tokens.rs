//! Copilot's short-lived tokens: kept apart, and kept from one run to the next.

use std::fs;

use mock_upstream::Fault;
use tokio::task::JoinSet;

use crate::support::home::mode;
use crate::support::{Home, client, eventually, hi, mock};

#[tokio::test]
async fn a_token_outlives_the_server_in_a_private_file_and_is_not_asked_for_again() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let before = home.config();
    for run in ["first", "second"] {
        let server = home.serve().await;
        let reply = server.chat(hi("gpt-4o")).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        server.stop().await;
        assert_eq!(mock.exchanges("octocat"), 1, "after the {run} run");
    }
    let cache = home.data().join("tokens/octocat.json");
    assert_eq!(mode(&cache), 0o600);
    assert_eq!(mode(cache.parent().unwrap()), 0o700);
    assert_eq!(
        home.config(),
        before,
        "the person's own file is not the server's to write"
    );
}

#[tokio::test]
async fn all_who_want_a_token_at_once_share_one_exchange() {
    let mock = mock().await;
    // Longer than a request waits for the list of models, so that each of them
    // comes to ask for a token while the one exchange is under way.
    mock.set_exchange_faults("octocat", Fault::silence(2_500));
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    let mut clients = JoinSet::new();
    for _ in 0..10 {
        clients.spawn(client::open(server.address(), hi("gpt-4o")));
    }
    for open in clients.join_all().await {
        assert_eq!(open.status, 200);
    }
    server.stop().await;
    assert_eq!(mock.exchanges("octocat"), 1);
}

#[tokio::test]
async fn all_that_the_server_keeps_is_for_its_owner_only() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    server.chat(hi("gpt-4o")).await;
    assert_eq!(mode(&home.data()), 0o700);
    for name in home
        .left_behind()
        .iter()
        .filter(|name| name.starts_with("data/tokn-router"))
    {
        let others = mode(&home.path().join(name)) & 0o077;
        assert_eq!(others, 0, "{name} is open to others");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_token_that_was_revoked_meanwhile_is_renewed_without_a_failure() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    server.chat(hi("gpt-4o")).await;
    server.stop().await;
    mock.revoke_tokens("octocat");
    let before = mock.exchanges("octocat");
    let server = home.serve().await;
    let reply = server.chat(hi("gpt-4o")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(mock.exchanges("octocat"), before + 1);
    server.stop().await;
}

#[tokio::test]
async fn a_cache_that_cannot_be_read_is_fetched_anew() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    home.write("data/tokn-router/tokens/octocat.json", "{");
    let server = home.serve().await;
    let reply = server.chat(hi("gpt-4o")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let cache = home.data().join("tokens/octocat.json");
    eventually("the cache to be mended", || {
        fs::read_to_string(&cache)
            .ok()
            .filter(|text| text.contains("tid=octocat"))
    })
    .await;
    server.stop().await;
}
