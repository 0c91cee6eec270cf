//! The calls of a reply that is being read: which delta belongs to which.
//!
//! OpenAI numbers them by `index` and tells id and name once. Others leave out the
//! index or the id, number all with 0, repeat id and name each time, or send the name
//! after the id.

use serde_json::Value;

use crate::chat::request::as_text;
use crate::delta::Delta;
use crate::json::text;

/// The calls of a reply until now.
#[derive(Debug, Default)]
pub(super) struct Calls {
    known: Vec<Known>,
    /// How many have begun.
    begun: usize,
}

#[derive(Debug)]
struct Known {
    choice: u64,
    /// `None` where the upstream tells none.
    index: Option<u64>,
    /// As the upstream told it; empty where it told none.
    id: String,
    /// Once it has begun, and its name is known.
    number: Option<usize>,
    is_custom: bool,
    /// What came of its arguments before its name.
    held: String,
}

/// A legacy `function_call` has no index of its own, and is one call.
const LEGACY: u64 = u64::MAX;

impl Calls {
    /// Whether any has begun.
    pub(super) const fn any(&self) -> bool {
        self.begun > 0
    }

    /// Takes in one entry of `tool_calls`. `reply` is the reply's id, for calls that
    /// have none.
    pub(super) fn entry(
        &mut self,
        choice: u64,
        entry: &Value,
        is_whole: bool,
        reply: &str,
        out: &mut Vec<Delta>,
    ) {
        let is_custom = entry["custom"].is_object();
        let (body, input) = match is_custom {
            true => (&entry["custom"], "input"),
            false => (&entry["function"], "arguments"),
        };
        let told = Told {
            index: entry["index"].as_u64(),
            id: text(&entry["id"]).unwrap_or_default(),
            name: text(&body["name"]),
            arguments: as_text(&body[input]),
            is_custom,
        };
        let place = if is_whole {
            None
        } else {
            self.place(choice, &told)
        };
        self.take(place, choice, told, reply, out);
    }

    /// Takes in a legacy `function_call`.
    pub(super) fn legacy(&mut self, choice: u64, call: &Value, reply: &str, out: &mut Vec<Delta>) {
        if !call.is_object() {
            return;
        }
        let told = Told {
            index: Some(LEGACY),
            id: "",
            name: text(&call["name"]),
            arguments: as_text(&call["arguments"]),
            is_custom: false,
        };
        let place = self.place(choice, &told);
        self.take(place, choice, told, reply, out);
    }

    /// Which known call an entry goes on with.
    fn place(&self, choice: u64, told: &Told<'_>) -> Option<usize> {
        let of_choice = |known: &&Known| known.choice == choice;
        let mut known = self.known.iter().enumerate().rev();
        let (place, known) = match told.index {
            Some(index) => known.find(|(_, known)| of_choice(known) && known.index == Some(index)),
            None if told.id.is_empty() => known.find(|(_, known)| of_choice(known)),
            None => known.find(|(_, known)| of_choice(known) && known.id == told.id),
        }?;
        let is_another = match told.index {
            // Gemini's whole calls all have the index 0.
            Some(_) => !told.id.is_empty() && !known.id.is_empty() && told.id != known.id,
            None => told.id.is_empty() && known.number.is_some(),
        };
        (!(is_another && told.name.is_some())).then_some(place)
    }

    fn take(
        &mut self,
        place: Option<usize>,
        choice: u64,
        told: Told<'_>,
        reply: &str,
        out: &mut Vec<Delta>,
    ) {
        let place = place.unwrap_or_else(|| {
            self.known.push(Known {
                choice,
                index: told.index,
                id: told.id.to_owned(),
                number: None,
                is_custom: told.is_custom,
                held: String::new(),
            });
            self.known.len() - 1
        });
        let Some(known) = self.known.get_mut(place) else {
            return;
        };
        if known.id.is_empty() {
            known.id.push_str(told.id);
        }
        known.held.push_str(&told.arguments);
        let number = match (known.number, told.name) {
            (Some(number), _) => number,
            (None, None) => return,
            (None, Some(name)) => {
                let number = self.begun;
                self.begun += 1;
                known.number = Some(number);
                if known.id.is_empty() {
                    known.id = made_up(number, reply);
                }
                out.push(Delta::Call {
                    number,
                    id: known.id.clone(),
                    name: name.to_owned(),
                    is_custom: known.is_custom,
                });
                number
            }
        };
        let text = std::mem::take(&mut known.held);
        if !text.is_empty() {
            out.push(Delta::Arguments { number, text });
        }
    }
}

/// What one entry tells.
struct Told<'a> {
    index: Option<u64>,
    id: &'a str,
    name: Option<&'a str>,
    arguments: String,
    is_custom: bool,
}

/// An id that differs from those of the conversation's other replies, where these can
/// be told apart.
fn made_up(number: usize, reply: &str) -> String {
    let fits = |char: &char| char.is_ascii_alphanumeric() || *char == '_' || *char == '-';
    let reply: String = reply.chars().filter(fits).take(40).collect();
    match reply.is_empty() {
        true => format!("call_{number}"),
        false => format!("call_{reply}_{number}"),
    }
}
