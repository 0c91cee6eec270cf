//! Responses over a WebSocket, as Codex asks for them.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderValue, Request, StatusCode};
use http_body_util::Full;
use mock_upstream::{Fault, Faults};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::House;

/// Speaks Responses, chat, and chat and Messages.
const MODELS: [&str; 3] = ["gpt-5-mini", "gemini-3.1-pro", "claude-sonnet-5"];

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(house: &House) -> Self {
        Self::open_with(house, &[]).await.unwrap()
    }

    async fn open_with(
        house: &House,
        more: &[(&'static str, &'static str)],
    ) -> Result<Self, Error> {
        let url = format!("ws://{}/v1/responses", house.address());
        let mut request = url.into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert(
            "openai-beta",
            HeaderValue::from_static("responses_websockets=2026-02-06"),
        );
        for (name, value) in more {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let stream = TcpStream::connect(house.address()).await.unwrap();
        client_async(request, stream)
            .await
            .map(|(socket, _)| Self(socket))
    }

    async fn say(&mut self, message: &Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// The next message; `None` where the socket has ended.
    async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).ok(),
                Some(Ok(Message::Ping(_))) => {}
                _ => return None,
            }
        }
    }

    /// The events of a response.
    async fn response(&mut self, message: &Value) -> Vec<Value> {
        self.say(message).await;
        let mut events = Vec::new();
        while let Some(event) = self.hear().await {
            let ends = ["response.completed", "response.failed", "error"];
            let is_last = ends.iter().any(|kind| event["type"] == *kind);
            events.push(event);
            if is_last {
                break;
            }
        }
        events
    }
}

fn create(model: &str, more: Value) -> Value {
    let mut message = json!({"type": "response.create", "model": model, "store": false});
    let Value::Object(more) = more else {
        unreachable!()
    };
    message.as_object_mut().unwrap().extend(more);
    message
}

fn last(events: &[Value]) -> &Value {
    events.last().unwrap()
}

#[tokio::test]
async fn a_turn_of_codexs_runs_over_one_socket_whatever_the_upstream_speaks() {
    for model in MODELS {
        let house = House::build().await;
        let mut socket = Socket::open(&house).await;
        let tools = json!([{"type": "function", "name": "look_up", "parameters": {
            "type": "object", "properties": {"word": {"type": "string"}},
        }}]);
        let warm = create(
            model,
            json!({
                "generate": false, "tools": tools,
                "input": [{"type": "message", "role": "developer", "content": "Be brief."}],
            }),
        );
        let events = socket.response(&warm).await;
        assert_eq!(
            last(&events)["response"]["output"],
            json!([]),
            "{events:#?}"
        );
        assert!(
            house.mock.seen().iter().all(|seen| seen.method != "POST"),
            "a prewarm asks nobody"
        );

        let ask = create(
            model,
            json!({
                "previous_response_id": last(&events)["response"]["id"], "tools": tools,
                "input": [{"type": "message", "role": "user", "content": "hi"}],
            }),
        );
        let events = socket.response(&ask).await;
        assert_eq!(
            last(&events)["type"],
            "response.completed",
            "{model}: {events:#?}"
        );
        let call = &last(&events)["response"]["output"][0];
        assert_eq!(call["type"], "function_call");

        let result = create(
            model,
            json!({
                "previous_response_id": last(&events)["response"]["id"], "tools": tools,
                "input": [{"type": "function_call_output", "call_id": call["call_id"], "output": "ärm"}],
            }),
        );
        let events = socket.response(&result).await;
        let said = last(&events)["response"]["output"][0]["content"][0]["text"]
            .as_str()
            .unwrap();
        assert!(said.ends_with("the tool said: ärm"), "{model}: {said}");
        drop(socket);

        let records = house.records().await;
        assert_eq!(records.len(), 2, "one for each response that was asked for");
        assert!(
            records
                .iter()
                .all(|record| record.status == 200 && record.stream)
        );
    }
}

#[tokio::test]
async fn where_it_is_switched_off_or_no_handshake_codex_is_told_426() {
    let house = House::with(|_, config| config.server.websocket = false).await;
    let Err(Error::Http(response)) = Socket::open_with(&house, &[]).await else {
        panic!("a socket was opened");
    };
    assert_eq!(response.status(), StatusCode::UPGRADE_REQUIRED);
    let house = House::build().await;
    assert_eq!(
        house.get("/v1/responses").await.status,
        StatusCode::UPGRADE_REQUIRED
    );
    let old = Request::get(format!("http://{}/responses", house.address()))
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "12");
    let answer = house.send(old.body(Full::default()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::UPGRADE_REQUIRED);
}

