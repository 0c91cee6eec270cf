//! Why a reply ends, in Chat's words.

use crate::delta::Finish;

/// What ends a choice.
pub(super) enum Ending {
    /// A reason.
    Finish(Finish),
    /// The upstream itself failed, in its own word.
    Failed(String),
}

/// Reads a `finish_reason` that tells something.
pub(super) fn read(reason: &str) -> Ending {
    Ending::Finish(match reason {
        "length" | "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_calls" | "function_call" | "tool_use" => Finish::Calls,
        "content_filter" | "sensitive" => Finish::Filtered,
        // Z.ai's and OpenRouter's words for a failure in mid-reply.
        "network_error" | "error" => return Ending::Failed(reason.to_owned()),
        _ => Finish::Stop,
    })
}

/// The stronger of two reasons, where a reply has several choices that are read as one.
pub(super) fn stronger(one: Option<Finish>, other: Finish) -> Finish {
    let rank = |finish: &Finish| match finish {
        Finish::Filtered => 3,
        Finish::Length => 2,
        Finish::Calls => 1,
        _ => 0,
    };
    match one {
        Some(one) if rank(&one) >= rank(&other) => one,
        _ => other,
    }
}

/// Some upstreams say that all is said where a call waits for its result, and clients
/// would not run the tool.
pub(super) fn with_calls(finish: Finish, has_calls: bool) -> Finish {
    match finish {
        Finish::Stop if has_calls => Finish::Calls,
        finish => finish,
    }
}

/// Writes a `finish_reason`; of a reply of which none is known, one that fits it.
pub(super) fn write(finish: Option<&Finish>, has_calls: bool) -> &'static str {
    match finish {
        None | Some(Finish::Stop) if has_calls => "tool_calls",
        None | Some(Finish::Stop | Finish::StopSequence(_) | Finish::Paused) => "stop",
        Some(Finish::Length) => "length",
        Some(Finish::Calls) => "tool_calls",
        Some(Finish::Filtered | Finish::Refused) => "content_filter",
    }
}
