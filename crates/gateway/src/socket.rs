//! `GET /v1/responses` as a WebSocket: Codex's way of asking for one response after the
//! other (facts: clients, 3). Each is a request like any other, with its own record; only
//! what was said before is kept here, for as long as the connection lasts.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialect::responses::socket::{Asked, Conversation, error, message};
use dialect::sse::event_end;
use dialect::{Dialect, Failure, Operation};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, ORIGIN, RETRY_AFTER, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::admit::{Arrival, admit};
use crate::api::{request_id, respond};
use crate::body::Body;
use crate::gateway::Gateway;
use crate::server::is_draining;
use crate::speech::as_events;

/// How long a connection may be idle between two responses, as its vendor has it.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// How long a client has to take the last frame.
const GOODBYE: Duration = Duration::from_secs(5);
/// What is read at once; messages may be larger.
const BUFFER: usize = 16 << 10;

/// A connection that becomes a socket when its answer has gone out. Travels to the task of
/// the connection in the answer's extensions.
#[derive(Clone)]
pub(crate) struct Opened {
    upgrade: OnUpgrade,
    headers: HeaderMap,
}

/// Accepts a handshake (RFC 6455, 4.2).
///
/// # Errors
/// If it is none, in an answer after which Codex goes on over HTTP; or if a web page asks:
/// a browser lets every page open sockets to this machine, and names it in `Origin`.
pub(crate) fn accept(head: Parts) -> Result<Response<Body>, Failure> {
    let headers = &head.headers;
    if headers.contains_key(ORIGIN) {
        let text = "web pages may not open sockets here";
        return Err(Failure::new(403, "origin_refused", text));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let is_known = headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_some_and(|version| version == "13");
    let Some(key) = key.filter(|_| is_known) else {
        let text = "this is no handshake of WebSocket version 13: send the request with POST";
        return Err(Failure::new(426, "upgrade_required", text));
    };
    let accept = derive_accept_key(key.as_bytes());
    let mut request = Request::from_parts(head, ());
    let upgrade = hyper::upgrade::on(&mut request);
    let mut response = Response::new(Body::Full(None));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    let headers = std::mem::take(request.headers_mut());
    response
        .extensions_mut()
        .insert(Opened { upgrade, headers });
    Ok(response)
}

/// Whether a request wants a socket.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    headers
        .get(UPGRADE)
        .is_some_and(|kind| kind.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

/// Serves a socket until its client leaves. When `draining` becomes true, the response
/// that is on its way is the last.
pub(crate) async fn serve(
    gateway: Arc<Gateway>,
    opened: Opened,
    mut draining: watch::Receiver<bool>,
) {
    let upgraded = match opened.upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => return tracing::debug!(%error, "no socket came of a handshake"),
    };
    let most = usize::try_from(gateway.max_body()).unwrap_or(usize::MAX);
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(Some(most))
        .max_frame_size(Some(most));
    let socket =
        WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config));
    let (sink, messages) = socket.await.split();
    let mut session = Session {
        gateway,
        headers: opened.headers,
        conversation: Conversation::default(),
        sink,
        incoming: Incoming {
            messages,
            early: None,
        },
    };
    let goodbye = match session.run(&mut draining).await {
        Ok(code) | Err(Left::Ended(code)) => Some(code),
        Err(Left::Gone) => None,
    };
    let end = async {
        if let Some(code) = goodbye {
            let reason = "".into();
            let frame = Message::Close(Some(CloseFrame { code, reason }));
            session.sink.send(frame).await?;
        }
        // The answer to a client's own farewell waits to be written (RFC 6455, 5.5.1).
        session.sink.close().await
    };
    // It may have left meanwhile, or read no more.
    let _ = timeout(GOODBYE, end).await;
}

type Socket = WebSocketStream<TokioIo<Upgraded>>;

struct Session {
    gateway: Arc<Gateway>,
    /// Those of the handshake, which are those of each request.
    headers: HeaderMap,
    conversation: Conversation,
    sink: SplitSink<Socket, Message>,
    incoming: Incoming,
}

/// What the client sends.
struct Incoming {
    messages: SplitStream<Socket>,
    /// A message that came while another was answered.
    early: Option<String>,
}

/// Why no message comes any more.
enum Left {
    /// The client has left.
    Gone,
    /// It sent what ends the socket, for this reason.
    Ended(CloseCode),
}

impl From<Error> for Left {
    fn from(error: Error) -> Self {
        match error {
            Error::Capacity(_) => Self::Ended(CloseCode::Size),
            Error::Utf8(_) => Self::Ended(CloseCode::Invalid),
            _ => Self::Gone,
        }
    }
}

