//! Responses over a WebSocket: each message of a client's asks for a response, and may say
//! only what is new since the last one on the same connection.
//!
//! A message is `{"type": "response.create", …}` with the fields of `POST /v1/responses`.
//! With `"generate": false` it only brings its input and wants an empty response; with
//! `previous_response_id` its input goes on from there. That holds for the connection
//! alone, also with `"store": false` (facts: clients, 3).

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::raw::{elements, members, text};
use crate::{Failure, sse};

/// What was said on one connection.
#[derive(Debug, Default)]
pub struct Conversation {
    /// The last response that is whole.
    last: Option<Said>,
    /// The one that is on its way.
    next: Option<Said>,
    /// How many empty responses were given.
    empty: u64,
}

/// A response, and all that led to it.
#[derive(Debug, Default)]
struct Said {
    /// Its id; some upstreams say another one at its end.
    ids: Vec<String>,
    /// The input of its request and its own output, item by item.
    items: Vec<Arc<str>>,
}

/// What a message asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    /// A response to this body of `POST /v1/responses`.
    Response(Vec<u8>),
    /// Nothing but these events, each the JSON of one.
    Nothing(Vec<String>),
}

impl Conversation {
    /// Takes a client's message, whose body may be `most` bytes. `id` names an empty
    /// response, which is given at `time` (seconds since 1970).
    ///
    /// # Errors
    /// A failure of the client's: a message that is none, one that goes on from a response
    /// that was not the last here, or one that has grown too large.
    pub fn asked(
        &mut self,
        message: &str,
        most: u64,
        id: &str,
        time: u64,
    ) -> Result<Asked, Failure> {
        let message = Message::read(message)?;
        let mut items = match &message.previous {
            None => Vec::new(),
            Some(previous) => match self
                .last
                .as_ref()
                .filter(|last| last.ids.contains(previous))
            {
                Some(last) => last.items.clone(),
                None => return Err(not_found(previous)),
            },
        };
        items.extend(message.items()?);
        let size: usize = items.iter().map(|item| item.len() + 1).sum();
        if size as u64 > most {
            return Err(too_large(most));
        }
        if !message.generates {
            self.empty += 1;
            let id = format!("resp_{}_{}", id.replace('-', ""), self.empty);
            let events = empty(&id, message.model.as_deref(), time);
            self.last = Some(Said {
                ids: vec![id],
                items,
            });
            return Ok(Asked::Nothing(events));
        }
        let body = message.body(&items);
        if body.len() as u64 > most {
            return Err(too_large(most));
        }
        self.next = Some(Said {
            ids: Vec::new(),
            items,
        });
        Ok(Asked::Response(body))
    }

    /// Takes in the data of an event that goes to the client.
    pub fn said(&mut self, data: &str) {
        #[derive(Deserialize)]
        struct Event<'a> {
            r#type: &'a str,
            #[serde(borrow)]
            item: Option<&'a RawValue>,
            response: Option<Response>,
        }
        #[derive(Deserialize)]
        struct Response {
            id: Option<String>,
        }
        // Most events are pieces of text, and say nothing of what was said.
        let tells = [
            "response.created",
            "response.output_item.done",
            "response.completed",
            "response.incomplete",
        ];
        if !tells.iter().any(|kind| data.contains(kind)) {
            return;
        }
        let (Ok(event), Some(next)) = (serde_json::from_str::<Event<'_>>(data), &mut self.next)
        else {
            return;
        };
        if let Some(id) = event.response.and_then(|response| response.id)
            && !next.ids.contains(&id)
        {
            next.ids.push(id);
        }
        match (event.r#type, event.item) {
            ("response.output_item.done", Some(item)) => next.items.push(item.get().into()),
            ("response.completed" | "response.incomplete", _) => self.last = self.next.take(),
            _ => {}
        }
    }
}

/// A client's message, taken apart.
struct Message<'a> {
    previous: Option<String>,
    generates: bool,
    model: Option<String>,
    input: Option<&'a RawValue>,
    /// The members that go upstream as they are, `"name":value`.
    rest: Vec<(&'a RawValue, &'a RawValue)>,
}

