//! Streams: what the client sees, whatever the upstream does.

use std::time::Duration;

use http_body_util::BodyExt as _;
use ledger::Ending;
use mock_upstream::{Fault, Faults, Quirk};
use serde_json::json;

use crate::support::{Answer, House, streamed};

const MODEL: &str = "gpt-4o";

fn ends_well(answer: &Answer) -> bool {
    answer.whole && answer.text().trim_end().ends_with("data: [DONE]")
}

#[tokio::test]
async fn a_stream_is_the_reply_and_ends_with_done() {
    let house = House::build().await;
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert!(!answer.headers.contains_key("content-encoding"));
    assert_eq!(answer.said(), "Hello from octocat, you said: hi");
    assert!(ends_well(&answer));
}

#[tokio::test]
async fn a_client_that_did_not_ask_never_sees_the_usage_chunk_and_the_ledger_has_it() {
    let house = House::build().await;
    let answer = house.stream(MODEL).await;
    assert!(answer.chunks().iter().all(|chunk| chunk["usage"].is_null()));
    let mut body = streamed(MODEL);
    body["stream_options"] = json!({"include_usage": true});
    let asked = house.chat(&body).await;
    assert_eq!(asked.chunks().last().unwrap()["choices"], json!([]));
    let records = house.records().await;
    for record in records {
        assert!(
            record.usage.input > 0 && record.usage.output > 0,
            "{record:?}"
        );
        assert!(record.usage.nano_credits.is_some(), "{record:?}");
        assert!(record.first_byte.is_some(), "{record:?}");
        assert_eq!(record.outcome, Ending::Complete);
    }
}

#[tokio::test]
async fn odd_but_legal_streams_arrive_whole() {
    let faults = [
        Fault::Crlf,
        Fault::Cr,
        Fault::Comments,
        Fault::OneByteWrites,
        Fault::NoTrailingBlankLine,
        Fault::TerseFields,
        Fault::SlowChunks { millis: 5 },
        Fault::Together(vec![Fault::Crlf, Fault::Comments, Fault::OneByteWrites]),
        Fault::Together(vec![
            Fault::Cr,
            Fault::OneByteWrites,
            Fault::NoTrailingBlankLine,
        ]),
    ];
    let house = House::build().await;
    let count = faults.len();
    for fault in faults {
        house.both(&fault);
        let answer = house.stream(MODEL).await;
        assert!(
            answer.said().ends_with("you said: hi"),
            "{fault:?}: {}",
            answer.text()
        );
        assert!(
            answer.whole && answer.text().contains("[DONE]"),
            "{fault:?}"
        );
        assert!(
            answer.chunks().iter().all(|chunk| chunk["usage"].is_null()),
            "{fault:?}"
        );
    }
    let records = house.records().await;
    assert_eq!(records.len(), count);
    assert!(
        records
            .iter()
            .all(|record| record.outcome == Ending::Complete && record.usage.input > 0)
    );
}

#[tokio::test]
async fn copilots_quirks_pass_through_and_are_metered() {
    let quirks = [
        Quirk::FirstChunkWithoutChoices,
        Quirk::NullChoices,
        Quirk::ClaudeChunks,
        Quirk::UsageOnFinish,
        Quirk::ZeroUsageEachChunk,
        Quirk::FinishStopWithTools,
    ];
    let house = House::build().await;
    for quirk in quirks {
        house.both(&Fault::Quirk(quirk));
        let answer = house.stream(MODEL).await;
        assert!(ends_well(&answer), "{quirk:?}: {}", answer.text());
    }
    let records = house.records().await;
    assert!(
        records
            .iter()
            .all(|record| record.outcome == Ending::Complete),
        "{records:?}"
    );
    assert!(
        records.iter().all(|record| record.usage.input > 0),
        "{records:?}"
    );
}

#[tokio::test]
async fn an_upstream_that_breaks_in_mid_reply_is_an_error_event_and_a_break() {
    for clean in [false, true] {
        let house = House::build().await;
        house.both(&Fault::CutStream {
            after_events: 3,
            clean,
        });
        let answer = house.stream(MODEL).await;
        assert_eq!(answer.status, 200);
        let last = answer.chunks().pop().unwrap();
        assert_eq!(last["error"]["code"], "upstream_broken", "clean: {clean}");
        assert!(!answer.text().contains("[DONE]"));
        assert!(!answer.whole, "a clean end would look like success");
        let records = house.records().await;
        assert_eq!(records[0].outcome, Ending::Failed);
        assert_eq!(records[0].error_code.as_deref(), Some("upstream_broken"));
    }
}

#[tokio::test]
async fn an_error_in_mid_stream_reaches_the_client_and_the_ledger() {
    let house = House::build().await;
    let body = r#"{"error":{"code":"server_error","message":"broke"}}"#;
    house.both(&Fault::ErrorInStream {
        after_events: 3,
        body: body.into(),
    });
    let answer = house.stream(MODEL).await;
    assert!(answer.text().contains(body));
    assert!(!answer.whole, "a clean end would look like success");
    let records = house.records().await;
    assert_eq!(records[0].outcome, Ending::Failed);
    assert_eq!(records[0].error_code.as_deref(), Some("server_error"));
}

#[tokio::test]
async fn silence_is_filled_with_comments_and_the_request_may_still_move() {
    let house = House::build().await;
    let then = Some(Box::new(Fault::status(500, "oops")));
    house
        .mock
        .set_fault("octocat", Fault::Silence { millis: 700, then });
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.status, 200);
    let comments = answer.text().matches(": keep-alive\n\n").count();
    assert!(comments >= 2, "{comments} comments");
    assert_eq!(answer.said(), "Hello from hubot, you said: hi");
    assert!(ends_well(&answer));
    let records = house.records().await;
    assert_eq!(
        (records[0].attempts, records[0].outcome),
        (2, Ending::Complete)
    );
}

