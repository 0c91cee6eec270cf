//! Marks up to which the prompt is to be cached: Anthropic takes four.

use serde_json::{Value, json};

use crate::prompt::Dropped;

const MOST: usize = 4;

/// Marks a tool or a block if it is to be.
pub(super) fn mark(mut block: Value, cache: bool) -> Value {
    if cache && let Value::Object(fields) = &mut block {
        fields.insert("cache_control".to_owned(), json!({"type": "ephemeral"}));
    }
    block
}

/// Keeps four marks at most: the first of tools and system, which holds for longest,
/// and the last ones, from which the next turn goes on.
pub(super) fn keep_few(body: &mut Value, dropped: &mut Dropped) {
    let mut marked = Vec::new();
    let Value::Object(fields) = body else { return };
    let mut has_early = false;
    for (field, value) in fields.iter_mut() {
        match (&**field, value) {
            ("tools" | "system", Value::Array(blocks)) => {
                marked.extend(blocks.iter_mut().filter(is_marked));
                has_early = !marked.is_empty();
            }
            ("messages", Value::Array(messages)) => {
                let contents = messages
                    .iter_mut()
                    .filter_map(|message| message.get_mut("content")?.as_array_mut());
                marked.extend(contents.flatten().filter(is_marked));
            }
            _ => {}
        }
    }
    let Some(surplus) = marked.len().checked_sub(MOST).filter(|more| *more > 0) else {
        return;
    };
    dropped.name("cache marks");
    let first = usize::from(has_early);
    for block in marked.into_iter().skip(first).take(surplus) {
        if let Value::Object(fields) = block {
            fields.shift_remove("cache_control");
        }
    }
}

fn is_marked(block: &&mut Value) -> bool {
    block.get("cache_control").is_some()
}
