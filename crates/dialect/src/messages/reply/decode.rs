//! Reads replies into increments: the events of a stream, and a whole message, whose
//! blocks are read as if each came in one piece.

use serde_json::{Value, json};

use crate::delta::{Delta, Finish};
use crate::json::count;
use crate::plain::{self, More};
use crate::prompt::Seal;
use crate::{Dialect, Usage};

/// Reads the events of a streamed reply.
#[derive(Debug, Default)]
pub struct Decoder {
    has_begun: bool,
    has_finished: bool,
    has_failed: bool,
    /// The blocks that have begun and are not over, by their index.
    open: Vec<(u64, Open)>,
    calls: usize,
    /// How many characters the text has, other blocks before it left aside.
    text: u64,
    usage: Usage,
    /// Prompt tokens that were neither read from nor written to the cache: a later
    /// count of these alone must not hide what the cache was told to have.
    uncached: u64,
}

/// A block that is not over.
#[derive(Debug)]
enum Open {
    Text {
        begins: u64,
        citations: Vec<Value>,
    },
    Thinking {
        signature: String,
    },
    Call {
        number: usize,
        /// What it was called with when it began: all there is if nothing follows.
        initial: String,
        has_arguments: bool,
    },
    /// What only Anthropic's servers do.
    Other,
}

/// The increments of a whole reply. `None` where the JSON is none.
pub fn whole(json: &[u8]) -> Option<Vec<Delta>> {
    let reply: Value = serde_json::from_slice(json).ok()?;
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    if reply["error"].is_object() {
        decoder.failed(&reply["error"], &mut out);
        return Some(out);
    }
    let blocks = reply["content"].as_array()?;
    decoder.begin(&reply, &mut out);
    for (index, block) in (0..).zip(blocks) {
        decoder.start(index, block, &mut out);
        decoder.stop(index, &mut out);
    }
    decoder.used(&reply, &mut out);
    decoder.finish(&reply, &mut out);
    Some(out)
}

