//! A request to its answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialect::{Dialect, Failure, Operation};
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tokio::time::{Instant, sleep, timeout};
use uuid::Builder;

use crate::admit::{admit, arrive};
use crate::body::{Body, Search};
use crate::call::Call;
use crate::dispatch::{Refused, Reply, Served, dispatch};
use crate::endpoint::{Endpoint, Missing, endpoint, no_socket, spoken_by};
use crate::error::{Refusal, Whole, downstream_headers};
use crate::gateway::Gateway;
use crate::meter::Meter;
use crate::{count, listing, socket, vectors};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Where Anthropic's clients look for it, and find it at Anthropic.
const ANTHROPICS_ID: HeaderName = HeaderName::from_static("request-id");
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
    let client = spoken_by(&head);
    let mut response = match endpoint(&head) {
        Ok(Endpoint::Reply(dialect)) => reply(gateway, dialect, id.clone(), head, body).await,
        Ok(Endpoint::Socket) if !gateway.has_socket() => unknown(no_socket(), Dialect::Responses),
        Ok(Endpoint::Socket) => match socket::accept(head) {
            Ok(response) => response,
            Err(failure) => refused(failure, Dialect::Responses),
        },
        Ok(Endpoint::Embeddings) => vectors::embed(gateway, id.clone(), head, body).await,
        Ok(Endpoint::CountTokens) => count::count(gateway, id.clone(), head, body).await,
        Ok(Endpoint::Models) => listing::all(&gateway, &head).await,
        Ok(Endpoint::Model(model)) => listing::one(&gateway, &head, &model).await,
        Ok(Endpoint::Health) => json(Bytes::from_static(b"{\"status\":\"ok\"}")),
        Err(missing) => unknown(missing, client),
    };
    if let Ok(id) = HeaderValue::try_from(id) {
        let headers = response.headers_mut();
        let told = headers.entry(REQUEST_ID).or_insert_with(|| id.clone());
        if client == Dialect::Messages {
            let told = told.clone();
            headers.entry(ANTHROPICS_ID).or_insert(told);
        }
        headers.insert(OWN_ID, id);
    }
    response
}

/// A UUID of version 7: sorts by time, as the ledger's index likes it. It
/// guards nothing, so its random part needs no system call.
pub(crate) fn request_id() -> String {
    let millis = u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    Builder::from_unix_timestamp_millis(millis, &random)
        .into_uuid()
        .to_string()
}

fn unknown(missing: Missing, dialect: Dialect) -> Response<Body> {
    let mut response = refused(missing.failure, dialect);
    if let Some(allow) = missing.allow {
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
    let most = gateway.max_body();
    let call = arrive(id, head, body, most)
        .await
        .and_then(|(arrival, body)| admit(arrival, dialect, Operation::Generate, body));
    match call {
        Ok(call) => respond(gateway, call).await,
        Err(failure) => refused(failure, dialect),
    }
}

/// The answer to a request that was admitted.
pub(crate) async fn respond(gateway: Arc<Gateway>, call: Call) -> Response<Body> {
    let dialect = call.dialect;
    let (streams, keep_alive) = (call.envelope.stream, gateway.keep_alive());
    let reveals = gateway.reveals_account();
    let mut search = match search(gateway, call).await {
        Ok(search) => search,
        Err(failure) => return refused(failure, dialect),
    };
    let found = if streams {
        match timeout(keep_alive, &mut search).await {
            Ok(found) => found,
            Err(_) => return event_stream(Body::waiting(search, dialect, keep_alive)),
        }
    } else {
        search.await
    };
    answered(found, dialect, keep_alive, reveals)
}

/// The search for an account that answers, once there is room for its record.
///
/// # Errors
/// If the ledger cannot take one.
pub(crate) async fn search(gateway: Arc<Gateway>, call: Call) -> Result<Search, Failure> {
    room_for_a_record(&gateway).await?;
    let pool = Arc::clone(gateway.pool());
    let meter = Meter::start(gateway.ledger().cloned(), pool, &call, Timestamp::now());
    Ok(Box::pin(dispatch(gateway, call, meter)))
}

/// A failure of our own, as a client of `dialect` is told of it.
pub(crate) fn refused(failure: Failure, dialect: Dialect) -> Response<Body> {
    Refusal::own(failure).into_response(dialect).map(Body::full)
}

/// What came of a search, as an answer; it says who served where it `reveals` that.
pub(crate) fn answered(
    found: Result<Reply, Refused>,
    dialect: Dialect,
    keep_alive: Duration,
    reveals: bool,
) -> Response<Body> {
    let served = match &found {
        Ok(Reply::Stream(reply)) => Some(reply.served()),
        Ok(Reply::Whole(reply)) => Some(reply.served()),
        Err(refused) => refused.served(),
    };
    let mut response = match found {
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
    };
    if let Some(served) = served.filter(|_| reveals) {
        reveal(response.headers_mut(), &served);
    }
    response
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

/// A body of ours in JSON.
pub(crate) fn json(body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::full(body));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
