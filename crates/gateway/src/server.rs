//! Accept, serve, drain.

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::api;
use crate::body::Answered;
use crate::gateway::Gateway;
use crate::socket::{self, Opened};

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
    let (drains, draining) = watch::channel(false);
    {
        let mut stop = pin!(signal());
        loop {
            tokio::select! {
                () = &mut stop => break,
                stream = accept(&listeners) => {
                    let (connection, opened) = connect(stream, Arc::clone(&gateway));
                    let (gateway, mut draining) = (Arc::clone(&gateway), draining.clone());
                    connections.spawn(async move {
                        let mut connection = pin!(connection);
                        let ended = tokio::select! {
                            ended = connection.as_mut() => ended,
                            () = is_draining(&mut draining) => {
                                connection.as_mut().graceful_shutdown();
                                connection.await
                            }
                        };
                        if let Err(error) = ended {
                            tracing::debug!(%error, "connection ended");
                        }
                        if let Some(opened) = opened.take() {
                            Box::pin(socket::serve(gateway, opened, draining)).await;
                        }
                    });
                }
                // Forgets the ended ones as it goes.
                Some(_) = connections.join_next() => {}
            }
        }
    }
    drop(listeners);
    drains.send_replace(true);
    while connections.try_join_next().is_some() {}
    if !connections.is_empty() {
        tracing::info!(
            connections = connections.len(),
            "draining; again to end at once"
        );
    }
    let finished = async { while connections.join_next().await.is_some() {} };
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

/// Waits until no more requests are taken.
pub(crate) async fn is_draining(draining: &mut watch::Receiver<bool>) {
    // Who said so may have ended already, which says the same.
    let _ = draining.wait_for(|draining| *draining).await;
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

/// The socket that a connection becomes when it has ended as one of HTTP.
#[derive(Clone, Default)]
struct Slot(Arc<Mutex<Option<Opened>>>);

impl Slot {
    fn put(&self, opened: Opened) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(opened);
    }

    fn take(&self) -> Option<Opened> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

fn connect(
    stream: TcpStream,
    gateway: Arc<Gateway>,
) -> (
    http1::UpgradeableConnection<
        TokioIo<TcpStream>,
        impl hyper::service::HttpService<
            hyper::body::Incoming,
            ResBody = crate::body::Body,
            Error = std::convert::Infallible,
            Future: Send,
        >,
    >,
    Slot,
) {
    // Stream chunks are small and must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let slot = Slot::default();
    let opened = slot.clone();
    let service = service_fn(move |request| {
        let (gateway, opened) = (Arc::clone(&gateway), opened.clone());
        async move {
            let mut response = api::answer(gateway, request).await;
            if let Some(socket) = response.extensions_mut().remove() {
                opened.put(socket);
            }
            Answered::Ok(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    (connection, slot)
}
