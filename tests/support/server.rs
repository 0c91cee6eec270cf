//! A running server.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::client::{self, Open, Reply};
use super::output::Names;
use super::{Output, PATIENCE, eventually};

/// A running server, killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    stdout: Heard,
    stderr: Heard,
    listening: JoinSet<()>,
    addresses: Vec<SocketAddr>,
    names: Names,
}

/// What a process has said so far.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

impl Server {
    /// Starts it and waits until it has said all that it says at its start.
    pub(crate) async fn start(mut command: Command, names: Names) -> Self {
        let mut child = command.spawn().expect("the binary runs");
        let mut listening = JoinSet::new();
        let stdout = Heard::from(child.stdout.take().unwrap(), &mut listening);
        let stderr = Heard::from(child.stderr.take().unwrap(), &mut listening);
        eventually("the server to start", || {
            if let Some(status) = child.try_wait().unwrap() {
                panic!("no server: {status}: {}", stderr.text());
            }
            stdout.text().contains("curl ").then_some(())
        })
        .await;
        let addresses = stdout
            .text()
            .lines()
            .filter_map(|line| line.strip_prefix("listening on http://"))
            .map(|address| address.parse().expect("an address and a port"))
            .collect();
        Self {
            child,
            stdout,
            stderr,
            listening,
            addresses,
            names,
        }
    }

    /// What it said on stdout so far.
    pub(crate) fn greeting(&self) -> String {
        self.stdout.text()
    }

    /// What it said on stderr so far.
    pub(crate) fn log(&self) -> String {
        self.stderr.text()
    }

    /// Where it listens.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        client::get(self.address(), path).await
    }

    /// Posts to any path.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        client::post(self.address(), path, body).await
    }

    /// Asks for a chat completion and reads the reply to its end.
    pub(crate) async fn chat(&self, body: Value) -> Reply {
        self.open(body).await.rest().await
    }

    /// The same in a conversation that a header names.
    pub(crate) async fn chat_in(&self, session: &str, body: Value) -> Reply {
        let open = client::open_in(self.address(), session, body).await;
        open.rest().await
    }

    /// Waits until it knows every account's list of models: an account whose
    /// list is not known comes after the others.
    pub(crate) async fn knows_models(&self) {
        let reply = self.get("/v1/models").await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }

    /// Asks for a chat completion and leaves the reply's body to be read.
    pub(crate) async fn open(&self, body: Value) -> Open {
        client::open(self.address(), body).await
    }

    /// Asks for a stream and reads it up to its first event.
    pub(crate) async fn open_stream(&self) -> Open {
        let mut open = self.open(client::streamed("gpt-4o")).await;
        open.first_event().await;
        open
    }

    /// Sends `TERM`, `INT` or `KILL`.
    pub(crate) async fn signal(&self, name: &str) {
        let id = self.child.id().expect("it is still running");
        // The shell's own `kill`: a bare machine has no other.
        let sent = Command::new("/bin/sh")
            .args(["-c", &format!("kill -{name} {id}")])
            .status();
        assert!(sent.await.unwrap().success(), "cannot signal {id}");
    }

    /// Waits until it takes no more connections, and tells how many it had.
    pub(crate) async fn drains(&self) -> usize {
        eventually("the server to drain", || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("draining"))?;
            let (_, count) = line.split_once("connections=")?;
            count.split_whitespace().next()?.parse().ok()
        })
        .await
    }

    /// Waits until it has ended.
    pub(crate) async fn ends(mut self) -> Output {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status: ExitStatus = ended.expect("the server ends in time").unwrap();
        while self.listening.join_next().await.is_some() {}
        Output::new(self.stdout.bytes(), self.stderr.bytes(), status, self.names)
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(self) -> Output {
        self.signal("TERM").await;
        self.ends().await.succeeded()
    }
}

impl Heard {
    fn from(mut pipe: impl AsyncRead + Send + Unpin + 'static, tasks: &mut JoinSet<()>) -> Self {
        let heard = Self::default();
        let ear = heard.clone();
        tasks.spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
                ear.0.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        heard
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}
