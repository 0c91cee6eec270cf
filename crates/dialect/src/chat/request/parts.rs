//! The parts of a message's content: text, images and files, read and written.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::read::wrong;
use crate::Failure;
use crate::json::{list, put, string, text, word};
use crate::prompt::{Dropped, Part, Source};

/// Reads `content`: a string, a list of parts, one part, or nothing.
pub(super) fn read(
    content: &Value,
    place: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part>, Failure> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(some_text(text, false).into_iter().collect()),
        Value::Array(_) | Value::Object(_) => {
            let parts = match content {
                Value::Array(parts) => parts.as_slice(),
                part => std::slice::from_ref(part),
            };
            let read = |part| read_part(part, dropped);
            Ok(parts.iter().filter_map(read).collect())
        }
        _ => Err(wrong(place, "has to be a string or a list of parts")),
    }
}

fn read_part(part: &Value, dropped: &mut Dropped) -> Option<Part> {
    let cache = is_marked(part);
    match part["type"].as_str() {
        Some("text" | "input_text" | "output_text") => some_text(part["text"].as_str()?, cache),
        None if part.is_string() => some_text(part.as_str()?, cache),
        None if part["text"].is_string() => some_text(part["text"].as_str()?, cache),
        Some("image_url" | "input_image") => {
            let image = &part["image_url"];
            let url = text(image).or_else(|| text(&image["url"]));
            dropped.name_if(url.is_none(), "content.image_url");
            let detail = string(&image["detail"]).or_else(|| string(&part["detail"]));
            Some(Part::Image {
                source: Source::of_url(url?),
                detail,
                cache,
            })
        }
        Some("file") => {
            let file = &part["file"];
            let name = string(&file["filename"]);
            let Some(data) = text(&file["file_data"]) else {
                dropped.name("content.file_id");
                return None;
            };
            Some(Part::Document {
                source: file_source(data, name.as_deref()),
                name,
                cache,
            })
        }
        Some("refusal") => string(&part["refusal"]).map(Part::Refusal),
        _ => {
            dropped.name(format!(
                "content.{}",
                word(text(&part["type"]).unwrap_or_default())
            ));
            None
        }
    }
}

/// Anthropic refuses empty texts, and they tell nothing.
fn some_text(text: &str, cache: bool) -> Option<Part> {
    let text = text.to_owned();
    (!text.is_empty()).then_some(Part::Text { text, cache })
}

/// Whether the prompt is to be cached up to here.
pub(super) fn is_marked(part: &Value) -> bool {
    let marks = [&part["cache_control"], &part["copilot_cache_control"]];
    marks.iter().any(|mark| !mark.is_null())
}

/// `file_data` is a data URL in OpenAI's examples, and bare base64 in its reference.
fn file_source(data: &str, name: Option<&str>) -> Source {
    if data.starts_with("data:") || data.starts_with("http://") || data.starts_with("https://") {
        return Source::of_url(data);
    }
    let ending = name.and_then(|name| name.rsplit_once('.'));
    let media_type = match ending
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .as_deref()
    {
        Some("txt" | "md" | "csv") => "text/plain",
        _ => "application/pdf",
    };
    Source::Data {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
    }
}

/// Writes what a person says: a string where it is one text, else a list of parts.
///
/// Z.ai takes no files in them.
pub(super) fn write(parts: &[&Part], has_files: bool, dropped: &mut Dropped) -> Option<Value> {
    match parts {
        [] => None,
        [Part::Text { text, .. }] => Some(json!(text)),
        parts => {
            let written = parts
                .iter()
                .filter_map(|part| write_part(part, has_files, dropped));
            let written: Vec<Value> = written.collect();
            (!written.is_empty()).then(|| written.into())
        }
    }
}

fn write_part(part: &Part, has_files: bool, dropped: &mut Dropped) -> Option<Value> {
    match part {
        Part::Text { text, .. } | Part::Refusal(text) => Some(text_part(text)),
        Part::Image { source, detail, .. } => {
            let Some(url) = source.as_url() else {
                dropped.name("images as text");
                return None;
            };
            let mut image = Map::new();
            put(&mut image, "url", Some(url));
            put(&mut image, "detail", detail.clone());
            Some(json!({"type": "image_url", "image_url": image}))
        }
        Part::Document { source, name, .. } => {
            Some(write_document(source, name.as_deref(), has_files, dropped))
        }
        Part::Reasoning(_) | Part::Call(_) | Part::Result { .. } => None,
    }
}

fn write_document(
    source: &Source,
    name: Option<&str>,
    has_files: bool,
    dropped: &mut Dropped,
) -> Value {
    match source {
        Source::Data { .. } if !has_files => {
            dropped.name("documents");
            let name = name.unwrap_or("without a name");
            text_part(&format!("[document: {name}, which cannot be shown]"))
        }
        // OpenAI wants a name beside the data.
        Source::Data { .. } => json!({"type": "file", "file": {
            "filename": name.unwrap_or("document.pdf"),
            "file_data": source.as_url(),
        }}),
        Source::Text(text) => text_part(&match name {
            Some(name) => Cow::Owned(format!("[document: {name}]\n{text}")),
            None => Cow::Borrowed(&**text),
        }),
        Source::Url(url) => {
            dropped.name("documents by URL");
            text_part(&format!("[document: {url}]"))
        }
    }
}

fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// All the texts of some parts, with something between them.
pub(super) fn joined(parts: &[Part], between: &str) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text { text, .. } => Some(&**text),
            _ => None,
        })
        .collect();
    texts.join(between)
}

/// Whether a part, or one within it, asks that the prompt be cached up to it.
pub(super) fn asks_for_cache(part: &Part) -> bool {
    match part {
        Part::Text { cache, .. } | Part::Image { cache, .. } | Part::Document { cache, .. } => {
            *cache
        }
        Part::Result { cache, parts, .. } => *cache || parts.iter().any(asks_for_cache),
        Part::Reasoning(_) | Part::Refusal(_) | Part::Call(_) => false,
    }
}

/// Marks the last part that can be marked.
pub(super) fn mark_last(parts: &mut [Part]) {
    for part in parts.iter_mut().rev() {
        if let Part::Text { cache, .. }
        | Part::Image { cache, .. }
        | Part::Document { cache, .. }
        | Part::Result { cache, .. } = part
        {
            *cache = true;
            return;
        }
    }
}

/// A list that must be one, or be left out.
pub(super) fn list_at<'a>(value: &'a Value, place: &str) -> Result<&'a [Value], Failure> {
    if value.is_null() || value.is_array() {
        return Ok(list(value));
    }
    Err(wrong(place, "has to be a list"))
}
