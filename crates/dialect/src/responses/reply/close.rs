//! Closes what is open: each part and each item is told again as a whole.

use serde_json::{Value, json};

use super::encode::Encoder;
use super::events::Events;
use super::item::{Body, Called, Form, Part, summary, unwrapped};

impl Encoder {
    /// Closes all items, in their order.
    pub(super) fn close_all(&mut self, out: &mut Vec<u8>) {
        for at in 0..self.items.len() {
            self.close(at, out);
        }
    }

    /// Closes an item, unless it is closed.
    pub(super) fn close(&mut self, at: usize, out: &mut Vec<u8>) {
        let status = match self.state.status() {
            "incomplete" => "incomplete",
            _ => "completed",
        };
        self.close_part(at, out);
        let Some(item) = self.items.get_mut(at).filter(|item| item.is_open()) else {
            return;
        };
        item.status = status;
        let fields = [("output_index", json!(at)), ("item", item.json())];
        self.events.write("response.output_item.done", fields, out);
    }

    /// Closes the last part of an item, if it is open.
    pub(super) fn close_part(&mut self, at: usize, out: &mut Vec<u8>) {
        let Some(item) = self.items.get_mut(at).filter(|item| item.is_open()) else {
            return;
        };
        let place = [("item_id", json!(item.id)), ("output_index", json!(at))];
        match &mut item.body {
            Body::Message(parts) => {
                if let Some(part) = parts.last() {
                    close_content(&mut self.events, (place, parts.len() - 1), part, out);
                }
            }
            Body::Reasoning { text, .. } => {
                if !text.is_empty() {
                    close_summary(&mut self.events, place, text, out);
                }
            }
            Body::Call(call) => close_call(&mut self.events, (&item.id, at), call, out),
        }
    }
}

type Place = [(&'static str, Value); 2];

fn close_content(
    events: &mut Events,
    (place, content): (Place, usize),
    part: &Part,
    out: &mut Vec<u8>,
) {
    let [id, index] = place;
    let place = [id, index, ("content_index", json!(content))];
    let [id, index, content] = place.clone();
    match part {
        Part::Text { text, logprobs, .. } => {
            let logprobs = ("logprobs", json!(logprobs));
            let fields = [id, index, content, ("text", json!(text)), logprobs];
            events.write("response.output_text.done", fields, out);
        }
        Part::Refusal(text) => {
            let fields = [id, index, content, ("refusal", json!(text))];
            events.write("response.refusal.done", fields, out);
        }
    }
    let [id, index, content] = place;
    let fields = [id, index, content, ("part", part.json())];
    events.write("response.content_part.done", fields, out);
}

fn close_summary(events: &mut Events, place: Place, text: &str, out: &mut Vec<u8>) {
    let [id, index] = place.clone();
    let (part, text_field) = (("summary_index", json!(0)), ("text", json!(text)));
    let fields = [id, index, part.clone(), text_field];
    events.write("response.reasoning_summary_text.done", fields, out);
    let [id, index] = place;
    let fields = [id, index, part, ("part", summary(text))];
    events.write("response.reasoning_summary_part.done", fields, out);
}

fn close_call(events: &mut Events, place: (&str, usize), call: &mut Called, out: &mut Vec<u8>) {
    match call.form {
        // Clients parse it, and some upstreams say nothing where there is nothing.
        Form::Function if call.input.trim().is_empty() => {
            call.input.push_str("{}");
            more_input(events, place, call.form, "{}", out);
        }
        Form::Function | Form::Custom => {}
        Form::Wrapped => {
            call.input = unwrapped(&call.input);
            call.form = Form::Custom;
            if !call.input.is_empty() {
                more_input(events, place, call.form, &call.input, out);
            }
        }
    }
    let (id, at) = place;
    let place = [("item_id", json!(id)), ("output_index", json!(at))];
    let [id, index] = place;
    if call.form == Form::Function {
        let name = ("name", json!(call.name));
        let fields = [id, index, name, ("arguments", json!(call.input))];
        events.write("response.function_call_arguments.done", fields, out);
    } else {
        let fields = [id, index, ("input", json!(call.input))];
        events.write("response.custom_tool_call_input.done", fields, out);
    }
}

/// Tells more of what a call is called with.
pub(super) fn more_input(
    events: &mut Events,
    (id, at): (&str, usize),
    form: Form,
    text: &str,
    out: &mut Vec<u8>,
) {
    let kind = match form {
        Form::Function => "response.function_call_arguments.delta",
        Form::Custom | Form::Wrapped => "response.custom_tool_call_input.delta",
    };
    let fields = [
        ("item_id", json!(id)),
        ("output_index", json!(at)),
        ("delta", json!(text)),
    ];
    events.write(kind, fields, out);
}
