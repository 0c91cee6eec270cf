//! Decides what to say: a greeting, a tool call, what a tool said, or JSON to a schema.

use serde_json::{Value, json};

use crate::script::Kind;
use crate::state::{Seat, State};

use super::request::Request;
use super::{asked, sample};

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
    if let Some(schema) = request.schema() {
        return sample::value(schema).to_string();
    }
    let account = &seat.account.id;
    let (who, message) = match request.last_word() {
        Some(message) if message.role == "tool" => ("the tool", Some(message)),
        _ => ("you", request.last_of("user")),
    };
    let said: String = message
        .map(|message| message.text().chars().take(ECHOED).collect())
        .unwrap_or_default();
    format!("Hello from {account}, {who} said: {said}")
}

/// Functions are called when it is the user's word that asks: those that it names, else the
/// first, or two when that is allowed.
fn calls(request: &Request, serial: u64) -> Vec<ToolCall> {
    let last = request.last_word();
    let Some(user) = last.filter(|message| message.role == "user") else {
        return Vec::new();
    };
    let prefix = if request.model.starts_with("claude-") {
        "toolu_"
    } else {
        "call_"
    };
    wanted(request, &user.text())
        .into_iter()
        .enumerate()
        .map(|(index, (name, arguments))| ToolCall {
            id: format!("{prefix}{serial:08}_{index}"),
            name,
            arguments: pieces(&arguments.to_string()),
        })
        .collect()
}

/// The names and arguments of what to call.
fn wanted(request: &Request, user: &str) -> Vec<(String, Value)> {
    let is_offered = |name: &str| request.functions().any(|function| function.name == name);
    let asked: Vec<_> = asked::calls(user)
        .filter(|(name, _)| is_offered(name))
        .map(|(name, arguments)| (name.to_owned(), arguments))
        .collect();
    if !asked.is_empty() {
        return asked;
    }
    let count = if request.parallel_tool_calls == Some(true) {
        2
    } else {
        1
    };
    let first = request.functions().take(count);
    first
        .map(|function| (function.name.clone(), sample::object(&function.parameters)))
        .collect()
}

fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunks(6)
        .map(|piece| piece.iter().collect())
        .collect()
}

/// How many characters of a word are repeated: Codex tells 100 of its own before a tool's result.
const ECHOED: usize = 400;
