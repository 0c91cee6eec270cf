//! Path to endpoint: what clients can ask for.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialect::{Dialect, Failure};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use tokio::time::{Instant, sleep, timeout};
use uuid::Builder;

use crate::admit::admit;
use crate::body::Body;
use crate::dispatch::{Refused, Reply, Served, dispatch};
use crate::error::{Refusal, Whole, downstream_headers, model_not_found};
use crate::gateway::Gateway;
use crate::meter::Meter;
use crate::model_list;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The router's own id, also where `x-request-id` is the upstream's.
const OWN_ID: HeaderName = HeaderName::from_static("x-tokn-router-request-id");
const ACCOUNT: HeaderName = HeaderName::from_static("x-tokn-router-account");
const PROVIDER: HeaderName = HeaderName::from_static("x-tokn-router-provider");
const ATTEMPTS: HeaderName = HeaderName::from_static("x-tokn-router-attempts");
/// What stands in no header, and the sign of its encoding.
const UNSEEN: &AsciiSet = &CONTROLS.add(b'%');

/// Answers a request. Never fails: what goes wrong is an answer too.
pub async fn answer(gateway: Arc<Gateway>, request: Request<Incoming>) -> Response<Body> {
    let id = request_id();
    let (head, body) = request.into_parts();
    let mut response = match endpoint(&head) {
        Ok(Endpoint::Reply(dialect)) => reply(gateway, dialect, id.clone(), head, body).await,
        Ok(Endpoint::Models) => list_models(&gateway).await,
        Ok(Endpoint::Model(model)) => one_model(&gateway, &model).await,
        Ok(Endpoint::Health) => json(Bytes::from_static(b"{\"status\":\"ok\"}")),
        Err(failure) => unknown(failure),
    };
    if let Ok(id) = HeaderValue::try_from(id) {
        let headers = response.headers_mut();
        headers.entry(REQUEST_ID).or_insert_with(|| id.clone());
        headers.insert(OWN_ID, id);
    }
    response
}

/// A UUID of version 7: sorts by time, as the ledger's index likes it. It
/// guards nothing, so its random part needs no system call.
fn request_id() -> String {
    let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    Builder::from_unix_timestamp_millis(millis, &random)
        .into_uuid()
        .to_string()
}

enum Endpoint {
    /// A reply of a model, in a dialect.
    Reply(Dialect),
    Models,
    Model(String),
    Health,
}

/// Why there is no endpoint, and the methods that the path does have.
struct Unknown {
    failure: Failure,
    allow: Option<&'static str>,
}

fn endpoint(head: &Parts) -> Result<Endpoint, Unknown> {
    let path = head.uri.path();
    let is_read = matches!(head.method, Method::GET | Method::HEAD);
    let path = if path.len() > 1 {
        path.trim_end_matches('/')
    } else {
        path
    };
    // Clients differ in whether their base URL ends in /v1.
    let below = path
        .strip_prefix("/v1")
        .filter(|below| below.starts_with('/'));
    let below = below.unwrap_or(path);
    let dialect = match below {
        "/chat/completions" => Some(Dialect::Chat),
        "/responses" => Some(Dialect::Responses),
        "/messages" => Some(Dialect::Messages),
        _ => None,
    };
    match below {
        _ if let Some(dialect) = dialect => match head.method {
            Method::POST => Ok(Endpoint::Reply(dialect)),
            Method::GET if dialect == Dialect::Responses => Err(no_socket()),
            _ => Err(wrong_method(head, "POST")),
        },
        "/models" | "/healthz" if !is_read => Err(wrong_method(head, "GET, HEAD")),
        "/models" => Ok(Endpoint::Models),
        "/healthz" => Ok(Endpoint::Health),
        _ => match below.strip_prefix("/models/") {
            Some(_) if !is_read => Err(wrong_method(head, "GET, HEAD")),
            Some(model) => Ok(Endpoint::Model(
                percent_decode_str(model).decode_utf8_lossy().into_owned(),
            )),
            None => Err(Unknown {
                failure: Failure::new(
                    404,
                    "unknown_path",
                    format!(
                        "there is no {} {path} (hint: the base URL ends in /v1); there are POST /v1/chat/completions, /v1/responses, /v1/messages, GET /v1/models and /healthz",
                        head.method
                    ),
                ),
                allow: None,
            }),
        },
    }
}

/// Codex goes on over HTTP at once after a 426, and after nothing else (facts: clients, 3).
fn no_socket() -> Unknown {
    let text = "there is no WebSocket here: send the request with POST";
    Unknown {
        failure: Failure::new(426, "upgrade_required", text),
        allow: Some("POST"),
    }
}

fn wrong_method(head: &Parts, allow: &'static str) -> Unknown {
    let text = format!(
        "{} does not take {}: use {allow}",
        head.uri.path(),
        head.method
    );
    Unknown {
        failure: Failure::new(405, "wrong_method", text),
        allow: Some(allow),
    }
}

fn unknown(unknown: Unknown) -> Response<Body> {
    let refusal = Refusal::own(unknown.failure);
    let mut response = refusal.into_response(Dialect::Chat).map(Body::full);
    if let Some(allow) = unknown.allow {
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static(allow));
    }
    response
}

