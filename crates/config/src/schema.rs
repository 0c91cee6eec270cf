//! The schema as data: every key that the configuration file may hold.
//!
//! Validation, suggestions, `config list` and the JSON Schema all read this one table.

mod json;
mod path;

use crate::account::{InitiatorMode, ProviderId, Tier};
use crate::kind::{Kind, Refusal, Value};
use crate::{Error, Strategy, nearest};

pub use json::json_schema;
pub use path::resolve;

/// One key of the configuration file.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it stands, in dots; `[]` marks a list of tables, as in `accounts[].id`.
    pub path: &'static str,
    /// What its value may be.
    pub kind: Kind,
    /// The value it has when it is left out, as `config set` would take it.
    pub default: Option<&'static str>,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Whether its value must never be shown.
    pub secret: bool,
}

impl Key {
    /// The section that holds the key, as in `accounts[]` for `accounts[].id`.
    pub fn section(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or("", |(section, _)| section)
    }

    /// The key's own name, as in `id` for `accounts[].id`.
    pub fn name(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or(self.path, |(_, name)| name)
    }

    /// The key as people type it, as in `settings.user_agent` for one of an account.
    pub fn typed(&self) -> &'static str {
        self.path.strip_prefix("accounts[].").unwrap_or(self.path)
    }

    /// Whether each account has its own value.
    pub fn is_of_account(&self) -> bool {
        self.path.starts_with("accounts[].")
    }

    /// Whether this text, as a value of the key, must never be shown: a proxy's URL may hold a
    /// password, or none.
    pub fn is_secret(&self, text: &str) -> bool {
        match self.kind.is_proxy() {
            true => text.contains('@'),
            false => self.secret,
        }
    }

    /// Whether its value is a list.
    pub fn is_list(&self) -> bool {
        self.kind.is_list()
    }

    /// The value it has when it is left out.
    pub fn default_value(&self) -> Option<Value> {
        self.kind.parse(self.default?).ok()
    }

    /// Its value from what the command line has: several texts for a list, else one.
    pub fn parse(&self, texts: &[String]) -> Result<Value, Error> {
        let refuse = |refusal: Refusal| {
            let hint = refusal
                .nearest
                .map(|nearest| format!("did you mean `{nearest}`?"));
            Error::refused(format!("`{}` {}", self.typed(), refusal.message), hint)
        };
        match texts {
            [] => Err(Error::refused(
                format!("`{}` needs a value", self.typed()),
                None,
            )),
            [text] => self.kind.parse(text).map_err(refuse),
            _ if self.kind.is_list() => self
                .kind
                .accept(Value::Strings(texts.to_vec()))
                .map_err(refuse),
            _ => Err(Error::refused(
                format!("`{}` takes one value", self.typed()),
                None,
            )),
        }
    }
}

/// The key with this pattern, as in `accounts[].id`.
pub fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// What a name means inside a section.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// A key with a value.
    Key(&'static Key),
    /// A table of keys.
    Table,
    /// A list of tables.
    List,
}

/// What `name` means inside `section`; the root is the empty section.
pub fn entry(section: &str, name: &str) -> Option<Entry> {
    let path = join(section, name);
    if let Some(key) = find(&path) {
        return Some(Entry::Key(key));
    }
    let below = |suffix: &str| {
        KEYS.iter().any(|key| {
            key.path
                .strip_prefix(path.as_str())
                .is_some_and(|rest| rest.starts_with(suffix))
        })
    };
    if name.contains(['.', '[']) {
        None
    } else if below("[].") {
        Some(Entry::List)
    } else if below(".") {
        Some(Entry::Table)
    } else {
        None
    }
}

/// What an unknown `name` in `section` most likely meant: the same name in another section, in
/// dots, else the name most like it in this one.
pub fn nearest_key(section: &str, name: &str) -> Option<String> {
    let elsewhere = sections_and_keys()
        .find(|path| path.rsplit_once('.').is_some_and(|(_, last)| last == name))
        .map(|path| path.replace("[]", ""));
    elsewhere.or_else(|| nearest::nearest(name, names(section)).map(str::to_owned))
}

