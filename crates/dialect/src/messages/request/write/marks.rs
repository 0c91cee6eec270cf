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

/// Marks an agent's conversation of another dialect, whose clients know no marks: their
/// upstreams cache by themselves, and Anthropic caches nothing unasked. What is read from
/// the cache costs a tenth; what nobody asks for again, a quarter more, so a question that
/// stands alone stays unmarked.
pub(crate) fn mark_conversation(body: &mut Value) {
    let turns = body["messages"].as_array().map_or(0, Vec::len);
    let is_alone = turns < 2 && body.get("tools").is_none();
    if is_alone || has_marks(body) {
        return;
    }
    // Tools stand in front of the instructions, and are cached with them.
    if let Some(system) = body.get_mut("system") {
        mark_last(system);
    } else if let Some(tools) = body.get_mut("tools") {
        mark_last(tools);
    }
    // From the last turn the next request goes on; the one before it is where the cache
    // of the last request ends.
    let turns = body.get_mut("messages").and_then(Value::as_array_mut);
    let turns = turns.into_iter().flatten().rev();
    for turn in turns.filter(|turn| turn["role"] == "user").take(2) {
        if let Some(content) = turn.get_mut("content") {
            mark_last(content);
        }
    }
}

/// Some clients of Chat do know marks.
fn has_marks(body: &Value) -> bool {
    let is_marked = |block: &Value| block.get("cache_control").is_some();
    let any = |list: &Value| {
        list.as_array()
            .is_some_and(|list| list.iter().any(is_marked))
    };
    let turns = body["messages"].as_array();
    any(&body["tools"])
        || any(&body["system"])
        || turns.is_some_and(|turns| turns.iter().any(|turn| any(&turn["content"])))
}

/// Marks the last block of a list; a text becomes one.
fn mark_last(blocks: &mut Value) {
    if blocks.as_str().is_some_and(|text| !text.is_empty()) {
        *blocks = json!([{"type": "text", "text": blocks.take()}]);
    }
    if let Some(block) = blocks.as_array_mut().and_then(|blocks| blocks.last_mut()) {
        *block = mark(block.take(), true);
    }
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
