//! The data plane: models, chat and embeddings, at either provider's door.

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::chat::Format;
use crate::models::Task;
use crate::plan::Plan;
use crate::reply::{Refusal, Refused, Reply};
use crate::script::Kind;
use crate::state::{Caller, Seat, State, lock};
use crate::{chat, copilot, embeddings, zai};

/// One request to a provider, its credential already looked up.
pub(crate) struct Call<'a> {
    pub(crate) kind: Kind,
    pub(crate) method: &'a Method,
    /// The path below the provider's base.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
    pub(crate) caller: Option<Caller<'a>>,
}

/// Whose path it is, and what of it is below the provider's base.
pub(crate) fn provider(path: &str) -> (Kind, &str) {
    match zai::path_below_base(path) {
        Some(rest) => (Kind::Zai, rest),
        None => (Kind::Copilot, path),
    }
}

/// Whether the request makes a model work, as the requests counted at once do.
pub(crate) fn is_work(method: &Method, path: &str) -> bool {
    let (kind, path) = provider(path);
    match Endpoint::of(kind, method, path) {
        Some(
            Endpoint::Chat | Endpoint::Other(_) | Endpoint::Embeddings | Endpoint::CountTokens,
        ) => true,
        Some(Endpoint::Models) | None => false,
    }
}

/// What a path leads to.
enum Endpoint {
    Models,
    Chat,
    Other(Format),
    Embeddings,
    CountTokens,
}

/// Answers one request to a provider, or goes wrong as the account's faults say.
pub(crate) async fn answer(state: &State, call: &Call<'_>) -> Result<Reply, Refused> {
    let Some(endpoint) = Endpoint::of(call.kind, call.method, call.path) else {
        return Ok(call.not_found().with_headers(state.request_ids(call.kind)));
    };
    let seat = match call.admit() {
        Ok(seat) => seat,
        Err(reply) => return Ok(reply.with_headers(state.request_ids(call.kind))),
    };
    let faults = match endpoint {
        Endpoint::Models => &seat.models_faults,
        Endpoint::Chat | Endpoint::Other(_) | Endpoint::Embeddings | Endpoint::CountTokens => {
            &seat.faults
        }
    };
    let mut plan = Plan::of(lock(faults).take());
    if let Some(instead) = plan.begin().await {
        return instead.map(|reply| reply.with_headers(state.request_ids(call.kind)));
    }
    let reply = match endpoint {
        Endpoint::Models => Ok(Reply::ready(seat.models.clone())),
        Endpoint::Chat => chat::answer(state, seat, call, &plan),
        Endpoint::Other(format) => chat::answer_in(format, state, seat, call, &plan),
        Endpoint::Embeddings => embeddings::answer(state, seat, call),
        Endpoint::CountTokens => chat::count_tokens(state, seat, call),
    };
    let mut reply = match reply {
        Ok(reply) => reply.with_headers(match call.kind {
            Kind::Copilot => copilot::headers(state, seat),
            Kind::Zai => zai::headers(state),
        }),
        Err(reply) => reply.with_headers(state.request_ids(call.kind)),
    };
    reply.delivery = plan.delivery;
    if reply.delivery.pace.is_zero() && reply.is_events() {
        reply.delivery.pace = state.shape.pace;
    }
    Ok(reply)
}

impl Endpoint {
    fn of(kind: Kind, method: &Method, path: &str) -> Option<Self> {
        match (method, path, kind) {
            (&Method::GET, "/models", _) => Some(Self::Models),
            (&Method::POST, "/chat/completions", _) => Some(Self::Chat),
            (&Method::POST, "/responses", Kind::Copilot) => Some(Self::Other(Format::Responses)),
            (&Method::POST, "/v1/messages", _) => Some(Self::Other(Format::Messages)),
            (&Method::POST, "/v1/messages/count_tokens", Kind::Copilot) => Some(Self::CountTokens),
            (&Method::POST, "/embeddings", Kind::Copilot) => Some(Self::Embeddings),
            _ => None,
        }
    }
}

impl Call<'_> {
    /// Refuses a model that the seat may not use, or not for this.
    pub(crate) fn admit_model(
        &self,
        state: &State,
        seat: &Seat,
        id: &str,
        task: Task,
    ) -> Result<(), Refusal> {
        let known = state.models.get(id);
        match known {
            Some(model) if seat.allowed.contains(id) && model.task == task => Ok(()),
            Some(model) if seat.allowed.contains(id) && model.task != task => {
                Err(copilot::wrong_endpoint(id, self.path).into())
            }
            _ => Err(match self.kind {
                Kind::Copilot => copilot::model_not_supported(),
                Kind::Zai => zai::no_model(known.is_some()),
            }
            .into()),
        }
    }

    /// A body that the provider cannot make sense of.
    pub(crate) fn bad_request(&self, why: &str) -> Reply {
        match self.kind {
            Kind::Copilot => copilot::bad_request(why, "invalid_request_body"),
            Kind::Zai => zai::bad_request(why),
        }
    }

    fn not_found(&self) -> Reply {
        match self.kind {
            Kind::Copilot => copilot::not_found(),
            Kind::Zai => zai::not_found(self.path),
        }
    }
}

impl<'a> Call<'a> {
    fn admit(&self) -> Result<&'a Seat, Refusal> {
        match self.kind {
            Kind::Copilot => copilot::admit(self.headers, self.caller),
            Kind::Zai => zai::admit(self.caller),
        }
    }
}
