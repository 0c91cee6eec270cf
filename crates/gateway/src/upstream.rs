//! The HTTP client: one request to an upstream, with its limits.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;

use crate::gather::Gather;
use crate::outbound::{Outbound, chain};

/// How long an upstream may take for each part of an answer. There is no
/// limit on the whole of it: agents think for many minutes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// To connect, TLS and proxies included.
    pub connect: Duration,
    /// From the request to the first event, or to the whole of a reply that
    /// is not streamed.
    pub first_byte: Duration,
    /// Between two pieces of a streamed reply.
    pub idle: Duration,
}

/// Why nothing usable came of a request.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection: nothing was sent.
    #[error("cannot reach {host}: {reason}")]
    Connect {
        /// The upstream's host.
        host: String,
        /// The chain of causes.
        reason: String,
    },
    /// The connection broke before the answer was whole.
    #[error("{host} broke off: {reason}")]
    Broken {
        /// The upstream's host.
        host: String,
        /// The chain of causes.
        reason: String,
    },
    /// The upstream kept silent for too long.
    #[error("{host} did not answer within {} s", limit.as_secs())]
    Silent {
        /// The upstream's host.
        host: String,
        /// The limit that ran out.
        limit: Duration,
    },
    /// The answer is larger than any that makes sense here.
    #[error("{host} sent more than {limit} bytes")]
    TooLarge {
        /// The upstream's host.
        host: String,
        /// The limit in bytes.
        limit: usize,
    },
}

/// The client of all upstreams. Cheap to clone; clones share connections.
#[derive(Clone)]
pub struct Upstream {
    client: Client<Outbound, Full<Bytes>>,
    limits: Limits,
}

impl Upstream {
    /// A client that dials through `outbound`.
    pub fn new(outbound: Outbound, limits: Limits) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(90))
            .http2_adaptive_window(true)
            // Finds out about a connection that a sleeping laptop lost.
            .http2_keep_alive_interval(Duration::from_secs(20))
            .build(outbound);
        Self { client, limits }
    }

    /// The limits that answers are held to.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Sends a request and waits for the head of its answer, without a limit:
    /// the caller knows when it has waited enough.
    ///
    /// # Errors
    /// `Connect` where nothing was sent, else `Broken`.
    pub async fn send(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, SendError> {
        let host = host_of(&request);
        self.client.request(request).await.map_err(|error| {
            let reason = chain(&error);
            if error.is_connect() {
                SendError::Connect { host, reason }
            } else {
                SendError::Broken { host, reason }
            }
        })
    }

    /// Sends a request and reads its whole answer: for the small ones.
    ///
    /// # Errors
    /// As [`Upstream::send`], or if it takes longer than `limit` or is larger
    /// than 4 MiB.
    pub async fn fetch(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<(StatusCode, HeaderMap, Bytes), SendError> {
        self.fetch_up_to(4 << 20, request, limit).await
    }

    /// The same for an answer of at most `most` bytes.
    ///
    /// # Errors
    /// As [`Upstream::send`], or if it takes longer than `limit` or is larger.
    pub async fn fetch_up_to(
        &self,
        most: usize,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<(StatusCode, HeaderMap, Bytes), SendError> {
        let host = host_of(&request);
        let answer = async {
            let (head, body) = self.send(request).await?.into_parts();
            let body = collect(&host, body, most, limit).await?;
            Ok((head.status, head.headers, body))
        };
        timeout(limit, answer).await.unwrap_or_else(|_| {
            Err(SendError::Silent {
                host: host.clone(),
                limit,
            })
        })
    }
}

/// Reads a whole body of at most `most` bytes, of which a piece comes at least
/// every `idle`.
///
/// # Errors
/// `Broken`, `TooLarge` or `Silent`.
pub async fn collect(
    host: &str,
    mut body: Incoming,
    most: usize,
    idle: Duration,
) -> Result<Bytes, SendError> {
    let host = || host.to_owned();
    let mut whole = Gather::default();
    loop {
        let frame = match timeout(idle, body.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(error))) => {
                let reason = chain(&error);
                return Err(SendError::Broken {
                    host: host(),
                    reason,
                });
            }
            Ok(None) => break,
            Err(_) => {
                return Err(SendError::Silent {
                    host: host(),
                    limit: idle,
                });
            }
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if whole.len() + data.len() > most {
            return Err(SendError::TooLarge {
                host: host(),
                limit: most,
            });
        }
        whole.push(data);
    }
    Ok(whole.take())
}

fn host_of<B>(request: &Request<B>) -> String {
    request.uri().host().unwrap_or("the upstream").to_owned()
}
