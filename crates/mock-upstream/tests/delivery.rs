//! Faults on the wire: cuts, pauses, and odd but legal events.

use std::time::Duration;

use bytes::Bytes;
use mock_upstream::{Fault, Mock};
use tokio::time::timeout;

use crate::client::{Reply, chat, demo, hi, hi_stream};

async fn stream_with(mock: &Mock, fault: Fault) -> Reply {
    mock.set_fault("octocat", fault);
    chat(mock, &hi_stream()).send().await
}

/// The data of a stream's events, however the lines end, by the SSE grammar.
fn parse(text: &str) -> Vec<String> {
    let text = text.trim_start_matches('\u{FEFF}');
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let mut data = String::new();
    for line in text.lines() {
        if let Some(value) = line.strip_prefix("data:") {
            data.push_str(value.strip_prefix(' ').unwrap_or(value));
        } else if line.is_empty() && !data.is_empty() {
            events.push(std::mem::take(&mut data));
        }
    }
    events.extend((!data.is_empty()).then_some(data));
    events
}

fn without_ids(events: &[String]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            serde_json::from_str::<serde_json::Value>(event)
                .map_or_else(|_| event.clone(), |chunk| chunk["choices"].to_string())
        })
        .collect()
}

#[tokio::test]
async fn a_broken_stream_delivers_its_events_and_then_an_incomplete_body() {
    let mock = demo().await;
    for after_events in [0, 1, 3, 1000] {
        let cut = Fault::CutStream {
            after_events,
            clean: false,
        };
        let reply = stream_with(&mock, cut).await;
        assert!(!reply.complete);
        assert_eq!(reply.data().len(), after_events.min(9));
        assert!(!reply.text().contains("[DONE]"));
    }
}

#[tokio::test]
async fn a_cleanly_cut_stream_is_a_whole_body_without_done() {
    let mock = demo().await;
    let cut = Fault::CutStream {
        after_events: 2,
        clean: true,
    };
    let reply = stream_with(&mock, cut).await;
    assert!(reply.complete);
    assert_eq!(reply.data().len(), 2);
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_its_content_length() {
    let mock = demo().await;
    for body in [hi(), hi_stream()] {
        mock.set_fault("octocat", Fault::CutBody);
        let reply = chat(&mock, &body).send().await;
        assert!(!reply.complete);
        let promised: usize = reply.header("content-length").parse().unwrap();
        assert_eq!(reply.text().len(), promised / 2);
    }
}

#[tokio::test]
async fn a_pause_inside_a_stream_lets_the_events_before_it_through() {
    let mock = demo().await;
    mock.set_fault(
        "octocat",
        Fault::SilenceInStream {
            after_events: 2,
            millis: 60_000,
        },
    );
    let mut open = chat(&mock, &hi_stream()).open().await.unwrap();
    let mut text = String::new();
    while text.matches("\n\n").count() < 2 {
        text += std::str::from_utf8(&open.next().await.unwrap()).unwrap();
    }
    assert_eq!(text.matches("\n\n").count(), 2);
    assert!(
        timeout(Duration::from_millis(20), open.next())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn slow_chunks_come_one_by_one_and_whole() {
    let mock = demo().await;
    let reply = stream_with(&mock, Fault::SlowChunks { millis: 2 }).await;
    assert!(reply.complete);
    assert_eq!(reply.chunks().len(), 9);
    mock.set_fault("octocat", Fault::SlowChunks { millis: 1 });
    let whole = chat(&mock, &hi()).send().await;
    assert_eq!(whole.json()["object"], "chat.completion");
    assert!(whole.frames.len() > 1);
}

#[tokio::test]
async fn one_byte_writes_put_each_byte_in_a_chunk_of_its_own() {
    let mock = demo().await;
    let reply = stream_with(&mock, Fault::OneByteWrites).await;
    assert!(reply.complete);
    assert!(reply.frames.iter().all(|frame| frame.len() == 1));
    assert_eq!(reply.chunks().len(), 9);
    mock.set_fault("octocat", Fault::OneByteWrites);
    let whole = chat(&mock, &hi()).send().await;
    assert_eq!(whole.json()["object"], "chat.completion");
}

#[tokio::test]
async fn odd_but_legal_framings_say_the_same_events() {
    let mock = demo().await;
    let plain = without_ids(&parse(&stream_with(&mock, Fault::Pass).await.text()));
    let oddities: [(Fault, &str); 6] = [
        (Fault::Crlf, "\r\n\r\n"),
        (Fault::Cr, "}\r\rdata"),
        (Fault::Comments, "\n: a comment of its own\n\n"),
        (Fault::NoTrailingBlankLine, "data: [DONE]\n"),
        (Fault::TerseFields, "\u{FEFF}id:0\ndata:{"),
        (
            Fault::Together(vec![Fault::Crlf, Fault::Comments, Fault::OneByteWrites]),
            "\r\n: data: a comment of the event\r\n",
        ),
    ];
    for (fault, sign) in oddities {
        let text = stream_with(&mock, fault.clone()).await.text();
        assert!(text.contains(sign), "{fault:?}: {text}");
        assert_eq!(without_ids(&parse(&text)), plain, "{fault:?}");
    }
    let open = stream_with(&mock, Fault::NoTrailingBlankLine).await.text();
    assert!(open.ends_with("data: [DONE]\n") && !open.ends_with("\n\n"));
    let old_mac = stream_with(&mock, Fault::Cr).await.text();
    assert!(!old_mac.contains('\n'));
}

#[tokio::test]
async fn a_fault_on_the_wire_ends_with_its_reply() {
    let mock = demo().await;
    assert!(!stream_with(&mock, Fault::CutBody).await.complete);
    let next = chat(&mock, &hi_stream()).send().await;
    assert!(next.complete);
    assert!(next.frames.iter().all(|frame: &Bytes| !frame.is_empty()));
}
