//! What is peculiar to each provider, behind one trait.

pub mod copilot;
mod resets;
mod table;
pub mod zai;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use config::ProviderId;
use dialect::prompt::Dropped;
use dialect::{Dialect, Failure, Initiator, Operation};
use futures_util::future::BoxFuture;
use http::header::{InvalidHeaderValue, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use http_body_util::Full;
use jiff::Timestamp;

use crate::call::Call;
use crate::outcome::Outcome;
use crate::quota::{Quota, Window};
use crate::spoken::Spoken;
use crate::upstream::Upstream;

/// Talks to one account's upstream.
pub trait Provider: Send + Sync {
    /// The credential that is good at `now`, without waiting.
    fn token(&self, now: Timestamp) -> Option<Arc<Token>>;

    /// A newer credential than `stale`, waited for.
    fn renew<'a>(&'a self, stale: Option<&'a Token>) -> BoxFuture<'a, Result<Arc<Token>, Verdict>>;

    /// Keeps the credential fresh for ever. Polled by one task of its own.
    fn keep<'a>(&'a self, http: &'a Upstream) -> BoxFuture<'a, ()>;

    /// The dialects that its upstream speaks with this model. `listed` is what the live
    /// list says.
    fn spoken(&self, model: &str, listed: Option<Spoken>) -> Spoken;

    /// Whether its upstream counts the tokens of messages for a model that is spoken to so.
    fn counts_tokens(&self, _spoken: Spoken) -> bool {
        false
    }

    /// Whether its upstream's embeddings take tokens in the place of texts.
    fn embeds_tokens(&self) -> bool {
        true
    }

    /// A body of its upstream's own dialect without what that refuses; `None` where it
    /// refuses nothing of it. `is_adaptive` is what the list says of the model's thinking.
    fn mended(&self, _dialect: Dialect, _body: &[u8], _is_adaptive: bool) -> Option<Mended> {
        None
    }

    /// A field that this provider wants in a body of `dialect` and that the client did
    /// not set: its name and JSON.
    fn field(
        &self,
        _call: &Call,
        _model: &str,
        _dialect: Dialect,
    ) -> Option<(&'static str, Cow<'static, str>)> {
        None
    }

    /// The upstream request for `call`, with every header that this provider wants, and
    /// a body of `dialect`.
    fn request(
        &self,
        call: &Call,
        dialect: Dialect,
        body: Bytes,
        token: &Token,
    ) -> Request<Full<Bytes>>;

    /// Where a header of [`Provider::request`] has its value from.
    fn source_of(&self, header: &str) -> Source;

    /// Who caused the request, as its upstream is told.
    fn initiator(&self, call: &Call) -> Initiator {
        call.initiator.unwrap_or(call.envelope.initiator)
    }

    /// The request that lists the account's models.
    fn models(&self, token: &Token) -> Request<Full<Bytes>>;

    /// The request that asks what is left of the account's allowance, which
    /// costs nothing of it; `None` where there is nothing to ask with.
    fn quota_request(&self) -> Option<Request<Full<Bytes>>>;

    /// Reads the answer to it.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn quota(&self, body: &[u8]) -> Result<Quota, String>;

    /// What a reply tells of the allowance in passing.
    fn overheard(&self, headers: &HeaderMap) -> Vec<Window>;

    /// What an answer means that is not a success, or an error inside one.
    fn verdict(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Verdict;
}

/// A body that was mended, and what was lost by it.
pub struct Mended {
    /// The body.
    pub body: Bytes,
    /// What could not stay.
    pub dropped: Dropped,
}

/// A credential and where it is good.
pub struct Token {
    /// The whole value of the `authorization` header, marked sensitive.
    pub authorization: HeaderValue,
    /// Where chat completions are asked for.
    pub chat: Uri,
    /// Where responses are.
    pub responses: Uri,
    /// Where messages are.
    pub messages: Uri,
    /// Where vectors are.
    pub embeddings: Uri,
    /// Where the tokens of messages are counted.
    pub count_tokens: Uri,
    /// Where the models are listed.
    pub models: Uri,
    /// When it ends, where that is known.
    pub expires: Option<Timestamp>,
}

impl Token {
    /// A credential for the paths below `base`.
    ///
    /// # Errors
    /// If `base` is no URL, or the secret cannot stand in a header.
    pub fn new(secret: &str, base: &str, expires: Option<Timestamp>) -> Result<Self, InvalidToken> {
        let base = base.trim_end_matches('/');
        let mut authorization = HeaderValue::from_str(&format!("Bearer {secret}"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            authorization,
            chat: format!("{base}/chat/completions").parse()?,
            responses: format!("{base}/responses").parse()?,
            messages: format!("{base}/v1/messages").parse()?,
            embeddings: format!("{base}/embeddings").parse()?,
            count_tokens: format!("{base}/v1/messages/count_tokens").parse()?,
            models: format!("{base}/models").parse()?,
            expires,
        })
    }

    /// Where a request for `operation` in `dialect` goes.
    pub const fn place(&self, operation: Operation, dialect: Dialect) -> &Uri {
        match (operation, dialect) {
            (Operation::Embed, _) => &self.embeddings,
            (Operation::CountTokens, _) => &self.count_tokens,
            (Operation::Generate, Dialect::Chat) => &self.chat,
            (Operation::Generate, Dialect::Responses) => &self.responses,
            (Operation::Generate, Dialect::Messages) => &self.messages,
        }
    }
}

/// Why a credential is of no use. Does not say what it was.
#[derive(Debug, thiserror::Error)]
pub enum InvalidToken {
    /// It holds characters that no header may.
    #[error("the credential holds characters that cannot stand in a header")]
    Secret(#[from] InvalidHeaderValue),
    /// Its base is no URL.
    #[error("the base URL is not valid: {0}")]
    Base(#[from] http::uri::InvalidUri),
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Token")
            .field("chat", &self.chat)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What an upstream's answer means.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// For the account, and for the request.
    pub outcome: Outcome,
    /// The same in words, for a person.
    pub why: &'static str,
    /// What the client is told instead of the upstream's own words, where
    /// those would not help.
    pub failure: Option<Failure>,
}

impl Verdict {
    /// A verdict whose client gets the upstream's own answer.
    pub const fn of(outcome: Outcome, why: &'static str) -> Self {
        Self {
            outcome,
            why,
            failure: None,
        }
    }

    /// The same verdict, told to the client in words of our own.
    #[must_use]
    pub fn saying(self, failure: Failure) -> Self {
        Self {
            failure: Some(failure),
            ..self
        }
    }
}

/// Where a header has its value from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The default profile, which is data of this release.
    Profile,
    /// The account's settings in the configuration.
    Settings,
    /// The account's credential.
    Credential,
    /// The request, or this installation.
    Derived,
}

impl Source {
    /// The same in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "default profile",
            Self::Settings => "settings",
            Self::Credential => "credential",
            Self::Derived => "derived",
        }
    }
}

/// How an account of this provider proves itself, as `/v1/models` tells it.
pub const fn auth_kind(provider: ProviderId) -> &'static str {
    match provider {
        ProviderId::GithubCopilot => "github_oauth",
        ProviderId::ZaiCodingPlan
        | ProviderId::Zai
        | ProviderId::ZhipuaiCodingPlan
        | ProviderId::Zhipuai => "api_key",
    }
}

