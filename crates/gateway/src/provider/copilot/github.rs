//! GitHub's side of Copilot: sign-in by device flow, who one is, and the
//! exchange of a GitHub token for a short-lived Copilot token.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::identity::PROFILE;
use crate::provider::{is_html, retry_after};
use crate::upstream::{SendError, Upstream};

/// How long one of these small requests may take.
const LIMIT: Duration = Duration::from_secs(15);

/// Where a GitHub is: github.com, a data-residency tenant, or a test's own.
#[derive(Clone, Debug)]
pub struct GitHub {
    web: String,
    api: String,
}

/// Why GitHub gave no answer that helps.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer at all.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The credential or the seat is refused, for the reason in words.
    #[error("{0}")]
    Refused(String),
    /// A limit, or a failure of GitHub's.
    #[error("GitHub answered {status}: {words}")]
    Failed {
        /// The HTTP status.
        status: StatusCode,
        /// What the body says.
        words: String,
        /// How long to leave it alone, where GitHub says so.
        retry_after: Option<Duration>,
    },
    /// An answer that cannot be read.
    #[error("GitHub's answer cannot be read: {0}")]
    Unreadable(String),
}

/// The codes that begin a device flow.
#[derive(Deserialize)]
pub struct DeviceCode {
    device_code: String,
    /// What the person types in.
    pub user_code: String,
    /// Where the person types it in.
    pub verification_uri: String,
    expires_in: u64,
    interval: Option<u64>,
}

impl DeviceCode {
    /// How long the person has.
    pub const fn expires_in(&self) -> Duration {
        Duration::from_secs(self.expires_in)
    }

    /// How long to wait before each poll: what GitHub asks (5 s where it asks
    /// nothing).
    pub fn interval(&self) -> Duration {
        Duration::from_secs(self.interval.unwrap_or(5))
    }
}

/// What one poll of a device flow says.
pub enum Poll {
    /// The person has signed in.
    Token(SecretString),
    /// Not yet.
    Pending,
    /// Not yet, and poll more slowly: every so often, or 5 s slower where
    /// nothing is told.
    SlowDown(Option<Duration>),
    /// The person said no.
    Denied,
    /// The code is too old.
    Expired,
}

/// A Copilot token, and where and until when it is good.
#[derive(Deserialize)]
pub struct Exchanged {
    /// The token itself.
    pub token: SecretString,
    /// Unix seconds, by GitHub's clock.
    pub expires_at: Option<i64>,
    /// Seconds after which to fetch the next one.
    pub refresh_in: Option<u64>,
    /// The kind of seat, such as `copilot_for_business_seat`.
    pub sku: Option<String>,
    /// The hosts that serve this seat.
    #[serde(default)]
    pub endpoints: Endpoints,
}

/// The hosts that serve a seat.
#[derive(Default, Deserialize)]
pub struct Endpoints {
    /// The data plane.
    pub api: Option<String>,
}

impl GitHub {
    /// The GitHub of a host: `github.com`, or `SUB.ghe.com`, whose REST API
    /// has a host of its own (facts: Copilot, 2).
    pub fn of_host(host: &str) -> Self {
        Self {
            web: format!("https://{host}"),
            api: format!("https://api.{host}"),
        }
    }

    /// A GitHub with one or both addresses somewhere else.
    #[must_use]
    pub fn with_urls(self, web: Option<String>, api: Option<String>) -> Self {
        let trimmed = |url: String| url.trim_end_matches('/').to_owned();
        Self {
            web: web.map_or(self.web, trimmed),
            api: api.map_or(self.api, trimmed),
        }
    }

    /// Where Copilot tokens are fetched.
    pub fn exchange_url(&self) -> String {
        format!("{}/copilot_internal/v2/token", self.api)
    }

    /// Where a seat tells of its plan and its allowance.
    pub fn user_url(&self) -> String {
        format!("{}/copilot_internal/user", self.api)
    }

    /// Begins a device flow.
    ///
    /// # Errors
    /// If GitHub cannot be reached or does not answer as it should.
    pub async fn device_code(&self, http: &Upstream) -> Result<DeviceCode, Error> {
        let form = format!("client_id={}&scope=read%3Auser", PROFILE.client_id);
        let url = format!("{}/login/device/code", self.web);
        read(http.fetch(post_form(&url, form)?, LIMIT).await?)
    }

    /// Asks once whether the person has signed in.
    ///
    /// # Errors
    /// If GitHub cannot be reached; the caller polls on.
    pub async fn poll(&self, http: &Upstream, code: &DeviceCode) -> Result<Poll, Error> {
        #[derive(Deserialize)]
        struct Reply {
            access_token: Option<SecretString>,
            error: Option<String>,
            interval: Option<u64>,
        }
        let form = format!(
            "client_id={}&device_code={}&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code",
            PROFILE.client_id,
            utf8_percent_encode(&code.device_code, NON_ALPHANUMERIC),
        );
        let url = format!("{}/login/oauth/access_token", self.web);
        let (status, _, body) = http.fetch(post_form(&url, form)?, LIMIT).await?;
        // The status of a poll says nothing (facts: Copilot, 10).
        let reply: Reply = parse(&body)?;
        match (reply.access_token, reply.error.as_deref()) {
            (Some(token), _) => Ok(Poll::Token(token)),
            (None, Some("authorization_pending")) => Ok(Poll::Pending),
            (None, Some("slow_down")) => {
                Ok(Poll::SlowDown(reply.interval.map(Duration::from_secs)))
            }
            (None, Some("access_denied")) => Ok(Poll::Denied),
            (None, Some("expired_token")) => Ok(Poll::Expired),
            (None, other) => Err(Error::Failed {
                status,
                words: other.unwrap_or("an answer without a token").to_owned(),
                retry_after: None,
            }),
        }
    }