async fn reply(
    gateway: Arc<Gateway>,
    dialect: Dialect,
    id: String,
    head: Parts,
    body: Incoming,
) -> Response<Body> {
    let refused = |failure| Refusal::own(failure).into_response(dialect).map(Body::full);
    let call = match admit(dialect, id, head, body, gateway.max_body()).await {
        Ok(call) => call,
        Err(failure) => return refused(failure),
    };
    if let Err(failure) = room_for_a_record(&gateway).await {
        return refused(failure);
    }
    let (streams, keep_alive) = (call.envelope.stream, gateway.keep_alive());
    let pool = Arc::clone(gateway.pool());
    let meter = Meter::start(gateway.ledger().cloned(), pool, &call, Timestamp::now());
    let reveals = gateway.reveals_account();
    let mut search = Box::pin(dispatch(gateway, call, meter));
    let found = if streams {
        match timeout(keep_alive, &mut search).await {
            Ok(found) => found,
            Err(_) => return event_stream(Body::waiting(search, dialect, keep_alive)),
        }
    } else {
        search.await
    };
    let served = match &found {
        Ok(Reply::Stream(reply)) => Some(reply.served()),
        Ok(Reply::Whole(reply)) => Some(reply.served()),
        Err(refused) => refused.served(),
    };
    let mut response = answered(found, dialect, keep_alive);
    if let Some(served) = served.filter(|_| reveals) {
        reveal(response.headers_mut(), &served);
    }
    response
}

/// What came of a search, as an answer.
fn answered(
    found: Result<Reply, Refused>,
    dialect: Dialect,
    keep_alive: Duration,
) -> Response<Body> {
    match found {
        Ok(Reply::Stream(mut reply)) => {
            let headers = std::mem::take(&mut reply.begun.headers);
            let status = reply.begun.status;
            let relay = reply.into_relay();
            let mut response = Response::new(Body::relay(relay, dialect, keep_alive));
            *response.status_mut() = status;
            *response.headers_mut() = downstream_headers(headers);
            response
        }
        Ok(Reply::Whole(reply)) => {
            let Whole {
                status,
                headers,
                body,
            } = reply.complete();
            let mut response = Response::new(Body::full(body));
            *response.status_mut() = status;
            *response.headers_mut() = downstream_headers(headers);
            response
        }
        Err(refused) => refused
            .before_any_answer()
            .into_response(dialect)
            .map(Body::full),
    }
}

/// Says who served, for who wonders.
fn reveal(headers: &mut HeaderMap, served: &Served) {
    let Served { account, attempts } = served;
    // An id that no header can hold, as one in Chinese, is told percent-encoded.
    let id = utf8_percent_encode(&account.id, UNSEEN).to_string();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert(ACCOUNT, id);
    }
    headers.insert(
        PROVIDER,
        HeaderValue::from_static(account.provider.as_str()),
    );
    headers.insert(ATTEMPTS, HeaderValue::from(*attempts));
}

/// No record is ever dropped, so when the disk cannot take them as fast as
/// they come, or at all, requests wait here instead.
async fn room_for_a_record(gateway: &Gateway) -> Result<(), Failure> {
    const PATIENCE: Duration = Duration::from_secs(30);
    const STEP: Duration = Duration::from_millis(10);
    let Some(ledger) = gateway.ledger() else {
        return Ok(());
    };
    let deadline = Instant::now() + PATIENCE;
    while ledger.backlog() > ledger::BACKLOG_BOUND {
        if Instant::now() > deadline {
            let text = "the usage ledger cannot be written (hint: is the disk full?)";
            return Err(Failure::new(503, "ledger_stuck", text).retry_after(PATIENCE));
        }
        sleep(STEP).await;
    }
    Ok(())
}

fn event_stream(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

async fn list_models(gateway: &Gateway) -> Response<Body> {
    let merged = model_list::merged(gateway.accounts(), gateway.catalogue()).await;
    if gateway
        .accounts()
        .iter()
        .all(|account| account.models.list().is_none())
    {
        return models_unknown();
    }
    let entries: Vec<&str> = merged.iter().map(|(_, json)| json.as_str()).collect();
    let body = format!("{{\"object\":\"list\",\"data\":[{}]}}", entries.join(","));
    json(body.into())
}

async fn one_model(gateway: &Gateway, model: &str) -> Response<Body> {
    let merged = model_list::merged(gateway.accounts(), gateway.catalogue()).await;
    let candidates = match gateway.candidates(model).await {
        Ok(candidates) => candidates,
        Err(no_model) => {
            let failure = model_not_found(model, &no_model.nearest);
            return Refusal::own(failure)
                .into_response(Dialect::Chat)
                .map(Body::full);
        }
    };
    let entry = merged
        .into_iter()
        .find(|(id, _)| candidates.iter().any(|candidate| candidate.model == *id));
    match entry {
        Some((_, entry)) => json(entry.into()),
        None => models_unknown(),
    }
}

fn models_unknown() -> Response<Body> {
    let text = "no account's list of models could be fetched yet";
    let failure = Failure::new(503, "models_unknown", text);
    Refusal::own(failure)
        .into_response(Dialect::Chat)
        .map(Body::full)
}

fn json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
