//! Accept, serve, drain.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::api;
use crate::body::Answered;
use crate::gateway::Gateway;

/// How long a client may take to send the head of a request; also how long an
/// idle connection is kept.
const HEAD_TIMEOUT: Duration = Duration::from_secs(75);

/// What was left when the server ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Drained {
    /// Every request had its answer.
    All,
    /// This many connections were cut.
    Cut(usize),
}

/// Serves `gateway` on all of `listeners`. The first `signal` says to take no
/// more requests and to finish the running ones, for `drain` at most; the
/// second says not to wait for those either.
pub async fn serve(
    listeners: Vec<TcpListener>,
    gateway: Arc<Gateway>,
    drain: Duration,
    mut signal: impl AsyncFnMut(),
) -> Drained {
    let mut connections = JoinSet::new();
    let graceful = GracefulShutdown::new();
    {
        let mut stop = pin!(signal());
        loop {
            tokio::select! {
                () = &mut stop => break,
                stream = accept(&listeners) => {
                    let connection = connect(stream, Arc::clone(&gateway));
                    let connection = graceful.watch(connection);
                    connections.spawn(async move {
                        if let Err(error) = connection.await {
                            tracing::debug!(%error, "connection ended");
                        }
                    });
                }
                // Forgets the ended ones as it goes.
                Some(_) = connections.join_next() => {}
            }
        }
    }
    drop(listeners);
    while connections.try_join_next().is_some() {}
    if !connections.is_empty() {
        tracing::info!(
            connections = connections.len(),
            "draining; again to end at once"
        );
    }
    let finished = async {
        graceful.shutdown().await;
        // The connections are done; their tasks are in a moment.
        while connections.join_next().await.is_some() {}
    };
    tokio::select! {
        _ = timeout(drain, finished) => {}
        () = signal() => {}
    }
    while connections.try_join_next().is_some() {}
    let cut = connections.len();
    connections.shutdown().await;
    if cut == 0 {
        Drained::All
    } else {
        Drained::Cut(cut)
    }
}

/// The next connection of any listener. An error of `accept` that is not the
/// connection's own (no descriptors left) is waited out.
async fn accept(listeners: &[TcpListener]) -> TcpStream {
    loop {
        let accepts = listeners.iter().map(|listener| Box::pin(listener.accept()));
        let (accepted, _, _) = futures_util::future::select_all(accepts).await;
        match accepted {
            Ok((stream, _)) => return stream,
            Err(error) if is_the_connections_own(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

fn is_the_connections_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

fn connect(
    stream: TcpStream,
    gateway: Arc<Gateway>,
) -> http1::Connection<
    TokioIo<TcpStream>,
    impl hyper::service::HttpService<
        hyper::body::Incoming,
        ResBody = crate::body::Body,
        Error = std::convert::Infallible,
        Future: Send,
    >,
> {
    // Stream chunks are small and must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let gateway = Arc::clone(&gateway);
        async move { Answered::Ok(api::answer(gateway, request).await) }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
}
