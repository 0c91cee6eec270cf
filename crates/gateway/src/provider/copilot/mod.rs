//! GitHub Copilot: identity, tokens, and what its answers mean.

mod allowance;
mod cache;
pub mod github;
pub mod identity;
mod strict;
mod token;
mod verdict;

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use config::{InitiatorMode, Settings};
use dialect::{Dialect, Failure, Initiator};
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use memchr::memmem;
use secrecy::SecretString;

use self::cache::Cache;
pub use self::cache::forget_token;
use self::github::{Error, GitHub};
use self::token::{Source as TokenSource, Tokens};
use crate::call::Call;
use crate::outcome::Outcome;
use crate::provider::{Mended, Provider, Source, Token, Verdict};
use crate::quota::{Quota, Window};
use crate::spoken::Spoken;
use crate::upstream::Upstream;

/// The data plane of github.com where a token names none.
const DEFAULT_BASE: &str = "https://api.githubcopilot.com";

/// One Copilot seat.
pub struct Copilot {
    tokens: Tokens,
    /// Where the seat tells of itself, and the GitHub token that it tells it to.
    user: Option<(String, SecretString)>,
    identity: HeaderMap,
    /// The headers that the account's settings decide.
    overridden: Vec<&'static str>,
    initiator_mode: InitiatorMode,
}

impl Copilot {
    /// The seat of a configured account. `data` is where tokens are cached,
    /// `device` the installation's stable id.
    pub fn new(account: &config::Account, data: Option<&Path>, device: &str) -> Self {
        let id: Arc<str> = account.id.as_str().into();
        let source = TokenSource {
            credential: account.refresh_token.clone(),
            url: account
                .refresh_url
                .clone()
                .unwrap_or_else(|| GitHub::of_host(&account.host).exchange_url()),
        };
        let cache = source
            .credential
            .as_ref()
            .and_then(|credential| Some(Cache::new(data?, &account.id, credential)));
        let default_base = match account.host.as_str() {
            "github.com" => DEFAULT_BASE.to_owned(),
            tenant => format!("https://copilot-api.{tenant}"),
        };
        let configured = account
            .access_token
            .as_ref()
            .map(|token| (token, account.access_token_expires_at));
        let user = source
            .credential
            .clone()
            .map(|credential| (user_url(&source.url, &account.host), credential));
        let tokens = Tokens::new(
            id,
            source,
            configured,
            cache,
            account.base_url.clone(),
            default_base,
        );
        Self {
            tokens,
            user,
            identity: identity::headers(&account.settings, device),
            overridden: overridden(&account.settings),
            initiator_mode: account.settings.initiator_mode,
        }
    }
}

impl Provider for Copilot {
    fn token(&self, now: Timestamp) -> Option<Arc<Token>> {
        self.tokens.current(now)
    }

    fn renew<'a>(&'a self, stale: Option<&'a Token>) -> BoxFuture<'a, Result<Arc<Token>, Verdict>> {
        Box::pin(async move {
            self.tokens
                .renewed(stale, Timestamp::now())
                .await
                .map_err(|error| no_token(error.as_deref()))
        })
    }

    fn keep<'a>(&'a self, http: &'a Upstream) -> BoxFuture<'a, ()> {
        Box::pin(self.tokens.keep(http))
    }

    fn spoken(&self, model: &str, listed: Option<Spoken>) -> Spoken {
        listed.unwrap_or_else(|| Spoken::by_name(model))
    }

    fn counts_tokens(&self, spoken: Spoken) -> bool {
        spoken.has(Dialect::Messages)
    }

    /// It takes texts only (facts: Copilot, 9).
    fn embeds_tokens(&self) -> bool {
        false
    }

    fn mended(&self, dialect: Dialect, body: &[u8], is_adaptive: bool) -> Option<Mended> {
        strict::mended(dialect, body, strict::Model { is_adaptive })
    }

