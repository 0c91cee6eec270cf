//! Request bodies: bytes that pass, sizes, encodings, bad ones.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::House;

fn upstream_body(house: &House) -> String {
    let seen = house.mock.seen();
    let chat = seen
        .iter()
        .rfind(|seen| seen.path.ends_with("/chat/completions"))
        .unwrap();
    String::from_utf8(chat.body.to_vec()).unwrap()
}

#[tokio::test]
async fn a_body_passes_byte_for_byte() {
    let house = House::build().await;
    let body = "{ \"messages\":[{\"role\":\"user\",\"content\":\"\\u00fc \u{1F600}\"}],\n\t\"temperature\": 1.0e0, \"model\" : \"gpt-4o\",\"x_unknown\":{\"b\":1,\"a\":2} }";
    let answer = house
        .send(
            house
                .request("/v1/chat/completions")
                .body(body.into())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream_body(&house), body);
}

#[tokio::test]
async fn only_the_alias_of_a_model_and_the_wish_for_usage_are_spliced() {
    let house = House::build().await;
    let body = "{\"model\": \"claude-haiku-4-5-20251001\", \"stream\":true,\"messages\":[ ] }";
    house
        .send(
            house
                .request("/v1/chat/completions")
                .body(body.into())
                .unwrap(),
        )
        .await;
    assert_eq!(
        upstream_body(&house),
        "{\"stream_options\":{\"include_usage\":true},\"model\": \"claude-haiku-4.5\", \"stream\":true,\"messages\":[ ] }"
    );
    let records = house.records().await;
    assert_eq!(&*records[0].model_asked, "claude-haiku-4-5-20251001");
    assert_eq!(records[0].model_served.as_deref(), Some("claude-haiku-4.5"));
}

#[tokio::test]
async fn a_packed_body_arrives_unpacked() {
    let house = House::build().await;
    let body =
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": "packed"}]}).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(body.as_bytes()).unwrap();
    let request = house
        .request("/v1/chat/completions")
        .header("content-encoding", "gzip");
    let answer = house
        .send(request.body(gzip.finish().unwrap().into()).unwrap())
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(upstream_body(&house), body);
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413_in_openais_shape_packed_or_not() {
    let house = House::with(|_, config| config.server.max_body_bytes = 100_000).await;
    let large = json!({"model": "gpt-4o", "messages": [], "x": "y".repeat(1 << 20)}).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(large.as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    assert!(packed.len() < 100_000);
    let plain = house
        .request("/v1/chat/completions")
        .body(large.into())
        .unwrap();
    let bomb = house
        .request("/v1/chat/completions")
        .header("content-encoding", "gzip");
    for request in [plain, bomb.body(packed.into()).unwrap()] {
        let answer = house.send(request).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.json()["error"]["code"], "request_too_large");
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
    assert!(
        house
            .mock
            .seen()
            .iter()
            .all(|seen| seen.path != "/chat/completions")
    );
    assert!(house.records().await.is_empty());
}

#[tokio::test]
async fn ten_megabytes_pass() {
    let house = House::build().await;
    let content = "ä".repeat(5 << 20);
    let body =
        json!({"model": "gpt-4o", "messages": [{"role": "user", "content": content}]}).to_string();
    let answer = house
        .send(
            house
                .request("/v1/chat/completions")
                .body(body.clone().into())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream_body(&house).len(), body.len());
}

#[tokio::test]
async fn a_body_that_cannot_be_routed_says_why() {
    let house = House::build().await;
    let cases = [
        ("", "invalid_json"),
        ("[1]", "invalid_json"),
        ("{\"model\":\"a\",\"model\":\"b\"}", "invalid_json"),
        ("{\"messages\":[]}", "missing_model"),
        ("{\"model\":\"gpt-4o\",\"stream\":\"yes\"}", "invalid_json"),
    ];
    for (body, code) in cases {
        let answer = house
            .send(
                house
                    .request("/v1/chat/completions")
                    .body(body.into())
                    .unwrap(),
            )
            .await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["error"]["code"]),
            (400, &json!(code)),
            "{body}"
        );
    }
    let request = house
        .request("/v1/chat/completions")
        .header("content-encoding", "lzma");
    assert_eq!(
        house.send(request.body("x".into()).unwrap()).await.status,
        415
    );
}
