//! What the mock plays: its accounts, its models and the shape of its replies.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::models::{self, Model};
use crate::quota::Quota;

/// Everything that a mock plays, as plain data to edit before [`Mock::start`](crate::Mock::start).
#[derive(Clone)]
pub struct Script {
    /// Who may call, and as whom.
    pub accounts: Vec<Account>,
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Whether requests are kept for [`Mock::seen`](crate::Mock::seen); benchmarks switch it off.
    pub record: bool,
    /// The models of all accounts; an account may narrow them.
    pub models: Vec<Model>,
    /// Whether the `bench-*` ids are listed among the models. They answer in any case.
    pub bench: bool,
    /// Whether Copilot's model list holds entries that no parser of it can like.
    pub odd_models: bool,
    /// How ordinary chat replies look.
    pub reply: ReplyShape,
    /// How the next sign-in goes.
    pub login: Login,
    /// What the mock takes for the time of day.
    pub clock: Clock,
}

/// One account of a provider.
#[derive(Clone)]
pub struct Account {
    /// The name in the mock's own interface; for Copilot also the GitHub login.
    pub id: String,
    /// Whose account it is.
    pub kind: Kind,
    /// The GitHub token or the Z.ai key.
    pub secret: String,
    /// The plan as `/copilot_internal/user` names it, or Z.ai's quota as its level.
    pub plan: String,
    /// The SKU as the token exchange names it.
    pub sku: String,
    /// The ids that this account may use; all of its kind when absent.
    pub models: Option<Vec<String>>,
    /// Whether the GitHub user has a Copilot seat; without one the exchange answers 403.
    pub seat: bool,
    /// How long an exchanged Copilot token lives.
    pub token_lifetime_secs: u64,
    /// Whether an exchange ends the tokens that came before it.
    pub revoke_older: bool,
    /// What is left at the start; [`Mock::set_quota`](crate::Mock::set_quota) changes it later.
    pub quota: Quota,
}

/// Whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A GitHub user, with or without a Copilot seat.
    Copilot,
    /// A Z.ai or Zhipu key.
    Zai,
}

/// How ordinary chat replies look.
#[derive(Clone, Debug, Default)]
pub struct ReplyShape {
    /// The text to answer instead of the greeting that echoes the user.
    pub text: Option<String>,
    /// The pause after each event of a stream.
    pub pace: Duration,
}

/// How a device-flow sign-in goes; each new device code plays it from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Login {
    /// The account whose GitHub token the sign-in ends with.
    pub account: String,
    /// The seconds between polls that the client is told; 0 lets a test poll at once.
    pub interval: u64,
    /// The seconds until the code expires that the client is told.
    pub expires_in: u64,
    /// What the polls answer, in order; the one after the last succeeds.
    pub polls: Vec<Poll>,
}

/// What one poll of a sign-in answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Poll {
    /// `authorization_pending`: the person has not typed the code yet.
    Pending,
    /// `slow_down`, naming the new interval unless it is absent.
    SlowDown {
        /// The interval in seconds from now on.
        interval: Option<u64>,
    },
    /// The connection closes without a reply.
    Drop,
    /// `expired_token`; the flow stays ended.
    Expired,
    /// `access_denied`; the flow stays ended.
    Denied,
}

/// What the mock takes for the time of day.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Script {
    /// Two Copilot accounts, `octocat` and `hubot`, and the Z.ai account `zed`.
    pub fn demo() -> Self {
        Self::new(vec![
            Account::copilot("octocat"),
            Account::copilot("hubot"),
            Account::zai("zed", "zai-demo-key"),
        ])
    }

    /// The given accounts, with the usual models and without any delay.
    pub fn new(accounts: Vec<Account>) -> Self {
        let login = Login {
            account: accounts
                .iter()
                .find(|account| account.kind == Kind::Copilot)
                .map(|account| account.id.clone())
                .unwrap_or_default(),
            ..Login::default()
        };
        Self {
            accounts,
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            record: true,
            models: models::usual(),
            bench: false,
            odd_models: false,
            reply: ReplyShape::default(),
            login,
            clock: Clock::wall(),
        }
    }
}

impl Default for Script {
    fn default() -> Self {
        Self::demo()
    }
}

impl Account {
    /// A Copilot seat on an individual plan whose GitHub token is `gho_demo_<id>`.
    pub fn copilot(id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            kind: Kind::Copilot,
            secret: format!("gho_demo_{id}"),
            plan: "individual_pro".to_owned(),
            sku: "plus_yearly_subscriber".to_owned(),
            models: None,
            seat: true,
            token_lifetime_secs: 1800,
            revoke_older: false,
            quota: Quota::default(),
            id,
        }
    }

    /// A Z.ai account with the given key.
    pub fn zai(id: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            kind: Kind::Zai,
            secret: key.into(),
            plan: "pro".to_owned(),
            sku: "glm_coding_pro".to_owned(),
            ..Self::copilot(id)
        }
    }
}

impl Default for Login {
    fn default() -> Self {
        Self {
            account: String::new(),
            interval: 0,
            expires_in: 900,
            polls: vec![Poll::Pending],
        }
    }
}

impl Clock {
    /// The machine's own clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the mock is an edge of its own: tokens expire by the wall clock"
    )]
    pub fn wall() -> Self {
        Self(Arc::new(SystemTime::now))
    }

    /// A clock that a test moves.
    pub fn of(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> SystemTime {
        (self.0)()
    }

    /// Seconds since 1970; a clock before that counts as its first second.
    pub(crate) fn unix_secs(&self) -> u64 {
        self.now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }

    /// The first second of the next month, when Copilot's allowances start anew.
    pub(crate) fn next_month(&self) -> u64 {
        jiff::Timestamp::try_from(self.now())
            .ok()
            .map(|now| now.to_zoned_datetime(jiff::tz::TimeZone::UTC).date())
            .and_then(|today| {
                let next = today
                    .first_of_month()
                    .checked_add(jiff::Span::new().months(1));
                next.ok()?.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()
            })
            .and_then(|first| u64::try_from(first.timestamp().as_second()).ok())
            .unwrap_or_else(|| self.unix_secs())
    }
}
