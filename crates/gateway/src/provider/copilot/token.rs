//! Keeps one account's Copilot token fresh: fetched ahead of need, by one
//! task, with backoff; the old one serves until it ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use super::cache::{Cache, Cached};
use super::github::{self, Error, Exchanged};
use crate::kept::{Kept, Next};
use crate::provider::Token;
use crate::upstream::Upstream;

/// The longest pause between two tries while GitHub fails.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The pause after a refusal: only a person can mend that.
const REFUSED_PAUSE: Duration = Duration::from_secs(15 * 60);
/// How long a token that replaced a refused one stands before another is
/// fetched on demand: if it is refused too, its age is not the reason, and
/// GitHub is not to be asked at the pace of the requests.
const REST: Duration = Duration::from_secs(5);
/// A token is not renewed sooner than this, whatever GitHub's or this machine's
/// clock says.
const SHORTEST_LIFE: Duration = Duration::from_secs(30);
/// How long a request waits for an exchange.
const WAIT: Duration = Duration::from_secs(20);

/// The Copilot token of one account.
pub(super) struct Tokens {
    kept: Kept<Token, Error>,
    source: Source,
    account: Arc<str>,
    cache: Option<Cache>,
    /// The base URL that the person set, over what GitHub says.
    base: Option<String>,
    /// The data plane of a host that tells none.
    default_base: String,
}

/// Where Copilot tokens come from.
pub(super) struct Source {
    /// The GitHub token; without one, the token at hand is all there is.
    pub(super) credential: Option<SecretString>,
    /// Where it is exchanged.
    pub(super) url: String,
}

impl Tokens {
    /// Begins with what is cached, or else with the configuration's own
    /// `access_token`.
    pub(super) fn new(
        account: Arc<str>,
        source: Source,
        configured: Option<(&SecretString, Option<i64>)>,
        cache: Option<Cache>,
        base: Option<String>,
        default_base: String,
    ) -> Self {
        let cached = cache.as_ref().and_then(Cache::read);
        let start = cached.map_or_else(
            || {
                let (token, expires_at) = configured?;
                let at = base_of(token.expose_secret());
                Some((token.clone(), expires_at, at))
            },
            |cached| Some((cached.token, Some(cached.expires_at), Some(cached.base))),
        );
        let start = start.and_then(|(token, expires_at, at)| {
            let base = base.as_ref().or(at.as_ref()).unwrap_or(&default_base);
            let expires = expires_at.and_then(|at| Timestamp::from_second(at).ok());
            Token::new(token.expose_secret(), base, expires).ok()
        });
        Self {
            kept: Kept::starting_with(start),
            source,
            account,
            cache,
            base,
            default_base,
        }
    }

    /// The token that is good at `now`.
    pub(super) fn current(&self, now: Timestamp) -> Option<Arc<Token>> {
        self.kept
            .value()
            .filter(|token| token.expires.is_none_or(|expires| now < expires))
    }

    /// A token newer than `stale`, waited for.
    ///
    /// # Errors
    /// Why there is none, where that is known.
    pub(super) async fn renewed(
        &self,
        stale: Option<&Token>,
        now: Timestamp,
    ) -> Result<Arc<Token>, Option<Arc<Error>>> {
        let newer = || {
            self.current(now).filter(|token| {
                stale.is_none_or(|stale| token.authorization != stale.authorization)
            })
        };
        if let Some(token) = newer() {
            return Ok(token);
        }
        if self.source.credential.is_none() {
            // There is nothing to wait for.
            return Err(None);
        }
        self.kept.renew(WAIT).await;
        newer().ok_or_else(|| self.kept.failure())
    }

    /// Keeps the token fresh for ever.
    pub(super) async fn keep(&self, http: &Upstream) {
        let Some(credential) = &self.source.credential else {
            return std::future::pending().await;
        };
        let left = self
            .kept
            .value()
            .and_then(|token| token.expires)
            .map(|expires| {
                let left = expires.duration_since(Timestamp::now()) - SignedDuration::from_mins(5);
                Duration::try_from(left).unwrap_or(Duration::ZERO)
            });
        let first = Next {
            after: Some(left.unwrap_or(Duration::ZERO)),
            rest: Duration::ZERO,
        };
        self.kept
            .keep(first, |failures| async move {
                // What replaces a token that is still good was asked for by an
                // upstream's refusal.
                let rest = match self.current(Timestamp::now()) {
                    Some(_) => REST,
                    None => Duration::ZERO,
                };
                match github::exchange(http, &self.source.url, credential).await {
                    Ok(exchanged) => self.accept(exchanged, rest, Timestamp::now()).await,
                    Err(error) => {
                        let next = self.back_off(&error, failures);
                        (Err(error), next)
                    }
                }
            })
            .await;
    }

