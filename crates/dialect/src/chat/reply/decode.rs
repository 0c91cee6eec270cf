//! Reads a reply, streamed or whole, into increments.

use serde_json::Value;

use super::calls::Calls;
use super::finish::{self, Ending};
use crate::Usage;
use crate::chat::{error_words, opaque};
use crate::delta::{Delta, Finish};
use crate::json::{list, string, text};
use crate::plain;

/// Reads the events of a streamed reply.
///
/// Several choices are read as one reply: Copilot's Claude puts its text into one and
/// its calls into another.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The reply's id, once it has begun.
    begun: Option<String>,
    /// Of the sealed reasoning, which comes in pieces.
    opaque: String,
    calls: Calls,
    choices: Vec<Choice>,
    finish: Option<Finish>,
    is_over: bool,
}

#[derive(Debug)]
struct Choice {
    index: u64,
    has_finished: bool,
}

impl Decoder {
    /// Takes in the `data` of one event.
    pub fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) {
        if let Some(text) = self.plain_text(data) {
            self.seal(out);
            out.push(Delta::Text(text));
        } else if data.trim_ascii() == b"[DONE]" {
            self.done(out);
        } else if let Ok(chunk) = serde_json::from_slice::<Value>(data) {
            self.chunk(data, &chunk, false, out);
        }
    }

    /// The text of a chunk that says nothing else, of a choice that has begun.
    fn plain_text(&self, data: &[u8]) -> Option<String> {
        self.begun.as_ref()?;
        let (index, text) = plain::chat(data)?;
        let mut choices = self.choices.iter();
        let is_known = choices.any(|choice| choice.index == index);
        (is_known && !text.is_empty()).then(|| text.into_owned())
    }

    fn chunk(&mut self, data: &[u8], chunk: &Value, is_whole: bool, out: &mut Vec<Delta>) {
        let choices = list(&chunk["choices"]);
        let has_error = tells_error(&chunk["error"]);
        let tells_usage = [&chunk["usage"], &chunk["copilot_usage"]];
        let has_usage = tells_usage.iter().any(|usage| !usage.is_null());
        // Copilot's first chunks have neither id nor content, and are no beginning.
        if choices.is_empty() && !has_error && !has_usage {
            return;
        }
        self.begin(chunk, out);
        for (at, choice) in (0..).zip(choices) {
            self.choice(at, choice, is_whole, out);
        }
        for (at, choice) in (0..).zip(choices) {
            self.finish_choice(at, choice, out);
        }
        if has_usage && let Some(usage) = Usage::read_chat(data) {
            out.push(Delta::Usage(usage));
        }
        if has_error {
            let (code, message) = error_words(data);
            let message = message.unwrap_or_else(|| "the upstream failed".to_owned());
            self.fail(code, message, out);
        }
    }

    /// The upstream has said all.
    fn done(&mut self, out: &mut Vec<Delta>) {
        if self.is_over {
            return;
        }
        self.begin(&Value::Null, out);
        let finish = self.finish.take();
        self.finish(finish.unwrap_or(Finish::Stop), out);
    }

    fn begin(&mut self, chunk: &Value, out: &mut Vec<Delta>) {
        if self.begun.is_some() {
            return;
        }
        let id = string(&chunk["id"]);
        self.begun = Some(id.clone().unwrap_or_default());
        out.push(Delta::Begin {
            id,
            model: string(&chunk["model"]),
            created: chunk["created"].as_u64().filter(|created| *created > 0),
        });
    }

    fn choice(&mut self, at: u64, choice: &Value, is_whole: bool, out: &mut Vec<Delta>) {
        let index = choice_index(at, choice);
        if !self.choices.iter().any(|known| known.index == index) {
            let has_finished = false;
            self.choices.push(Choice {
                index,
                has_finished,
            });
        }
        let delta = if choice["delta"].is_object() {
            &choice["delta"]
        } else {
            &choice["message"]
        };
        if let Some(text) = opaque::reasoning_text(delta) {
            out.push(Delta::Thought {
                text: text.to_owned(),
                is_summary: false,
            });
        }
        self.opaque
            .push_str(text(&delta["reasoning_opaque"]).unwrap_or_default());
        self.text(choice, delta, out);
        let reply = self.begun.clone().unwrap_or_default();
        let calls = list(&delta["tool_calls"]);
        if !calls.is_empty() || delta["function_call"].is_object() {
            self.seal(out);
        }
        for entry in calls {
            self.calls.entry(index, entry, is_whole, &reply, out);
        }
        self.calls
            .legacy(index, &delta["function_call"], &reply, out);
    }

    fn text(&mut self, choice: &Value, delta: &Value, out: &mut Vec<Delta>) {
        let content = content(&delta["content"]);
        let refusal = string(&delta["refusal"]);
        if content.is_some() || refusal.is_some() {
            self.seal(out);
        }
        out.extend(content.map(Delta::Text));
        let notes = list(&delta["annotations"]).iter().cloned();
        out.extend(notes.map(Delta::Annotation));
        let logprobs = list(&choice["logprobs"]["content"]);
        if !logprobs.is_empty() {
            out.push(Delta::Logprobs(logprobs.to_vec()));
        }
        out.extend(refusal.map(Delta::Refusal));
    }

    /// What was sealed of the reasoning is whole when something else comes.
    fn seal(&mut self, out: &mut Vec<Delta>) {
        let opaque = std::mem::take(&mut self.opaque);
        if !opaque.is_empty() {
            out.extend(opaque::to_seals(&opaque).into_iter().map(Delta::Sealed));
        }
    }

    fn finish_choice(&mut self, at: u64, choice: &Value, out: &mut Vec<Delta>) {
        let Some(reason) = text(&choice["finish_reason"]) else {
            return;
        };
        match finish::read(reason) {
            Ending::Failed(word) => {
                let message = format!("the upstream ended the reply with {word:?}");
                self.fail(Some(word), message, out);
            }
            Ending::Finish(finish) => {
                self.finish = Some(finish::stronger(self.finish.take(), finish));
                let index = choice_index(at, choice);
                for known in &mut self.choices {
                    known.has_finished |= known.index == index;
                }
                if self.choices.iter().all(|choice| choice.has_finished)
                    && let Some(finish) = self.finish.clone()
                {
                    self.finish(finish, out);
                }
            }
        }
    }

    fn finish(&mut self, finish: Finish, out: &mut Vec<Delta>) {
        self.seal(out);
        if !std::mem::replace(&mut self.is_over, true) {
            out.push(Delta::Finish(finish::with_calls(finish, self.calls.any())));
        }
    }

    fn fail(&mut self, code: Option<String>, message: String, out: &mut Vec<Delta>) {
        self.seal(out);
        self.is_over = true;
        out.push(Delta::Failed { code, message });
    }
}

/// The increments of a whole reply. `None` where the JSON is none.
pub fn whole(json: &[u8]) -> Option<Vec<Delta>> {
    let reply: Value = serde_json::from_slice(json).ok()?;
    if !reply["choices"].is_array() && !tells_error(&reply["error"]) {
        return None;
    }
    let (mut decoder, mut deltas) = (Decoder::default(), Vec::new());
    decoder.begin(&reply, &mut deltas);
    decoder.chunk(json, &reply, true, &mut deltas);
    // A whole reply has ended, whether it says so or not.
    decoder.done(&mut deltas);
    Some(deltas)
}

/// Some upstreams have an empty error in each chunk.
fn tells_error(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        _ => true,
    }
}

/// Copilot's Claude numbers no choices of a whole reply.
fn choice_index(at: u64, choice: &Value) -> u64 {
    choice["index"].as_u64().unwrap_or(at)
}

/// The text of a delta; some upstreams send a list of parts.
fn content(content: &Value) -> Option<String> {
    match content {
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            Some(texts.collect()).filter(|text: &String| !text.is_empty())
        }
        content => string(content),
    }
}
