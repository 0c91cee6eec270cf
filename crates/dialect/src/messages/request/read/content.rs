//! The content of the system prompt, of a message and of a tool's result: a string, or
//! a list of blocks, each read into a part.

use serde_json::Value;

use super::super::fields::{Fields, refused, word};
use crate::prompt::{Call, Dropped, Input, Part, Reasoning, Seal, Source};
use crate::{Dialect, Failure, tag};

/// The parts of a field in which the model says nothing: what only it can say has no place
/// there in any dialect.
pub(super) fn told(
    of: &Fields<'_>,
    field: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part>, Failure> {
    let mut parts = parts(of, field, dropped)?;
    parts.retain(|part| {
        let own = match part {
            Part::Call(_) => "content.tool_use",
            Part::Reasoning(_) => "content.thinking",
            _ => return true,
        };
        dropped.name(own);
        false
    });
    Ok(parts)
}

/// The parts of a field that holds a string or a list of blocks.
pub(super) fn parts(
    of: &Fields<'_>,
    field: &str,
    dropped: &mut Dropped,
) -> Result<Vec<Part>, Failure> {
    let blocks = match of.any(field) {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) if text.is_empty() => return Ok(Vec::new()),
        Some(Value::String(text)) => return Ok(vec![Part::text(text)]),
        Some(Value::Array(blocks)) => blocks,
        Some(_) => {
            let place = of.place(field);
            return Err(refused(format!("`{place}` is not a string or a list")));
        }
    };
    let mut parts = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.iter().enumerate() {
        if let Value::String(text) = block {
            parts.push(Part::text(text));
            continue;
        }
        let block = Fields::of(block, format!("{}[{index}]", of.place(field)))?;
        parts.extend(part(&block, dropped)?);
    }
    Ok(parts)
}

/// One block. `None` for one that no other dialect could say.
fn part(block: &Fields<'_>, dropped: &mut Dropped) -> Result<Option<Part>, Failure> {
    // `ttl` and `scope` are of Anthropic's own cache.
    let cache = block.has("cache_control");
    let text = |field| Ok::<_, Failure>(block.text(field)?.unwrap_or_default().to_owned());
    let part = match block.needed_text("type")? {
        "text" => Part::Text {
            text: text("text")?,
            cache,
        },
        "image" => match source(block, dropped)? {
            Some(source) => Part::Image {
                source,
                detail: None,
                cache,
            },
            None => return Ok(None),
        },
        "document" => match source(block, dropped)? {
            Some(source) => {
                dropped.name_if(block.has("context"), "content.document.context");
                Part::Document {
                    source,
                    name: block.text("title")?.map(str::to_owned),
                    cache,
                }
            }
            None => return Ok(None),
        },
        "thinking" => {
            let seal = sealed(&text("signature")?, false);
            Part::Reasoning(Reasoning {
                text: text("thinking")?,
                // What Responses lets be read of its reasoning is a summary.
                is_summary: seal
                    .as_ref()
                    .is_some_and(|seal| seal.dialect == Dialect::Responses),
                seal,
            })
        }
        "redacted_thinking" => Part::Reasoning(Reasoning {
            seal: sealed(&text("data")?, true),
            ..Reasoning::default()
        }),
        "tool_use" => Part::Call(Call {
            id: block.needed_text("id")?.to_owned(),
            name: block.name()?.to_owned(),
            namespace: None,
            input: Input::Json(match block.any("input") {
                None => "{}".to_owned(),
                Some(Value::String(text)) => text.clone(),
                Some(input) => input.to_string(),
            }),
        }),
        "tool_result" => Part::Result {
            call: block.needed_text("tool_use_id")?.to_owned(),
            parts: told(block, "content", dropped)?,
            is_error: block.flag("is_error")?.unwrap_or_default(),
            is_custom: false,
            cache,
        },
        "search_result" => {
            let mut lines: Vec<&str> = Vec::new();
            lines.extend(block.text("title")?);
            lines.extend(block.text("source")?);
            let told = plain(block, "content", dropped)?;
            lines.push(&told);
            Part::Text {
                text: lines.join("\n"),
                cache,
            }
        }
        other => {
            dropped.name(format!("content.{}", word(other)));
            return Ok(None);
        }
    };
    Ok(Some(part))
}

fn source(block: &Fields<'_>, dropped: &mut Dropped) -> Result<Option<Source>, Failure> {
    let Some(source) = block.object("source")? else {
        let place = block.place("source");
        return Err(refused(format!("`{place}` is missing")));
    };
    let text = |field| Ok::<_, Failure>(source.text(field)?.unwrap_or_default().to_owned());
    Ok(match source.needed_text("type")? {
        "base64" => Some(Source::Data {
            media_type: text("media_type")?,
            data: text("data")?,
        }),
        "url" => Some(Source::of_url(source.needed_text("url")?)),
        "text" => Some(Source::Text(text("data")?)),
        "content" => Some(Source::Text(plain(&source, "content", dropped)?)),
        other => {
            dropped.name(format!("content.{}", word(other)));
            None
        }
    })
}

/// The text of a content that may hold nothing else.
fn plain(of: &Fields<'_>, field: &str, dropped: &mut Dropped) -> Result<String, Failure> {
    let mut texts = Vec::new();
    for part in parts(of, field, dropped)? {
        match part {
            Part::Text { text, .. } => texts.push(text),
            _ => dropped.name("content.content"),
        }
    }
    Ok(texts.join("\n"))
}

/// The seal of a block of reasoning: of this dialect, unless its tag tells another.
fn sealed(value: &str, is_redacted: bool) -> Option<Seal> {
    if value.is_empty() {
        return None;
    }
    let own = || Seal {
        dialect: Dialect::Messages,
        id: None,
        value: value.to_owned(),
        is_redacted,
    };
    Some(tag::untagged(value).unwrap_or_else(own))
}
