//! Whether the server's port is free, or whose it is.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use config::Config;
use gateway::outbound::Outbound;
use gateway::presence;
use gateway::upstream::{Limits, Upstream};
use http::Request;
use http_body_util::Full;

use super::finding::Finding;
use crate::listen;

/// Looks whether a server could listen where the configuration says.
pub(super) async fn look(config: &Config, data: &Path, findings: &mut Vec<Finding>) {
    const ABOUT: &str = "port";
    let (host, port) = (&config.server.host, config.server.port);
    // Whether it may listen beyond this machine is asked by `serve`.
    let is_free = listen::bind(host, port, true).await;
    let place = match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    };
    findings.push(match is_free {
        Ok(_) if port == 0 => Finding::well(ABOUT, "the server picks a free one"),
        Ok(_) => Finding::well(ABOUT, format!("{place} is free")),
        Err(_) if is_ours(&place).await => match presence::keep_free(data) {
            Ok(None) => Finding::well(ABOUT, format!("a server runs on {place}")),
            _ => Finding::note(
                ABOUT,
                format!("a server runs on {place}, but on another data directory"),
            )
            .remedy("stop it, or choose another port with `tokn-router config set server.port N`"),
        },
        Err(error) => Finding::problem(ABOUT, error.message().to_owned())
            .remedy("choose another with `tokn-router config set server.port N`"),
    });
}

/// Whether who listens there is a tokn-router.
async fn is_ours(place: &str) -> bool {
    const LIMIT: Duration = Duration::from_secs(2);
    let limits = Limits {
        connect: LIMIT,
        first_byte: LIMIT,
        idle: LIMIT,
    };
    let request = Request::get(format!("http://{place}/healthz")).body(Full::<Bytes>::default());
    let Ok(request) = request else { return false };
    let straight = Upstream::new(Outbound::new(None, LIMIT), limits);
    let answer = straight.fetch(request, LIMIT).await;
    answer.is_ok_and(|(status, headers, _)| {
        status.is_success() && headers.contains_key("x-tokn-router-request-id")
    })
}
