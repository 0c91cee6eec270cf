//! Tokens between runs, and accounts that cannot serve.

use mock_upstream::{Fault, Faults};

use crate::support::House;

const MODEL: &str = "gpt-4o";

#[tokio::test]
async fn a_token_outlives_a_restart_in_a_private_file() {
    let house = House::build().await;
    house.ask(MODEL).await;
    house.ask(MODEL).await;
    let exchanges = house.mock.exchanges("octocat");
    let file = house.data().join("tokens").join("octocat.json");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert!(file.exists());
    let house = house.restarted(|_, _| {}).await;
    assert_eq!(house.ask(MODEL).await.status, 200);
    assert_eq!(house.mock.exchanges("octocat"), exchanges);
}

#[tokio::test]
async fn a_cached_token_serves_while_github_is_down() {
    let house = House::build().await;
    house.ask(MODEL).await;
    house.ask(MODEL).await;
    let house = house
        .restarted(|mock, _| {
            for account in ["octocat", "hubot"] {
                mock.set_exchange_faults(account, Faults::always(Fault::status(500, "down")));
            }
        })
        .await;
    assert_eq!(house.ask(MODEL).await.status, 200);
}

#[tokio::test]
async fn the_configurations_own_access_token_is_a_start() {
    let house = House::build().await;
    let house = house
        .restarted(|mock, config| {
            mock.set_exchange_faults("octocat", Faults::always(Fault::status(500, "down")));
            config.accounts.truncate(1);
            // Another credential: what is cached is no longer this account's.
            config.accounts[0].refresh_token = Some("gho_another".into());
            config.accounts[0].access_token = mock.issue_token("octocat").map(Into::into);
            config.accounts[0].access_token_expires_at = Some(4_000_000_000);
            config.accounts[0].base_url = Some(mock.url().to_owned());
        })
        .await;
    assert_eq!(house.ask(MODEL).await.status, 200);
}

#[tokio::test]
async fn an_account_without_a_seat_is_passed_over_and_alone_says_why() {
    let house = House::with(|script, _| script.accounts[0].seat = false).await;
    for _ in 0..4 {
        assert!(house.ask(MODEL).await.said().contains("hubot"));
    }
    assert!(
        house.mock.exchanges("octocat") <= 1,
        "a refused credential is not hammered"
    );
    let alone = House::with(|script, config| {
        script.accounts[0].seat = false;
        config.accounts.truncate(1);
    })
    .await;
    let answer = alone.ask(MODEL).await;
    assert_eq!(
        answer.json()["error"]["code"],
        "account_refused",
        "{}",
        answer.text()
    );
    assert!(
        answer.text().contains("tokn-router login"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn an_access_token_that_nothing_renews_is_not_waited_for() {
    let house = House::build().await;
    let house = house
        .restarted(|mock, config| {
            let account = &mut config.accounts[0];
            account.refresh_token = None;
            account.access_token = mock.issue_token("octocat").map(Into::into);
            account.base_url = Some(mock.url().to_owned());
            mock.revoke_tokens("octocat");
        })
        .await;
    let started = tokio::time::Instant::now();
    for _ in 0..2 {
        assert!(house.ask(MODEL).await.said().contains("hubot"));
    }
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}