/// A section and a name in it as one path.
pub fn join(section: &str, name: &str) -> String {
    match section {
        "" => name.to_owned(),
        _ => format!("{section}.{name}"),
    }
}

/// Every name that may stand in `section`, some more than once.
fn names(section: &str) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter_map(move |key| {
        let below = match section {
            "" => key.path,
            _ => key.path.strip_prefix(section)?.strip_prefix('.')?,
        };
        below.split(['.', '[']).next()
    })
}

/// Every path in the schema, sections included, some more than once.
fn sections_and_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().flat_map(|key| [key.path, key.section()])
}

const fn key(
    path: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    doc: &'static str,
) -> Key {
    Key {
        path,
        kind,
        default,
        doc,
        secret: kind.is_secret(),
    }
}

/// What editors may take the JSON Schema's place from; nothing reads it.
pub(crate) const SCHEMA_KEY: &str = "$schema";
const WAIT: Kind = Kind::Seconds { min: 1 };

/// Every key, section by section, in the order that people would want to read them.
#[rustfmt::skip] // one line a key is how a table reads
pub const KEYS: &[Key] = &[
    key("server.host", Kind::Host, Some("127.0.0.1"), "The address or host name that the local API listens on."),
    key("server.port", Kind::Port, Some("4141"), "The port that the local API listens on; 0 picks a free one."),
    key("server.max_body_bytes", Kind::Bytes { min: 1024, max: 1 << 30 }, Some("67108864"), "The largest request body that is accepted."),
    key("server.drain_secs", Kind::Seconds { min: 0 }, Some("300"), "How long open requests may take to finish when the server ends."),
    key("server.connect_timeout_secs", WAIT, Some("10"), "How long connecting to an upstream may take."),
    key("server.first_byte_timeout_secs", WAIT, Some("300"), "How long an upstream may take to begin its reply."),
    key("server.idle_timeout_secs", WAIT, Some("300"), "How long an upstream may be silent in the middle of a reply."),
    key("server.keep_alive_secs", WAIT, Some("15"), "After how much silence a streaming client is sent a keep-alive comment."),
    key("server.reveal_account", Kind::Bool, Some("true"), "Whether answers say which account served, in x-tokn-router-* headers."),
    key("server.websocket", Kind::Bool, Some("true"), "Whether GET /v1/responses becomes a WebSocket, as Codex likes it."),

    key("pool.strategy", Kind::OneOf(Strategy::NAMES), Some("round_robin"), "Which account is asked first."),
    key("pool.failure_cooldown_secs", Kind::Seconds { min: 0 }, Some("60"), "How long an account rests after a failure."),
    key("pool.session_ttl_secs", WAIT, Some("3600"), "How long a conversation that says nothing keeps its account, with `sticky`."),
    key("pool.max_wait_secs", Kind::Seconds { min: 0 }, Some("20"), "How long a request waits for a limit to pass or a turn to come before it moves on or fails."),

    key("usage.enabled", Kind::Bool, Some("true"), "Whether each request is recorded in the usage ledger."),
    key("usage.path", Kind::Path, None, "Where the usage ledger is, when not in the data directory."),

    key("proxy.url", Kind::ProxyUrl, None, "The proxy that outbound connections take; it comes before `proxy.system`."),
    key("proxy.system", Kind::Bool, Some("false"), "Whether to take the proxy that HTTP_PROXY and HTTPS_PROXY name."),
    key("proxy.no_proxy", Kind::Hosts, None, "The names, suffixes, addresses and CIDR blocks that are reached directly."),

    key("accounts[].id", Kind::Id, None, "The name of the account, unique in the file."),
    key("accounts[].provider", Kind::OneOf(&ProviderId::IDS), Some("github-copilot"), "Whose account it is."),
    key("accounts[].auth_type", Kind::OneOf(&["bearer"]), Some("bearer"), "How the account signs in."),
    key("accounts[].enabled", Kind::Bool, Some("true"), "Whether the account may serve requests."),
    key("accounts[].refresh_token", Kind::Secret, None, "The GitHub token that Copilot's short-lived tokens are asked with."),
    key("accounts[].access_token", Kind::Secret, None, "A short-lived Copilot token to start with."),
    key("accounts[].access_token_expires_at", Kind::UnixSeconds, None, "When `access_token` ends, in seconds since 1970."),
    key("accounts[].refresh_url", Kind::Url, None, "Where short-lived tokens are asked for, when not at the usual place."),
    key("accounts[].base_url", Kind::Url, None, "The upstream, when not the provider's own."),
    key("accounts[].api_key", Kind::Secret, None, "The static key of a Z.ai or Zhipu account."),
    key("accounts[].host", Kind::GithubHost, Some("github.com"), "The GitHub that a Copilot account lives on."),
    key("accounts[].tier", Kind::OneOf(Tier::NAMES), Some("active"), "Whether the account serves always, or only when no active one can."),
    key("accounts[].weight", Kind::Count { min: 1, max: 100 }, Some("1"), "How large a share of the requests the account gets beside the others."),
    key("accounts[].max_concurrent", Kind::Count { min: 1, max: 10_000 }, None, "How many requests the account serves at once; no limit when left out."),
    key("accounts[].proxy", Kind::OwnProxy, None, "The account's own way out, in place of [proxy]: a proxy's URL, or `direct`."),

    key("accounts[].settings.editor_version", Kind::Header, None, "The Editor-Version header sent upstream."),
    key("accounts[].settings.editor_plugin_version", Kind::Header, None, "The Editor-Plugin-Version header sent upstream."),
    key("accounts[].settings.user_agent", Kind::Header, None, "The User-Agent header sent upstream."),
    key("accounts[].settings.copilot_integration_id", Kind::Header, None, "The Copilot-Integration-Id header sent upstream."),
    key("accounts[].settings.openai_intent", Kind::Header, None, "The OpenAI-Intent header sent upstream."),
    key("accounts[].settings.x_github_api_version", Kind::Header, None, "The X-GitHub-Api-Version header sent upstream."),
    key("accounts[].settings.interaction_type", Kind::Header, None, "The X-Interaction-Type header sent upstream."),
    key("accounts[].settings.initiator_mode", Kind::OneOf(InitiatorMode::NAMES), Some("auto"), "What X-Initiator says when the client does not say it."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_accepted_by_its_own_kind() {
        for key in KEYS {
            let Some(default) = key.default else { continue };
            assert!(key.kind.parse(default).is_ok(), "{}", key.path);
        }
    }

    #[test]
    fn every_path_is_listed_once_and_documented_in_one_sentence() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(KEYS[..at].iter().all(|other| other.path != key.path));
            assert!(
                key.doc.ends_with('.') && !key.doc.contains(". "),
                "{}",
                key.path
            );
        }
    }

    #[test]
    fn every_key_stands_in_the_documentation_as_it_is() {
        let page = include_str!("../../../docs/config.md");
        for key in KEYS {
            let default = key
                .default
                .map_or_else(|| "–".to_owned(), |text| format!("`{text}`"));
            let row = format!("| `{}` | {default} | {} |", key.name(), key.doc);
            assert!(page.contains(&row), "docs/config.md lacks: {row}");
        }
    }

    #[test]
    fn a_secret_has_no_default() {
        assert!(KEYS.iter().all(|key| !key.secret || key.default.is_none()));
    }

    #[test]
    fn a_name_in_the_wrong_section_is_pointed_to_its_own() {
        assert_eq!(nearest_key("", "port").as_deref(), Some("server.port"));
        assert_eq!(
            nearest_key("", "settings").as_deref(),
            Some("accounts.settings")
        );
        assert_eq!(
            nearest_key("server", "user_agent").as_deref(),
            Some("accounts.settings.user_agent")
        );
    }

    #[test]
    fn sections_are_told_from_keys() {
        assert!(matches!(entry("", "server"), Some(Entry::Table)));
        assert!(matches!(entry("", "accounts"), Some(Entry::List)));
        assert!(matches!(
            entry("accounts[]", "settings"),
            Some(Entry::Table)
        ));
        assert!(matches!(entry("accounts[]", "id"), Some(Entry::Key(_))));
        assert!(entry("", "serv").is_none() && entry("", "server.port.x").is_none());
        assert!(entry("", "").is_none() && entry("", "accounts[]").is_none());
    }
}
