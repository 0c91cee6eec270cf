//! Makes a `Config` of values that the schema accepted, with its defaults for the rest.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use crate::account::{Account, InitiatorMode, OwnProxy, ProviderId, Settings, Tier};
use crate::kind::Value;
use crate::schema;
use crate::{Config, Pool, Proxy, Server, Strategy, Usage, Via};

impl Default for Config {
    fn default() -> Self {
        config(&Values::default(), &[])
    }
}

/// Makes the configuration of the values outside the accounts, and those of each account.
pub(crate) fn config(values: &Values, accounts: &[Values]) -> Config {
    Config {
        server: Server {
            host: values.text("server.host"),
            port: values.integer("server.port") as u16,
            max_body_bytes: values.integer("server.max_body_bytes") as u64,
            drain: values.seconds("server.drain_secs"),
            connect_timeout: values.seconds("server.connect_timeout_secs"),
            first_byte_timeout: values.seconds("server.first_byte_timeout_secs"),
            idle_timeout: values.seconds("server.idle_timeout_secs"),
            keep_alive: values.seconds("server.keep_alive_secs"),
            reveal_account: values.bool("server.reveal_account"),
            websocket: values.bool("server.websocket"),
        },
        pool: Pool {
            strategy: Strategy::from_name(&values.text("pool.strategy"))
                .expect("the schema accepts no other strategy"),
            failure_cooldown: values.seconds("pool.failure_cooldown_secs"),
            session_ttl: values.seconds("pool.session_ttl_secs"),
            max_wait: values.seconds("pool.max_wait_secs"),
        },
        usage: Usage {
            enabled: values.bool("usage.enabled"),
            path: values.text_if_set("usage.path").map(PathBuf::from),
        },
        proxy: proxy(values),
        accounts: accounts.iter().map(account).collect(),
    }
}

fn proxy(values: &Values) -> Option<Proxy> {
    let via = match values.secret("proxy.url") {
        Some(url) => Via::Url(url),
        None if values.bool("proxy.system") => Via::System,
        None => return None,
    };
    let no_proxy = match values.get("proxy.no_proxy") {
        Some(Value::Strings(hosts)) => hosts,
        _ => Vec::new(),
    };
    Some(Proxy { via, no_proxy })
}

fn account(values: &Values) -> Account {
    let base_url = values.text_if_set("accounts[].base_url");
    Account {
        id: values.text("accounts[].id"),
        provider: values.provider(),
        enabled: values.bool("accounts[].enabled"),
        refresh_token: values.secret("accounts[].refresh_token"),
        access_token: values.secret("accounts[].access_token"),
        access_token_expires_at: values.integer_if_set("accounts[].access_token_expires_at"),
        refresh_url: values.text_if_set("accounts[].refresh_url"),
        base_url: base_url.map(|url| url.trim_end_matches('/').to_owned()),
        api_key: values.secret("accounts[].api_key"),
        host: values.text("accounts[].host"),
        tier: match values.text("accounts[].tier").as_str() {
            "fallback" => Tier::Fallback,
            _ => Tier::Active,
        },
        weight: values.integer("accounts[].weight") as u32,
        max_concurrent: values
            .integer_if_set("accounts[].max_concurrent")
            .map(|count| count as u32),
        proxy: values
            .text_if_set("accounts[].proxy")
            .map(|way| match way.as_str() {
                OwnProxy::DIRECT => OwnProxy::Direct,
                _ => OwnProxy::Url(way.into()),
            }),
        settings: settings(values),
    }
}

fn settings(values: &Values) -> Settings {
    Settings {
        editor_version: values.text_if_set("accounts[].settings.editor_version"),
        editor_plugin_version: values.text_if_set("accounts[].settings.editor_plugin_version"),
        user_agent: values.text_if_set("accounts[].settings.user_agent"),
        copilot_integration_id: values.text_if_set("accounts[].settings.copilot_integration_id"),
        openai_intent: values.text_if_set("accounts[].settings.openai_intent"),
        x_github_api_version: values.text_if_set("accounts[].settings.x_github_api_version"),
        interaction_type: values.text_if_set("accounts[].settings.interaction_type"),
        initiator_mode: match values.text("accounts[].settings.initiator_mode").as_str() {
            "user" => InitiatorMode::User,
            "agent" => InitiatorMode::Agent,
            _ => InitiatorMode::Auto,
        },
    }
}

/// The values of some keys, each with the place in the text where it stands.
#[derive(Default)]
pub(crate) struct Values(BTreeMap<&'static str, Slot>);

struct Slot {
    offset: usize,
    /// Absent when the value was refused.
    value: Option<Value>,
}

impl Values {
    pub(crate) fn insert(&mut self, key: &'static str, offset: usize, value: Option<Value>) {
        self.0.insert(key, Slot { offset, value });
    }

    /// Whether the key is in the file, be its value right or wrong.
    pub(crate) fn is_set(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Where a key's value stands and what it is, when it is in the file and right.
    pub(crate) fn place(&self, key: &str) -> Option<(usize, &Value)> {
        let slot = self.0.get(key)?;
        Some((slot.offset, slot.value.as_ref()?))
    }

    /// The provider of an account.
    pub(crate) fn provider(&self) -> ProviderId {
        let id = self.text("accounts[].provider");
        ProviderId::from_id(&id).expect("the schema accepts no other provider")
    }

    fn get(&self, key: &str) -> Option<Value> {
        let set = self.place(key).map(|(_, value)| value.clone());
        set.or_else(|| schema::find(key)?.default_value())
    }

    fn bool(&self, key: &str) -> bool {
        matches!(self.get(key), Some(Value::Bool(true)))
    }

    fn integer(&self, key: &str) -> i64 {
        self.integer_if_set(key)
            .expect("the schema makes it an integer with a default")
    }

    fn integer_if_set(&self, key: &str) -> Option<i64> {
        match self.get(key) {
            Some(Value::Integer(number)) => Some(number),
            _ => None,
        }
    }

    fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.integer(key).unsigned_abs())
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.text_if_set(key)
            .expect("the schema gives it a default, or the check requires it")
    }

    fn text_if_set(&self, key: &str) -> Option<String> {
        match self.get(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn secret(&self, key: &str) -> Option<SecretString> {
        self.text_if_set(key).map(SecretString::from)
    }
}
