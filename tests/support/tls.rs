//! TLS before the simulated upstream, which speaks plain HTTP itself: with a
//! certificate of an authority of the test's own.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::Home;

/// What stands behind the TLS.
#[derive(Clone, Copy)]
pub(crate) enum Behind {
    /// The upstream at this address, in HTTP/1.1.
    Http1(SocketAddr),
    /// The same in HTTP/2.
    Http2(SocketAddr),
    /// A proxy that takes CONNECT.
    Connect,
}

/// A TLS server on `localhost`, with the name of Z.ai's own host as well.
pub(crate) struct Tls {
    pub(crate) port: u16,
    authority: String,
    taken: Arc<AtomicUsize>,
    _running: JoinSet<()>,
}

impl Tls {
    pub(crate) async fn before(behind: Behind) -> Self {
        let (config, authority) = certified(behind);
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, count) = (acceptor.clone(), Arc::clone(&count));
                connections.spawn(async move {
                    // A client that does not trust it hangs up here.
                    if let Ok(stream) = acceptor.accept(stream).await {
                        count.fetch_add(1, Ordering::Relaxed);
                        serve(stream, behind).await;
                    }
                });
            }
        });
        Self {
            port,
            authority,
            taken,
            _running: running,
        }
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Where a home keeps the authority's certificate.
    pub(crate) fn trusted_in(&self, home: &Home) -> PathBuf {
        home.write("authority.pem", &self.authority)
    }
}

/// A proxy that leads to one port of this machine, whoever is asked for.
pub(crate) struct Detour {
    pub(crate) port: u16,
    _running: JoinSet<()>,
}

impl Detour {
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let mut running = JoinSet::new();
        running.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                connections.spawn(async move {
                    asked_for(&mut client).await;
                    tunnel(client, (Ipv4Addr::LOCALHOST, port)).await;
                });
            }
        });
        Self {
            port: own,
            _running: running,
        }
    }
}

fn certified(behind: Behind) -> (ServerConfig, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let names = ["localhost", "api.z.ai"].map(str::to_owned);
    let leaf = CertificateParams::new(names).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], key)
        .unwrap();
    if matches!(behind, Behind::Http2(_)) {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    (config, authority)
}

async fn serve(mut stream: TlsStream<TcpStream>, behind: Behind) {
    match behind {
        Behind::Http1(upstream) => {
            let mut upstream = TcpStream::connect(upstream).await.unwrap();
            let _ = copy_bidirectional(&mut stream, &mut upstream).await;
        }
        Behind::Http2(upstream) => serve_http2(stream, upstream).await,
        Behind::Connect => {
            let target = asked_for(&mut stream).await;
            tunnel(stream, target).await;
        }
    }
}

/// Where a client wants to be connected to.
async fn asked_for(client: &mut (impl AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head.strip_prefix("CONNECT ").unwrap();
    target.split(' ').next().unwrap().to_owned()
}

async fn tunnel(mut client: impl AsyncRead + AsyncWrite + Unpin, to: impl ToSocketAddrs) {
    let mut upstream = TcpStream::connect(to).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut upstream).await;
}

async fn serve_http2(stream: TlsStream<TcpStream>, upstream: SocketAddr) {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        let client = client.clone();
        async move {
            let path = request.uri().path_and_query().unwrap().as_str();
            *request.uri_mut() = format!("http://{upstream}{path}").parse().unwrap();
            *request.version_mut() = hyper::Version::HTTP_11;
            Ok::<_, Infallible>(client.request(request).await.unwrap())
        }
    });
    let connection = http2::Builder::new(TokioExecutor::new());
    let _ = connection
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