impl<'a> Message<'a> {
    fn read(message: &'a str) -> Result<Self, Failure> {
        let mut read = Self {
            previous: None,
            generates: true,
            model: None,
            input: None,
            rest: Vec::new(),
        };
        let mut kind = None;
        let mut is_previous_text = true;
        members(message, |member| match &*member.name() {
            "type" => kind = text(member.value).map(|kind| kind.into_owned()),
            "generate" => read.generates = member.value.get() != "false",
            "previous_response_id" => {
                read.previous = text(member.value).map(|id| id.into_owned());
                is_previous_text = read.previous.is_some() || member.value.get() == "null";
            }
            "input" => read.input = Some(member.value),
            // A socket streams always.
            "stream" | "background" => {}
            name => {
                if name == "model" {
                    read.model = text(member.value).map(|model| model.into_owned());
                }
                read.rest.push((member.key, member.value));
            }
        })
        .map_err(|error| invalid(&format!("the message is not valid: {error}")))?;
        match kind.as_deref() {
            Some("response.create") if is_previous_text => Ok(read),
            Some("response.create") => Err(invalid("\"previous_response_id\" must be a text")),
            Some(other) => {
                let other: String = other.chars().take(100).collect();
                Err(invalid(&format!(
                    "there is no message {other:?} here, only \"response.create\""
                )))
            }
            None => Err(invalid("the message has no type: send \"response.create\"")),
        }
    }

    /// The items of its input; a text is one.
    fn items(&self) -> Result<Vec<Arc<str>>, Failure> {
        let Some(input) = self.input.filter(|input| input.get() != "null") else {
            return Ok(Vec::new());
        };
        if let Some(text) = text(input) {
            let item = json!({"type": "message", "role": "user", "content": text});
            return Ok(vec![item.to_string().into()]);
        }
        let mut items = Vec::new();
        elements(input.get(), |item| items.push(item.get().into()))
            .map_err(|_| invalid("\"input\" must be a text or a list"))?;
        Ok(items)
    }

    fn body(&self, items: &[Arc<str>]) -> Vec<u8> {
        let length: usize = items.iter().map(|item| item.len() + 1).sum();
        let mut body = String::with_capacity(length + 1024);
        body.push_str("{\"stream\":true");
        for (key, value) in &self.rest {
            body.push(',');
            body.push_str(key.get());
            body.push(':');
            body.push_str(value.get());
        }
        body.push_str(",\"input\":[");
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                body.push(',');
            }
            body.push_str(item);
        }
        body.push_str("]}");
        body.into_bytes()
    }
}

/// The events of a response to nothing.
fn empty(id: &str, model: Option<&str>, time: u64) -> Vec<String> {
    let response = |status: &str, usage: Value| {
        json!({
            "id": id, "object": "response", "created_at": time, "status": status,
            "model": model, "output": [], "error": null, "incomplete_details": null,
            "usage": usage,
        })
    };
    let nothing = json!({
        "input_tokens": 0, "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 0, "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 0,
    });
    vec![
        json!({
            "type": "response.created", "sequence_number": 0,
            "response": response("in_progress", Value::Null),
        })
        .to_string(),
        json!({
            "type": "response.completed", "sequence_number": 1,
            "response": response("completed", nothing),
        })
        .to_string(),
    ]
}

/// A failure as a message: what an HTTP status and a body would have said. `failure` is
/// the body; `retry_after` its header.
pub fn error(status: u16, failure: &[u8], retry_after: Option<&str>) -> String {
    let told: Value = serde_json::from_slice(failure).unwrap_or_default();
    let told = match &told {
        Value::Object(body) if body.get("error").is_some_and(Value::is_object) => {
            told["error"].clone()
        }
        // An error event of a stream has its words at its top.
        Value::Object(body) if body.contains_key("message") => json!({
            "type": "server_error",
            "code": body.get("code"),
            "message": body.get("message"),
            "param": body.get("param"),
        }),
        _ => json!({
            "type": "server_error", "code": "upstream_error",
            "message": String::from_utf8_lossy(failure), "param": null,
        }),
    };
    let mut message = json!({"type": "error", "status": status, "error": told});
    if let Some(after) = retry_after {
        message["headers"] = json!({"retry-after": after});
    }
    message.to_string()
}

/// The messages that an event of a stream makes: its data, an error in a socket's words;
/// none of what a socket does not say.
pub fn message(event: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Kind<'a> {
        r#type: &'a str,
    }
    let data = sse::Event::parse(event).data?;
    let data = std::str::from_utf8(&data).ok()?.trim();
    let kind = serde_json::from_str::<Kind<'_>>(data).ok()?;
    Some(match kind.r#type {
        "error" => error(502, data.as_bytes(), None),
        _ => data.to_owned(),
    })
}

fn invalid(text: &str) -> Failure {
    Failure::new(400, "invalid_request", text)
}

fn too_large(most: u64) -> Failure {
    let text = format!(
        "the conversation is larger than {most} bytes (hint: raise [server] max_body_bytes)"
    );
    Failure::new(413, "request_too_large", text)
}

fn not_found(id: &str) -> Failure {
    let id: String = id.chars().take(100).collect();
    Failure::new(
        400,
        "previous_response_not_found",
        format!(
            "the response {id:?} is not the last one of this connection: send all of the input"
        ),
    )
}

#[cfg(test)]
mod tests;