/// No window of any provider is longer: a wait beyond it is a mistake, and a
/// clock could not count to some of them.
const LONGEST_WAIT: Duration = Duration::from_secs(35 * 24 * 3600);

/// How long from `now` to a moment: nothing where it has passed.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    left.min(LONGEST_WAIT)
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3). The number is
/// tried first: a date parser may take `3` for a year.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        return Some(Duration::try_from_secs_f64(seconds).ok()?.min(LONGEST_WAIT));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(until(date, now))
}

/// Whether a body is a web page: a firewall's or a login's, not the API's.
pub fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
        || body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &'static str) -> Option<u64> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        let now = "2015-10-21T07:27:30Z".parse().unwrap();
        retry_after(&headers, now).map(|after| after.as_secs())
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        assert_eq!(read("3"), Some(3));
        assert_eq!(read(" 120 "), Some(120));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(30));
        assert_eq!(read("Wed, 21 Oct 2015 07:00:00 GMT"), Some(0));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-4"), None);
        assert_eq!(read("1e19"), Some(LONGEST_WAIT.as_secs()));
        assert_eq!(read("inf"), None);
    }

    #[test]
    fn a_tokens_debug_form_does_not_show_it() {
        let token = Token::new("secret-value", "https://api.example.com/", None).unwrap();
        assert!(!format!("{token:?}").contains("secret-value"));
        assert_eq!(token.chat, "https://api.example.com/chat/completions");
    }
}