#[tokio::test]
async fn when_nobody_answers_after_comments_the_error_is_an_event() {
    let house = House::build().await;
    let limited = Fault::rate_limited(60);
    house.both(&Fault::Silence {
        millis: 300,
        then: Some(Box::new(limited)),
    });
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text().starts_with(": keep-alive\n\n"));
    assert!(answer.chunks().pop().unwrap()["error"]["message"].is_string());
    assert!(!answer.whole);
    let records = house.records().await;
    assert_eq!(
        (records[0].status, records[0].outcome),
        (200, Ending::Failed)
    );
}

#[tokio::test]
async fn silence_in_mid_stream_is_filled_with_comments_between_events() {
    let house = House::build().await;
    house.both(&Fault::SilenceInStream {
        after_events: 2,
        millis: 700,
    });
    let answer = house.stream(MODEL).await;
    assert!(answer.text().contains("\n\n: keep-alive\n\n"));
    assert_eq!(answer.said(), "Hello from octocat, you said: hi");
    assert!(ends_well(&answer));
}

#[tokio::test]
async fn an_upstream_that_stays_silent_past_the_idle_limit_is_given_up() {
    let house =
        House::with(|_, config| config.server.idle_timeout = Duration::from_millis(300)).await;
    house.both(&Fault::SilenceInStream {
        after_events: 2,
        millis: 60_000,
    });
    let answer = house.stream(MODEL).await;
    assert_eq!(
        answer.chunks().pop().unwrap()["error"]["code"],
        "upstream_silent"
    );
    assert!(!answer.whole);
}

#[tokio::test]
async fn an_upstream_that_never_answers_is_given_up_and_the_request_moves() {
    let house =
        House::with(|_, config| config.server.first_byte_timeout = Duration::from_millis(300))
            .await;
    house
        .mock
        .set_faults("octocat", Faults::always(Fault::silence(60_000)));
    assert_eq!(
        house.ask(MODEL).await.said(),
        "Hello from hubot, you said: hi"
    );
    assert_eq!(
        house.stream(MODEL).await.said(),
        "Hello from hubot, you said: hi"
    );
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_upstream_and_is_recorded_once() {
    let house = House::build().await;
    house.both(&Fault::SilenceInStream {
        after_events: 3,
        millis: 60_000,
    });
    let request = house.request("/v1/chat/completions");
    let (head, mut body) = house
        .open(request.body(streamed(MODEL).to_string().into()).unwrap())
        .await;
    assert_eq!(head.status, 200);
    body.frame().await.unwrap().unwrap();
    drop(body);
    house
        .mock
        .seen_until(|seen| seen.iter().any(|seen| seen.disconnected))
        .await;
    let records = house.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].outcome, records[0].status),
        (Ending::Cancelled, 200)
    );
}

#[tokio::test]
async fn a_client_that_leaves_before_any_answer_cancels_the_upstream_too() {
    let house = House::build().await;
    house.both(&Fault::silence(60_000));
    let body = json!({"model": MODEL, "messages": []}).to_string();
    let mut socket = tokio::net::TcpStream::connect(house.address())
        .await
        .unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    tokio::io::AsyncWriteExt::write_all(&mut socket, head.as_bytes())
        .await
        .unwrap();
    house
        .mock
        .seen_until(|seen| seen.iter().any(|seen| seen.path == "/chat/completions"))
        .await;
    drop(socket);
    house
        .mock
        .seen_until(|seen| seen.iter().any(|seen| seen.disconnected))
        .await;
    let records = house.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0].outcome, records[0].status),
        (Ending::Cancelled, 499)
    );
}

#[tokio::test]
async fn a_200_whose_content_type_is_json_stays_json() {
    let house = House::build().await;
    house.both(&Fault::JsonDespiteStream);
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.said(), "Hello from octocat, you said: hi");
}

#[tokio::test]
async fn json_that_comes_after_comments_is_one_chunk() {
    let house = House::build().await;
    house.both(&Fault::Silence {
        millis: 500,
        then: Some(Box::new(Fault::JsonDespiteStream)),
    });
    let answer = house.stream(MODEL).await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    assert_eq!(answer.said(), "Hello from octocat, you said: hi");
    assert!(ends_well(&answer));
}

#[tokio::test]
async fn json_that_is_no_reply_after_comments_is_an_error_and_recorded_so() {
    let house = House::build().await;
    let body = "{\n\"error\":{\"code\":\"context_length_exceeded\",\n\"message\":\"m\"}}";
    let json = Fault::Status {
        status: 200,
        headers: Vec::new(),
        body: body.into(),
    };
    house.both(&Fault::Silence {
        millis: 500,
        then: Some(Box::new(json)),
    });
    let answer = house.stream(MODEL).await;
    assert!(answer.chunks().pop().unwrap()["error"]["message"].is_string());
    assert!(!answer.whole && !answer.text().contains("[DONE]"));
    let records = house.records().await;
    assert_eq!(records[0].outcome, Ending::Failed);
}

#[tokio::test]
async fn chunks_that_come_at_once_go_out_together_and_all_of_them() {
    let house = House::with(|script, _| script.bench = true).await;
    let model = "bench-stream-2000-0";
    let request = house.request("/v1/chat/completions");
    let request = request.body(streamed(model).to_string().into()).unwrap();
    let (_, mut body) = house.open(request).await;
    let (mut frames, mut bytes) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        frames += 1;
        bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
    }
    let events = bytes
        .windows(6)
        .filter(|window| window == b"data: ")
        .count();
    assert!(events >= 2001, "{events}");
    assert!(frames < 1000, "{frames} frames for {events} events");
}
