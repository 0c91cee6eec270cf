//! Three dialects on both sides: passed where the upstream speaks the client's, else
//! translated, streamed or whole.

use mock_upstream::{Fault, Quirk};
use serde_json::{Value, json};

use crate::support::{Answer, House};

/// A model of each set of dialects.
const CHAT_ONLY: &str = "gemini-3.1-pro";
const CHAT_AND_RESPONSES: &str = "gpt-5-mini";
const CHAT_AND_MESSAGES: &str = "claude-sonnet-5";

const TOOL: &str = "look_up";

/// A request of some model: whether streamed, and with tools; its path and body.
type Ask = fn(&str, bool, bool) -> (&'static str, Value);

fn schema() -> Value {
    json!({"type": "object", "properties": {"word": {"type": "string"}}})
}

fn chat(model: &str, stream: bool, tools: bool) -> (&'static str, Value) {
    let mut body = json!({
        "model": model, "stream": stream,
        "messages": [{"role": "user", "content": "hi"}],
    });
    if tools {
        body["tools"] = json!([{
            "type": "function", "function": {"name": TOOL, "parameters": schema()},
        }]);
    }
    ("/v1/chat/completions", body)
}

fn responses(model: &str, stream: bool, tools: bool) -> (&'static str, Value) {
    let mut body = json!({"model": model, "stream": stream, "input": "hi"});
    if tools {
        body["tools"] = json!([{"type": "function", "name": TOOL, "parameters": schema()}]);
    }
    ("/v1/responses", body)
}

fn messages(model: &str, stream: bool, tools: bool) -> (&'static str, Value) {
    let mut body = json!({
        "model": model, "stream": stream, "max_tokens": 1000,
        "messages": [{"role": "user", "content": "hi"}],
    });
    if tools {
        body["tools"] = json!([{"name": TOOL, "input_schema": schema()}]);
    }
    ("/v1/messages", body)
}

/// The text of a reply of any dialect, streamed or whole.
fn text(answer: &Answer) -> String {
    let mut said = String::new();
    let events = match answer.headers["content-type"] == "text/event-stream" {
        true => answer.chunks(),
        false => vec![answer.json()],
    };
    for event in events {
        for place in [
            "/choices/0/delta/content",
            "/choices/0/message/content",
            "/output/0/content/0/text",
            "/content/0/text",
            "/delta/text",
        ] {
            said += event
                .pointer(place)
                .and_then(Value::as_str)
                .unwrap_or_default();
        }
        if event["type"] == "response.output_text.delta" {
            said += event["delta"].as_str().unwrap();
        }
    }
    said
}

/// Where the upstream was asked for a reply last.
fn asked(house: &House) -> String {
    let seen = house.mock.seen();
    let replies = seen.iter().rev().filter(|seen| seen.method == "POST");
    replies.map(|seen| seen.path.clone()).next().unwrap()
}

#[tokio::test]
async fn every_client_gets_every_model_streamed_and_whole() {
    let house = House::build().await;
    let clients: [(&str, Ask); 3] = [
        ("/chat/completions", chat),
        ("/responses", responses),
        ("/v1/messages", messages),
    ];
    for (own, ask) in clients {
        for model in [CHAT_ONLY, CHAT_AND_RESPONSES, CHAT_AND_MESSAGES] {
            for stream in [false, true] {
                let (path, body) = ask(model, stream, false);
                let answer = house.post(path, &body.to_string()).await;
                let place = format!("{path} {model} stream {stream}: {}", answer.text());
                assert_eq!(answer.status, 200, "{place}");
                assert!(answer.whole, "{place}");
                assert!(text(&answer).contains("you said: hi"), "{place}");
                let speaks_own = match model {
                    CHAT_ONLY => own == "/chat/completions",
                    CHAT_AND_RESPONSES => own != "/v1/messages",
                    _ => own != "/responses",
                };
                assert_eq!(asked(&house) == own, speaks_own, "{place}");
            }
        }
    }
    let records = house.records().await;
    assert_eq!(records.len(), 18);
    for record in records {
        assert!(
            record.usage.input > 0 && record.usage.output > 0,
            "{record:#?}"
        );
        assert!(record.usage.nano_credits > Some(0), "{record:#?}");
    }
}

#[tokio::test]
async fn a_tool_is_called_in_every_dialect_over_every_other() {
    let house = House::build().await;
    for model in [CHAT_ONLY, CHAT_AND_RESPONSES, CHAT_AND_MESSAGES] {
        for stream in [false, true] {
            for (path, body) in [
                chat(model, stream, true),
                responses(model, stream, true),
                messages(model, stream, true),
            ] {
                let answer = house.post(path, &body.to_string()).await;
                let said = answer.text();
                assert_eq!(answer.status, 200, "{path} {model} {stream}: {said}");
                assert!(said.contains(TOOL), "{path} {model} {stream}: {said}");
                let finish = match path {
                    "/v1/chat/completions" => "\"tool_calls\"",
                    "/v1/responses" => "\"function_call\"",
                    _ => "\"tool_use\"",
                };
                assert!(said.contains(finish), "{path} {model} {stream}: {said}");
            }
        }
    }
}

#[tokio::test]
async fn paths_need_no_version_and_a_socket_is_refused_so_that_codex_goes_on() {
    let house = House::build().await;
    for (path, body) in [
        chat(CHAT_ONLY, false, false),
        responses(CHAT_AND_RESPONSES, false, false),
        messages(CHAT_AND_MESSAGES, false, false),
    ] {
        let path = path.strip_prefix("/v1").unwrap();
        assert_eq!(
            house.post(path, &body.to_string()).await.status,
            200,
            "{path}"
        );
    }
    assert_eq!(house.get("/v1/responses").await.status, 426);
}

#[tokio::test]
async fn an_error_reaches_each_client_in_its_own_shape() {
    let house = House::build().await;
    let (path, body) = messages("no-such-model", false, false);
    let answer = house.post(path, &body.to_string()).await;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.json()["type"], "error");
    assert_eq!(answer.json()["error"]["type"], "not_found_error");
    let (path, body) = responses("no-such-model", false, false);
    let answer = house.post(path, &body.to_string()).await;
    assert_eq!(answer.json()["error"]["code"], "model_not_found");
}

