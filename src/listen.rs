//! Which sockets a host name stands for.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::{TcpListener, lookup_host};

use crate::report::{Failure, Kind};

/// Binds every address of `host` on one port; 0 picks a free one. `localhost`
/// is both stacks.
pub(crate) async fn bind(
    host: &str,
    port: u16,
    allow_remote: bool,
) -> Result<Vec<TcpListener>, Failure> {
    let addresses = resolve(host, port).await?;
    if let Some(remote) = addresses.iter().find(|address| !address.ip().is_loopback())
        && !allow_remote
    {
        return Err(Failure::of(
            Kind::Usage,
            format_args!(
                "{} can be reached from beyond this machine, and so could your accounts",
                remote.ip()
            ),
        )
        .hint("listen on 127.0.0.1, or pass --insecure-allow-remote if the network is trusted"));
    }
    let mut listeners: Vec<TcpListener> = Vec::new();
    let mut refused = None;
    for mut address in addresses {
        // One port for all of them: the one that the first was given.
        if let Some(first) = listeners.first().and_then(|first| first.local_addr().ok()) {
            address.set_port(first.port());
        }
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            // A machine without IPv6 still has a localhost.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                refused = Some((address, error));
            }
            Err(error) => return Err(cannot_bind(address, &error)),
        }
    }
    match refused {
        Some((address, error)) if listeners.is_empty() => Err(cannot_bind(address, &error)),
        _ => Ok(listeners),
    }
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    if host.eq_ignore_ascii_case("localhost") {
        let both = [
            IpAddr::from([127, 0, 0, 1]),
            IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]),
        ];
        return Ok(both.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    match lookup_host((host, port)).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(Failure::of(
            Kind::Config,
            format_args!("cannot find the address of {host:?}: {error}"),
        )
        .hint("listen on 127.0.0.1 or localhost")),
    }
}

fn cannot_bind(address: SocketAddr, error: &io::Error) -> Failure {
    let failure = Failure::new(format_args!("cannot listen on {address}: {error}"));
    match error.kind() {
        io::ErrorKind::AddrInUse => failure.hint(
            "another program has this port, perhaps another tokn-router; pass --port 0 to pick a free one",
        ),
        io::ErrorKind::PermissionDenied => failure.hint("ports below 1024 are for the system; choose a higher one"),
        _ => failure,
    }
}
