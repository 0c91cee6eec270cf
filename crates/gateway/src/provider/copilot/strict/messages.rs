//! The steps of Messages.

use dialect::prompt::Dropped;
use serde_json::{Value, json};

use super::{Model, Step};

/// How many marks of the cache are taken.
pub(super) const MARKS: usize = 4;

/// In this order: what is moved is then looked at as what it has become.
pub(super) const STEPS: &[Step] = &[
    speed,
    tools,
    system_turns,
    prefill,
    thinking,
    mark_at_the_top,
    marks_in_results,
    mark_fields,
    marks,
];

/// Its fast models have names of their own.
fn speed(body: &mut Value, _: Model, dropped: &mut Dropped) {
    if remove(body, "speed") {
        dropped.name("speed");
    }
}

/// Fields of tools that only their vendor's own API knows.
fn tools(body: &mut Value, _: Model, dropped: &mut Dropped) {
    for tool in list(body, "tools") {
        // How the input is streamed, and that a tool may be loaded later, change nothing
        // that is said.
        remove(tool, "eager_input_streaming");
        if remove(tool, "defer_loading") {
            dropped.name("defer_loading");
        }
        if let Some(schema) = tool.get_mut("input_schema") {
            remove(schema, "$schema");
        }
    }
}

/// Only some models take `role: "system"` among the messages: in front of all others it
/// joins the instructions, elsewhere it is said by the user, behind a tool's result.
fn system_turns(body: &mut Value, _: Model, _: &mut Dropped) {
    let Some(messages) = body.get_mut("messages").and_then(Value::as_array_mut) else {
        return;
    };
    let leading = messages.iter().take_while(|turn| is_system(turn)).count();
    // Of nothing but instructions the last is what is asked.
    let leading = leading.min(messages.len().saturating_sub(1));
    let first: Vec<Value> = messages.drain(..leading).collect();
    let mut instructs = false;
    for mut turn in std::mem::take(messages) {
        if instructs && has_results(&turn) {
            // Results have to come first in the turn behind their calls.
            let moved = messages.pop().map(|mut turn| turn["content"].take());
            if let Some(Value::Array(content)) = turn.get_mut("content") {
                content.extend(blocks(moved.unwrap_or_default()));
            }
        }
        instructs = is_system(&turn);
        if instructs {
            turn["role"] = json!("user");
        }
        messages.push(turn);
    }
    if first.is_empty() {
        return;
    }
    let mut system = blocks(body["system"].take());
    for mut turn in first {
        system.extend(blocks(turn["content"].take()));
    }
    body["system"] = Value::Array(system);
}

fn is_system(turn: &Value) -> bool {
    turn["role"] == "system"
}

fn has_results(turn: &Value) -> bool {
    let content = turn["content"].as_array();
    content.is_some_and(|content| content.iter().any(|block| block["type"] == "tool_result"))
}

/// Content as blocks; text is one.
fn blocks(content: Value) -> Vec<Value> {
    match content {
        Value::Array(blocks) => blocks,
        Value::String(text) if !text.is_empty() => vec![json!({"type": "text", "text": text})],
        _ => Vec::new(),
    }
}

/// It does not go on with what the assistant has begun to say.
fn prefill(body: &mut Value, _: Model, dropped: &mut Dropped) {
    let Some(messages) = body.get_mut("messages").and_then(Value::as_array_mut) else {
        return;
    };
    if messages
        .last()
        .is_some_and(|turn| turn["role"] == "assistant")
    {
        messages.push(json!({"role": "user", "content": "Please continue."}));
        dropped.name("prefill");
    }
}

/// A model that does not decide itself how much to think is told.
fn thinking(body: &mut Value, model: Model, dropped: &mut Dropped) {
    if model.is_adaptive || body["thinking"]["type"] != "adaptive" {
        return;
    }
    let most = body["max_tokens"].as_u64().unwrap_or(0);
    let effort = body["output_config"]["effort"].as_str();
    let asked = match effort {
        Some("low") => 4_096,
        Some("high") => 24_576,
        Some("max" | "xhigh") => 32_000,
        _ => 10_240,
    };
    // Anthropic takes 1,024 at least, and less than there is for all of the reply.
    let budget = asked.min(most - most / 4);
    if budget < 1_024 {
        remove(body, "thinking");
        dropped.name("thinking");
    } else {
        body["thinking"] = json!({"type": "enabled", "budget_tokens": budget});
    }
    if let Some(config) = body.get_mut("output_config") {
        remove(config, "effort");
        if config.as_object().is_some_and(serde_json::Map::is_empty) {
            remove(body, "output_config");
        }
    }
}

