//! What `account list` tells of the accounts.

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::timeout;

use super::{Home, PATIENCE};

/// All that is told of each account, without asking anyone.
pub(crate) async fn accounts(home: &Home) -> Vec<Value> {
    let list = home.run(&["account", "list", "--json", "--offline"]).await;
    let Value::Array(accounts) = list.succeeded().json() else {
        panic!("no list");
    };
    accounts
}

/// All that is told of one.
pub(crate) async fn account(home: &Home, id: &str) -> Value {
    let mut accounts = accounts(home).await.into_iter();
    let account = accounts.find(|account| account["id"] == id);
    account.unwrap_or_else(|| panic!("{id} is not told"))
}

/// The same once it is told to be in this state: what a server learns, it
/// writes down a moment later.
pub(crate) async fn account_once(home: &Home, id: &str, state: &str) -> Value {
    account_until(home, id, |account| account["state"] == state).await
}

/// The same once this is true of it.
pub(crate) async fn account_until(home: &Home, id: &str, is: impl Fn(&Value) -> bool) -> Value {
    let told = async {
        loop {
            let account = account(home, id).await;
            if is(&account) {
                return account;
            }
        }
    };
    let told = timeout(PATIENCE, told).await;
    told.unwrap_or_else(|_| panic!("waited in vain for what is told of {id}"))
}

/// Until when an account, or a model on it, is passed over.
#[track_caller]
pub(crate) fn until(told: &Value) -> Timestamp {
    let until = told["until"].as_str();
    let until = until.unwrap_or_else(|| panic!("no end is told: {told:#}"));
    until.parse().expect("a moment")
}