impl Decoder {
    /// Takes in the `data` of one event.
    pub fn event(&mut self, data: &[u8], out: &mut Vec<Delta>) {
        if self.has_failed {
            return;
        }
        match plain::messages(data) {
            Some((_, More::Text(text))) => return self.text(Some(&text), out),
            Some((_, More::Thought(text))) => return self.thought(Some(&text), out),
            None => {}
        }
        let Ok(event) = serde_json::from_slice::<Value>(data) else {
            return;
        };
        let index = event["index"].as_u64().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                let message = &event["message"];
                self.begin(message, out);
                self.used(message, out);
            }
            "content_block_start" => self.start(index, &event["content_block"], out),
            "content_block_delta" => self.more(index, &event["delta"], out),
            "content_block_stop" => self.stop(index, out),
            "message_delta" if !event["delta"]["stop_reason"].is_null() => {
                self.stop_all(out);
                self.used(&event, out);
                self.finish(&event["delta"], out);
                return;
            }
            "message_stop" => self.stop_all(out),
            // Copilot's errors inside a stream have no type around them.
            _ if event["error"].is_object() => {
                self.failed(&event["error"], out);
                return;
            }
            _ => {}
        }
        self.used(&event, out);
    }

    fn begin(&mut self, message: &Value, out: &mut Vec<Delta>) {
        if self.has_begun {
            return;
        }
        self.has_begun = true;
        let text = |value: &Value| {
            let text = value.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        out.push(Delta::Begin {
            id: text(&message["id"]),
            model: text(&message["model"]),
            created: None,
        });
    }

    fn say(&mut self, delta: Delta, out: &mut Vec<Delta>) {
        self.begin(&Value::Null, out);
        out.push(delta);
    }

    fn start(&mut self, index: u64, block: &Value, out: &mut Vec<Delta>) {
        // A block whose end was not told is over when another takes its place.
        self.stop(index, out);
        let kind = block["type"].as_str().unwrap_or_default();
        if kind != "text" {
            self.text = 0;
        }
        let open = match kind {
            "text" => Open::Text {
                begins: self.text,
                citations: block["citations"].as_array().cloned().unwrap_or_default(),
            },
            "thinking" => Open::Thinking {
                signature: block["signature"].as_str().unwrap_or_default().to_owned(),
            },
            "redacted_thinking" => {
                let data = block["data"].as_str().unwrap_or_default();
                self.say(sealed(data.to_owned(), true), out);
                Open::Other
            }
            // Nobody can tell what is called without a name.
            "tool_use" if block["name"].as_str().is_some_and(|name| !name.is_empty()) => {
                let text = |field: &str| block[field].as_str().unwrap_or_default().to_owned();
                let number = self.calls;
                self.calls += 1;
                let call = Delta::Call {
                    number,
                    id: text("id"),
                    name: text("name"),
                    is_custom: false,
                };
                self.say(call, out);
                Open::Call {
                    number,
                    initial: match &block["input"] {
                        Value::Null => "{}".to_owned(),
                        Value::String(text) if text.is_empty() => "{}".to_owned(),
                        input => input.to_string(),
                    },
                    has_arguments: false,
                }
            }
            _ => Open::Other,
        };
        self.open.push((index, open));
        match kind {
            "text" => self.text(block["text"].as_str(), out),
            "thinking" => self.thought(block["thinking"].as_str(), out),
            _ => {}
        }
    }

    fn more(&mut self, index: u64, delta: &Value, out: &mut Vec<Delta>) {
        let known = self.open.iter_mut().find(|(known, _)| *known == index);
        let open = known.map(|(_, open)| open);
        match (delta["type"].as_str().unwrap_or_default(), open) {
            ("text_delta", _) => self.text(delta["text"].as_str(), out),
            ("thinking_delta", _) => self.thought(delta["thinking"].as_str(), out),
            ("signature_delta", Some(Open::Thinking { signature })) => {
                signature.push_str(delta["signature"].as_str().unwrap_or_default());
            }
            ("citations_delta", Some(Open::Text { citations, .. })) => {
                citations.push(delta["citation"].clone());
            }
            (
                "input_json_delta",
                Some(Open::Call {
                    number,
                    has_arguments,
                    ..
                }),
            ) => {
                let text = delta["partial_json"].as_str().unwrap_or_default();
                if !text.is_empty() {
                    *has_arguments = true;
                    out.push(Delta::Arguments {
                        number: *number,
                        text: text.to_owned(),
                    });
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: Option<&str>, out: &mut Vec<Delta>) {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        self.text += text.chars().fold(0, |count, _| count + 1);
        self.say(Delta::Text(text.to_owned()), out);
    }

    fn thought(&mut self, text: Option<&str>, out: &mut Vec<Delta>) {
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        let thought = Delta::Thought {
            text: text.to_owned(),
            is_summary: false,
        };
        self.say(thought, out);
    }

    fn stop_all(&mut self, out: &mut Vec<Delta>) {
        while let Some((index, _)) = self.open.first() {
            self.stop(*index, out);
        }
    }

    fn stop(&mut self, index: u64, out: &mut Vec<Delta>) {
        let Some(place) = self.open.iter().position(|(known, _)| *known == index) else {
            return;
        };
        match self.open.remove(place).1 {
            Open::Text { begins, citations } => {
                let cited = |citation: &Value| {
                    let url = citation["url"].as_str()?;
                    Some(Delta::Annotation(json!({
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": begins,
                            "end_index": self.text,
                            "url": url,
                            "title": citation["title"].as_str().unwrap_or_default(),
                        },
                    })))
                };
                // Anthropic cites whole blocks, and one without text says nothing.
                if self.text > begins {
                    out.extend(citations.iter().filter_map(cited));
                }
            }
            Open::Thinking { signature } if !signature.is_empty() => {
                self.say(sealed(signature, false), out);
            }
            Open::Call {
                number,
                initial,
                has_arguments: false,
            } => out.push(Delta::Arguments {
                number,
                text: initial,
            }),
            Open::Thinking { .. } | Open::Call { .. } | Open::Other => {}
        }
    }

    /// Reads what an event or a message tells of tokens and credits, wherever Copilot
    /// puts the latter.
    fn used(&mut self, told: &Value, out: &mut Vec<Delta>) {
        let usage = &told["usage"];
        let credits = [&told["copilot_usage"], &usage["copilot_usage"]];
        let mut credits = credits
            .into_iter()
            .filter_map(|told| count(&told["total_nano_aiu"]));
        let nano_credits = credits.next();
        if !usage.is_object() && nano_credits.is_none() {
            return;
        }
        let of = |field: &str| count(&usage[field]).unwrap_or_default();
        let details = &usage["output_tokens_details"];
        let reasoning =
            count(&details["thinking_tokens"]).or_else(|| count(&details["reasoning_tokens"]));
        self.uncached = self.uncached.max(of("input_tokens"));
        self.usage.merge(Usage {
            input: 0,
            output: of("output_tokens"),
            cache_read: of("cache_read_input_tokens"),
            cache_write: of("cache_creation_input_tokens"),
            reasoning: reasoning.unwrap_or_default(),
            nano_credits,
        });
        let cached = self.usage.cache_read.saturating_add(self.usage.cache_write);
        self.usage.input = self.uncached.saturating_add(cached);
        self.say(Delta::Usage(self.usage), out);
    }

    fn finish(&mut self, told: &Value, out: &mut Vec<Delta>) {
        let Some(reason) = told["stop_reason"].as_str() else {
            return;
        };
        if std::mem::replace(&mut self.has_finished, true) {
            return;
        }
        let sequence = || told["stop_sequence"].as_str().map(str::to_owned);
        let finish = match reason {
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "stop_sequence" => Finish::StopSequence(sequence()),
            "tool_use" => Finish::Calls,
            "refusal" => Finish::Refused,
            "pause_turn" => Finish::Paused,
            _ => Finish::Stop,
        };
        self.say(Delta::Finish(finish), out);
    }

    fn failed(&mut self, error: &Value, out: &mut Vec<Delta>) {
        self.has_failed = true;
        let text = |field: &str| error[field].as_str().map(str::to_owned);
        let failed = Delta::Failed {
            code: text("type").or_else(|| text("code")),
            message: text("message").unwrap_or_else(|| "the upstream failed".to_owned()),
        };
        self.say(failed, out);
    }
}

fn sealed(value: String, is_redacted: bool) -> Delta {
    Delta::Sealed(Seal {
        dialect: Dialect::Messages,
        id: None,
        value,
        is_redacted,
    })
}