#[tokio::test]
async fn no_web_page_opens_a_socket() {
    let house = House::build().await;
    let opened = Socket::open_with(&house, &[("origin", "http://127.0.0.1:4141")]).await;
    let Err(Error::Http(response)) = opened else {
        panic!("a socket was opened");
    };
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_goes_wrong_is_a_message_and_the_socket_stays() {
    let house = House::build().await;
    let mut socket = Socket::open(&house).await;
    let unknown = create(
        "gpt-5-mini",
        json!({"input": "hi", "previous_response_id": "resp_0"}),
    );
    let events = socket.response(&unknown).await;
    assert_eq!(events[0]["error"]["code"], "previous_response_not_found");
    let nobody = socket
        .response(&create("no-such-model", json!({"input": "hi"})))
        .await;
    assert_eq!(
        (&nobody[0]["status"], &nobody[0]["error"]["code"]),
        (&json!(404), &json!("model_not_found"))
    );
    house.both(&Fault::rate_limited(3600));
    let limited = socket
        .response(&create("gpt-5-mini", json!({"input": "hi"})))
        .await;
    assert_eq!(limited[0]["status"], 429, "{limited:#?}");
    assert!(limited[0]["headers"]["retry-after"].is_string());
    let odd = socket.response(&json!({"type": "session.update"})).await;
    assert_eq!(odd[0]["status"], 400);
    socket.0.send(Message::text("{")).await.unwrap();
    assert_eq!(socket.hear().await.unwrap()["status"], 400);
}

#[tokio::test]
async fn a_reply_that_breaks_off_ends_the_socket_so_that_the_client_sees_it() {
    let house = House::build().await;
    house.both(&Fault::CutStream {
        after_events: 5,
        clean: false,
    });
    let mut socket = Socket::open(&house).await;
    let events = socket
        .response(&create("gpt-5-mini", json!({"input": "hi"})))
        .await;
    assert_eq!(last(&events)["type"], "error", "{events:#?}");
    assert!(socket.hear().await.is_none());
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_response() {
    let house = House::build().await;
    house.both(&Fault::silence(600_000));
    let mut socket = Socket::open(&house).await;
    socket
        .say(&create("gpt-5-mini", json!({"input": "hi"})))
        .await;
    let is_asked = || house.mock.seen().iter().any(|seen| seen.method == "POST");
    while !is_asked() {
        tokio::task::yield_now().await;
    }
    drop(socket);
    let records = house.records().await;
    assert_eq!(records[0].status, 499);
}

#[tokio::test]
async fn a_server_that_ends_finishes_the_response_and_closes_the_socket() {
    let house = House::with(|script, _| script.reply.pace = Duration::from_millis(20)).await;
    let mut idle = Socket::open(&house).await;
    let mut busy = Socket::open(&house).await;
    busy.say(&create("gpt-5-mini", json!({"input": "hi"})))
        .await;
    assert_eq!(busy.hear().await.unwrap()["type"], "response.created");
    let mut ends = JoinSet::new();
    ends.spawn(house.records());
    assert!(matches!(
        idle.0.next().await,
        Some(Ok(Message::Close(Some(frame)))) if frame.code == CloseCode::Away
    ));
    let mut whole = Value::Null;
    while let Some(event) = busy.hear().await {
        whole = event;
    }
    assert_eq!(whole["type"], "response.completed");
    assert_eq!(ends.join_next().await.unwrap().unwrap()[0].status, 200);
}

#[tokio::test]
async fn a_message_larger_than_any_body_ends_its_socket_alone() {
    let house = House::with(|_, config| config.server.max_body_bytes = 10_000).await;
    let mut socket = Socket::open(&house).await;
    let large = create("gpt-5-mini", json!({"input": "x".repeat(20_000)}));
    // It may hang up in the midst of it.
    let _ = socket.0.send(Message::text(large.to_string())).await;
    assert!(socket.hear().await.is_none());
    house.mock.set_faults("octocat", Faults::default());
    assert_eq!(house.ask("gpt-5-mini").await.status, 200);
}

#[tokio::test]
async fn what_the_protocol_forbids_ends_the_socket_with_its_code_and_a_farewell_is_answered() {
    let house = House::build().await;
    let bad_text = Frame::message(vec![0xff], OpCode::Data(Data::Text), true);
    for (message, code) in [
        (Message::Frame(bad_text), CloseCode::Invalid),
        (Message::binary(vec![1]), CloseCode::Unsupported),
        (Message::Close(None), CloseCode::Status),
    ] {
        let mut socket = Socket::open(&house).await;
        socket.0.send(message).await.unwrap();
        let told = match socket.0.next().await {
            Some(Ok(Message::Close(frame))) => frame.map_or(CloseCode::Status, |frame| frame.code),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, code);
    }
}
