//! Who writes beside another, or is killed, loses nothing.

use std::time::Duration;

use tokio::time::sleep;

use super::CONFIG;
use crate::support::Home;

const TIMES: usize = 200;

/// Sets a key again and again; nobody else ever changes it.
async fn set_often(home: &Home, key: &str) {
    let name = key.split('.').nth(1).unwrap();
    for value in 1..=TIMES {
        let set = ["config", "set", key, &value.to_string()];
        home.run(&set).await.succeeded();
        let line = format!("{name} = {value}\n");
        assert!(
            home.config().contains(&line),
            "{line} is lost: {}",
            home.config()
        );
    }
}

#[tokio::test]
async fn two_who_set_different_keys_two_hundred_times_each_lose_nothing() {
    let home = Home::with_config("[server]\nport = 0\n\n[pool]\nmax_wait_secs = 0\n");
    tokio::join!(
        set_often(&home, "server.port"),
        set_often(&home, "pool.max_wait_secs")
    );
    assert_eq!(
        home.config(),
        format!("[server]\nport = {TIMES}\n\n[pool]\nmax_wait_secs = {TIMES}\n")
    );
}

#[tokio::test]
async fn a_kill_at_any_moment_leaves_the_old_file_or_the_new_one() {
    const STEP: Duration = Duration::from_micros(500);
    let home = Home::with_config(CONFIG);
    let mut outcomes = [0, 0];
    for at in 0..60 {
        let old = home.config();
        let port = 5000 + at;
        let mut running = home.start(&["config", "set", "server.port", &port.to_string()]);
        sleep(STEP * at).await;
        running.kill().await.unwrap();
        let new = CONFIG.replace("4242", &port.to_string());
        let now = home.config();
        assert!(now == old || now == new, "{at}: {now}");
        outcomes[usize::from(now == new)] += 1;
    }
    assert!(outcomes[0] > 0, "no kill came early enough: {outcomes:?}");
    // What a killed one held stops nobody.
    let set = ["config", "set", "server.port", "4242"];
    home.run(&set).await.succeeded();
    assert_eq!(home.config(), CONFIG);
}
