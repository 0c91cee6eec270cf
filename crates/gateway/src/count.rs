//! `POST /v1/messages/count_tokens`: asked of an upstream that counts, else told about.

use std::sync::Arc;

use bytes::Bytes;
use dialect::{Dialect, Operation, tokens};
use http::request::Parts;
use http::{HeaderName, HeaderValue, Response};
use hyper::body::Incoming;

use crate::admit::{admit, arrive};
use crate::api::{answered, json, refused, search};
use crate::body::Body;
use crate::gateway::Gateway;

/// Says that the number is no upstream's.
const ESTIMATE: HeaderName = HeaderName::from_static("x-tokn-router-estimate");

const DIALECT: Dialect = Dialect::Messages;

/// Answers how many tokens a prompt has. A client asks so that it stays below a limit, and
/// is better served with a number that is about right than with none: where no upstream
/// counts for the model, or none answers, it is estimated here.
pub(crate) async fn count(
    gateway: Arc<Gateway>,
    id: String,
    head: Parts,
    body: Incoming,
) -> Response<Body> {
    let arrived = arrive(id, head, body, gateway.max_body()).await;
    let call =
        arrived.and_then(|(arrival, body)| admit(arrival, DIALECT, Operation::CountTokens, body));
    let call = match call {
        Ok(call) => call,
        Err(failure) => return refused(failure, DIALECT),
    };
    let body = call.body.clone();
    let (keep_alive, reveals) = (gateway.keep_alive(), gateway.reveals_account());
    let found = match search(gateway, call).await {
        Ok(search) => search.await,
        Err(failure) => return refused(failure, DIALECT),
    };
    match found {
        Err(nobody) if !nobody.is_the_requests_own() => {
            nobody.answered_by_the_router();
            estimate(&body)
        }
        found => answered(found, DIALECT, keep_alive, reveals),
    }
}

fn estimate(body: &Bytes) -> Response<Body> {
    let told = format!("{{\"input_tokens\":{}}}", tokens::of_messages(body));
    let mut response = json(told.into());
    let headers = response.headers_mut();
    headers.insert(ESTIMATE, HeaderValue::from_static("true"));
    response
}
