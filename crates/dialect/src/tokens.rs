//! How many tokens a Messages prompt has, about: for models whose upstream does not count.
//!
//! A vocabulary would tell it of one family of models, and takes megabytes; this takes the
//! shape of a text only. It is meant to be rather too high than too low, since what a
//! client does with it is to stay below a limit.

use serde_json::Value;

/// What an image takes at most: 1,568 × 1,568 pixels, scaled down to 1.15 megapixels, at
/// 750 pixels a token (documentation of Messages, vision).
const IMAGE: u64 = 1_600;
/// What a page of a document takes about, and how many bytes of base64 a page may have.
const PAGE: u64 = 2_000;
const PAGE_BYTES: u64 = 80_000;
/// What stands around each turn, block and tool.
const AROUND: u64 = 4;
/// What a first tool brings along: how tools are called is explained to the model.
const TOOLS: u64 = 300;

/// How many tokens a Messages request has, about. What it does not know of it counts as
/// the text that it is written in.
pub fn of_messages(body: &[u8]) -> u64 {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return of_text(&String::from_utf8_lossy(body));
    };
    let list = |name: &str| body[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let turns = list("messages")
        .iter()
        .map(|turn| AROUND + of_content(&turn["content"]));
    let tools = list("tools");
    let explained = if tools.is_empty() { 0 } else { TOOLS };
    let described = tools.iter().map(|tool| AROUND + of_text(&tool.to_string()));
    let parts = turns
        .chain(described)
        .chain([explained, of_content(&body["system"])]);
    parts.fold(0, u64::saturating_add)
}

fn of_content(content: &Value) -> u64 {
    match content {
        Value::Null => 0,
        Value::String(text) => of_text(text),
        Value::Array(blocks) => {
            let blocks = blocks.iter().map(of_block);
            blocks.fold(0, u64::saturating_add)
        }
        other => of_block(other),
    }
}

fn of_block(block: &Value) -> u64 {
    let text = |name: &str| block[name].as_str().map_or(0, of_text);
    let inside = match block["type"].as_str() {
        Some("text") => text("text"),
        // What was thought in earlier turns is not read again.
        Some("thinking" | "redacted_thinking") => 0,
        Some("image") => IMAGE,
        Some("document") => of_document(block),
        Some("tool_use") => text("name") + of_text(&block["input"].to_string()),
        Some("tool_result") => of_content(&block["content"]),
        _ => of_text(&block.to_string()),
    };
    AROUND.saturating_add(inside)
}

fn of_document(block: &Value) -> u64 {
    let source = &block["source"];
    match source["type"].as_str() {
        Some("text") => source["data"].as_str().map_or(0, of_text),
        Some("content") => of_content(&source["content"]),
        Some("base64") => {
            let bytes = source["data"].as_str().map_or(0, str::len) as u64;
            PAGE * bytes.div_ceil(PAGE_BYTES)
        }
        _ => PAGE,
    }
}

/// How many tokens a text has, about: a word of up to seven letters is one, a number one
/// for each three digits, signs one each, and characters beyond ASCII one each.
pub fn of_text(text: &str) -> u64 {
    #[derive(Clone, Copy, PartialEq)]
    enum Run {
        Letters,
        Digits,
        Spaces,
        Signs,
        Beyond,
    }
    let run_of = |char: char| match char {
        'a'..='z' | 'A'..='Z' => Run::Letters,
        '0'..='9' => Run::Digits,
        _ if char.is_whitespace() => Run::Spaces,
        _ if char.is_ascii() => Run::Signs,
        _ => Run::Beyond,
    };
    let cost = |run: Run, length: u64| match run {
        Run::Letters => length.div_ceil(7),
        Run::Digits => length.div_ceil(3),
        // One space belongs to the word behind it.
        Run::Spaces => u64::from(length > 1) + length / 16,
        // Of several signs some are a token together: "});", "=>", "----".
        Run::Signs => length.div_ceil(2),
        Run::Beyond => length,
    };
    let (mut tokens, mut last, mut length) = (0, Run::Spaces, 0);
    for char in text.chars() {
        let run = run_of(char);
        if run != last {
            tokens += cost(last, length);
            (last, length) = (run, 0);
        }
        length += 1;
    }
    tokens + cost(last, length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_text_has_about_as_many_tokens_as_words_and_signs() {
        let prose = "The quick brown fox jumps over the lazy dog.";
        assert!((10..=12).contains(&of_text(prose)), "{}", of_text(prose));
        let code = "fn main() { println!(\"hi\"); }";
        assert!((9..=14).contains(&of_text(code)), "{}", of_text(code));
        let han = "我们正在测试这个路由器的功能";
        assert!((9..=16).contains(&of_text(han)), "{}", of_text(han));
        assert_eq!(of_text(""), 0);
    }

    #[test]
    fn every_part_of_a_prompt_counts() {
        let count = |body: Value| of_messages(body.to_string().as_bytes());
        let bare = json!({"messages": [{"role": "user", "content": "hi"}]});
        let least = count(bare.clone());
        let with = |name: &str, value: Value| {
            let mut body = bare.clone();
            body[name] = value;
            count(body)
        };
        assert!(with("system", json!([{"type": "text", "text": "Be brief."}])) > least);
        assert!(with("tools", json!([{"name": "f", "input_schema": {}}])) > least + TOOLS);
        let block = |block: Value| with("messages", json!([{"role": "user", "content": [block]}]));
        assert!(block(json!({"type": "image", "source": {}})) >= IMAGE);
        assert!(
            block(json!({"type": "document", "source": {"type": "base64", "data": "AA"}})) >= PAGE
        );
        assert!(block(json!({"type": "tool_result", "content": "one two three"})) >= 3);
        assert!(block(json!({"type": "new", "data": "one two three"})) >= 3);
        assert!(block(json!({"type": "tool_use", "name": "f", "input": {"a": 1}})) >= 3);
    }

    proptest! {
        #[test]
        fn more_text_is_never_fewer_tokens(first in ".{0,40}", second in ".{0,40}") {
            let both = of_text(&format!("{first}{second}"));
            prop_assert!(both >= of_text(&first).max(of_text(&second)));
            prop_assert!(both <= of_text(&first) + of_text(&second) + 1);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            of_messages(&bytes);
        }
    }
}