    /// The login of the person a GitHub token belongs to.
    ///
    /// # Errors
    /// If the token is refused or GitHub cannot be reached.
    pub async fn login(&self, http: &Upstream, token: &SecretString) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct User {
            login: String,
        }
        let request = get(&format!("{}/user", self.api), token)?;
        let user: User = read(http.fetch(request, LIMIT).await?)?;
        Ok(user.login)
    }
}

/// Exchanges a GitHub token for a Copilot token at `url`. Proves, too, that
/// the account has a seat: a refusal says in words why not.
///
/// # Errors
/// `Refused` for good, the others for now.
pub async fn exchange(
    http: &Upstream,
    url: &str,
    token: &SecretString,
) -> Result<Exchanged, Error> {
    read(http.fetch(get(url, token)?, LIMIT).await?)
}

fn post_form(url: &str, form: String) -> Result<Request<Full<Bytes>>, Error> {
    Request::builder()
        .method(Method::POST)
        .uri(url)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(USER_AGENT, &PROFILE.headers["user-agent"])
        .body(Full::from(form))
        .map_err(|error| Error::Unreadable(format!("{url}: {error}")))
}

/// No editor headers on these (facts: Copilot, 1).
pub(super) fn get(url: &str, token: &SecretString) -> Result<Request<Full<Bytes>>, Error> {
    let mut authorization = HeaderValue::from_str(&format!("token {}", token.expose_secret()))
        .map_err(|_| {
            Error::Refused("the GitHub token holds characters that no token has".into())
        })?;
    authorization.set_sensitive(true);
    Request::builder()
        .uri(url)
        .header(ACCEPT, "application/json")
        .header(AUTHORIZATION, authorization)
        .header(USER_AGENT, &PROFILE.headers["user-agent"])
        .header("x-github-api-version", &PROFILE.exchange_api_version)
        .body(Full::default())
        .map_err(|error| Error::Unreadable(format!("{url}: {error}")))
}

fn read<T: for<'de> Deserialize<'de>>(
    (status, headers, body): (StatusCode, HeaderMap, Bytes),
) -> Result<T, Error> {
    if status.is_success() {
        return parse(&body);
    }
    let words = refusal(&headers, &body);
    // A 403 may be a rate limit of the REST API, or the page of something on
    // the way, a hotel's sign-in: both pass.
    let passes = words.to_ascii_lowercase().contains("rate limit") || is_html(&headers, &body);
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND if !passes => {
            Err(Error::Refused(format!("GitHub answered {status}: {words}")))
        }
        _ => Err(Error::Failed {
            status,
            words,
            retry_after: retry_after(&headers, Timestamp::now()),
        }),
    }
}

fn parse<T: for<'de> Deserialize<'de>>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| {
        // The error's own text may quote what it stumbled over, a token even.
        let (line, column) = (error.line(), error.column());
        Error::Unreadable(format!(
            "not the JSON that it should be, from line {line} column {column}"
        ))
    })
}

/// What a refusal says for people: `error_details` names the reason and often
/// the page that mends it.
fn refusal(headers: &HeaderMap, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        message: Option<String>,
        error_details: Option<Details>,
    }
    #[derive(Deserialize)]
    struct Details {
        message: Option<String>,
        notification_id: Option<String>,
        url: Option<String>,
    }
    if is_html(headers, body) {
        return "a web page instead of JSON; something between here and GitHub answers for it"
            .into();
    }
    let Ok(refusal) = serde_json::from_slice::<Refusal>(body) else {
        return String::from_utf8_lossy(body).chars().take(200).collect();
    };
    let Some(details) = refusal.error_details else {
        return refusal.message.unwrap_or_else(|| "no reason given".into());
    };
    let mut words = details
        .message
        .or(refusal.message)
        .unwrap_or_else(|| "no reason given".into());
    if let Some(id) = details.notification_id {
        words = format!("{words} ({id})");
    }
    if let Some(url) = details.url {
        words = format!("{words}; see {url}");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_seat_says_why_in_githubs_words() {
        let body = br#"{"message":"Resource not accessible","error_details":{"message":"No access to Copilot found.","notification_id":"no_copilot_access","url":"https://github.com/settings/copilot"}}"#;
        insta::assert_snapshot!(
            refusal(&HeaderMap::new(), body),
            @"No access to Copilot found. (no_copilot_access); see https://github.com/settings/copilot"
        );
        assert_eq!(refusal(&HeaderMap::new(), b"{}"), "no reason given");
        assert_eq!(refusal(&HeaderMap::new(), "Zürich".as_bytes()), "Zürich");
    }

    #[test]
    fn a_tenants_api_has_a_host_of_its_own() {
        let github = GitHub::of_host("acme.ghe.com");
        assert_eq!(
            github.exchange_url(),
            "https://api.acme.ghe.com/copilot_internal/v2/token"
        );
    }
}
