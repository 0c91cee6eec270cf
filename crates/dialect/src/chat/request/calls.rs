//! The model's calls in a conversation, read and written, and which of them a result
//! answers.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::parts::list_at;
use super::read::wrong;
use crate::Failure;
use crate::json::text;
use crate::prompt::{Call, Input};
use crate::way_back::flat;

/// The calls of a conversation until now.
#[derive(Debug, Default)]
pub(super) struct Calls {
    made_up: usize,
    known: Vec<Known>,
    /// Where in `known` the latest call of an id is.
    places: HashMap<String, usize>,
}

#[derive(Debug)]
struct Known {
    id: String,
    name: String,
    is_custom: bool,
    is_answered: bool,
}

impl Calls {
    /// Remembers a call, and makes an id up for one that has none: a legacy
    /// `function_call`, or one of an upstream that told none.
    fn add(&mut self, id: Option<&str>, name: &str, input: Input) -> Call {
        let id = id.map_or_else(
            || {
                let id = format!("call_{}", self.made_up);
                self.made_up += 1;
                id
            },
            str::to_owned,
        );
        self.places.insert(id.clone(), self.known.len());
        self.known.push(Known {
            id: id.clone(),
            name: name.to_owned(),
            is_custom: matches!(input, Input::Text(_)),
            is_answered: false,
        });
        Call {
            id,
            name: name.to_owned(),
            namespace: None,
            input,
        }
    }

    /// The id of the call that a result answers, and whether it is of a custom tool.
    /// One without an id answers the first call that waits, of its name if there is
    /// one.
    pub(super) fn answer(
        &mut self,
        id: Option<&str>,
        name: Option<&str>,
    ) -> Option<(String, bool)> {
        if let Some(id) = id {
            let place = self.places.get(id);
            let known = place.and_then(|place| self.known.get_mut(*place));
            let is_custom = known.is_some_and(|known| {
                known.is_answered = true;
                known.is_custom
            });
            return Some((id.to_owned(), is_custom));
        }
        let waits = |known: &Known| !known.is_answered;
        let named = self
            .known
            .iter()
            .position(|known| waits(known) && name == Some(&*known.name));
        let place = named.or_else(|| self.known.iter().position(waits))?;
        let known = self.known.get_mut(place)?;
        known.is_answered = true;
        Some((known.id.clone(), known.is_custom))
    }
}

/// Reads the calls of an assistant's message.
pub(super) fn read(message: &Value, place: &str, calls: &mut Calls) -> Result<Vec<Call>, Failure> {
    let mut read = Vec::new();
    let place = format!("{place}.tool_calls");
    for (at, call) in list_at(&message["tool_calls"], &place)?.iter().enumerate() {
        let (body, input) = match call["custom"].is_object() {
            true => (
                &call["custom"],
                Input::Text(as_text(&call["custom"]["input"])),
            ),
            false => (
                &call["function"],
                Input::Json(as_text(&call["function"]["arguments"])),
            ),
        };
        let name = text(&body["name"])
            .ok_or_else(|| wrong(format!("{place}[{at}]"), "has to name a function"))?;
        read.push(calls.add(text(&call["id"]), name, input));
    }
    let legacy = &message["function_call"];
    if let Some(name) = text(&legacy["name"]) {
        let input = Input::Json(as_text(&legacy["arguments"]));
        read.push(calls.add(None, name, input));
    }
    Ok(read)
}

/// Arguments are a string; some clients send the object itself.
pub(in crate::chat) fn as_text(arguments: &Value) -> String {
    match arguments {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        object => object.to_string(),
    }
}

/// Writes a call, of a custom tool too as one of a function.
pub(super) fn write(call: &Call) -> Value {
    let arguments = match &call.input {
        Input::Json(text) if text.trim().is_empty() => "{}".to_owned(),
        Input::Json(text) => text.clone(),
        Input::Text(text) => json!({"input": text}).to_string(),
    };
    json!({
        "id": call.id,
        "type": "function",
        "function": {
            "name": flat(call.namespace.as_deref(), &call.name),
            "arguments": arguments,
        },
    })
}