    fn request(
        &self,
        call: &Call,
        dialect: Dialect,
        body: Bytes,
        token: &Token,
    ) -> Request<Full<Bytes>> {
        let beta = (dialect == Dialect::Messages).then(|| betas(&call.headers, &body));
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = token.place(call.operation, dialect).clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.identity);
        headers.insert(AUTHORIZATION, token.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, call.accept());
        let initiator = HeaderValue::from_static(self.initiator(call).as_str());
        headers.insert("x-initiator", initiator);
        if call.envelope.vision {
            headers.insert("copilot-vision-request", HeaderValue::from_static("true"));
        }
        if let Some(beta) = beta {
            headers.insert("anthropic-version", HeaderValue::from_static("2023-06-01"));
            if let Some(beta) = beta {
                headers.insert("anthropic-beta", beta);
            }
        }
        if let Ok(id) = HeaderValue::from_str(&call.id) {
            headers.insert("x-request-id", id.clone());
            headers.insert("x-agent-task-id", id);
        }
        request
    }

    /// The client's word, the account's setting, the classifier, in this order
    /// (facts: Copilot, 11).
    fn initiator(&self, call: &Call) -> Initiator {
        call.initiator.unwrap_or(match self.initiator_mode {
            InitiatorMode::User => Initiator::User,
            InitiatorMode::Agent => Initiator::Agent,
            InitiatorMode::Auto => call.envelope.initiator,
        })
    }

    fn source_of(&self, header: &str) -> Source {
        if header == "authorization" {
            Source::Credential
        } else if self.overridden.contains(&header) {
            Source::Settings
        } else if identity::PROFILE.headers.contains_key(header) {
            Source::Profile
        } else {
            Source::Derived
        }
    }

    fn models(&self, token: &Token) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = token.models.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.identity);
        headers.insert(AUTHORIZATION, token.authorization.clone());
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for name in ["openai-intent", "x-interaction-type"] {
            headers.insert(name, HeaderValue::from_static("model-access"));
        }
        request
    }

    fn quota_request(&self) -> Option<Request<Full<Bytes>>> {
        let (url, credential) = self.user.as_ref()?;
        github::get(url, credential).ok()
    }

    fn quota(&self, body: &[u8]) -> Result<Quota, String> {
        allowance::read(body)
    }

    fn overheard(&self, headers: &HeaderMap) -> Vec<Window> {
        allowance::told(headers)
    }

    fn verdict(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Verdict {
        verdict::read(status, headers, body, now)
    }
}

/// What of the betas Copilot takes (facts: Copilot, 9): those that the client asks for,
/// and the one that a field of the body needs.
fn betas(client: &HeaderMap, body: &[u8]) -> Option<HeaderValue> {
    const CONTEXT: &str = "context-management-2025-06-27";
    const TAKEN: [&str; 3] = [
        "interleaved-thinking-2025-05-14",
        CONTEXT,
        "advanced-tool-use-2025-11-20",
    ];
    let asked = client.get_all("anthropic-beta").iter();
    let asked = asked.filter_map(|value| value.to_str().ok());
    let asked = asked.flat_map(|value| value.split(',')).map(str::trim);
    let mut taken: Vec<&str> = asked.filter(|beta| TAKEN.contains(beta)).collect();
    if !taken.contains(&CONTEXT) && memmem::find(body, b"\"context_management\"").is_some() {
        taken.push(CONTEXT);
    }
    let taken = HeaderValue::try_from(taken.join(",")).ok()?;
    (!taken.is_empty()).then_some(taken)
}

fn overridden(settings: &Settings) -> Vec<&'static str> {
    let set = identity::overrides(settings);
    let mut names: Vec<_> = set
        .into_iter()
        .filter_map(|(name, value)| value.map(|_| name))
        .collect();
    if settings.initiator_mode != InitiatorMode::Auto {
        names.push("x-initiator");
    }
    names
}

/// `/copilot_internal/user`, on the host that the exchange is on.
fn user_url(exchange: &str, host: &str) -> String {
    exchange.strip_suffix("/v2/token").map_or_else(
        || GitHub::of_host(host).user_url(),
        |base| format!("{base}/user"),
    )
}

fn no_token(error: Option<&Error>) -> Verdict {
    if let Some(Error::Refused(words)) = error {
        let text = format!("{words} (hint: sign in again with `tokn-router login`)");
        return Verdict::of(Outcome::Refused, "GitHub refuses the credential")
            .saying(Failure::new(403, "account_refused", text));
    }
    let reason = error.map_or_else(
        || {
            "it has ended, and nothing renews it (hint: sign in with `tokn-router login`)"
                .to_owned()
        },
        ToString::to_string,
    );
    let text = format!("there is no valid Copilot token: {reason}");
    Verdict::of(Outcome::Unreachable, "there is no valid Copilot token")
        .saying(Failure::new(503, "no_token", text))
}
