//! The object that a reply is, with every field that the vendor's SDKs want.

use serde_json::{Value, json};

use super::usage;
use crate::Usage;
use crate::delta::Finish;
use crate::translate::Asked;

/// Which reply it is.
#[derive(Clone, Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
}

impl Head {
    /// Of a reply that begins so.
    pub(super) fn new(
        asked: &Asked,
        id: Option<String>,
        model: Option<String>,
        created: Option<u64>,
    ) -> Self {
        let own = id.filter(|id| id.starts_with("resp_"));
        Self {
            id: own.unwrap_or_else(|| format!("resp_{}", asked.id)),
            model: model.unwrap_or_else(|| asked.model.clone()),
            created: created.unwrap_or(asked.time),
        }
    }

    /// The id of its nth item.
    pub(super) fn item_id(&self, prefix: &str, index: usize) -> String {
        let id = self.id.strip_prefix("resp_").unwrap_or(&self.id);
        format!("{prefix}_{id}_{index}")
    }
}

/// How a reply stands.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) usage: Option<Usage>,
    pub(super) finish: Option<Finish>,
    pub(super) failure: Option<(Option<String>, String)>,
}

impl State {
    /// The status that it ends with, which names the last event as well.
    pub(super) const fn status(&self) -> &'static str {
        match (&self.failure, &self.finish) {
            (Some(_), _) => "failed",
            (None, Some(Finish::Length | Finish::Filtered)) => "incomplete",
            (None, _) => "completed",
        }
    }

    /// The reply that ended so.
    pub(super) fn ended(&self, head: &Head, output: Vec<Value>) -> Value {
        let mut json = response(head, self.status(), output);
        json["usage"] = self.usage.as_ref().map(usage::write).into();
        if let Some((code, message)) = &self.failure {
            let code = code.as_deref().unwrap_or("server_error");
            json["error"] = json!({"code": code, "message": message});
            return json;
        }
        let reason = match self.finish {
            Some(Finish::Length) => "max_output_tokens",
            Some(Finish::Filtered) => "content_filter",
            _ => return json,
        };
        json["incomplete_details"] = json!({"reason": reason});
        json
    }
}

/// A reply of which this is said.
pub(super) fn response(head: &Head, status: &str, output: Vec<Value>) -> Value {
    json!({
        "id": head.id,
        "object": "response",
        "created_at": head.created,
        "status": status,
        "background": false,
        "error": null,
        "incomplete_details": null,
        "instructions": null,
        "max_output_tokens": null,
        "model": head.model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null},
        "store": false,
        "temperature": null,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": null,
        "truncation": "disabled",
        "usage": null,
        "user": null,
        "metadata": {},
    })
}
