//! What one event of a streamed reply, or a whole reply, means to a relay that hands it
//! on untouched: its beginning, its end, its usage, its errors.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::chat::Chunk;
use crate::{Dialect, Usage};

/// Tells what the `data` of an event of a streamed reply is. Parses it only where a
/// search for a few words says that it may matter, since this runs on each event. The
/// quotes keep it from finding these words in what is said, where quotes are escaped.
pub fn read(dialect: Dialect, data: &[u8]) -> Chunk {
    match dialect {
        Dialect::Chat => Chunk::read(data),
        Dialect::Responses => responses(data),
        Dialect::Messages => messages(data),
    }
}

/// Whether a reply in one piece that came with a status of success tells an error
/// instead.
pub fn is_failure(dialect: Dialect, json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Reply {
        r#type: Option<Value>,
        error: Option<IgnoredAny>,
        choices: Option<IgnoredAny>,
    }
    if memchr::memmem::find(json, b"\"error\"").is_none() {
        return false;
    }
    let Ok(reply) = serde_json::from_slice::<Reply>(json) else {
        return false;
    };
    match dialect {
        Dialect::Chat => reply.error.is_some() && reply.choices.is_none(),
        Dialect::Responses => reply.error.is_some(),
        // Copilot's gateway words some of its errors as Chat does, without a type.
        Dialect::Messages => {
            let is_message = reply.r#type.as_ref().is_some_and(|kind| kind == "message");
            reply.r#type.is_some_and(|kind| kind == "error") || reply.error.is_some() && !is_message
        }
    }
}

/// Whether clients of the dialect know an event that tells an error for one: they go by its
/// type, but for Chat's.
pub fn is_known_error(dialect: Dialect, json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Event {
        r#type: Option<IgnoredAny>,
    }
    let has_type =
        || serde_json::from_slice::<Event>(json).is_ok_and(|event| event.r#type.is_some());
    dialect == Dialect::Chat || has_type()
}

fn responses(data: &[u8]) -> Chunk {
    #[derive(Deserialize)]
    struct Event {
        r#type: Option<String>,
        error: Option<IgnoredAny>,
    }
    if data.trim_ascii().is_empty() {
        return Chunk::Preamble;
    }
    if !RESPONSES.iter().any(|word| word.find(data).is_some()) {
        return CONTENT;
    }
    let Ok(event) = serde_json::from_slice::<Event>(data) else {
        return CONTENT;
    };
    match event.r#type.as_deref() {
        Some("response.created" | "response.in_progress" | "response.queued") => Chunk::Preamble,
        Some("response.completed" | "response.incomplete") => Chunk::Last {
            usage: Usage::read(Dialect::Responses, data),
        },
        Some("response.failed" | "error") => Chunk::Error,
        // As Copilot's own gateway words an error, whatever the dialect.
        None if event.error.is_some() => Chunk::Error,
        _ => CONTENT,
    }
}

fn messages(data: &[u8]) -> Chunk {
    #[derive(Deserialize)]
    struct Event {
        r#type: Option<String>,
        delta: Option<Delta>,
        error: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct Delta {
        stop_reason: Option<IgnoredAny>,
    }
    if data.trim_ascii().is_empty() {
        return Chunk::Preamble;
    }
    if !MESSAGES.iter().any(|word| word.find(data).is_some()) {
        return CONTENT;
    }
    let Ok(event) = serde_json::from_slice::<Event>(data) else {
        return CONTENT;
    };
    let usage = || Usage::read(Dialect::Messages, data);
    match event.r#type.as_deref() {
        Some("ping") => Chunk::Preamble,
        // It tells what the prompt used, and nothing of the reply.
        Some("message_start") => Chunk::Start { usage: usage() },
        Some("message_delta") => Chunk::Content {
            finish: event.delta.is_some_and(|delta| delta.stop_reason.is_some()),
            usage: usage(),
        },
        Some("message_stop") => Chunk::Last { usage: usage() },
        Some("error") => Chunk::Error,
        None if event.error.is_some() => Chunk::Error,
        _ => CONTENT,
    }
}

const CONTENT: Chunk = Chunk::Content {
    finish: false,
    usage: None,
};

static RESPONSES: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| {
    [
        r#""response.created""#,
        r#""response.in_progress""#,
        r#""response.queued""#,
        r#""response.completed""#,
        r#""response.incomplete""#,
        r#""response.failed""#,
        r#""error""#,
    ]
    .map(Finder::new)
});

