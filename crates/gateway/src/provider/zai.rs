//! Z.ai and Zhipu BigModel: four provider ids, one implementation (facts:
//! Z.ai).

mod allowance;
mod verdict;

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use config::ProviderId;
use dialect::{Dialect, Failure, Operation};
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::call::Call;
use crate::catalogue::{Catalogue, Known};
use crate::outcome::Outcome;
use crate::provider::{InvalidToken, Provider, Source, Token, Verdict};
use crate::quota::{Quota, Window};
use crate::spoken::Spoken;
use crate::upstream::Upstream;

/// The vendor allows supported tools only: say honestly which this is.
pub const AGENT: &str = concat!("tokn-router/", env!("CARGO_PKG_VERSION"));

/// What is asked of a reasoning model where the client asks nothing: think,
/// and keep the thinking of earlier turns.
const THINKING: &str = r#"{"type":"enabled","clear_thinking":false}"#;

/// One API key.
pub struct Zai {
    provider: ProviderId,
    token: Arc<Token>,
    /// Where the quota is asked for, and the key as that wants it.
    quota: Option<(Uri, HeaderValue)>,
    catalogue: Arc<Catalogue>,
    spoken: Spoken,
}

/// Where an id's own API is; each has a wallet of its own, and the wrong base
/// answers 1113.
pub fn default_base(provider: ProviderId) -> &'static str {
    match provider {
        ProviderId::Zai => "https://api.z.ai/api/paas/v4",
        ProviderId::ZhipuaiCodingPlan => "https://open.bigmodel.cn/api/coding/paas/v4",
        ProviderId::Zhipuai => "https://open.bigmodel.cn/api/paas/v4",
        ProviderId::ZaiCodingPlan | ProviderId::GithubCopilot => {
            "https://api.z.ai/api/coding/paas/v4"
        }
    }
}

/// Where a coding plan's endpoint of Anthropic's type is, beside its base (facts: Z.ai);
/// `None` for anything else, the general APIs, too.
fn messages_base(base: &str) -> Option<String> {
    let root = base
        .trim_end_matches('/')
        .strip_suffix("/api/coding/paas/v4")?;
    Some(format!("{root}/api/anthropic"))
}

impl Zai {
    /// The key of a configured account.
    ///
    /// # Errors
    /// If the key or the base URL cannot be used.
    pub fn new(account: &config::Account, catalogue: Arc<Catalogue>) -> Result<Self, InvalidToken> {
        let base = account
            .base_url
            .as_deref()
            .unwrap_or_else(|| default_base(account.provider));
        let key = account
            .api_key
            .as_ref()
            .map_or("", SecretString::expose_secret);
        let mut token = Token::new(key, base, None)?;
        let messages = messages_base(base);
        if let Some(messages) = &messages {
            token.messages = format!("{messages}/v1/messages").parse()?;
        }
        Ok(Self {
            quota: allowance::place(base, key),
            provider: account.provider,
            token: Arc::new(token),
            catalogue,
            spoken: match messages {
                Some(_) => Spoken::CHAT_AND_MESSAGES,
                None => Spoken::CHAT,
            },
        })
    }

    /// The `thinking` to ask for where the client says nothing of it.
    fn thinking(&self, model: &str) -> Option<Cow<'static, str>> {
        let known = self.catalogue.model(self.provider, model);
        let reasons = known
            .and_then(Known::reasoning)
            .unwrap_or_else(|| model.starts_with("glm-"));
        let own = known.and_then(Known::default_thinking);
        reasons.then(|| own.map_or(Cow::Borrowed(THINKING), |own| own.to_string().into()))
    }
}

/// The request that lists the models of a key: the cheapest proof that it is
/// valid.
pub fn list_models(token: &Token) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::default());
    *request.uri_mut() = token.models.clone();
    let headers = request.headers_mut();
    headers.insert(AUTHORIZATION, token.authorization.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
}

/// Whether an answer to [`list_models`] that is no success says nothing of the
/// key: a limit, or a trouble of the upstream's.
pub fn may_pass(status: StatusCode, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
    matches!(
        verdict::read(status, headers, body, now).outcome,
        Outcome::Limited { .. }
            | Outcome::Overloaded { .. }
            | Outcome::Interrupted
            | Outcome::Failing { .. }
    )
}

impl Provider for Zai {
    fn token(&self, _: Timestamp) -> Option<Arc<Token>> {
        Some(Arc::clone(&self.token))
    }

    fn renew<'a>(&'a self, _: Option<&'a Token>) -> BoxFuture<'a, Result<Arc<Token>, Verdict>> {
        let failure = Failure::new(
            401,
            "account_refused",
            format!(
                "{} does not accept the account's API key (hint: put in a new one with \
                 `tokn-router login --provider {}`)",
                self.provider.display_name(),
                self.provider.as_str(),
            ),
        );
        Box::pin(std::future::ready(Err(Verdict::of(
            Outcome::Refused,
            "the API key is refused",
        )
        .saying(failure))))
    }

    fn keep<'a>(&'a self, _: &'a Upstream) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn spoken(&self, _: &str, _: Option<Spoken>) -> Spoken {
        self.spoken
    }

    fn field(
        &self,
        call: &Call,
        model: &str,
        dialect: Dialect,
    ) -> Option<(&'static str, Cow<'static, str>)> {
        let is_asked = call.operation == Operation::Generate && dialect == Dialect::Chat;
        if call.envelope.thinking || !is_asked {
            return None;
        }
        Some(("thinking", self.thinking(model)?))
    }

    fn request(
        &self,
        call: &Call,
        dialect: Dialect,
        body: Bytes,
        token: &Token,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = token.place(call.operation, dialect).clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.authorization.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, call.accept());
        request
    }

    fn source_of(&self, header: &str) -> Source {
        match header {
            "authorization" => Source::Credential,
            // Who this program is, which no setting changes.
            "user-agent" => Source::Profile,
            _ => Source::Derived,
        }
    }

    fn models(&self, token: &Token) -> Request<Full<Bytes>> {
        list_models(token)
    }

    fn quota_request(&self) -> Option<Request<Full<Bytes>>> {
        let (place, key) = self.quota.as_ref()?;
        let mut request = Request::new(Full::default());
        *request.uri_mut() = place.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, key.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static("en-US,en"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Some(request)
    }

    fn quota(&self, body: &[u8]) -> Result<Quota, String> {
        allowance::read(body)
    }

    /// Its replies say nothing of the plan's windows.
    fn overheard(&self, _: &HeaderMap) -> Vec<Window> {
        Vec::new()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_id_has_the_base_that_its_wallet_belongs_to() {
        assert_eq!(
            default_base(ProviderId::ZaiCodingPlan),
            "https://api.z.ai/api/coding/paas/v4"
        );
        assert_eq!(
            default_base(ProviderId::Zai),
            "https://api.z.ai/api/paas/v4"
        );
        assert_eq!(
            default_base(ProviderId::ZhipuaiCodingPlan),
            "https://open.bigmodel.cn/api/coding/paas/v4"
        );
        assert_eq!(
            default_base(ProviderId::Zhipuai),
            "https://open.bigmodel.cn/api/paas/v4"
        );
    }
}