#[tokio::test]
async fn a_refusal_of_another_dialect_is_told_in_the_clients() {
    let house = House::build().await;
    let no = r#"{"error":{"message":"no","code":"content_filter"}}"#;
    for account in ["octocat", "hubot"] {
        house.mock.set_fault(account, Fault::status(422, no));
    }
    let (path, body) = messages(CHAT_ONLY, false, false);
    let answer = house.post(path, &body.to_string()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.json()["type"], "error", "{}", answer.text());
    assert_eq!(answer.json()["error"]["message"], "no");
}

#[tokio::test]
async fn each_item_of_a_response_keeps_one_id_and_sealed_reasoning_goes_back_with_its_very_own() {
    // Another account would get it without the reasoning.
    let house = House::with(|_, config| config.accounts.truncate(1)).await;
    let quirks = [Quirk::ChangingItemIds, Quirk::SealedReasoning];
    house.both(&Fault::Together(quirks.map(Fault::Quirk).into()));
    let (path, body) = responses(CHAT_AND_RESPONSES, true, false);
    let events = house.post(path, &body.to_string()).await.chunks();
    for index in 0..2 {
        let at = format!("/response/output/{index}/id");
        let of_item = events.iter().filter(|event| event["output_index"] == index);
        let ids = of_item.map(|event| {
            event
                .pointer("/item/id")
                .unwrap_or_else(|| &event["item_id"])
        });
        let ids: Vec<_> = ids.chain(events.last().unwrap().pointer(&at)).collect();
        assert!(
            ids.len() > 2 && ids.iter().all(|id| *id == ids[0]),
            "{ids:?}"
        );
    }

    let output = &events.last().unwrap()["response"]["output"];
    let (_, mut body) = responses(CHAT_AND_RESPONSES, false, false);
    body["input"] = json!([
        {"role": "user", "content": "hi"}, output[1], output[0], {"role": "user", "content": "go on"},
    ]);
    house.post(path, &body.to_string()).await;
    let seen = house.mock.seen();
    let seen: Vec<_> = seen
        .iter()
        .filter(|seen| seen.path == "/responses")
        .collect();
    // The mock names each mention by the number of its event; that of `done` is the one.
    let done = events.iter().position(|event| {
        event["type"] == "response.output_item.done" && event["output_index"] == 1
    });
    let sent = &seen.last().unwrap().json()["input"][1];
    assert_eq!(sent["id"], format!("item-{}-rs_mock", done.unwrap()));
    assert_ne!(sent["id"], output[1]["id"]);
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_told_in_words_that_claude_code_acts_on() {
    let house = House::build().await;
    for (model, body) in [
        (
            CHAT_AND_MESSAGES,
            r#"{"type":"error","error":{"type":"request_too_large","message":"prompt is too long: 2 > 1"}}"#,
        ),
        (
            CHAT_AND_MESSAGES,
            r#"{"error":{"message":"Request body is too large for model context window","code":"context_length_exceeded"}}"#,
        ),
        (
            CHAT_ONLY,
            r#"{"error":{"message":"too many","code":"model_max_prompt_tokens_exceeded"}}"#,
        ),
    ] {
        for (status, stream) in [(400, false), (400, true), (413, false), (413, true)] {
            house.both(&Fault::status(status, body));
            let (path, body) = messages(model, stream, false);
            let answer = house.post(path, &body.to_string()).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            let error = &answer.json()["error"];
            assert_eq!(error["type"], "invalid_request_error");
            let message = error["message"].as_str().unwrap();
            assert!(message.starts_with("prompt is too long"), "{message}");
        }
    }
    house.both(&Fault::status(422, "no such thing"));
    let (path, body) = messages(CHAT_AND_MESSAGES, false, false);
    let answer = house.post(path, &body.to_string()).await;
    assert!(answer.text().contains("no such thing"), "{}", answer.text());
    assert_eq!(answer.json()["type"], "error");
}

#[tokio::test]
async fn what_copilot_refuses_of_its_own_dialect_never_reaches_it() {
    let house = House::build().await;
    let (path, mut body) = messages(CHAT_AND_MESSAGES, true, true);
    body["tools"][0]["eager_input_streaming"] = json!(true);
    body["messages"] = json!([
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hi"},
    ]);
    let answer = house.post(path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(asked(&house), "/v1/messages");
    let (path, mut body) = responses(CHAT_AND_RESPONSES, false, false);
    body["store"] = json!(true);
    body["service_tier"] = json!("auto");
    let answer = house.post(path, &body.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(asked(&house), "/responses");
}

#[tokio::test]
async fn an_error_in_no_dialects_words_in_mid_stream_is_told_in_the_clients() {
    let house = House::build().await;
    let body = r#"{"error":{"code":"server_error","message":"broke"}}"#;
    house.both(&Fault::ErrorInStream {
        after_events: 6,
        body: body.into(),
    });
    let clients: [(Ask, &str); 2] = [
        (responses, CHAT_AND_RESPONSES),
        (messages, CHAT_AND_MESSAGES),
    ];
    for (ask, model) in clients {
        let (path, body) = ask(model, true, false);
        let answer = house.post(path, &body.to_string()).await;
        let chunks = answer.chunks();
        assert!(
            chunks.iter().all(|chunk| chunk["type"].is_string()),
            "{}",
            answer.text()
        );
        let last = chunks.last().unwrap();
        assert_eq!(last["type"], "error", "{}", answer.text());
        assert!(last.to_string().contains("broke"), "{last}");
        assert!(!answer.whole, "a clean end would look like success");
    }
    for record in house.records().await {
        assert_eq!(record.error_code.as_deref(), Some("server_error"));
    }
}
