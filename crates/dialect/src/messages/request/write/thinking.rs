//! How the model is to think, and how it chooses its words, which Anthropic does not
//! let a thinking model be told.

use serde_json::{Number, Value, json};

use crate::prompt::{Dropped, Prompt, Sampling};
use crate::translate::Target;

/// What else of the request thinking depends on.
#[derive(Clone, Copy)]
pub(super) struct Setting {
    pub(super) max_tokens: u64,
    /// Whether a tool must be called.
    pub(super) is_forced: bool,
    /// Whether the calls that are being answered were made without thinking.
    pub(super) has_lost_thoughts: bool,
}

/// What a request says about thinking.
#[derive(Default)]
pub(super) struct Written {
    /// `thinking`, where the model is to.
    pub(super) field: Option<Value>,
    /// `output_config.effort`.
    pub(super) effort: Option<&'static str>,
}

/// Writes how to think, as the model knows it: by effort, or by a budget of tokens.
pub(super) fn write(
    prompt: &Prompt,
    target: &Target<'_>,
    setting: Setting,
    dropped: &mut Dropped,
) -> Written {
    let Some(thinking) = prompt.thinking.as_ref().filter(|told| !told.is_off) else {
        return Written::default();
    };
    let effort = thinking.effort.as_deref();
    let is_wanted = effort != Some("none");
    if target.is_adaptive {
        let summary = thinking.summary.as_deref();
        let field = match summary {
            None => json!({"type": "adaptive"}),
            Some("omitted") => json!({"type": "adaptive", "display": "omitted"}),
            Some(_) => json!({"type": "adaptive", "display": "summarized"}),
        };
        dropped.name_if(is_wanted && setting.is_forced, "thinking");
        return Written {
            field: (is_wanted && !setting.is_forced).then_some(field),
            effort: effort.and_then(|effort| taken(level(effort)?, target)),
        };
    }
    if !is_wanted {
        return Written::default();
    }
    let budget = budget(thinking.budget, effort, setting.max_tokens);
    let is_refused = setting.is_forced || setting.has_lost_thoughts;
    let field = budget.filter(|_| !is_refused);
    dropped.name_if(field.is_none(), "thinking");
    Written {
        field: field.map(|budget| json!({"type": "enabled", "budget_tokens": budget})),
        effort: None,
    }
}

/// OpenAI's efforts in Anthropic's words. Not every model that knows `low` to `max`
/// knows `xhigh`.
fn level(effort: &str) -> Option<&'static str> {
    match effort {
        "none" | "minimal" | "low" => Some("low"),
        "medium" => Some("medium"),
        "high" | "xhigh" => Some("high"),
        "max" => Some("max"),
        _ => None,
    }
}

/// The nearest that the model takes.
fn taken(level: &'static str, target: &Target<'_>) -> Option<&'static str> {
    const LEVELS: [&str; 5] = ["low", "medium", "high", "xhigh", "max"];
    let taken = target.effort(level)?;
    LEVELS.into_iter().find(|known| *known == taken)
}

/// How many tokens to think for: at least as many as Anthropic takes, and, unless the
/// client itself says so, no more than leave a quarter of all for the answer. `None`
/// where so few tokens are asked for that there is no room to think.
fn budget(told: Option<u64>, effort: Option<&str>, max_tokens: u64) -> Option<u64> {
    const LEAST: u64 = 1024;
    if max_tokens <= LEAST {
        return None;
    }
    let most = (max_tokens - max_tokens / 4).max(LEAST);
    let budget = match told {
        Some(told) if told < max_tokens => told,
        Some(_) => most,
        None => most.min(match effort {
            Some("minimal") => 1024,
            Some("low") => 4096,
            Some("high") => 24_576,
            Some("xhigh" | "max") => 32_000,
            _ => 10_240,
        }),
    };
    Some(budget.max(LEAST))
}

/// Temperature, `top_p` and `top_k`, as far as the model takes them.
pub(super) fn sampling(
    sampling: &Sampling,
    target: &Target<'_>,
    is_thinking: bool,
    dropped: &mut Dropped,
) -> (Option<Value>, Option<Value>, Option<Value>) {
    // From Opus 4.7 on, each value but the default is refused.
    let is_fixed =
        target.is_adaptive && !target.model.contains("4.6") && !target.model.contains("4-6");
    let mut take = |number: &Option<Number>, is_taken: &dyn Fn(f64) -> bool, name| {
        let number = number.as_ref()?;
        let is_taken = number.as_f64().is_some_and(is_taken);
        dropped.name_if(!is_taken, name);
        is_taken.then(|| number.clone())
    };
    let is_free = !is_thinking && !is_fixed;
    let temperature = take(
        &sampling.temperature,
        &|value| value >= 1.0 || is_free,
        "temperature",
    );
    let temperature = temperature.filter(|_| is_free).map(clamped);
    // Claude 4.1 and later take one of both.
    let is_alone = temperature.is_none();
    let top_p = take(
        &sampling.top_p,
        &|value| value >= 1.0 || (is_alone && !is_fixed && (is_free || value >= 0.95)),
        "top_p",
    );
    let top_p = top_p.filter(|value| is_alone && !is_fixed && value.as_f64() < Some(1.0));
    let top_k = take(&sampling.top_k, &|_| is_free, "top_k");
    (
        temperature,
        top_p.map(Value::Number),
        top_k.map(Value::Number),
    )
}

/// OpenAI's goes to 2, Anthropic's to 1.
fn clamped(temperature: Number) -> Value {
    match temperature.as_f64() {
        Some(value) if value > 1.0 => json!(1),
        Some(value) if value < 0.0 => json!(0),
        _ => Value::Number(temperature),
    }
}
