//! `POST /v1/embeddings`: a request that every upstream takes, and its vectors in the form
//! that the client asked for.

use std::sync::Arc;

use bytes::Bytes;
use dialect::embeddings::{Error, Request, in_base64};
use dialect::{Dialect, Failure, Operation};
use http::Response;
use http::request::Parts;
use hyper::body::Incoming;

use crate::admit::{admit, arrive};
use crate::api::{refused, respond};
use crate::body::Body;
use crate::gateway::Gateway;

/// OpenAI's errors are the same for all of its endpoints.
const DIALECT: Dialect = Dialect::Chat;

/// Answers a request for vectors.
pub(crate) async fn embed(
    gateway: Arc<Gateway>,
    id: String,
    head: Parts,
    body: Incoming,
) -> Response<Body> {
    let arrived = arrive(id, head, body, gateway.max_body()).await;
    let call = arrived.and_then(|(arrival, body)| {
        let request = Request::read(&body);
        let request = request.map_err(|error| {
            let code = match error {
                Error::Invalid(_) => "invalid_json",
                Error::Input | Error::Format => "invalid_input",
            };
            Failure::new(400, code, error.to_string())
        })?;
        let call = admit(arrival, DIALECT, Operation::Embed, request.body.into())?;
        Ok((call, request.base64))
    });
    let (call, base64) = match call {
        Ok(admitted) => admitted,
        Err(failure) => return refused(failure, DIALECT),
    };
    let response = respond(gateway, call).await;
    if !base64 || !response.status().is_success() {
        return response;
    }
    response.map(|body| match body {
        Body::Full(Some(reply)) => {
            let packed = in_base64(&reply).map(Bytes::from);
            Body::full(packed.unwrap_or(reply))
        }
        other => other,
    })
}
