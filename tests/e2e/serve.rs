//! `serve`: where it listens, and what it says of it.

use std::net::{Ipv6Addr, SocketAddr, TcpListener};

use crate::support::{Home, client, hi, mock};

#[tokio::test]
async fn a_free_port_is_picked_and_printed() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve().await;
    assert_ne!(server.address().port(), 0);
    assert!(server.address().ip().is_loopback());
    assert_eq!(server.get("/healthz").await.body, r#"{"status":"ok"}"#);
    let home = home.calling(server.address().port(), "[port]");
    let greeting = home.named(&server.greeting());
    insta::assert_snapshot!(greeting, @r#"
    listening on http://127.0.0.1:[port]
    accounts: octocat

    Point any OpenAI client at it:

      export OPENAI_BASE_URL=http://127.0.0.1:[port]/v1
      export OPENAI_API_KEY=unused

    or try it at once:

      curl http://127.0.0.1:[port]/v1/chat/completions \
        -H 'content-type: application/json' \
        -d '{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}],"stream":true}'
    "#);
    server.stop().await;
}

#[tokio::test]
async fn localhost_answers_on_both_stacks_of_the_machine() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home.serve_with(&["--host", "localhost"]).await;
    // A machine whose kernel has no IPv6 has no ::1 to listen on; there the
    // claim is that 127.0.0.1 is enough.
    let has_ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    let port = server.address().port();
    let mut both = vec![SocketAddr::from(([127, 0, 0, 1], port))];
    both.extend(has_ipv6.then(|| SocketAddr::from((Ipv6Addr::LOCALHOST, port))));
    assert_eq!(server.addresses(), both);
    for address in both {
        assert_eq!(
            client::get(address, "/healthz").await.status,
            200,
            "{address}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_beyond_this_machine_is_refused_without_the_flag() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let before = home.left_behind();
    let output = home
        .run(&["serve", "--port", "0", "--host", "0.0.0.0"])
        .await;
    insta::assert_snapshot!(output.told(), @"
    error: 0.0.0.0 can be reached from beyond this machine, and so could your accounts
    hint: listen on 127.0.0.1, or pass --insecure-allow-remote if the network is trusted
    ");
    output.failed_with(2);
    home.run(&["serve", "--port", "0", "--host", "::"])
        .await
        .failed_with(2);
    assert_eq!(home.left_behind(), before);
}

#[tokio::test]
async fn an_address_beyond_this_machine_is_refused_in_the_configuration_too() {
    let mock = mock().await;
    let seat = crate::support::home::seat(&mock, "octocat");
    let home = Home::with_config(&format!("[server]\nhost = \"0.0.0.0\"\n\n{seat}"));
    let output = home.run(&["serve", "--port", "0"]).await.failed_with(2);
    output.hints_at("--insecure-allow-remote");
}

#[tokio::test]
async fn an_address_beyond_this_machine_is_served_with_the_flag() {
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]);
    let server = home
        .serve_with(&["--host", "0.0.0.0", "--insecure-allow-remote"])
        .await;
    let near = SocketAddr::from(([127, 0, 0, 1], server.address().port()));
    assert_eq!(client::open(near, hi("gpt-4o")).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_taken_port_is_told_with_a_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mock = mock().await;
    let home = Home::with_seats(&mock, &["octocat"]).calling(port, "[port]");
    let output = home
        .run(&["serve", "--port", &port.to_string()])
        .await
        .failed_with(1);
    // The system's own number for it differs from system to system.
    insta::with_settings!({filters => [(r"os error \d+", "os error [number]")]}, {
    insta::assert_snapshot!(output.told(), @"
    error: cannot listen on 127.0.0.1:[port]: Address already in use (os error [number])
    hint: another program has this port, perhaps another tokn-router; pass --port 0 to pick a free one
    ");
    });
}

#[tokio::test]
async fn the_port_of_the_configuration_counts_where_none_is_given() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let home = Home::with_config(&format!(
        "[server]\nport = {port}\n[[accounts]]\nid = \"a\"\nrefresh_token = \"gho_a\"\n"
    ));
    let output = home.run(&["serve"]).await.failed_with(1);
    output.says(&format!("127.0.0.1:{port}"));
}
