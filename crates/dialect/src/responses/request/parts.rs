//! The content of messages and results: text, images, documents and refusals, read and
//! written.

use serde_json::{Map, Value, json};

use super::read::wrong;
use crate::Failure;
use crate::json::{put, string, text, word};
use crate::prompt::{Dropped, Part, Role, Source};

/// Reads a content: a string, or a list of parts.
///
/// # Errors
/// If it is neither.
pub(super) fn read(
    content: &Value,
    place: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part>, Failure> {
    match content {
        Value::String(text) => Ok(vec![Part::text(text)]),
        Value::Null => Ok(Vec::new()),
        Value::Object(_) => read_part(content, place, dropped).map(Vec::from_iter),
        Value::Array(parts) => {
            let mut read = Vec::new();
            for (at, part) in parts.iter().enumerate() {
                read.extend(read_part(part, &format!("{place}[{at}]"), dropped)?);
            }
            Ok(read)
        }
        _ => Err(wrong(place, "has to be a string or a list of parts")),
    }
}

fn read_part(part: &Value, place: &str, dropped: &mut Dropped) -> Result<Option<Part>, Failure> {
    if let Some(text) = part.as_str() {
        return Ok(Some(Part::text(text)));
    }
    let kind = part["type"].as_str().unwrap_or("input_text");
    Ok(match kind {
        "input_text" | "output_text" | "text" | "summary_text" => {
            let Some(text) = part["text"].as_str() else {
                return Err(wrong(&format!("{place}.text"), "has to be a string"));
            };
            Some(Part::text(text))
        }
        "refusal" => string(&part["refusal"]).map(Part::Refusal),
        "input_image" => image(part, dropped),
        "input_file" => file(part, dropped),
        other => {
            dropped.name(format!("content.{}", word(other)));
            None
        }
    })
}

fn image(part: &Value, dropped: &mut Dropped) -> Option<Part> {
    // Some write it as Chat does.
    let url = text(&part["image_url"]).or_else(|| text(&part["image_url"]["url"]));
    dropped.name_if(url.is_none(), "input_image.file_id");
    Some(Part::Image {
        source: Source::of_url(url?),
        detail: string(&part["detail"]),
        cache: false,
    })
}

fn file(part: &Value, dropped: &mut Dropped) -> Option<Part> {
    let name = string(&part["filename"]);
    let data = text(&part["file_data"]).map(|data| match Source::of_url(data) {
        // The bare base64 that some send, with what it is in the file's name.
        Source::Url(data) if !data.starts_with("data:") => Source::Data {
            media_type: media_type(name.as_deref()).to_owned(),
            data,
        },
        source => source,
    });
    let source = data.or_else(|| text(&part["file_url"]).map(Source::of_url));
    dropped.name_if(source.is_none(), "input_file.file_id");
    Some(Part::Document {
        source: source?,
        name,
        cache: false,
    })
}

/// What a file of this name is: a PDF, unless the name says otherwise.
fn media_type(name: Option<&str>) -> &'static str {
    let end = name
        .and_then(|name| name.rsplit_once('.'))
        .map(|(_, end)| end);
    let found = TYPES.iter().find(|(known, _)| Some(*known) == end);
    found.map_or("application/pdf", |(_, media_type)| media_type)
}

const TYPES: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("json", "application/json"),
    ("html", "text/html"),
    ("xml", "text/xml"),
];

/// Writes a part of a message or of a result, said by this role. `None` for what stands
/// in an item of its own, or nowhere.
pub(super) fn write(part: &Part, role: Role, dropped: &mut Dropped) -> Option<Value> {
    let is_said = role == Role::Assistant;
    match part {
        Part::Text { text, .. } if text.is_empty() => None,
        Part::Text { text, .. } if is_said => Some(json!({
            "type": "output_text", "text": text, "annotations": [],
        })),
        Part::Text { text, .. } => Some(input_text(text)),
        Part::Refusal(text) if is_said => Some(json!({"type": "refusal", "refusal": text})),
        Part::Refusal(text) => Some(input_text(text)),
        // The model's own messages have but text.
        Part::Image { .. } | Part::Document { .. } if is_said => {
            dropped.name("assistant's attachments");
            None
        }
        Part::Image { source, detail, .. } => Some(match source.as_url() {
            Some(url) => json!({
                "type": "input_image",
                "image_url": url,
                "detail": detail.as_deref().unwrap_or("auto"),
            }),
            None => document(source, None),
        }),
        Part::Document { source, name, .. } => Some(document(source, name.as_deref())),
        Part::Reasoning(_) | Part::Call(_) | Part::Result { .. } => None,
    }
}

/// Text said to the model.
pub(super) fn input_text(text: &str) -> Value {
    json!({"type": "input_text", "text": text})
}

/// A document. Plain text is written as such, which every model can read.
fn document(source: &Source, name: Option<&str>) -> Value {
    let mut file = Map::new();
    put(&mut file, "type", Some("input_file"));
    match source {
        Source::Text(text) => {
            return match name {
                Some(name) => input_text(&format!("{name}:\n\n{text}")),
                None => input_text(text),
            };
        }
        // The upstream tells what it is by its name, and wants one.
        Source::Data { media_type, .. } => {
            let name = name.map_or_else(|| file_name(media_type), str::to_owned);
            put(&mut file, "filename", Some(name));
            put(&mut file, "file_data", source.as_url().map(String::from));
        }
        Source::Url(url) => put(&mut file, "file_url", Some(&**url)),
    }
    file.into()
}

fn file_name(media_type: &str) -> String {
    let found = TYPES.iter().find(|(_, known)| *known == media_type);
    format!("document.{}", found.map_or("pdf", |(end, _)| end))
}

/// Whether the prompt is to be cached up to a part, or to one within it.
pub(super) fn asks_for_cache(part: &Part) -> bool {
    match part {
        Part::Text { cache, .. } | Part::Image { cache, .. } | Part::Document { cache, .. } => {
            *cache
        }
        Part::Result { cache, parts, .. } => *cache || parts.iter().any(asks_for_cache),
        Part::Reasoning(_) | Part::Refusal(_) | Part::Call(_) => false,
    }
}
