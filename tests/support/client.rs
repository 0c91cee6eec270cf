//! A client of one connection a request, which tells a whole body from a broken one.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{HeaderMap, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::PATIENCE;

/// A reply, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    /// Whether the body ended as HTTP says it must.
    pub(crate) whole: bool,
}

/// A reply whose body is still to come. Dropping it closes the connection.
pub(crate) struct Open {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    read: Vec<u8>,
    body: Incoming,
    broken: bool,
    _connection: JoinSet<()>,
}

/// A question whose answer is whole.
pub(crate) fn hi(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

/// A question whose answer is streamed.
pub(crate) fn streamed(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": true})
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Reply {
    let request = Request::get(path).body(Full::default());
    send(address, request.expect("a path of the API"))
        .await
        .rest()
        .await
}

/// Asks for a chat completion.
pub(crate) async fn open(address: SocketAddr, body: Value) -> Open {
    let request = Request::post(CHAT).body(Full::from(body.to_string()));
    send(address, request.expect("a request")).await
}

/// Posts to any path.
pub(crate) async fn post(address: SocketAddr, path: &str, body: Value) -> Reply {
    let request = Request::post(path).body(Full::from(body.to_string()));
    send(address, request.expect("a path of the API"))
        .await
        .rest()
        .await
}

/// Asks for a chat completion in a conversation that a header names.
pub(crate) async fn open_in(address: SocketAddr, session: &str, body: Value) -> Open {
    let request = Request::post(CHAT).header("x-session-id", session);
    let request = request.body(Full::from(body.to_string()));
    send(address, request.expect("a name that a header can hold")).await
}

async fn send(address: SocketAddr, mut request: Request<Full<Bytes>>) -> Open {
    let answer = async {
        let stream = TcpStream::connect(address).await.expect("a listener");
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            // What breaks here is seen by whoever reads the body.
            let _ = connection.await;
        });
        let host = HeaderValue::try_from(address.to_string()).expect("an address is a host");
        let headers = request.headers_mut();
        headers.insert(HOST, host);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let (head, body) = sender.send_request(request).await?.into_parts();
        hyper::Result::Ok(Open {
            status: head.status,
            headers: head.headers,
            read: Vec::new(),
            body,
            broken: false,
            _connection: connections,
        })
    };
    let answer = timeout(PATIENCE, answer).await;
    answer.expect("an answer in time").expect("an answer")
}

impl Open {
    /// Reads up to the first event of the stream.
    pub(crate) async fn first_event(&mut self) {
        while !self.text().contains("data: ") {
            assert!(self.more().await, "no event: {}", self.text());
        }
    }

    /// Reads the rest.
    pub(crate) async fn rest(mut self) -> Reply {
        while self.more().await {}
        Reply {
            status: self.status,
            body: self.text(),
            headers: self.headers,
            whole: !self.broken,
        }
    }

    /// Reads some, unless nothing is to come.
    async fn more(&mut self) -> bool {
        let frame = timeout(PATIENCE, self.body.frame()).await;
        match frame.expect("a reply goes on in time") {
            Some(Ok(frame)) => {
                self.read.extend(frame.into_data().unwrap_or_default());
                true
            }
            Some(Err(_)) => {
                self.broken = true;
                false
            }
            None => false,
        }
    }

    fn text(&self) -> String {
        String::from_utf8(self.read.clone()).expect("only text is said")
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It is a whole stream of success.
    #[track_caller]
    pub(crate) fn is_a_finished_stream(&self) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert!(
            self.whole && self.body.ends_with("data: [DONE]\n\n"),
            "{self:?}"
        );
    }

    /// This account answered.
    #[track_caller]
    pub(crate) fn is_served_by(&self, account: &str) {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        assert_eq!(self.header("x-tokn-router-account"), account, "{self:?}");
    }

    /// The value of a header that it has.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        let value = value.unwrap_or_else(|| panic!("no {name}: {self:?}"));
        value.to_str().expect("visible ASCII only")
    }

    /// It is an error of this code, in OpenAI's shape.
    #[track_caller]
    pub(crate) fn is_an_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.json()["error"]["code"], code, "{self:?}");
    }
}

const CHAT: &str = "/v1/chat/completions";
