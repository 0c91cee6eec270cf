//! Path to endpoint: what clients can ask for.

use dialect::{Dialect, Failure};
use http::Method;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use crate::socket;

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A reply of a model, in a dialect.
    Reply(Dialect),
    /// Replies in Responses, one after the other over a WebSocket.
    Socket,
    /// Vectors of texts.
    Embeddings,
    /// How many tokens a Messages prompt has.
    CountTokens,
    /// The list of all models.
    Models,
    /// One model of it.
    Model(String),
    /// Whether the server runs.
    Health,
}

/// Why there is no endpoint.
#[derive(Debug)]
pub struct Missing {
    /// What the client is told.
    pub failure: Failure,
    /// The methods that the path does have.
    pub allow: Option<&'static str>,
}

/// The endpoint that a request asks for.
///
/// # Errors
/// If there is none such.
pub fn endpoint(head: &Parts) -> Result<Endpoint, Missing> {
    let below = below(head.uri.path());
    let written = match below {
        "/chat/completions" => Some(Endpoint::Reply(Dialect::Chat)),
        "/responses" => Some(Endpoint::Reply(Dialect::Responses)),
        "/messages" => Some(Endpoint::Reply(Dialect::Messages)),
        "/messages/count_tokens" => Some(Endpoint::CountTokens),
        "/embeddings" => Some(Endpoint::Embeddings),
        _ => None,
    };
    if let Some(endpoint) = written {
        return match head.method {
            Method::POST => Ok(endpoint),
            Method::GET if endpoint == Endpoint::Reply(Dialect::Responses) => {
                match socket::is_wanted(&head.headers) {
                    true => Ok(Endpoint::Socket),
                    false => Err(no_socket()),
                }
            }
            _ => Err(wrong_method(head, "POST")),
        };
    }
    let read = match below {
        "/models" => Endpoint::Models,
        "/healthz" => Endpoint::Health,
        _ => match below.strip_prefix("/models/") {
            Some(model) => {
                Endpoint::Model(percent_decode_str(model).decode_utf8_lossy().into_owned())
            }
            None => return Err(unknown_path(head)),
        },
    };
    if matches!(head.method, Method::GET | Method::HEAD) {
        Ok(read)
    } else {
        Err(wrong_method(head, "GET, HEAD"))
    }
}

/// The dialect of a client whose path does not tell it: Anthropic's always send a version.
pub fn spoken_by(head: &Parts) -> Dialect {
    let is_messages = head.headers.contains_key("anthropic-version")
        || below(head.uri.path()).starts_with("/messages");
    if is_messages {
        Dialect::Messages
    } else {
        Dialect::Chat
    }
}

/// A path without `/v1`: clients differ in whether their base URL ends in it.
fn below(path: &str) -> &str {
    let path = match path {
        "/" => path,
        path => path.trim_end_matches('/'),
    };
    let below = path.strip_prefix("/v1");
    below.filter(|below| below.starts_with('/')).unwrap_or(path)
}

/// What is told where a socket might be. Codex goes on over HTTP at once after a 426, and after nothing else (facts: clients, 3).
pub fn no_socket() -> Missing {
    let text = "this is no WebSocket: send the request with POST";
    Missing {
        failure: Failure::new(426, "upgrade_required", text),
        allow: Some("POST"),
    }
}

fn unknown_path(head: &Parts) -> Missing {
    let text = format!(
        "there is no {} {} (hint: the base URL ends in /v1); there are POST \
         /v1/chat/completions, /v1/responses, /v1/messages, /v1/messages/count_tokens, \
         /v1/embeddings, GET /v1/models and /healthz",
        head.method,
        head.uri.path(),
    );
    Missing {
        failure: Failure::new(404, "unknown_path", text),
        allow: None,
    }
}

fn wrong_method(head: &Parts, allow: &'static str) -> Missing {
    let text = format!(
        "{} does not take {}: use {allow}",
        head.uri.path(),
        head.method
    );
    Missing {
        failure: Failure::new(405, "wrong_method", text),
        allow: Some(allow),
    }
}