/// A mark at the top means the last block.
fn mark_at_the_top(body: &mut Value, _: Model, dropped: &mut Dropped) {
    let Some(fields) = body.as_object_mut() else {
        return;
    };
    let Some(mark) = fields.shift_remove("cache_control") else {
        return;
    };
    let turns = fields.get_mut("messages").and_then(Value::as_array_mut);
    let Some(content) = turns.and_then(|turns| turns.last_mut()?.get_mut("content")) else {
        return dropped.name("cache marks");
    };
    if content.is_string() {
        *content = Value::Array(blocks(content.take()));
    }
    match content.as_array_mut().and_then(|blocks| blocks.last_mut()) {
        Some(Value::Object(block)) if !mark.is_null() => {
            block.entry("cache_control").or_insert(mark);
        }
        _ => dropped.name_if(!mark.is_null(), "cache marks"),
    }
}

/// A mark inside a result is refused; one on the result itself is taken.
fn marks_in_results(body: &mut Value, _: Model, dropped: &mut Dropped) {
    for turn in list(body, "messages") {
        for block in list(turn, "content") {
            if block["type"] != "tool_result" {
                continue;
            }
            let mut mark = None;
            for inner in list(block, "content") {
                let fields = inner.as_object_mut();
                mark = fields
                    .and_then(|inner| inner.shift_remove("cache_control"))
                    .or(mark);
            }
            if let (Some(mark), Some(block)) = (mark, block.as_object_mut()) {
                block.entry("cache_control").or_insert(mark);
                dropped.name("cache marks");
            }
        }
    }
}

/// How long and for whom it is cached is the upstream's own matter.
fn mark_fields(body: &mut Value, _: Model, dropped: &mut Dropped) {
    each_marked(body, &mut |block| {
        let Some(mark) = block.get_mut("cache_control") else {
            return;
        };
        // Both, not the one or the other.
        if remove(mark, "ttl") | remove(mark, "scope") {
            dropped.name("cache_control");
        }
    });
}

/// Four marks at most: the first of tools and system, which holds for longest, and the
/// last ones, from which the next turn goes on.
fn marks(body: &mut Value, _: Model, dropped: &mut Dropped) {
    let mut total = 0;
    each_marked(body, &mut |_| total += 1);
    let Some(surplus) = usize::checked_sub(total, MARKS).filter(|surplus| *surplus > 0) else {
        return;
    };
    let has_early = ["tools", "system"].iter().any(|field| {
        let blocks = body[field].as_array();
        blocks.is_some_and(|blocks| blocks.iter().any(is_marked))
    });
    let first = usize::from(has_early);
    let mut at = 0;
    each_marked(body, &mut |block| {
        if (first..first + surplus).contains(&at) {
            remove(block, "cache_control");
        }
        at += 1;
    });
    dropped.name("cache marks");
}

/// Hands on each block with a mark, in the order in which a prompt is made of them.
fn each_marked(body: &mut Value, each: &mut dyn FnMut(&mut Value)) {
    let mut visit = |block: &mut Value| {
        if is_marked(block) {
            each(block);
        }
    };
    for field in ["tools", "system"] {
        list(body, field).for_each(&mut visit);
    }
    for turn in list(body, "messages") {
        list(turn, "content").for_each(&mut visit);
    }
}

fn is_marked(block: &Value) -> bool {
    block
        .get("cache_control")
        .is_some_and(|mark| !mark.is_null())
}

fn remove(value: &mut Value, field: &str) -> bool {
    let fields = value.as_object_mut();
    fields.is_some_and(|fields| fields.shift_remove(field).is_some())
}

fn list<'a>(value: &'a mut Value, field: &str) -> impl Iterator<Item = &'a mut Value> {
    let list = value.get_mut(field).and_then(Value::as_array_mut);
    list.into_iter().flatten()
}