impl Session {
    async fn run(&mut self, draining: &mut watch::Receiver<bool>) -> Result<CloseCode, Left> {
        loop {
            let text = tokio::select! {
                biased;
                () = is_draining(draining) => return Ok(CloseCode::Away),
                next = timeout(IDLE, self.incoming.next()) => match next {
                    Ok(next) => next?,
                    Err(_) => return Ok(CloseCode::Normal),
                },
            };
            if let Some(code) = self.turn(&text).await? {
                return Ok(code);
            }
        }
    }

    /// Answers one message. A code where the socket ends after it.
    async fn turn(&mut self, text: &str) -> Result<Option<CloseCode>, Left> {
        let id = request_id();
        let started = Instant::now();
        let time = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
        let most = self.gateway.max_body();
        let body = match self.conversation.asked(text, most, &id, time) {
            Ok(Asked::Response(body)) => body,
            Ok(Asked::Nothing(events)) => {
                for event in events {
                    self.sink.feed(Message::text(event)).await?;
                }
                self.sink.flush().await?;
                return Ok(None);
            }
            Err(failure) => return self.refuse(&failure).await.map(|()| None),
        };
        let arrival = Arrival {
            id,
            headers: self.headers.clone(),
            started,
        };
        let call = match admit(
            arrival,
            Dialect::Responses,
            Operation::Generate,
            body.into(),
        ) {
            Ok(call) => call,
            Err(failure) => return self.refuse(&failure).await.map(|()| None),
        };
        let answer = Box::pin(respond(Arc::clone(&self.gateway), call));
        let response = self.incoming.while_there(answer).await?;
        self.relay(response).await
    }

    /// Hands on an answer: its events, or its error.
    async fn relay(&mut self, response: Response<Body>) -> Result<Option<CloseCode>, Left> {
        let (head, mut body) = response.into_parts();
        if let Body::Full(bytes) = &mut body {
            let bytes = bytes.take().unwrap_or_default();
            let events = as_events(Dialect::Responses, &bytes).filter(|_| head.status.is_success());
            let Some(events) = events else {
                let after = head.headers.get(RETRY_AFTER);
                let after = after.and_then(|after| after.to_str().ok());
                let text = error(head.status.as_u16(), &bytes, after);
                self.sink.send(Message::text(text)).await?;
                return Ok(None);
            };
            self.events(&events).await?;
            return Ok(None);
        }
        while let Some(frame) = self.incoming.while_there(body.frame()).await? {
            // A client sees only from its end that a reply is not whole.
            let Ok(frame) = frame else {
                return Ok(Some(CloseCode::Error));
            };
            if let Ok(events) = frame.into_data() {
                self.events(&events).await?;
            }
        }
        Ok(None)
    }

    async fn events(&mut self, events: &Bytes) -> Result<(), Left> {
        let (mut rest, mut is_silent) = (&events[..], true);
        while !rest.is_empty() {
            let end = event_end(rest, 0).unwrap_or(rest.len());
            if let Some(text) = message(&rest[..end]) {
                is_silent = false;
                self.conversation.said(&text);
                self.sink.feed(Message::text(text)).await?;
            }
            rest = &rest[end..];
        }
        if is_silent {
            // A comment, which keeps a connection alive.
            self.sink.feed(Message::Ping(Bytes::new())).await?;
        }
        Ok(self.sink.flush().await?)
    }

    async fn refuse(&mut self, failure: &Failure) -> Result<(), Left> {
        let body = failure.body(Dialect::Responses);
        let text = error(failure.status, &body, None);
        Ok(self.sink.send(Message::text(text)).await?)
    }
}

impl Incoming {
    async fn next(&mut self) -> Result<String, Left> {
        if let Some(early) = self.early.take() {
            return Ok(early);
        }
        loop {
            match self.messages.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text.as_str().to_owned()),
                // Pings are answered for us.
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => {
                    return Err(Left::Ended(CloseCode::Unsupported));
                }
                Some(Err(error)) => return Err(error.into()),
                Some(Ok(Message::Close(_) | Message::Frame(_))) | None => {
                    return Err(Left::Gone);
                }
            }
        }
    }

    /// Does some work as long as the client is there: dropped, it cancels what it waits for.
    async fn while_there<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Left> {
        let mut work = pin!(work);
        loop {
            if self.early.is_some() {
                return Ok(work.await);
            }
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                next = self.next() => match next {
                    Ok(early) => self.early = Some(early),
                    Err(left) => return Err(left),
                },
            }
        }
    }
}
