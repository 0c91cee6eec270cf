//! What `GET /v1/models` answers: every account's list in one.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use serde_json::value::RawValue;

use crate::account::Account;
use crate::catalogue::Catalogue;
use crate::provider::auth_kind;

/// A model that some account serves.
pub struct Listed {
    /// As its upstream names it.
    pub id: Arc<str>,
    /// The upstream's entry, with the `x_tokn_router` block.
    pub json: String,
}

/// Every model that some account serves, once each, as its upstream sent it
/// and with the `x_tokn_router` block: what `GET /v1/models` answers. All
/// accounts are asked at once.
pub async fn merged(accounts: &[Arc<Account>], catalogue: &Catalogue) -> Vec<Listed> {
    let enabled = || accounts.iter().filter(|account| account.is_enabled());
    join_all(enabled().map(|account| account.models.refresh())).await;
    let mut seen = HashSet::new();
    let mut merged = Vec::new();
    for account in enabled() {
        let Some(list) = account.models.list() else {
            continue;
        };
        for (id, json) in list.entries() {
            if seen.insert(Arc::clone(id)) {
                merged.push(Listed {
                    id: Arc::clone(id),
                    json: render(id, json, account, catalogue),
                });
            }
        }
    }
    merged
}

/// The upstream's bytes with one more member at the end.
fn render(id: &str, json: &RawValue, account: &Account, catalogue: &Catalogue) -> String {
    let mut block = json!({
        "provider": account.provider.as_str(),
        "display_name": account.provider.display_name(),
        "auth": auth_kind(account.provider),
    });
    if let Some(known) = catalogue.model(account.provider, id) {
        if let Some(capabilities) = &known.capabilities {
            block["capabilities"] = capabilities.clone().into();
        }
        if let Some(cost) = &known.cost {
            block["cost"] = json!(cost);
        }
        if let Some(limits) = &known.limits {
            block["limits"] = limits.clone().into();
        }
    }
    let json = json.get();
    // It is an object with an id, so it ends in a brace and has a member.
    let open = json.strip_suffix('}').unwrap_or(json);
    format!("{open},\"x_tokn_router\":{block}}}")
}
