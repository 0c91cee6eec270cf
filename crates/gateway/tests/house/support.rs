//! The gateway under test, and a client that reads like English.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use config::{Account, Config, ProviderId, Settings, Tier};
use gateway::memory::Memory;
use gateway::server::{Drained, serve};
use gateway::{Gateway, Setup};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use ledger::{Ledger, Reader, Record};
use mock_upstream::{Fault, Faults, Kind, Mock, Script};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A mock, a gateway before it, and a client.
pub(crate) struct House {
    pub(crate) mock: Mock,
    url: String,
    client: Client<HttpConnector, Full<Bytes>>,
    data: TempDir,
    ledger: Arc<Ledger>,
    stop: oneshot::Sender<()>,
    running: JoinSet<Drained>,
    _keepers: JoinSet<()>,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether the body ended as it should.
    pub(crate) whole: bool,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// What a streamed reply says, or a whole one.
    pub(crate) fn said(&self) -> String {
        if self.headers["content-type"] != "text/event-stream" {
            return self.json()["choices"][0]["message"]["content"]
                .as_str()
                .unwrap()
                .to_owned();
        }
        self.chunks()
            .iter()
            .filter_map(|chunk| {
                chunk["choices"][0]["delta"]["content"]
                    .as_str()
                    .map(str::to_owned)
            })
            .collect()
    }

    /// The JSON of each event.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let (mut rest, mut chunks) = (&self.body[..], Vec::new());
        while !rest.is_empty() {
            let end = dialect::sse::event_end(rest, 0).unwrap_or(rest.len());
            let event = dialect::sse::Event::parse(&rest[..end]);
            chunks.extend(
                event
                    .data
                    .and_then(|data| serde_json::from_slice(&data).ok()),
            );
            rest = &rest[end..];
        }
        chunks
    }
}

impl House {
    /// Two Copilot accounts, `octocat` and `hubot`, and the Z.ai account `zed`.
    pub(crate) async fn build() -> Self {
        Self::with(|_, _| {}).await
    }