    async fn accept(
        &self,
        exchanged: Exchanged,
        rest: Duration,
        now: Timestamp,
    ) -> (Result<Token, Error>, Next) {
        let (refresh, expires) = lifetime(&exchanged, now);
        let secret = exchanged.token.expose_secret();
        let base = self
            .base
            .clone()
            .or_else(|| exchanged.endpoints.api.filter(|url| is_safe(url)))
            .or_else(|| base_of(secret))
            .unwrap_or_else(|| self.default_base.clone());
        let token = Token::new(secret, &base, Some(expires))
            .map_err(|error| Error::Unreadable(error.to_string()));
        if let (Ok(_), Some(cache)) = (&token, self.cache.clone()) {
            let cached = Cached {
                token: exchanged.token,
                expires_at: expires.as_second(),
                base,
            };
            let written = tokio::task::spawn_blocking(move || cache.write(&cached)).await;
            if let Ok(Err(error)) = written {
                tracing::warn!(account = %self.account, %error, "cannot cache the Copilot token");
            }
        }
        tracing::debug!(account = %self.account, refresh_secs = refresh.as_secs(), "fetched a Copilot token");
        let next = Next {
            after: Some(refresh),
            rest: rest.min(refresh),
        };
        (token, next)
    }

    fn back_off(&self, error: &Error, failures: u32) -> Next {
        let pause = match error {
            Error::Refused(_) => REFUSED_PAUSE,
            Error::Failed {
                retry_after: Some(asked),
                ..
            } => *asked,
            _ => LONGEST_PAUSE.min(Duration::from_secs(1 << failures.min(10))),
        };
        let pause = pause.mul_f64(1.0 + fastrand::f64() / 4.0);
        tracing::warn!(account = %self.account, retry_secs = pause.as_secs(), %error, "no fresh Copilot token");
        Next {
            after: Some(pause),
            rest: pause.min(LONGEST_PAUSE),
        }
    }
}

/// When to fetch the next token, and until when this one is good. A clock of
/// this machine that is wrong must not end a good token: GitHub's
/// `refresh_in` counts from here (facts: Copilot, 1).
fn lifetime(exchanged: &Exchanged, now: Timestamp) -> (Duration, Timestamp) {
    let told = exchanged
        .expires_at
        .and_then(|at| Timestamp::from_second(at).ok());
    let left = told
        .and_then(|at| Duration::try_from(at.duration_since(now)).ok())
        .unwrap_or_default();
    let refresh = exchanged.refresh_in.map_or_else(
        || left.saturating_sub(Duration::from_secs(300)),
        Duration::from_secs,
    );
    let refresh = refresh.clamp(SHORTEST_LIFE, Duration::from_secs(24 * 3600));
    let good = left.max(refresh + Duration::from_secs(60));
    let expires = now.checked_add(good).unwrap_or(now);
    (refresh, expires)
}

/// Whether a token may be sent there: the rule that the configuration has.
fn is_safe(url: &str) -> bool {
    config::kind::Kind::Url.parse(url).is_ok()
}

/// The data plane that a token names itself: `proxy-ep=proxy.HOST` stands for
/// `https://api.HOST`.
fn base_of(token: &str) -> Option<String> {
    let host = token
        .split(';')
        .find_map(|field| field.strip_prefix("proxy-ep="))?;
    let host = host.split(':').next()?.strip_prefix("proxy.")?;
    Some(format!("https://api.{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchanged(expires_at: i64, refresh_in: Option<u64>) -> Exchanged {
        Exchanged {
            token: "t".into(),
            expires_at: Some(expires_at),
            refresh_in,
            sku: None,
            endpoints: github::Endpoints::default(),
        }
    }

    #[test]
    fn a_clock_that_runs_ahead_does_not_end_a_fresh_token() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let (refresh, expires) = lifetime(&exchanged(1_000_000 - 3600, Some(1500)), now);
        assert_eq!(refresh.as_secs(), 1500);
        assert_eq!(expires.as_second(), 1_000_000 + 1560);
    }

    #[test]
    fn a_token_is_renewed_five_minutes_early_where_github_says_nothing() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let (refresh, expires) = lifetime(&exchanged(1_001_800, None), now);
        assert_eq!(refresh.as_secs(), 1500);
        assert_eq!(expires.as_second(), 1_001_800);
    }

    #[test]
    fn the_data_plane_is_derived_from_the_token_itself() {
        let token = "tid=a;exp=1;sku=b;proxy-ep=proxy.business.githubcopilot.com:mac";
        assert_eq!(
            base_of(token).as_deref(),
            Some("https://api.business.githubcopilot.com")
        );
        assert_eq!(base_of("tid=a"), None);
    }
}
