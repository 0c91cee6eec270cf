//! Events of nothing but a little more text, as nearly all of a stream are: read and
//! written without a tree of their JSON, which takes several times as long.
//!
//! What is not plainly so is `None` here, and read in the usual way.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// A chunk of Chat with text for one choice: which, and the text.
pub(crate) fn chat(data: &[u8]) -> Option<(u64, Cow<'_, str>)> {
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        choices: [Choice<'a>; 1],
        usage: Option<IgnoredAny>,
        copilot_usage: Option<IgnoredAny>,
        error: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct Choice<'a> {
        index: Option<u64>,
        #[serde(borrow)]
        delta: Delta<'a>,
        finish_reason: Option<IgnoredAny>,
        logprobs: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Delta<'a> {
        #[serde(rename = "role")]
        _role: Option<IgnoredAny>,
        #[serde(borrow)]
        content: Cow<'a, str>,
        refusal: Option<IgnoredAny>,
    }
    let chunk: Chunk<'_> = serde_json::from_slice(data).ok()?;
    let more = [chunk.usage, chunk.copilot_usage, chunk.error];
    let [choice] = chunk.choices;
    let of_choice = [choice.finish_reason, choice.logprobs, choice.delta.refusal];
    let is_plain = more.iter().chain(&of_choice).all(Option::is_none);
    is_plain.then(|| (choice.index.unwrap_or(0), choice.delta.content))
}

/// An event of Messages with more of a block: the block's index, and the more.
pub(crate) fn messages(data: &[u8]) -> Option<(u64, More<'_>)> {
    #[derive(Deserialize)]
    struct Event<'a> {
        r#type: &'a str,
        index: u64,
        #[serde(borrow)]
        delta: Delta<'a>,
        usage: Option<IgnoredAny>,
        error: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Delta<'a> {
        r#type: &'a str,
        #[serde(borrow)]
        text: Option<Cow<'a, str>>,
        #[serde(borrow)]
        thinking: Option<Cow<'a, str>>,
    }
    let event: Event<'_> = serde_json::from_slice(data).ok()?;
    if event.r#type != "content_block_delta" || event.usage.is_some() || event.error.is_some() {
        return None;
    }
    let more = match (event.delta.r#type, event.delta.text, event.delta.thinking) {
        ("text_delta", Some(text), None) => More::Text(text),
        ("thinking_delta", None, Some(text)) => More::Thought(text),
        _ => return None,
    };
    Some((event.index, more))
}

/// More of a block of Messages.
pub(crate) enum More<'a> {
    Text(Cow<'a, str>),
    Thought(Cow<'a, str>),
}

/// An event of Responses with more text of a message: the item's index, the part's, the
/// text.
pub(crate) fn responses(data: &[u8]) -> Option<(u64, u64, Cow<'_, str>)> {
    #[derive(Deserialize)]
    struct Event<'a> {
        r#type: &'a str,
        output_index: u64,
        content_index: u64,
        #[serde(borrow)]
        delta: Cow<'a, str>,
        logprobs: Option<[IgnoredAny; 0]>,
    }
    let event: Event<'_> = serde_json::from_slice(data).ok()?;
    let is_text = event.r#type == "response.output_text.delta";
    let _ = event.logprobs;
    is_text.then_some((event.output_index, event.content_index, event.delta))
}

/// Writes a text as JSON.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // A vector takes all that is written, and a text is always JSON.
    let _ = serde_json::to_writer(out, text);
}

/// Writes a number.
pub(crate) fn write_number(number: u64, out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, &number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_of_chat_is_plain_where_it_says_nothing_but_text() {
        let read = |json: &'static str| chat(json.as_bytes());
        let plain = r#"{"id":"a","choices":[{"index":2,"delta":{"role":"assistant","content":"é\n","refusal":null},"finish_reason":null,"logprobs":null}],"usage":null}"#;
        assert_eq!(read(plain), Some((2, "é\n".into())));
        for other in [
            r#"{"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}"#,
            r#"{"choices":[{"delta":{"content":"a","reasoning_text":"b"}}]}"#,
            r#"{"choices":[{"delta":{"content":null}}]}"#,
            r#"{"choices":[{"delta":{"content":"a"}}],"usage":{}}"#,
            r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}}]}"#,
            r#"{"choices":[]}"#,
            "[DONE]",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn an_event_of_messages_is_plain_where_it_says_more_of_a_block_alone() {
        let read = |json: &'static str| match messages(json.as_bytes()) {
            Some((index, More::Text(text))) => format!("{index} text {text}"),
            Some((index, More::Thought(text))) => format!("{index} thought {text}"),
            None => "no".to_owned(),
        };
        let event = |delta: &str| {
            let json = format!(r#"{{"type":"content_block_delta","index":1,"delta":{delta}}}"#);
            read(json.leak())
        };
        assert_eq!(
            event(r#"{"type":"text_delta","text":"a\"b"}"#),
            "1 text a\"b"
        );
        assert_eq!(
            event(r#"{"type":"thinking_delta","thinking":"a"}"#),
            "1 thought a"
        );
        assert_eq!(
            event(r#"{"type":"input_json_delta","partial_json":"{"}"#),
            "no"
        );
        assert_eq!(event(r#"{"type":"text_delta","text":"a","new":1}"#), "no");
        assert_eq!(read(r#"{"type":"message_stop"}"#), "no");
    }

    #[test]
    fn an_event_of_responses_is_plain_where_it_says_more_text_without_probabilities() {
        let event = |more: &str| {
            let json = format!(
                r#"{{"type":"response.output_text.delta","item_id":"x","output_index":1,"content_index":2,"delta":"é"{more}}}"#
            );
            responses(json.leak().as_bytes())
        };
        assert_eq!(event(""), Some((1, 2, "é".into())));
        assert_eq!(event(r#","logprobs":[]"#), Some((1, 2, "é".into())));
        assert_eq!(event(r#","logprobs":[{"token":"é"}]"#), None);
        assert_eq!(responses(br#"{"type":"response.completed"}"#), None);
    }
}
