//! What an upstream says that failed, in Anthropic's words.

use serde_json::{Value, json};

/// The error that a client reads, of a whole reply or of an event.
pub(super) fn body(code: Option<&str>, message: &str) -> Value {
    json!({"type": "error", "error": {
        "type": error_type(code, message),
        "message": error_words(code, message),
    }})
}

/// Words an error as Anthropic does where clients branch on its words: Claude Code
/// compacts a conversation when it reads that the prompt is too long.
pub fn error_words(code: Option<&str>, message: &str) -> String {
    const LONG: &str = "prompt is too long";
    match is_too_long(code, message) && !message.contains(LONG) {
        true => format!("{LONG}: {message}"),
        false => message.to_owned(),
    }
}

/// Whether an upstream's body is an error as Anthropic words it.
pub fn is_worded(body: &[u8]) -> bool {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_default();
    let code = error["code"].as_str().or_else(|| error["type"].as_str());
    body["type"] == "error" && error_words(code, message) == message
}

fn error_type(code: Option<&str>, message: &str) -> &'static str {
    const OWN: [&str; 9] = [
        "invalid_request_error",
        "authentication_error",
        "billing_error",
        "permission_error",
        "not_found_error",
        "request_too_large",
        "rate_limit_error",
        "timeout_error",
        "api_error",
    ];
    if is_too_long(code, message) {
        return "invalid_request_error";
    }
    let code = code.unwrap_or_default().to_ascii_lowercase();
    let tells = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if let Some(own) = OWN.into_iter().find(|own| *own == code) {
        own
    } else if tells(&["overloaded", "unavailable", "capacity", "503", "529"]) {
        "overloaded_error"
    } else if tells(&["rate_limit", "rate limit", "quota", "too_many", "429"]) {
        "rate_limit_error"
    } else {
        "api_error"
    }
}

/// Whether an upstream says that the conversation does not fit the model: by OpenAI's code
/// for it, and by the words of those that have none (facts: Copilot, 7).
pub fn is_too_long(code: Option<&str>, message: &str) -> bool {
    const WORDS: [&str; 4] = [
        "prompt is too long",
        "maximum context length",
        "context window",
        "context_length_exceeded",
    ];
    code == Some("context_length_exceeded")
        || code == Some("model_max_prompt_tokens_exceeded")
        || WORDS.iter().any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_that_is_too_long_is_worded_as_claude_code_knows_it() {
        let body = body(Some("context_length_exceeded"), "at most 128000 tokens");
        insta::assert_snapshot!(body.to_string(), @r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: at most 128000 tokens"}}"#);
        let own = "prompt is too long: 210000 tokens > 200000 maximum";
        assert_eq!(error_words(Some("invalid_request_error"), own), own);
    }

    #[test]
    fn an_error_of_another_api_or_in_other_words_is_not_anthropics() {
        let error = |kind: Value, message: &str| {
            json!({"type": kind, "error": {"type": "invalid_request_error", "message": message}})
                .to_string()
        };
        assert!(is_worded(error(json!("error"), "no").as_bytes()));
        assert!(!is_worded(error(json!(null), "no").as_bytes()));
        let long = "the request is too large for the model's context window";
        assert!(!is_worded(error(json!("error"), long).as_bytes()));
        assert!(!is_worded(b"bad request: no"));
    }

    #[test]
    fn codes_become_anthropics_types() {
        for (code, kind) in [
            ("rate_limit_exceeded", "rate_limit_error"),
            ("user_global_rate_limited", "rate_limit_error"),
            ("insufficient_quota", "rate_limit_error"),
            ("model_overloaded", "overloaded_error"),
            ("overloaded_error", "overloaded_error"),
            ("authentication_error", "authentication_error"),
            ("server_error", "api_error"),
        ] {
            assert_eq!(error_type(Some(code), "m"), kind, "{code}");
        }
        assert_eq!(error_type(None, "m"), "api_error");
    }
}
