//! An error, worded in the client's own dialect.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::json;

use crate::{Dialect, messages};

/// Something that went wrong, as a client is told of it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// A stable word that programs may branch on, such as `model_not_found`.
    pub code: Cow<'static, str>,
    /// What happened and what to do, for a person. Never a secret.
    pub message: String,
    /// When trying again makes sense. Rendered as whole seconds, rounded up.
    pub retry_after: Option<Duration>,
}

impl Failure {
    /// A failure without a hint about when to try again.
    pub fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            retry_after: None,
        }
    }

    /// The same failure with the time after which to try again.
    #[must_use]
    pub fn retry_after(self, after: Duration) -> Self {
        Self {
            retry_after: Some(after),
            ..self
        }
    }

    /// The JSON body that a client of `dialect` expects.
    pub fn body(&self, dialect: Dialect) -> Vec<u8> {
        let body = match dialect {
            Dialect::Chat | Dialect::Responses => json!({"error": {
                "message": self.message,
                "type": openai_type(self.status),
                "param": null,
                "code": self.code,
            }}),
            Dialect::Messages => json!({"type": "error", "error": {
                "type": anthropic_type(self.status),
                "message": messages::reply::error_words(Some(&self.code), &self.message),
            }}),
        };
        body.to_string().into_bytes()
    }

    /// The server-sent event that ends a stream of `dialect` that has begun.
    pub fn event(&self, dialect: Dialect) -> Vec<u8> {
        let mut event = match dialect {
            Dialect::Chat => b"data: ".to_vec(),
            Dialect::Messages => b"event: error\ndata: ".to_vec(),
            Dialect::Responses => {
                let body = json!({
                    "type": "error",
                    "code": self.code,
                    "message": self.message,
                    "param": null,
                });
                return format!("event: error\ndata: {body}\n\n").into_bytes();
            }
        };
        event.extend_from_slice(&self.body(dialect));
        event.extend_from_slice(b"\n\n");
        event
    }
}

const fn openai_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

const fn anthropic_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        400..=499 => "invalid_request_error",
        503 | 529 => "overloaded_error",
        _ => "api_error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn each_dialect_words_an_error_in_its_own_shape() {
        let failure = Failure::new(503, "no_account", "no account can serve \"ä\"");
        insta::assert_snapshot!(text(failure.body(Dialect::Chat)), @r#"{"error":{"message":"no account can serve \"ä\"","type":"server_error","param":null,"code":"no_account"}}"#);
        insta::assert_snapshot!(text(failure.body(Dialect::Messages)), @r#"{"type":"error","error":{"type":"overloaded_error","message":"no account can serve \"ä\""}}"#);
    }

    #[test]
    fn an_error_in_a_stream_is_one_whole_event() {
        let failure = Failure::new(502, "upstream_cut", "the upstream broke off\nin mid-reply");
        for dialect in [Dialect::Chat, Dialect::Responses, Dialect::Messages] {
            let event = failure.event(dialect);
            assert_eq!(
                crate::sse::event_end(&event, 0),
                Some(event.len()),
                "{dialect:?}"
            );
        }
    }
}
