//! Sealed reasoning never reaches an account that cannot read it.

use mock_upstream::{Fault, Faults, Quirk};
use serde_json::{Value, json};

use crate::support::House;

const MODEL: &str = "gpt-4o";

/// Both accounts seal their reasoning, and refuse each other's.
async fn house() -> House {
    let house = House::with(|_, config| {
        config.pool.strategy = config::Strategy::FillFirst;
        config.accounts.truncate(2);
    })
    .await;
    seal(&house);
    house
}

fn seal(house: &House) {
    let sealed = vec![
        Fault::Quirk(Quirk::SealedReasoning),
        Fault::RefuseForeignSeals,
    ];
    house.both(&Fault::Together(sealed));
}

/// The next turn of a conversation whose client echoes all that it was told.
fn next_turn(message: &Value) -> Value {
    json!({"model": MODEL, "messages": [
        {"role": "user", "content": "hi"},
        message,
        {"role": "user", "content": "and now?"},
    ]})
}

/// The bodies of chats that an account was asked for.
fn bodies(house: &House, account: &str) -> Vec<Value> {
    let seen = house.mock.seen();
    seen.iter()
        .filter(|seen| seen.path.ends_with("/chat/completions"))
        .filter(|seen| seen.account.as_deref() == Some(account))
        .map(mock_upstream::Seen::json)
        .collect()
}

#[tokio::test]
async fn what_one_account_sealed_is_kept_by_it_and_taken_out_for_another_with_its_pair() {
    for streamed in [false, true] {
        let house = house().await;
        let message = if streamed {
            let answer = house.stream(MODEL).await;
            let mut message = json!({"role": "assistant", "content": answer.said()});
            for chunk in answer.chunks() {
                let delta = &chunk["choices"][0]["delta"];
                for name in ["reasoning_opaque", "reasoning_text"] {
                    if delta[name].is_string() {
                        message[name] = delta[name].clone();
                    }
                }
            }
            message
        } else {
            house.ask(MODEL).await.json()["choices"][0]["message"].clone()
        };
        let seal = message["reasoning_opaque"].as_str().unwrap();
        assert!(seal.starts_with("sealed-by-octocat-"), "{message}");

        // The maker gets it back, byte for byte.
        let turn = next_turn(&message);
        assert_eq!(house.chat(&turn).await.status, 200);
        assert_eq!(bodies(&house, "octocat")[1], turn);

        house
            .mock
            .set_faults("octocat", Faults::always(Fault::rate_limited(3600)));
        let answer = house.chat(&turn).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(answer.said().contains("hubot"));
        let seen = bodies(&house, "hubot");
        assert_eq!(seen.len(), 1, "a foreign seal was tried");
        let mut expected = turn;
        let members = expected["messages"][1].as_object_mut().unwrap();
        members.remove("reasoning_opaque");
        members.remove("reasoning_text");
        assert_eq!(seen[0], expected);
    }
}

#[tokio::test]
async fn a_seal_of_which_nothing_is_known_is_taken_out_once_it_is_refused() {
    let house = house().await;
    let message = json!({
        "role": "assistant", "content": "hello",
        "reasoning_text": "hm", "reasoning_opaque": "sealed-by-nobody-1",
    });
    let answer = house.chat(&next_turn(&message)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.headers["x-tokn-router-attempts"], "2");
    let seen = bodies(&house, "octocat");
    assert!(seen[0]["messages"][1]["reasoning_opaque"].is_string());
    assert!(seen[1]["messages"][1].get("reasoning_opaque").is_none());
    assert!(seen[1]["messages"][1].get("reasoning_text").is_none());
    // The account is as well as before: it was no fault of its own.
    assert!(bodies(&house, "hubot").is_empty());
    let records = house.records().await;
    let decision = records[0].decision.as_deref().unwrap();
    assert!(decision.contains("stripped"), "{decision}");
}

#[tokio::test]
async fn a_400_that_is_not_about_seals_is_answered_as_it_is() {
    let house = house().await;
    let body = r#"{"error":{"message":"Encrypted content could not be verified","code":"invalid_encrypted_content"}}"#;
    house.both(&Fault::status(400, body));
    let answer = house.ask(MODEL).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (400, body));
}
