//! A client of one connection a request, which tells a whole body from a broken one.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use mock_upstream::{Account, Mock, Script};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Each HTTP chunk, or what of it came at once.
    pub(crate) frames: Vec<Bytes>,
    /// Whether the body ended as HTTP says it must.
    pub(crate) complete: bool,
}

/// A reply whose body is still to come. Dropping it closes the connection.
pub(crate) struct Open {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Incoming,
    _connection: JoinSet<()>,
}

/// One request to send.
pub(crate) struct Ask {
    addr: SocketAddr,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Ask {
    pub(crate) fn get(mock: &Mock, path: &str) -> Self {
        Self {
            addr: mock.addr(),
            method: Method::GET,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
    }

    pub(crate) fn post(mock: &Mock, path: &str, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            body: body.into(),
            ..Self::get(mock, path)
        }
    }

    pub(crate) fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// Under a fresh Copilot token and an editor's name.
    pub(crate) fn by_copilot(self, mock: &Mock, account: &str) -> Self {
        let token = mock.issue_token(account).expect("an account of the script");
        self.with("authorization", format!("Bearer {token}"))
            .with("editor-version", "vscode/1.124.2")
            .with("copilot-integration-id", "vscode-chat")
    }

    pub(crate) fn by_github(self, token: &str) -> Self {
        self.with("authorization", format!("token {token}"))
            .with("user-agent", "tests")
    }

    /// The error is a connection that closed without a reply.
    pub(crate) async fn open(self) -> hyper::Result<Open> {
        let stream = TcpStream::connect(self.addr).await.unwrap();
        let (mut sender, connection): (SendRequest<Full<Bytes>>, _) =
            http1::handshake(TokioIo::new(stream)).await?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let _ = connection.await;
        });
        let mut request = Request::builder()
            .method(self.method)
            .uri(self.path)
            .header("host", self.addr.to_string());
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).unwrap();
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        Ok(Open {
            status: head.status,
            headers: head.headers,
            body,
            _connection: connections,
        })
    }

    pub(crate) async fn send(self) -> Reply {
        self.open().await.expect("a reply").rest().await
    }
}

impl Open {
    /// The next bytes, if the body goes on and is sound.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        self.body.frame().await?.ok()?.into_data().ok()
    }

    pub(crate) async fn rest(mut self) -> Reply {
        let mut frames = Vec::new();
        let mut complete = true;
        while let Some(frame) = self.body.frame().await {
            match frame {
                Ok(frame) => frames.extend(frame.into_data()),
                Err(_) => complete = false,
            }
        }
        Reply {
            status: self.status,
            headers: self.headers,
            frames,
            complete,
        }
    }
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.frames.concat()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The data of the events of a plainly written stream.
    pub(crate) fn data(&self) -> Vec<String> {
        self.text()
            .split("\n\n")
            .filter_map(|event| event.lines().find_map(|line| line.strip_prefix("data: ")))
            .map(str::to_owned)
            .collect()
    }

    /// The chunks of a stream that ends in `[DONE]`.
    pub(crate) fn chunks(&self) -> Vec<Value> {
        let mut data = self.data();
        assert_eq!(data.pop().as_deref(), Some("[DONE]"));
        data.iter()
            .map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }
}

pub(crate) async fn demo() -> Mock {
    Mock::start(Script::demo()).await.unwrap()
}

pub(crate) async fn with_octocat(change: impl FnOnce(&mut Account)) -> Mock {
    let mut octocat = Account::copilot("octocat");
    change(&mut octocat);
    Mock::start(Script::new(vec![octocat])).await.unwrap()
}

/// A chat request of octocat's.
pub(crate) fn chat(mock: &Mock, body: &Value) -> Ask {
    Ask::post(mock, "/chat/completions", body.to_string()).by_copilot(mock, "octocat")
}

/// A body that says hi.
pub(crate) fn hi() -> Value {
    json!({"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi there"}]})
}

/// A body that says hi and asks for a stream.
pub(crate) fn hi_stream() -> Value {
    let mut body = hi();
    body["stream"] = json!(true);
    body
}

/// A body whose answer calls `look` (and `find`, when parallel calls are asked).
pub(crate) fn hi_tools() -> Value {
    let mut body = hi();
    let parameters = json!({"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"enum": ["C", "F"]}}});
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    body["tools"] = json!([tool("look"), tool("find")]);
    body
}
