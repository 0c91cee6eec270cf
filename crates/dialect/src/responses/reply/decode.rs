//! Reads a reply: its events, or all of it at once.

use serde_json::Value;

use super::heard::{Heard, Kind, What};
use super::usage;
use crate::delta::{Delta, Finish};
use crate::json::{count, list, string, text};
use crate::plain;

/// Reads the events of a streamed reply.
#[derive(Debug, Default)]
pub struct Decoder {
    heard: Heard,
    /// Of the item that was told of last, for events that do not name theirs.
    index: u64,
    has_begun: bool,
    is_over: bool,
}

/// The increments of a whole reply. `None` where the JSON is none.
pub fn whole(json: &[u8]) -> Option<Vec<Delta>> {
    let body: Value = serde_json::from_slice(json).ok()?;
    if !body["output"].is_array() && !body["error"].is_object() {
        return None;
    }
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.begin(&body, &mut out);
    decoder.end(
        &body,
        &body,
        body["status"].as_str().unwrap_or("completed"),
        &mut out,
    );
    Some(out)
}

impl Decoder {
    /// Takes in the `data` of one event.
    pub fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) {
        if self.is_over {
            return;
        }
        if let Some((index, part, text)) = plain::responses(data) {
            self.begin(&Value::Null, out);
            self.index = index;
            let place = (index, Kind::Message);
            self.heard.more(place, (What::Text, part), &text, out);
            return;
        }
        let Ok(event) = serde_json::from_slice::<Value>(data) else {
            return;
        };
        let kind = event["type"].as_str().unwrap_or_default();
        // Copilot's own errors in mid-stream have no type.
        if kind == "error" || (kind.is_empty() && event["error"].is_object()) {
            let error = match event["error"].is_object() {
                true => &event["error"],
                false => &event,
            };
            self.begin(&Value::Null, out);
            self.fail(error, out);
            return;
        }
        let Some(kind) = kind.strip_prefix("response.") else {
            return;
        };
        match kind {
            "created" | "in_progress" | "queued" => {
                self.begin(&event["response"], out);
                out.extend(usage::read(&event).map(Delta::Usage));
            }
            "completed" | "incomplete" | "failed" | "cancelled" => {
                self.begin(&event["response"], out);
                self.end(&event, &event["response"], kind, out);
            }
            _ => self.item_event(kind, &event, out),
        }
    }

    fn item_event(&mut self, kind: &str, event: &Value, out: &mut Vec<Delta>) {
        self.begin(&Value::Null, out);
        self.index = count(&event["output_index"]).unwrap_or(self.index);
        let index = self.index;
        let (message, reasoning) = ((index, Kind::Message), (index, Kind::Reasoning));
        let part = |field: &str| count(&event[field]).unwrap_or(0);
        let (content, summary) = (part("content_index"), part("summary_index"));
        let of = |field: &str| event[field].as_str().unwrap_or_default();
        let heard = &mut self.heard;
        match kind {
            "output_item.added" => heard.begin(index, &event["item"], out),
            "output_item.done" => heard.end(index, &event["item"], out),
            "content_part.done" => heard.part(index, content, &event["part"], out),
            "output_text.delta" => {
                heard.more(message, (What::Text, content), of("delta"), out);
                let logprobs = list(&event["logprobs"]);
                heard.beside(index, (What::Logprobs, content), logprobs, out);
            }
            "output_text.done" => heard.part(index, content, event, out),
            "output_text.annotation.added" => {
                let note = std::slice::from_ref(&event["annotation"]);
                heard.beside(index, (What::Notes, content), note, out);
            }
            "refusal.delta" => heard.more(message, (What::Refusal, content), of("delta"), out),
            "refusal.done" => heard.part(index, content, event, out),
            "reasoning_summary_text.delta" => {
                heard.more(reasoning, (What::Summary, summary), of("delta"), out);
            }
            "reasoning_summary_text.done" => {
                heard.whole(reasoning, (What::Summary, summary), of("text"), out);
            }
            "reasoning_text.delta" => {
                heard.more(reasoning, (What::Thought, content), of("delta"), out);
            }
            "reasoning_text.done" => {
                heard.whole(reasoning, (What::Thought, content), of("text"), out);
            }
            "function_call_arguments.delta" => {
                heard.more((index, Kind::Function), (What::Input, 0), of("delta"), out);
            }
            "function_call_arguments.done" => {
                let place = (index, Kind::Function);
                heard.whole(place, (What::Input, 0), of("arguments"), out);
            }
            "custom_tool_call_input.delta" => {
                heard.more((index, Kind::Custom), (What::Input, 0), of("delta"), out);
            }
            "custom_tool_call_input.done" => {
                heard.whole((index, Kind::Custom), (What::Input, 0), of("input"), out);
            }
            _ => {}
        }
    }

    fn begin(&mut self, response: &Value, out: &mut Vec<Delta>) {
        if !self.has_begun {
            self.has_begun = true;
            out.push(Delta::Begin {
                id: string(&response["id"]),
                model: string(&response["model"]),
                created: count(&response["created_at"]),
            });
        }
    }

    fn end(&mut self, event: &Value, response: &Value, status: &str, out: &mut Vec<Delta>) {
        self.heard.all(&response["output"], out);
        out.extend(usage::read(event).map(Delta::Usage));
        let error = &response["error"];
        if error.is_object() || matches!(status, "failed" | "cancelled") {
            self.fail(error, out);
            return;
        }
        let finish = match (status, text(&response["incomplete_details"]["reason"])) {
            ("incomplete", Some("content_filter")) => Finish::Filtered,
            ("incomplete", _) => Finish::Length,
            ("completed", _) if self.heard.calls > 0 => Finish::Calls,
            ("completed", _) => Finish::Stop,
            // It is not made yet: one that runs in the background.
            _ => return,
        };
        self.is_over = true;
        out.push(Delta::Finish(finish));
    }

    fn fail(&mut self, error: &Value, out: &mut Vec<Delta>) {
        self.is_over = true;
        let code = match &error["code"] {
            Value::Number(code) => Some(code.to_string()),
            code => string(code),
        };
        let message = string(&error["message"]);
        out.push(Delta::Failed {
            code: code.or_else(|| string(&error["type"]).filter(|kind| kind != "error")),
            message: message.unwrap_or_else(|| "the upstream gave no reason".to_owned()),
        });
    }
}
