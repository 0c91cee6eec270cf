//! Reads `messages` into turns.

use serde_json::Value;

use super::calls::{self, Calls};
use super::parts;
use super::read::wrong;
use crate::Failure;
use crate::chat::opaque;
use crate::json::text;
use crate::prompt::{Dropped, Part, Role, Turn};

/// Reads `messages`.
pub(super) fn read(messages: &Value, dropped: &mut Dropped) -> Result<Vec<Turn>, Failure> {
    let Some(messages) = messages.as_array() else {
        return Err(wrong("messages", "has to be a list"));
    };
    let mut reader = Reader {
        turns: Vec::with_capacity(messages.len()),
        calls: Calls::default(),
        is_last_results: false,
        dropped,
    };
    for (at, message) in messages.iter().enumerate() {
        reader.message(message, &format!("messages[{at}]"))?;
    }
    Ok(reader.turns)
}

struct Reader<'a> {
    turns: Vec<Turn>,
    calls: Calls,
    /// Whether the last turn holds results of tools only: kept, for a turn of thousands of
    /// them is not looked through again for each.
    is_last_results: bool,
    dropped: &'a mut Dropped,
}

impl Reader<'_> {
    fn message(&mut self, message: &Value, place: &str) -> Result<(), Failure> {
        self.dropped.name_if(
            text(&message["name"]).is_some() && message["role"] != "function",
            "messages.name",
        );
        self.dropped
            .name_if(message["audio"].is_object(), "messages.audio");
        let content = format!("{place}.content");
        let mut parts = parts::read(&message["content"], &content, self.dropped)?;
        let role = match message["role"].as_str() {
            Some("system") => Role::System,
            Some("developer") => Role::Developer,
            Some("user") => Role::User,
            Some("assistant") => {
                parts = self.assistant(message, parts, place)?;
                Role::Assistant
            }
            Some("tool" | "function") => {
                parts = vec![self.result(message, parts, place)?];
                Role::User
            }
            role => {
                let what = match role {
                    Some(role) => format!("is not known: {role:?}"),
                    None => "has to be a string".to_owned(),
                };
                return Err(wrong(format!("{place}.role"), &what));
            }
        };
        if parts::is_marked(message) {
            parts::mark_last(&mut parts);
        }
        self.turn(role, parts);
        Ok(())
    }

    /// Adds a turn. What tools return to one message's calls is one turn.
    fn turn(&mut self, role: Role, parts: Vec<Part>) {
        if parts.is_empty() {
            return;
        }
        let are_results = parts.iter().all(|part| matches!(part, Part::Result { .. }));
        match self.turns.last_mut() {
            Some(last) if last.role == role && are_results && self.is_last_results => {
                last.parts.extend(parts);
            }
            _ => self.turns.push(Turn { role, parts }),
        }
        self.is_last_results = are_results;
    }

    fn assistant(
        &mut self,
        message: &Value,
        said: Vec<Part>,
        place: &str,
    ) -> Result<Vec<Part>, Failure> {
        let mut parts = opaque::read_reasoning(message);
        parts.extend(said);
        parts.extend(text(&message["refusal"]).map(|text| Part::Refusal(text.to_owned())));
        let calls = calls::read(message, place, &mut self.calls)?;
        parts.extend(calls.into_iter().map(Part::Call));
        Ok(parts)
    }

    fn result(&mut self, message: &Value, parts: Vec<Part>, place: &str) -> Result<Part, Failure> {
        let told = text(&message["tool_call_id"]);
        let Some((call, is_custom)) = self.calls.answer(told, text(&message["name"])) else {
            let place = format!("{place}.tool_call_id");
            return Err(wrong(place, "has to name the call that this answers"));
        };
        Ok(Part::Result {
            call,
            parts,
            is_error: false,
            is_custom,
            cache: false,
        })
    }
}