static MESSAGES: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
    [
        r#""ping""#,
        r#""message_start""#,
        r#""message_delta""#,
        r#""message_stop""#,
        r#""error""#,
    ]
    .map(Finder::new)
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(dialect: Dialect, events: &[&str]) -> String {
        let told = events
            .iter()
            .map(|event| format!("{:?}", read(dialect, event.as_bytes())));
        told.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_events_of_responses() {
        let told = told(
            Dialect::Responses,
            &[
                r#"{"type":"response.created","response":{"error":null}}"#,
                r#"{"type":"response.output_text.delta","delta":"\"response.completed\" \"error\""}"#,
                r#"{"type":"response.completed","response":{"error":null,"usage":{"input_tokens":9,"output_tokens":2,"input_tokens_details":{"cached_tokens":4},"output_tokens_details":{"reasoning_tokens":1}}}}"#,
                r#"{"type":"response.incomplete","response":{"usage":null}}"#,
                r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"m"}}}"#,
                r#"{"type":"error","code":"rate_limit_exceeded","message":"m"}"#,
                r#"{"error":{"code":"rate_limit_exceeded","message":"m"}}"#,
                r#"{"error":null}"#,
                "",
            ],
        );
        insta::assert_snapshot!(told, @"
        Preamble
        Content { finish: false, usage: None }
        Last { usage: Some(Usage { input: 9, output: 2, cache_read: 4, cache_write: 0, reasoning: 1, nano_credits: None }) }
        Last { usage: None }
        Error
        Error
        Error
        Content { finish: false, usage: None }
        Preamble
        ");
    }

    #[test]
    fn the_events_of_messages() {
        let told = told(
            Dialect::Messages,
            &[
                r#"{"type":"message_start","message":{"usage":{"input_tokens":3,"cache_read_input_tokens":4,"cache_creation_input_tokens":2,"output_tokens":1}}}"#,
                r#"{"type":"ping"}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"\"message_stop\""}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":12},"copilot_usage":{"total_nano_aiu":7}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":null}}"#,
                r#"{"type":"message_stop"}"#,
                r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#,
                r#"{"error":{"message":"m"}}"#,
            ],
        );
        insta::assert_snapshot!(told, @"
        Start { usage: Some(Usage { input: 9, output: 1, cache_read: 4, cache_write: 2, reasoning: 0, nano_credits: None }) }
        Preamble
        Content { finish: false, usage: None }
        Content { finish: true, usage: Some(Usage { input: 0, output: 12, cache_read: 0, cache_write: 0, reasoning: 0, nano_credits: Some(7) }) }
        Content { finish: false, usage: None }
        Last { usage: None }
        Error
        Error
        ");
    }

    #[test]
    fn an_error_without_a_type_is_known_to_clients_of_chat_alone() {
        let [typed, bare] = [
            r#"{"type":"error","error":{}}"#,
            r#"{"error":{"code":"x"}}"#,
        ];
        for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
            assert!(is_known_error(dialect, typed.as_bytes()));
            assert_eq!(
                is_known_error(dialect, bare.as_bytes()),
                dialect == Dialect::Chat
            );
        }
    }

    #[test]
    fn an_error_in_one_piece_is_told_from_a_reply() {
        let reply = br#"{"object":"response","error":null,"output":[]}"#;
        assert!(!is_failure(Dialect::Responses, reply));
        assert!(is_failure(
            Dialect::Responses,
            br#"{"error":{"message":"m"}}"#
        ));
        let said = br#"{"type":"message","content":[{"type":"text","text":"\"error\""}]}"#;
        assert!(!is_failure(Dialect::Messages, said));
        assert!(is_failure(
            Dialect::Messages,
            br#"{"type":"error","error":{"type":"api_error"}}"#
        ));
        let untyped = br#"{"error":{"code":"1302"}}"#;
        assert!(is_failure(Dialect::Messages, untyped));
        assert!(is_failure(Dialect::Chat, untyped));
        assert!(!is_failure(
            Dialect::Chat,
            br#"{"choices":[],"error":{"code":"x"}}"#
        ));
    }

    proptest! {
        #[test]
        fn no_input_panics(data in proptest::collection::vec(any::<u8>(), 0..120), text in "\\PC{0,80}") {
            for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
                for bytes in [data.as_slice(), text.as_bytes()] {
                    read(dialect, bytes);
                    is_failure(dialect, bytes);
                }
            }
        }
    }
}
