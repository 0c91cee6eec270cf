//! The language of the tests: a home, a server, a client, and what they said.

pub(crate) mod accounts;
pub(crate) mod client;
pub(crate) mod home;
pub(crate) mod output;
pub(crate) mod page;
pub(crate) mod server;
pub(crate) mod terminal;
pub(crate) mod tls;
pub(crate) mod usage;

use std::time::Duration;

use mock_upstream::{Account, Mock, Script};
use tokio::time::{Instant, sleep};

pub(crate) use client::{hi, streamed};
pub(crate) use home::Home;
pub(crate) use output::Output;
pub(crate) use server::Server;

/// How long anything may take that should come about at once. Only a failing
/// test waits as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Longer than any test: what hangs for as long hangs for ever.
pub(crate) const FOR_EVER_MILLIS: u64 = 3_600_000;

/// The key of the Z.ai account `zed` in [`Script::demo`].
pub(crate) const ZAI_KEY: &str = "zai-demo-key";

/// The usual upstream: `octocat` and `hubot` of Copilot, `zed` of Z.ai.
pub(crate) async fn mock() -> Mock {
    mock_of(Script::demo()).await
}

/// An upstream of these accounts.
pub(crate) async fn mock_with(accounts: Vec<Account>) -> Mock {
    mock_of(Script::new(accounts)).await
}

/// An upstream that plays this script.
pub(crate) async fn mock_of(script: Script) -> Mock {
    Mock::start(script).await.expect("loopback has a free port")
}

/// How many chats the mock was asked for in the name of this account.
pub(crate) fn asked(mock: &Mock, account: &str) -> usize {
    let seen = mock.seen();
    let chats = seen.iter().filter(|seen| {
        seen.path.ends_with("/chat/completions") && seen.account.as_deref() == Some(account)
    });
    chats.count()
}

/// Looks again and again until there is something to see.
pub(crate) async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    const TICK: Duration = Duration::from_millis(5);
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        sleep(TICK).await;
    }
}

/// An address on loopback where nobody listens.
pub(crate) fn closed_port() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
