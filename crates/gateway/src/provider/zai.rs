//! Z.ai and Zhipu BigModel: four provider ids, one implementation (facts:
//! Z.ai).

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use config::ProviderId;
use dialect::Failure;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::call::Call;
use crate::catalogue::{Catalogue, Known};
use crate::outcome::Outcome;
use crate::outcome::Scope::{Account, Model, Pace, Provider as Everyone};
use crate::provider::table::Means::{Failing, Fault, Limit, Refused, Token as Credential};
use crate::provider::table::When::{Code, ServerError, Status};
use crate::provider::table::{Answer, Reset, Row, row};
use crate::provider::{InvalidToken, Provider, Token, Verdict};
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
        Box::pin(std::future::ready(Err(Verdict::of(
            Outcome::Refused,
            "the API key is refused",
        )
        .saying(failure))))
    }

    fn keep<'a>(&'a self, _: &'a Upstream) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    fn request(&self, call: &Call, model: &str, token: &Token) -> Request<Full<Bytes>> {
        let thinking = if call.envelope.thinking {
            None
        } else {
            self.thinking(model)
        };
        let field = thinking.as_deref().map(|json| ("thinking", json));
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

/// The table (facts: Z.ai). The business code counts for more than the status.
#[rustfmt::skip]
static TABLE: &[Row] = &[
    row(Code("1113"), Refused, "no balance or package on this base URL"),
    row(Code("1302"), Limit(Pace, Reset::Unknown), "too many requests at once"),
    row(Code("1303"), Limit(Pace, Reset::Unknown), "too many requests in a short time"),
    row(Code("1304"), Limit(Account, Reset::DayInChina), "the day's quota is used up"),
    row(Code("1305"), Limit(Everyone, Reset::Unknown), "the service is overloaded"),
    row(Code("1312"), Limit(Everyone, Reset::Unknown), "the service has too much traffic"),
    row(Code("1308"), Limit(Account, Reset::ToldInChina), "the limit of five hours is reached"),
    row(Code("1309"), Refused, "the plan has expired"),
    row(Code("1310"), Limit(Account, Reset::ToldInChina), "the week's or month's quota is used up"),
    row(Code("1316"), Limit(Account, Reset::ToldInChina), "the package is used up"),
    row(Code("1317"), Limit(Account, Reset::ToldInChina), "the package is used up"),
    row(Code("1311"), Limit(Model, Reset::Unknown), "the model is not in the plan"),
    row(Code("1313"), Refused, "the account is limited for unfair use"),
    row(Code("1210"), Fault, "a parameter is wrong"),
    row(Code("1214"), Fault, "the messages are wrong"),
    row(Code("1234"), Failing, "a network error inside the service"),
    row(Status(401), Credential, "the API key is refused"),
    row(Status(402), Limit(Account, Reset::Unknown), "no balance"),
    row(Status(403), Refused, "the key may not do this"),
    row(Status(429), Limit(Pace, Reset::Unknown), "a limit of unknown kind"),
    row(Status(408), Failing, "the upstream waited too long for the request"),
    row(ServerError, Failing, "the upstream failed"),
];

fn read(
    account: &str,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Verdict {
    let mut answer = Answer::read(status, headers, body);
    let words = answer.words.take();
    let row = answer.row(TABLE);
    let verdict = Verdict::of(answer.outcome(row.means, now), row.why);
    let Code("1113") = row.when else {
        return verdict;
    };
    verdict.saying(Failure::new(
        status.as_u16().max(400),
        "1113",
        format!(
            "account {account}: {} (hint: the coding plan and the general API have separate \
             wallets and base URLs; check the account's provider and base_url)",
            words.as_deref().unwrap_or(row.why),
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::table::golden;

    /// An answer of the recorded shape for each row of the table.
    fn recorded(row: &Row) -> (u16, String) {
        match row.when {
            Code(code @ ("1308" | "1310" | "1316" | "1317")) => (
                429,
                format!(
                    r#"{{"error":{{"code":"{code}","message":"Usage limit reached. Your limit will reset at 2026-11-20 21:31:39"}}}}"#
                ),
            ),
            Code(code @ ("1210" | "1214")) => (
                400,
                format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#),
            ),
            Code("1234") => (
                500,
                r#"{"error":{"code":1234,"message":"network error"}}"#.into(),
            ),
            Code(code) => (
                429,
                format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#),
            ),
            Status(status) => (status, r#"{"error":{"code":"9999","message":"m"}}"#.into()),
            ref other => {
                assert!(matches!(other, ServerError), "{other:?}");
                (502, String::new())
            }
        }
    }

    #[test]
    fn each_row_of_the_table_is_reached_by_an_answer_of_its_shape() {
        insta::assert_snapshot!(golden(TABLE, recorded, |status, headers, body, now| {
            read("work", status, headers, body, now)
        }));
    }

    #[test]
    fn anthropics_form_of_an_error_is_read_too() {
        let body = br#"{"type":"error","error":{"type":"rate_limit_error","code":"1113","message":"[1113][no balance]"}}"#;
        let verdict = read(
            "work",
            StatusCode::TOO_MANY_REQUESTS,
            &HeaderMap::new(),
            body,
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(verdict.outcome, Outcome::Refused);
        assert!(verdict.failure.unwrap().message.contains("base_url"));
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
