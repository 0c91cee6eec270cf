//! Z.ai and Zhipu BigModel: four provider ids, one implementation (facts:
//! Z.ai).

use std::sync::Arc;

use bytes::Bytes;
use config::ProviderId;
use dialect::Failure;
use dialect::chat::error_words;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::call::Call;
use crate::catalogue::Catalogue;
use crate::outcome::{Outcome, Scope};
use crate::provider::{InvalidToken, Provider, Token, Verdict, retry_after};
use crate::upstream::Upstream;

/// The vendor allows supported tools only: say honestly which this is.
pub const AGENT: &str = concat!("tokn-router/", env!("CARGO_PKG_VERSION"));

/// What is asked of a reasoning model where the client asks nothing: think,
/// and keep the thinking of earlier turns.
const THINKING: &str = r#"{"type":"enabled","clear_thinking":false}"#;

/// One API key.
pub struct Zai {
    account: Arc<str>,
    provider: ProviderId,
    token: Arc<Token>,
    catalogue: Arc<Catalogue>,
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
        Ok(Self {
            account: account.id.as_str().into(),
            provider: account.provider,
            token: Arc::new(Token::new(key, base, None)?),
            catalogue,
        })
    }

    fn is_reasoning(&self, model: &str) -> bool {
        self.catalogue
            .model(self.provider, model)
            .and_then(|known| known.reasoning())
            .unwrap_or_else(|| model.starts_with("glm-"))
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

impl Provider for Zai {
    fn token(&self, _: Timestamp) -> Option<Arc<Token>> {
        Some(Arc::clone(&self.token))
    }

    fn renew<'a>(&'a self, _: Option<&'a Token>) -> BoxFuture<'a, Result<Arc<Token>, Verdict>> {
        let failure = Failure::new(
            401,
            "account_refused",
            format!(
                "account {}: {} does not accept its API key (hint: put in a new one with \
                 `tokn-router login --provider {}`)",
                self.account,
                self.provider.display_name(),
                self.provider.as_str(),
            ),
        );
        Box::pin(std::future::ready(Err(Verdict::saying(
            Outcome::Refused,
            failure,
        ))))
    }

    fn keep<'a>(&'a self, _: &'a Upstream) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn request(&self, call: &Call, model: &str, token: &Token) -> Request<Full<Bytes>> {
        let thinking = !call.envelope.thinking && self.is_reasoning(model);
        let field = thinking.then_some(("thinking", THINKING));
        let mut request = Request::new(Full::new(call.body_for(model, field)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = token.chat.clone();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, token.authorization.clone());
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT, call.accept());
        request
    }

    fn models(&self, token: &Token) -> Request<Full<Bytes>> {
        list_models(token)
    }

    fn verdict(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Verdict {
        read(&self.account, status, headers, body, now)
    }
}

fn read(
    account: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Verdict {
    let retry_after = retry_after(headers, now);
    let limited = |scope| Verdict::of(Outcome::Limited { scope, retry_after });
    let (code, words) = error_words(body);
    match code.as_deref() {
        Some("1113") => Verdict::saying(
            Outcome::Refused,
            Failure::new(
                status.as_u16().max(400),
                "1113",
                format!(
                    "account {account}: {} (hint: the coding plan and the general API have separate \
                     wallets and base URLs; check the account's provider and base_url)",
                    words.unwrap_or_else(|| "no balance or package".into()),
                ),
            ),
        ),
        Some("1309" | "1313") => Verdict::of(Outcome::Refused),
        Some("1302" | "1303" | "1304" | "1308" | "1310" | "1316" | "1317") => {
            limited(Scope::Account)
        }
        Some("1311") => limited(Scope::Model),
        Some("1305" | "1312" | "1234") => Verdict::of(Outcome::Failing { retry_after }),
        Some("1210" | "1214") => Verdict::of(Outcome::Rejected),
        _ => match status.as_u16() {
            401 => Verdict::of(Outcome::Unauthorized),
            402 | 429 => limited(Scope::Account),
            403 => Verdict::of(Outcome::Refused),
            408 | 500.. => Verdict::of(Outcome::Failing { retry_after }),
            _ => Verdict::of(Outcome::Rejected),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, code: &str) -> Outcome {
        let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
        let status = StatusCode::from_u16(status).unwrap();
        read(
            "work",
            status,
            &HeaderMap::new(),
            body.as_bytes(),
            Timestamp::UNIX_EPOCH,
        )
        .outcome
    }

    #[test]
    fn the_business_code_counts_for_more_than_the_status() {
        let account = Outcome::Limited {
            scope: Scope::Account,
            retry_after: None,
        };
        let model = Outcome::Limited {
            scope: Scope::Model,
            retry_after: None,
        };
        assert_eq!(outcome(429, "1302"), account);
        assert_eq!(outcome(400, "1308"), account);
        assert_eq!(outcome(429, "1311"), model);
        assert_eq!(outcome(429, "1113"), Outcome::Refused);
        assert_eq!(outcome(429, "1305"), Outcome::Failing { retry_after: None });
        assert_eq!(outcome(400, "1210"), Outcome::Rejected);
        assert_eq!(outcome(429, "9999"), account);
        assert_eq!(outcome(401, "1000"), Outcome::Unauthorized);
    }

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
