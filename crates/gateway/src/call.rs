//! A request that was admitted: all that the way ahead needs of it.

use bytes::Bytes;
use dialect::envelope::{Splice, splice};
use dialect::{Dialect, Envelope, Initiator, Operation};
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

/// A request, past `admit`: every value in it is already right.
pub struct Call {
    /// The router's own id of the request.
    pub id: String,
    /// What the client speaks.
    pub dialect: Dialect,
    /// What it asks for.
    pub operation: Operation,
    /// The fields that routing looks at.
    pub envelope: Envelope,
    /// The client's own `X-Initiator`, which overrides every other rule.
    pub initiator: Option<Initiator>,
    /// The client's headers.
    pub headers: HeaderMap,
    /// The body, unpacked, otherwise as the client sent it.
    pub body: Bytes,
    /// When the request came in.
    pub started: Instant,
}

impl Call {
    /// The body as the upstream gets it: `model` named as it knows it, usage
    /// asked for at the end of a stream, `field` (name and JSON) added, `cuts`
    /// made. Where nothing changes, these are the client's own bytes, not
    /// copied.
    pub fn body_for(&self, model: &str, field: Option<(&str, &str)>, cuts: &[Splice]) -> Bytes {
        let envelope = &self.envelope;
        let model = (model != envelope.model).then(|| envelope.with_model(model));
        let usage = if envelope.stream {
            envelope.with_usage()
        } else {
            None
        };
        let field = field.map(|(name, json)| envelope.with_field(name, json));
        let mut splices: Vec<_> = [model, usage, field].into_iter().flatten().collect();
        splices.extend_from_slice(cuts);
        if splices.is_empty() {
            return self.body.clone();
        }
        splice(&self.body, &mut splices).into()
    }

    /// The `accept` header of the upstream request.
    pub fn accept(&self) -> HeaderValue {
        HeaderValue::from_static(if self.envelope.stream {
            "text/event-stream"
        } else {
            "application/json"
        })
    }
}
