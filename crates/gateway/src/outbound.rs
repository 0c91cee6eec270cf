//! How a connection to an upstream is dialled: straight, or through the
//! person's outbound proxy, and with TLS where the URL says so.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use config::Via;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tower_service::Service;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Tcp = MaybeHttpsStream<TokioIo<TcpStream>>;
/// A connection to an upstream: TLS or not, through a proxy or not.
pub type Connection = MaybeHttpsStream<Tcp>;

/// Dials upstreams. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    tcp: HttpConnector,
    proxies: Option<Arc<Proxies>>,
    tls: Arc<OnceLock<Arc<ClientConfig>>>,
    timeout: Duration,
}

impl Outbound {
    /// A dialler for the `[proxy]` section; `None` connects straight.
    /// `timeout` bounds all of it: names, TCP, the proxy, TLS.
    pub fn new(proxy: Option<&config::Proxy>, timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // Small requests and stream chunks must not wait for more to send.
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(Duration::from_secs(60)));
        Self {
            tcp,
            proxies: proxy.and_then(Proxies::new).map(Arc::new),
            tls: Arc::default(),
            timeout,
        }
    }

    async fn connect(self, uri: Uri) -> Result<Connection, Error> {
        let timeout = self.timeout;
        tokio::time::timeout(timeout, self.establish(uri))
            .await
            .unwrap_or_else(|_| {
                let text = format!("no connection within {} s", timeout.as_secs());
                Err(io::Error::new(io::ErrorKind::TimedOut, text).into())
            })
    }

    async fn establish(self, uri: Uri) -> Result<Connection, Error> {
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Ok(MaybeHttpsStream::Http(self.dial(uri).await?));
        }
        let tls = self.tls()?;
        let dial = tower(move |uri| self.clone().dial(uri));
        HttpsConnector::from((dial, tls)).call(uri).await
    }

    /// The TCP connection that leads to `uri`, all proxies passed.
    async fn dial(mut self, uri: Uri) -> Result<Tcp, Error> {
        let Some(proxy) = self
            .proxies
            .as_ref()
            .and_then(|proxies| proxies.intercept(&uri))
        else {
            return Ok(MaybeHttpsStream::Http(self.tcp.call(uri).await?));
        };
        self.through(&proxy, uri).await.map_err(|error| {
            // The proxy's URL may hold a password: name its host only.
            let host = proxy.uri().host().unwrap_or("?").to_owned();
            format!("through the outbound proxy {host}: {}", chain(&*error)).into()
        })
    }

    async fn through(&mut self, proxy: &Intercept, uri: Uri) -> Result<Tcp, Error> {
        let scheme = proxy.uri().scheme_str().unwrap_or("http");
        let uri = with_port(uri)?;
        if let "socks5" | "socks5h" = scheme {
            let uri = if scheme == "socks5" {
                resolved(uri).await?
            } else {
                uri
            };
            let tcp = self.tcp.clone();
            let dial = tower(move |uri| {
                let mut tcp = tcp.clone();
                async move { Ok::<_, Error>(MaybeHttpsStream::Http(tcp.call(uri).await?)) }
            });
            let mut socks = SocksV5::new(proxy.uri().clone(), dial).local_dns(false);
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            return Ok(socks.call(uri).await?);
        }
        // Plain `http` proxies never need the trust store, which is slow to load.
        let tls = if scheme == "https" {
            Some(self.tls()?)
        } else {
            None
        };
        let tcp = self.tcp.clone();
        let dial = tower(move |uri| {
            let (mut tcp, tls) = (tcp.clone(), tls.clone());
            async move {
                match tls {
                    Some(tls) => {
                        HttpsConnector::from((tcp, without_alpn(&tls)))
                            .call(uri)
                            .await
                    }
                    None => Ok(MaybeHttpsStream::Http(tcp.call(uri).await?)),
                }
            }
        });
        let mut tunnel = Tunnel::new(proxy.uri().clone(), dial);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        Ok(tunnel.call(uri).await?)
    }

    /// The TLS configuration, made at the first need: reading the system's
    /// trust store takes longer than the rest of the program's start.
    fn tls(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(Arc::clone(tls));
        }
        let mut tls = ClientConfig::with_platform_verifier()
            .map_err(|error| format!("cannot read the system's certificates: {error}"))?;
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::clone(self.tls.get_or_init(|| Arc::new(tls))))
    }
}

impl Service<Uri> for Outbound {
    type Response = Connection;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Connection, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}

/// The whole chain of causes in one line: hyper's own text stops short of the
/// one that tells a person what to do.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// Which proxy leads to a host.
struct Proxies {
    through: Matcher,
    /// Hosts that are reached straight, as a matcher that matches all others.
    others: Matcher,
}

impl Proxies {
    /// `None` where everything is reached straight.
    fn new(proxy: &config::Proxy) -> Option<Self> {
        // The library knows the star for names only, and not before a suffix.
        let straight: Vec<&str> = proxy
            .no_proxy
            .iter()
            .map(|host| host.strip_prefix("*.").unwrap_or(host))
            .map(|host| host.trim_start_matches('[').trim_end_matches(']'))
            .collect();
        if straight.contains(&"*") {
            return None;
        }
        let through = match &proxy.via {
            Via::Url(url) => Matcher::builder().all(url.expose_secret()).build(),
            Via::System => Matcher::from_system(),
        };
        let others = Matcher::builder()
            .all("http://proxy.invalid")
            .no(straight.join(","))
            .build();
        Some(Self { through, others })
    }

    fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        self.others.intercept(uri)?;
        self.through.intercept(uri)
    }
}

/// The same URI with the host's address, for a proxy that is to learn no names.
async fn resolved(uri: Uri) -> Result<Uri, Error> {
    let authority = uri.authority().ok_or("the URL names no host")?.as_str();
    let address = tokio::net::lookup_host(authority)
        .await?
        .next()
        .ok_or("the name has no address")?;
    let mut parts = uri.into_parts();
    parts.authority = Some(address.to_string().parse()?);
    Ok(Uri::from_parts(parts)?)
}

/// CONNECT and SOCKS name a port always, a URL only where it is unusual.
fn with_port(uri: Uri) -> Result<Uri, Error> {
    if uri.port().is_some() {
        return Ok(uri);
    }
    let port = if uri.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    let authority = format!("{}:{port}", uri.host().ok_or("the URL names no host")?);
    let mut parts = uri.into_parts();
    parts.authority = Some(authority.parse()?);
    Ok(Uri::from_parts(parts)?)
}

/// A CONNECT is spoken in HTTP/1.1.
fn without_alpn(tls: &ClientConfig) -> ClientConfig {
    let mut tls = tls.clone();
    tls.alpn_protocols.clear();
    tls
}

/// A dialling function as the service that hyper's connectors wrap.
fn tower<F, R>(dial: F) -> Dial<F>
where
    F: Fn(Uri) -> R,
{
    Dial(dial)
}

#[derive(Clone)]
struct Dial<F>(F);

impl<F, R> Service<Uri> for Dial<F>
where
    F: Fn(Uri) -> R,
    R: Future<Output = Result<Tcp, Error>> + Send + 'static,
{
    type Response = Tcp;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Tcp, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin((self.0)(uri))
    }
}