    /// The same with changes to the script and the configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Script, &mut Config)) -> Self {
        let mut script = Script::demo();
        let mut config = Config::default();
        // Fast enough not to be waited for, slow enough not to come first.
        config.server.keep_alive = Duration::from_millis(200);
        config.accounts = script.accounts.iter().map(account).collect();
        change(&mut script, &mut config);
        let mock = Mock::start(script).await.unwrap();
        for account in &mut config.accounts {
            let at = |path: &str| Some(format!("{}{path}", mock.url()));
            match account.provider {
                ProviderId::GithubCopilot => {
                    let exchange = account
                        .refresh_url
                        .take()
                        .or_else(|| at("/copilot_internal/v2/token"));
                    account.refresh_url = exchange;
                }
                _ => account.base_url = at("/api/paas/v4"),
            }
        }
        Self::over(mock, config, tempfile::tempdir().unwrap()).await
    }

    async fn over(mock: Mock, config: Config, data: TempDir) -> Self {
        let path = data.path().join("usage.db");
        let ledger = Arc::new(Ledger::open(&path).unwrap());
        let drain = config.server.drain;
        let setup = Setup {
            config,
            data: Some(data.path().to_owned()),
            ledger: Some(Arc::clone(&ledger)),
            configuration: None,
        };
        let (gateway, keepers) = Gateway::start(setup).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let mut running = JoinSet::new();
        let mut stopped = Some(stopped);
        let signal = async move || match stopped.take() {
            Some(stopped) => drop(stopped.await),
            None => std::future::pending().await,
        };
        running.spawn(serve(vec![listener], gateway, drain, signal));
        Self {
            mock,
            url,
            client: Client::builder(TokioExecutor::new()).build_http(),
            data,
            ledger,
            stop,
            running,
            _keepers: keepers,
        }
    }

    /// Where the gateway keeps its files.
    pub(crate) fn data(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// What is kept of the accounts, once it is as it should be.
    pub(crate) async fn memory_until(&self, is_so: impl Fn(&Memory) -> bool) -> Memory {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let memory = Memory::read(self.data.path());
            if memory.accounts.len() > 1 && is_so(&memory) {
                return memory;
            }
            assert!(Instant::now() < deadline, "{memory:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Both Copilot accounts answer so, always.
    pub(crate) fn both(&self, fault: &Fault) {
        for account in ["octocat", "hubot"] {
            self.mock.set_faults(account, Faults::always(fault.clone()));
        }
    }

    pub(crate) fn request(&self, path: &str) -> http::request::Builder {
        Request::post(format!("{}{path}", self.url)).header("content-type", "application/json")
    }

    /// Where the gateway listens.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.url))
            .body(Full::default())
            .unwrap();
        self.send(request).await
    }

    /// Asks the model something.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        let request = self.request(path).method("POST");
        let request = request.header("content-type", "application/json");
        let body = Bytes::from(body.to_owned());
        self.send(request.body(Full::new(body)).unwrap()).await
    }

    pub(crate) async fn ask(&self, model: &str) -> Answer {
        self.chat(&json!({"model": model, "messages": [{"role": "user", "content": "hi"}]}))
            .await
    }

    /// Asks for a stream.
    pub(crate) async fn stream(&self, model: &str) -> Answer {
        self.chat(&streamed(model)).await
    }

    pub(crate) async fn chat(&self, body: &Value) -> Answer {
        let request = self.request("/v1/chat/completions");
        self.send(request.body(body.to_string().into()).unwrap())
            .await
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Answer {
        let (head, mut body) = self.open(request).await;
        let (mut bytes, mut whole) = (Vec::new(), true);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => bytes.extend_from_slice(&frame.into_data().unwrap_or_default()),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        Answer {
            status: head.status,
            headers: head.headers,
            body: bytes.into(),
            whole,
        }
    }

    /// Sends a request and leaves the body unread.
    pub(crate) async fn open(
        &self,
        request: Request<Full<Bytes>>,
    ) -> (http::response::Parts, Incoming) {
        self.client.request(request).await.unwrap().into_parts()
    }

    /// Ends the server and gives what the ledger holds, oldest first.
    pub(crate) async fn records(mut self) -> Vec<Record> {
        drop(self.client);
        let _ = self.stop.send(());
        assert_eq!(
            self.running.join_next().await.unwrap().unwrap(),
            Drained::All
        );
        self.ledger.close().unwrap();
        let mut records = Reader::open(&self.data.path().join("usage.db"))
            .unwrap()
            .last(10_000)
            .unwrap();
        records.sort_by_key(|record| record.time);
        records
    }

    /// Ends the server and builds another one over the same mock and data.
    pub(crate) async fn restarted(mut self, change: impl FnOnce(&Mock, &mut Config)) -> Self {
        drop(self.client);
        let _ = self.stop.send(());
        self.running.join_next().await.unwrap().unwrap();
        self.ledger.close().unwrap();
        let mut config = Config {
            accounts: Script::demo()
                .accounts
                .iter()
                .take(2)
                .map(account)
                .collect(),
            ..Config::default()
        };
        for account in &mut config.accounts {
            account.refresh_url = Some(format!("{}/copilot_internal/v2/token", self.mock.url()));
        }
        change(&self.mock, &mut config);
        Self::over(self.mock, config, self.data).await
    }
}

pub(crate) fn streamed(model: &str) -> Value {
    json!({"model": model, "stream": true, "messages": [{"role": "user", "content": "hi"}]})
}

/// The configuration of a mock's account, but for its URLs.
fn account(account: &mock_upstream::Account) -> Account {
    let secret = || Some(account.secret.as_str().into());
    let is_copilot = matches!(account.kind, Kind::Copilot);
    Account {
        id: account.id.clone(),
        provider: if is_copilot {
            ProviderId::GithubCopilot
        } else {
            ProviderId::Zai
        },
        enabled: true,
        refresh_token: secret().filter(|_| is_copilot),
        access_token: None,
        access_token_expires_at: None,
        refresh_url: None,
        base_url: None,
        api_key: secret().filter(|_| !is_copilot),
        host: "github.com".into(),
        tier: Tier::Active,
        weight: 1,
        max_concurrent: None,
        proxy: None,
        settings: Settings::default(),
    }
}
