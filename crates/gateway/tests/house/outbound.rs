//! The person's own proxy, on the way out.

use std::sync::{Arc, Mutex};

use config::{Config, OwnProxy, Proxy, Strategy, Via};
use mock_upstream::Fault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::House;

const MODEL: &str = "gpt-4o";

/// A proxy on loopback that writes down whom it was asked for.
struct Forward {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    _running: JoinSet<()>,
}

impl Forward {
    async fn start(socks: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut running = JoinSet::new();
        let log = Arc::clone(&asked);
        running.spawn(async move {
            let mut tunnels = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let log = Arc::clone(&log);
                tunnels.spawn(async move {
                    if socks {
                        serve_socks(client, &log).await
                    } else {
                        serve_connect(client, &log).await
                    }
                });
            }
        });
        Self {
            port,
            asked,
            _running: running,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve_connect(mut client: TcpStream, log: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let target = head
        .strip_prefix("CONNECT ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap()
        .to_owned();
    log.lock().unwrap().push(head);
    let mut upstream = TcpStream::connect(target).await.unwrap();
    client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    let _ = copy_bidirectional(&mut client, &mut upstream).await;
}

/// SOCKS5 with user and password (RFC 1928, RFC 1929).
async fn serve_socks(mut client: TcpStream, log: &Mutex<Vec<String>>) {
    let mut greeting = [0; 2];
    client.read_exact(&mut greeting).await.unwrap();
    let mut methods = vec![0; usize::from(greeting[1])];
    client.read_exact(&mut methods).await.unwrap();
    let mut who = String::new();
    if methods.contains(&2) {
        client.write_all(&[5, 2]).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 1);
        let user = string(&mut client).await;
        who = format!("{user}:{}@", string(&mut client).await);
        client.write_all(&[1, 0]).await.unwrap();
    } else {
        client.write_all(&[5, 0]).await.unwrap();
    }
    let mut request = [0; 4];
    client.read_exact(&mut request).await.unwrap();
    let host = match request[3] {
        1 => {
            let mut ip = [0; 4];
            client.read_exact(&mut ip).await.unwrap();
            std::net::Ipv4Addr::from(ip).to_string()
        }
        3 => string(&mut client).await,
        other => unreachable!("address type {other}"),
    };
    let port = client.read_u16().await.unwrap();
    log.lock().unwrap().push(format!("{who}{host}:{port}"));
    let mut upstream = TcpStream::connect((host.as_str(), port)).await.unwrap();
    client
        .write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0])
        .await
        .unwrap();
    let _ = copy_bidirectional(&mut client, &mut upstream).await;
}

async fn string(client: &mut TcpStream) -> String {
    let mut bytes = vec![0; usize::from(client.read_u8().await.unwrap())];
    client.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn through(config: &mut Config, url: String, no_proxy: &[&str]) {
    config.proxy = Some(Proxy {
        via: Via::Url(url.into()),
        no_proxy: no_proxy.iter().map(|host| (*host).to_owned()).collect(),
    });
}

#[tokio::test]
async fn everything_goes_through_an_http_proxy_with_its_password() {
    let proxy = Forward::start(false).await;
    let house = House::with(|_, config| {
        through(
            config,
            format!("http://me:p%40ss@127.0.0.1:{}", proxy.port),
            &[],
        );
    })
    .await;
    assert_eq!(house.ask(MODEL).await.status, 200);
    let asked = proxy.asked();
    // `me:p@ss` in Base64.
    assert!(
        asked.iter().all(|head| head
            .to_lowercase()
            .contains("proxy-authorization: basic bwu6cebzcw==")),
        "{asked:?}"
    );
    assert!(!asked.is_empty());
}

#[tokio::test]
async fn a_socks_proxy_gets_the_password_and_resolves_names_itself_if_asked_to() {
    for scheme in ["socks5", "socks5h"] {
        let proxy = Forward::start(true).await;
        let house = House::with(|_, config| {
            through(
                config,
                format!("{scheme}://me:secret@127.0.0.1:{}", proxy.port),
                &[],
            );
        })
        .await;
        assert_eq!(house.ask(MODEL).await.status, 200, "{scheme}");
        let asked = proxy.asked();
        assert!(!asked.is_empty());
        assert!(
            asked
                .iter()
                .all(|asked| asked.starts_with("me:secret@127.0.0.1:")),
            "{scheme} {asked:?}"
        );
    }
}

#[tokio::test]
async fn hosts_of_no_proxy_are_reached_straight() {
    for no_proxy in ["127.0.0.1", "127.0.0.0/8", "*"] {
        let proxy = Forward::start(false).await;
        let house = House::with(|_, config| {
            through(
                config,
                format!("http://127.0.0.1:{}", proxy.port),
                &["example.com", no_proxy],
            );
        })
        .await;
        assert_eq!(house.ask(MODEL).await.status, 200);
        assert_eq!(proxy.asked(), [""; 0], "{no_proxy}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_down_is_named_without_its_password() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let house = House::with(|_, config| {
        config.accounts.retain(|account| account.id == "zed");
        through(config, format!("http://me:hunter2@127.0.0.1:{closed}"), &[]);
    })
    .await;
    let answer = house.ask("glm-4.7").await;
    assert_eq!(answer.json()["error"]["code"], "upstream_unreachable");
    let text = answer.text();
    assert!(text.contains("outbound proxy 127.0.0.1"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn an_accounts_own_way_out_takes_the_place_of_the_shared_one() {
    let (shared, own) = tokio::join!(Forward::start(false), Forward::start(false));
    let house = House::with(|_, config| {
        through(config, format!("http://127.0.0.1:{}", shared.port), &[]);
        let url = format!("http://me:secret@127.0.0.1:{}", own.port);
        config.accounts[0].proxy = Some(OwnProxy::Url(url.into()));
        config.accounts[1].proxy = Some(OwnProxy::Direct);
        config.accounts.truncate(2);
        config.pool.strategy = Strategy::FillFirst;
    })
    .await;
    assert!(house.ask(MODEL).await.said().contains("octocat"));
    assert!(!own.asked().is_empty());
    house.mock.set_fault("octocat", Fault::status(500, "oops"));
    assert!(house.ask(MODEL).await.said().contains("hubot"));
    assert_eq!(shared.asked(), [""; 0]);
}
