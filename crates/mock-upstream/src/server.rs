//! Accepts connections and leads each request to who answers it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::body::Body;
use crate::data::{self, Call};
use crate::deliver::deliver;
use crate::flight::Owed;
use crate::reply::{Refused, Reply};
use crate::state::{Caller, State};
use crate::{control, github, login, zai};

/// Serves until it is dropped, and its connections with it.
pub(crate) async fn serve(listener: TcpListener, state: Arc<State>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, Arc::clone(&state)));
                }
                // Out of descriptors, most likely; some will come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, state: Arc<State>) {
    // Without this, small events wait for acknowledgements of the ones before.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(&state, request));
    // An error here is a client that left or a fault that was asked for.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(state: &State, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let caller = state.caller(&head.headers);
    let in_flight = caller
        .filter(|_| data::is_work(&head.method, path))
        .map(|caller| caller.seat.flights.begin());
    let body = body.collect().await.map_err(|_| Refused)?.to_bytes();
    if path.starts_with("/_mock") {
        return Ok(deliver(
            control::answer(state, &head.method, path, &body),
            Owed::default(),
        ));
    }
    let watch = state.log.as_ref().map(|log| {
        let path = head.uri.path_and_query().map_or(path, |path| path.as_str());
        let account = caller.map(|caller| caller.seat.account.id.as_str());
        log.add(&head.method, path, &head.headers, &body, account)
    });
    let owed = Owed { in_flight, watch };
    match route(state, &head, &body, caller).await {
        Ok(reply) => Ok(deliver(reply, owed)),
        Err(refused) => {
            owed.settle();
            Err(refused)
        }
    }
}

async fn route(
    state: &State,
    head: &http::request::Parts,
    body: &Bytes,
    caller: Option<Caller<'_>>,
) -> Result<Reply, Refused> {
    let headers = &head.headers;
    let path = head.uri.path();
    match (&head.method, path) {
        (&Method::POST, "/login/device/code") => Ok(login::device_code(state, headers, body)),
        (&Method::POST, "/login/oauth/access_token") => login::access_token(state, headers, body),
        (&Method::GET, "/user") => Ok(github::user(headers, caller)),
        (&Method::GET, "/copilot_internal/user") => github::quota(state, headers, caller).await,
        (&Method::GET, "/copilot_internal/v2/token") => {
            github::exchange(state, headers, caller).await
        }
        (&Method::GET, "/api/monitor/usage/quota/limit") => zai::quota(state, caller).await,
        _ => {
            let (kind, path) = data::provider(path);
            let call = Call {
                kind,
                method: &head.method,
                path,
                headers,
                body,
                caller,
            };
            data::answer(state, &call).await
        }
    }
}
