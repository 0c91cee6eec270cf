//! What Copilot refuses of a body in its own dialect (facts: Copilot, 9), taken out or put
//! otherwise in small steps. Every other field stays, those that nobody here knows too.

mod messages;
mod responses;

use std::sync::LazyLock;

use dialect::Dialect;
use dialect::prompt::Dropped;
use memchr::memmem::{self, Finder};
use serde_json::Value;

use crate::provider::Mended;

/// What the steps must know of the model.
#[derive(Clone, Copy)]
pub(super) struct Model {
    /// Whether it decides itself how much to think.
    pub(super) is_adaptive: bool,
}

/// One thing that Copilot refuses: mends the body, and names what was lost by it.
type Step = fn(&mut Value, Model, &mut Dropped);

/// The body as Copilot takes it; `None` where it does already, which costs some searches.
pub(super) fn mended(dialect: Dialect, body: &[u8], model: Model) -> Option<Mended> {
    let (is_suspect, steps) = match dialect {
        // Chat is what all clients of Copilot's have always spoken.
        Dialect::Chat => return None,
        Dialect::Responses => (responses_may(body), responses::STEPS),
        Dialect::Messages => (messages_may(body, model), messages::STEPS),
    };
    if !is_suspect {
        return None;
    }
    let before: Value = serde_json::from_slice(body).ok()?;
    let mut after = before.clone();
    let mut dropped = Dropped::default();
    for step in steps {
        step(&mut after, model, &mut dropped);
    }
    (before != after).then(|| Mended {
        body: after.to_string().into(),
        dropped,
    })
}

/// Whether a body may hold something that is refused. The quotes keep it from finding
/// these words in what is said, where quotes are escaped.
fn responses_may(body: &[u8]) -> bool {
    let has = |words: &[Finder<'_>]| words.iter().any(|word| word.find(body).is_some());
    has(&WORDS.responses) || (has(&WORDS.namespace) && has(&WORDS.undescribed))
}

fn messages_may(body: &[u8], model: Model) -> bool {
    let has = |words: &[Finder<'_>]| words.iter().any(|word| word.find(body).is_some());
    has(&WORDS.messages)
        || (!model.is_adaptive && has(&WORDS.adaptive))
        || has_role(body, &WORDS.system)
        || has_many_marks(body)
        || ends_with_the_assistant(body)
}

/// Whether a role stands anywhere as a value.
fn has_role(body: &[u8], role: &Finder<'_>) -> bool {
    role.find_iter(body)
        .any(|at| body[..at].trim_ascii_end().ends_with(b":"))
}

/// Whether the last role is the assistant's, whom upstreams do not go on for.
fn ends_with_the_assistant(body: &[u8]) -> bool {
    let Some(at) = memmem::rfind(body, br#""role""#) else {
        return false;
    };
    let after = body[at + 6..].trim_ascii_start();
    let after = after.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    after.is_some_and(|after| after.starts_with(br#""assistant""#))
}

/// Whether there are more marks than are taken, or some where none is taken: at the top,
/// or inside a tool's result.
fn has_many_marks(body: &[u8]) -> bool {
    let marks = WORDS.mark.find_iter(body).take(messages::MARKS + 1).count();
    marks > messages::MARKS || (marks > 0 && WORDS.result.find(body).is_some()) || {
        // At the top it is the first or the last member, or between two of them.
        marks > 0
            && serde_json::from_slice::<Top>(body).is_ok_and(|top| top.cache_control.is_some())
    }
}

#[derive(serde::Deserialize)]
struct Top {
    cache_control: Option<serde::de::IgnoredAny>,
}

struct Words {
    responses: [Finder<'static>; 4],
    namespace: [Finder<'static>; 1],
    undescribed: [Finder<'static>; 2],
    messages: [Finder<'static>; 6],
    adaptive: [Finder<'static>; 1],
    system: Finder<'static>,
    mark: Finder<'static>,
    result: Finder<'static>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| Words {
    responses: [
        r#""service_tier""#,
        r#""store":true"#,
        r#""store": true"#,
        r#""image_generation""#,
    ]
    .map(Finder::new),
    namespace: [Finder::new(r#""namespace""#)],
    undescribed: [r#""description":"""#, r#""description": """#].map(Finder::new),
    messages: [
        // Of `cache_control`.
        r#""scope""#,
        r#""ttl""#,
        // Of tools.
        r#""eager_input_streaming""#,
        r#""defer_loading""#,
        r#""$schema""#,
        r#""speed""#,
    ]
    .map(Finder::new),
    adaptive: [Finder::new(r#""adaptive""#)],
    system: Finder::new(r#""system""#),
    mark: Finder::new(r#""cache_control""#),
    result: Finder::new(r#""tool_result""#),
});

#[cfg(test)]
mod tests;
