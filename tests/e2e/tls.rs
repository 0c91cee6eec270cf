//! TLS: to upstreams, in HTTP/1.1 and HTTP/2, and to a proxy on the way.

use crate::support::home::seat;
use crate::support::tls::{Behind, Tls};
use crate::support::{Home, closed_port, hi, mock, streamed};

/// A seat whose data plane is behind TLS.
fn behind(tls: &Tls, seat: &str) -> String {
    seat.replace(
        "]]",
        &format!("]]\nbase_url = \"https://localhost:{}\"", tls.port),
    )
}

/// The home of one who trusts the authority, as the system would.
fn trusting(tls: &Tls, config: &str) -> Home {
    let home = Home::with_config(config);
    let authority = tls.trusted_in(&home);
    home.with_variable("SSL_CERT_FILE", authority.to_str().unwrap())
}

#[tokio::test]
async fn an_upstream_behind_tls_is_reached_in_http1_and_in_http2() {
    for is_http2 in [false, true] {
        let mock = mock().await;
        let tls = Tls::before(if is_http2 {
            Behind::Http2(mock.addr())
        } else {
            Behind::Http1(mock.addr())
        })
        .await;
        let home = trusting(&tls, &behind(&tls, &seat(&mock, "octocat")));
        let server = home.serve().await;
        for _ in 0..3 {
            assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
            server
                .open(streamed("gpt-4o"))
                .await
                .rest()
                .await
                .is_a_finished_stream();
        }
        assert!(tls.connections() > 0);
        if is_http2 {
            assert_eq!(tls.connections(), 1, "one connection serves all");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn an_upstream_that_the_system_does_not_trust_is_refused_in_words() {
    let mock = mock().await;
    let tls = Tls::before(Behind::Http1(mock.addr())).await;
    let home = Home::with_config(&behind(&tls, &seat(&mock, "octocat")));
    let server = home.serve().await;
    let reply = server.chat(hi("gpt-4o")).await;
    reply.is_an_error(503, "upstream_unreachable");
    let said = reply.body.to_lowercase();
    assert!(said.contains("certificate"), "{said}");
    assert_eq!(tls.connections(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_proxy_behind_tls_leads_to_the_upstream() {
    let mock = mock().await;
    let tls = Tls::before(Behind::Connect).await;
    let config = format!(
        "[proxy]\nurl = \"https://localhost:{}\"\n\n{}",
        tls.port,
        seat(&mock, "octocat")
    );
    let home = trusting(&tls, &config);
    let server = home.serve().await;
    assert_eq!(server.chat(hi("gpt-4o")).await.status, 200);
    assert!(tls.connections() > 0);
    server.stop().await;
}

#[tokio::test]
async fn an_account_has_its_own_way_out_in_place_of_everybodys() {
    let mock = mock().await;
    let tls = Tls::before(Behind::Connect).await;
    let own = |id, proxy: &str| {
        let proxy = format!("]]\nproxy = \"{proxy}\"");
        seat(&mock, id).replace("]]", &proxy)
    };
    // Nobody gets out by the one that is for all.
    let config = format!(
        "[pool]\nstrategy = \"fill_first\"\n\n[proxy]\nurl = \"http://{}\"\n\n{}{}{}",
        closed_port(),
        seat(&mock, "monalisa"),
        own("hubot", "direct"),
        own("octocat", &format!("https://localhost:{}", tls.port)),
    );
    let home = trusting(&tls, &config);
    home.run(&["account", "disable", "octocat"])
        .await
        .succeeded();
    let server = home.serve().await;
    server.chat(hi("gpt-4o")).await.is_served_by("hubot");
    server.stop().await;
    assert_eq!(tls.connections(), 0);

    home.run(&["account", "enable", "octocat"])
        .await
        .succeeded();
    home.run(&["account", "disable", "hubot"]).await.succeeded();
    let server = home.serve().await;
    server.chat(hi("gpt-4o")).await.is_served_by("octocat");
    server.stop().await;
    assert!(tls.connections() > 0);
}
