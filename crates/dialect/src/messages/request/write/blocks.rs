//! Parts as blocks: images, documents and what tools return.

use serde_json::{Value, json};

use super::marks::mark;
use crate::prompt::{Dropped, Part, Source};

/// Text, if there is any: Anthropic refuses blank text.
pub(super) fn text(text: &str, cache: bool) -> Option<Value> {
    let is_blank = text.trim().is_empty();
    (!is_blank).then(|| mark(json!({"type": "text", "text": text}), cache))
}

/// A text, an image or a document. `None` for what is blank, or dropped.
pub(super) fn content(part: &Part, dropped: &mut Dropped) -> Option<Value> {
    let block = match part {
        Part::Text { text, cache } => return self::text(text, *cache),
        Part::Image { source, cache, .. } => image(source).map(|block| mark(block, *cache)),
        Part::Document {
            source,
            name,
            cache,
        } => document(source, name.as_deref()).map(|block| mark(block, *cache)),
        _ => return None,
    };
    let name = match part {
        Part::Image { .. } => "image",
        _ => "document",
    };
    dropped.name_if(block.is_none(), name);
    block
}

/// What a tool returned.
pub(super) fn result(
    id: &str,
    parts: &[Part],
    is_error: bool,
    cache: bool,
    dropped: &mut Dropped,
) -> Value {
    let bare = |part: &Part| {
        let mut block = content(part, dropped)?;
        // Copilot refuses marks in here.
        if let Value::Object(fields) = &mut block {
            fields.shift_remove("cache_control");
        }
        Some(block)
    };
    let blocks: Vec<Value> = parts.iter().filter_map(bare).collect();
    let is_text = |block: &Value| block["type"] == "text";
    // What is an error must say something, and that in text.
    let is_plain = blocks.iter().all(is_text);
    dropped.name_if(is_error && !is_plain, "is_error");
    let mut result = json!({"type": "tool_result", "tool_use_id": id});
    match &*blocks {
        [] if is_error => result["content"] = json!("The tool failed."),
        [] => {}
        [block] if is_text(block) => result["content"] = block["text"].clone(),
        _ => result["content"] = Value::Array(blocks),
    }
    if is_error && is_plain {
        result["is_error"] = json!(true);
    }
    mark(result, cache)
}

fn image(source: &Source) -> Option<Value> {
    let source = match source {
        Source::Data { media_type, data } if !data.is_empty() => {
            let media_type = match &*media_type.to_ascii_lowercase() {
                "image/png" => "image/png",
                "image/jpeg" | "image/jpg" => "image/jpeg",
                "image/gif" => "image/gif",
                "image/webp" => "image/webp",
                _ => return None,
            };
            json!({"type": "base64", "media_type": media_type, "data": data})
        }
        Source::Url(url) if is_https(url) => json!({"type": "url", "url": url}),
        _ => return None,
    };
    Some(json!({"type": "image", "source": source}))
}

fn document(source: &Source, name: Option<&str>) -> Option<Value> {
    let plain = |text: &str| {
        let is_blank = text.trim().is_empty();
        (!is_blank).then(|| json!({"type": "text", "media_type": "text/plain", "data": text}))
    };
    let source = match source {
        Source::Text(text) => plain(text)?,
        Source::Url(url) if is_https(url) => json!({"type": "url", "url": url}),
        Source::Url(_) => return None,
        Source::Data { media_type, data } if media_type == "application/pdf" => {
            json!({"type": "base64", "media_type": media_type, "data": data})
        }
        Source::Data { media_type, data } if is_text(media_type) => {
            plain(&String::from_utf8(decoded(data)?).ok()?)?
        }
        Source::Data { .. } => return None,
    };
    let mut block = json!({"type": "document", "source": source});
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        block["title"] = json!(name);
    }
    Some(block)
}

fn is_https(url: &str) -> bool {
    url.starts_with("https://")
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/") || media_type == "application/json"
}

/// Decodes base64 (RFC 4648, 4), with or without its padding.
fn decoded(base64: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(base64.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for byte in base64.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'\r' | b'\n' => continue,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.extend(u8::try_from((bits >> count) & 0xff));
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded_with_and_without_padding() {
        assert_eq!(decoded("aGVsbG8gd29ybGQ="), Some(b"hello world".to_vec()));
        assert_eq!(decoded("aGVsbG8"), Some(b"hello".to_vec()));
        assert_eq!(decoded(""), Some(Vec::new()));
        assert_eq!(decoded("a-b"), None);
    }
}
