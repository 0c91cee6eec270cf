//! What Copilot refuses of a body in its own dialect (facts: Copilot, 9): such a body is
//! written anew, in the words that Copilot takes.

use std::sync::LazyLock;

use dialect::Dialect;
use memchr::memmem::Finder;

/// Whether a body may hold something that Copilot refuses. The quotes keep it from
/// finding these words in what is said, where quotes are escaped; a tool's field of such
/// a name costs no more than that the body is written anew.
pub(super) fn refuses(dialect: Dialect, body: &[u8]) -> bool {
    match dialect {
        // Chat is what all clients of Copilot's have always spoken.
        Dialect::Chat => false,
        Dialect::Responses => RESPONSES.iter().any(|word| word.find(body).is_some()),
        Dialect::Messages => {
            MESSAGES.iter().any(|word| word.find(body).is_some()) || has_system_turn(body)
        }
    }
}

/// Whether `"system"` stands anywhere as a value: a role inside `messages`, which only
/// some models take.
fn has_system_turn(body: &[u8]) -> bool {
    SYSTEM.find_iter(body).any(|at| {
        let before = body[..at].trim_ascii_end();
        before.ends_with(b":")
    })
}

static SYSTEM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""system""#));

static RESPONSES: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| [r#""service_tier""#, r#""store":true"#, r#""store": true"#].map(Finder::new));

static MESSAGES: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| {
    [
        // Of `cache_control`.
        r#""scope""#,
        r#""ttl""#,
        // Of tools.
        r#""eager_input_streaming""#,
        r#""defer_loading""#,
        r#""$schema""#,
        r#""speed""#,
        r#""context_management""#,
    ]
    .map(Finder::new)
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copilot_refuses_is_found_and_what_is_said_of_it_is_not() {
        let messages = |body: &str| refuses(Dialect::Messages, body.as_bytes());
        assert!(messages(r#"{"tools":[{"eager_input_streaming":true}]}"#));
        assert!(messages(
            r#"{"messages":[{"role": "system","content":"a"}]}"#
        ));
        assert!(messages(
            r#"{"cache_control":{"type":"ephemeral","ttl":"1h"}}"#
        ));
        assert!(!messages(
            r#"{"system":"a","messages":[{"role":"user","content":"\"ttl\""}]}"#
        ));
        let responses = |body: &str| refuses(Dialect::Responses, body.as_bytes());
        assert!(responses(r#"{"store":true}"#));
        assert!(!responses(r#"{"store":false}"#));
        assert!(!refuses(Dialect::Chat, br#"{"service_tier":"auto"}"#));
    }
}
