//! Decides what to say: a greeting, a tool call, or what a tool said.

use serde_json::{Map, Value, json};

use crate::script::Kind;
use crate::state::{Seat, State};

use super::request::{Function, Request};

/// What is said, in no format yet.
pub(super) struct Answer {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
    pub(super) reasoning: Option<String>,
    /// What Copilot seals its reasoning with, where a quirk asks for it.
    pub(super) seal: Option<String>,
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) usage: Value,
    /// Copilot's own account of the cost.
    pub(super) cost: Option<Value>,
}

/// One call of a function, its arguments in the pieces that they stream in.
pub(super) struct ToolCall {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
}

impl Answer {
    pub(super) fn to(request: &Request, state: &State, seat: &Seat) -> Self {
        let serial = state.next_serial();
        let calls = calls(request, serial);
        let reasoning = (seat.account.kind == Kind::Zai && request.wants_thinking())
            .then(|| "The user wants an answer, so I give one.".to_owned());
        let text = if calls.is_empty() {
            text(request, state, seat)
        } else {
            String::new()
        };
        let mut answer = Self {
            id: format!("chatcmpl-mock-{serial:08}"),
            model: request.model.clone(),
            created: state.clock.unix_secs(),
            reasoning,
            seal: None,
            text,
            calls,
            usage: Value::Null,
            cost: None,
        };
        answer.price(request, state, seat);
        answer
    }

    pub(super) fn finish_reason(&self) -> &'static str {
        if self.calls.is_empty() {
            "stop"
        } else {
            "tool_calls"
        }
    }

    fn price(&mut self, request: &Request, state: &State, seat: &Seat) {
        let input = request.text_len() / 4 + 8;
        let reasoning = self
            .reasoning
            .as_deref()
            .map_or(0, |text| words(text).count());
        let pieces: usize = self.calls.iter().map(|call| call.arguments.len()).sum();
        let output = words(&self.text).count() + pieces + reasoning;
        self.usage = json!({
            "prompt_tokens": input, "completion_tokens": output, "total_tokens": input + output,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        });
        let Some(model) = state.models.get(&request.model) else {
            return;
        };
        if seat.account.kind != Kind::Copilot {
            return;
        }
        let [input_price, _, output_price] = model.nano_prices();
        let cost = input as f64 * input_price + output as f64 * output_price;
        let detail = |name: &str, count: usize, price: f64| {
            json!({
                "token_type": name, "token_count": count,
                "cost_per_batch": (price * 1e6).round() as u64, "batch_size": 1_000_000,
            })
        };
        self.cost = Some(json!({
            "total_nano_aiu": cost.round() as u64,
            "token_details": [
                detail("input", input, input_price), detail("output", output, output_price),
            ],
        }));
    }
}

/// The pieces that a text streams in; together they are the text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(' ')
}

fn text(request: &Request, state: &State, seat: &Seat) -> String {
    if let Some(text) = &state.shape.text {
        return text.clone();
    }
    let account = &seat.account.id;
    let last_role = request.messages.last().map(|message| message.role.as_str());
    let (who, message) = match last_role {
        Some("tool") => ("the tool", request.last_of("tool")),
        _ => ("you", request.last_of("user")),
    };
    let said: String = message
        .map(|message| message.text().chars().take(100).collect())
        .unwrap_or_default();
    format!("Hello from {account}, {who} said: {said}")
}

/// The first function is called when it is the user's word that asks; two when that is allowed.
fn calls(request: &Request, serial: u64) -> Vec<ToolCall> {
    let last_role = request.messages.last().map(|message| message.role.as_str());
    if last_role != Some("user") {
        return Vec::new();
    }
    let count = if request.parallel_tool_calls == Some(true) {
        2
    } else {
        1
    };
    let prefix = if request.model.starts_with("claude-") {
        "toolu_"
    } else {
        "call_"
    };
    request
        .functions()
        .take(count)
        .enumerate()
        .map(|(index, function)| ToolCall {
            id: format!("{prefix}{serial:08}_{index}"),
            name: function.name.clone(),
            arguments: pieces(&arguments(function)),
        })
        .collect()
}

/// Arguments that fit the function's schema as far as types go.
fn arguments(function: &Function) -> String {
    let fields: Map<String, Value> = function.parameters["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), sample(schema)))
        .collect();
    Value::Object(fields).to_string()
}

fn sample(schema: &Value) -> Value {
    if let Some(first) = schema["enum"].get(0) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("integer" | "number") => json!(1),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some("null") => Value::Null,
        _ => json!("mock"),
    }
}

fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(6)
        .map(|piece| piece.iter().collect())
        .collect()
}
