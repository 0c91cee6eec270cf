//! A web server on loopback that has one answer to everything.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A web server that has one answer, gone when it is dropped.
pub(crate) struct Page {
    pub(crate) url: String,
    asked: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

impl Page {
    pub(crate) async fn serving(status: u16, text: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api.json", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let (count, text) = (Arc::clone(&asked), Bytes::from(text.to_owned()));
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (count, text) = (Arc::clone(&count), text.clone());
                let answer = service_fn(move |_: Request<_>| {
                    count.fetch_add(1, Ordering::Relaxed);
                    let mut response = Response::new(Full::new(text.clone()));
                    *response.status_mut() = status.try_into().unwrap();
                    async move { Ok::<_, Infallible>(response) }
                });
                connections.spawn(async move {
                    let stream = TokioIo::new(stream);
                    let _ = http1::Builder::new().serve_connection(stream, answer).await;
                });
            }
        });
        Self {
            url,
            asked,
            _running: running,
        }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}
