//! The failover loop: a call is tried on one account after another until one
//! answers, or none is left.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Duration;

use dialect::Failure;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::account::Account;
use crate::attempt::{Answer, Begun, Failed, attempt};
use crate::call::Call;
use crate::error::{Refusal, Whole, all_limited, model_not_found};
use crate::gateway::Gateway;
use crate::meter::Meter;
use crate::outcome::{Next, Outcome};
use crate::pool::{Lease, Tried};
use crate::provider::Token;
use crate::relay::Relay;
use crate::route::Candidate;

/// A reply, and what is to be settled when it ends.
pub enum Reply {
    /// A stream that has begun.
    Stream(Box<StreamReply>),
    /// A reply in one piece.
    Whole(WholeReply),
}

/// A stream that has begun.
pub struct StreamReply {
    /// The stream.
    pub begun: Begun,
    meter: Meter,
    lease: Lease,
    account: Arc<Account>,
    idle: Duration,
}

/// A reply in one piece.
pub struct WholeReply {
    /// The reply.
    pub whole: Whole,
    meter: Meter,
}

/// No account answered.
pub struct Refused {
    refusal: Refusal,
    meter: Meter,
}

impl StreamReply {
    /// The relay of the rest. The reply counts as begun.
    pub fn into_relay(self) -> Relay {
        Relay::new(self.begun, self.meter, self.lease, self.account, self.idle)
    }
}

impl WholeReply {
    /// Ends the record of a reply that is none.
    pub fn fail(self, code: &'static str) {
        self.meter.fail(Some(200), code);
    }

    /// Ends the record and gives the reply.
    pub fn complete(mut self) -> Whole {
        self.meter.begun(self.whole.status.as_u16(), Instant::now());
        self.meter.complete();
        self.whole
    }
}

impl Refused {
    /// Ends the record and gives the refusal, whose status the client gets.
    pub fn before_any_answer(self) -> Refusal {
        self.meter
            .fail(Some(self.refusal.status()), self.refusal.code());
        self.refusal
    }

    /// Ends the record and gives the refusal, for a client that was already
    /// told 200.
    pub fn in_stream(self) -> Refusal {
        self.meter.fail(Some(200), self.refusal.code());
        self.refusal
    }
}

/// Finds an account that answers.
///
/// # Errors
/// What the client is told where none does.
pub async fn dispatch(
    gateway: Arc<Gateway>,
    call: Call,
    mut meter: Meter,
) -> Result<Reply, Refused> {
    let candidates = match gateway.candidates(&call.envelope.model).await {
        Ok(candidates) => candidates,
        Err(no_model) => {
            let failure = model_not_found(&call.envelope.model, &no_model.nearest);
            let refusal = Refusal::Own(failure);
            return Err(Refused { refusal, meter });
        }
    };
    let mut tried = Tried::default();
    let mut worst: Option<Failed> = None;
    // An account whose connection broke before it answered: asked once more
    // before the request fails for what may have been a stale connection.
    let mut broken: Option<usize> = None;
    let mut resent = false;
    loop {
        let now = Instant::now().into_std();
        let Ok(lease) = gateway.pool().lease(&candidates, &mut tried, now) else {
            if let (Some(account), false) = (broken, resent) {
                resent = true;
                tried.forgive(account);
                continue;
            }
            let soonest = gateway.pool().soonest(&candidates, now);
            let refusal = refusal(&gateway, &candidates, worst, soonest);
            return Err(Refused { refusal, meter });
        };
        let account = Arc::clone(&gateway.accounts()[lease.account]);
        let failed = match serve_on(&gateway, &account, &call, &lease, &mut meter).await {
            Ok(Answer::Stream(begun)) => {
                return Ok(Reply::Stream(Box::new(StreamReply {
                    begun: *begun,
                    meter,
                    lease,
                    account,
                    idle: gateway.http().limits().idle,
                })));
            }
            Ok(Answer::Whole(whole)) => {
                lease.settle(Outcome::Served, Instant::now().into_std());
                if let Some(usage) = dialect::Usage::read_chat(&whole.body) {
                    meter.used(usage);
                }
                return Ok(Reply::Whole(WholeReply { whole, meter }));
            }
            Err(failed) => failed,
        };
        if failed.unanswered {
            broken = Some(lease.account);
        }
        if failed.outcome == Outcome::Unserved {
            account.models.want();
        }
        lease.settle(failed.outcome, Instant::now().into_std());
        if failed.outcome.next(true) == Next::Answer {
            let refusal = failed.refusal;
            return Err(Refused { refusal, meter });
        }
        tracing::info!(
            request = call.id,
            account = &*account.id,
            outcome = ?failed.outcome,
            why = failed.why,
            "attempt failed, moving on"
        );
        worst = Some(more_telling(worst, failed));
    }
}

/// One account's turn: with the token at hand, and once more with a renewed
/// one where that one is refused.
async fn serve_on(
    gateway: &Gateway,
    account: &Account,
    call: &Call,
    lease: &Lease,
    meter: &mut Meter,
) -> Result<Answer, Failed> {
    let token = match account.backend.token(Timestamp::now()) {
        Some(token) => token,
        None => renew(account, None).await?,
    };
    let failed = match try_once(gateway, account, call, lease, meter, &token).await {
        Err(failed) if failed.outcome.next(false) == Next::Renew => failed,
        ended => return ended,
    };
    match renew(account, Some(&token)).await {
        Ok(token) => try_once(gateway, account, call, lease, meter, &token).await,
        // Why there is no newer token says more than that the old one is bad,
        // but only where somebody said why.
        Err(renewal) if renewal.outcome == Outcome::Refused => Err(renewal),
        Err(_) => Err(failed),
    }
}

async fn try_once(
    gateway: &Gateway,
    account: &Account,
    call: &Call,
    lease: &Lease,
    meter: &mut Meter,
    token: &Token,
) -> Result<Answer, Failed> {
    meter.attempt(account, &lease.model, account.backend.initiator(call));
    let request = account.backend.request(call, &lease.model, token);
    let strip_usage = call.envelope.stream && !call.envelope.include_usage;
    attempt(account, gateway.http(), request, strip_usage).await
}

async fn renew(account: &Account, stale: Option<&Token>) -> Result<Arc<Token>, Failed> {
    account.backend.renew(stale).await.map_err(|verdict| {
        let none = || {
            let text = format!("account {}: no valid credential", account.id);
            Failure::new(503, "no_token", text)
        };
        Failed {
            outcome: verdict.outcome,
            why: verdict.why,
            refusal: Refusal::Own(verdict.failure.unwrap_or_else(none)),
            unanswered: false,
        }
    })
}

/// Which of two failures the client is to hear of. What may have passed in a
/// moment comes before a limit that lasts, since the next try may find it
/// passed; among limits the one that ends first; and a "no" for good comes
/// last.
fn more_telling(earlier: Option<Failed>, later: Failed) -> Failed {
    let weight = |failed: &Failed| match failed.outcome {
        Outcome::Failing { .. }
        | Outcome::Limited {
            retry_after: None, ..
        } => 4,
        Outcome::Unreachable => 3,
        Outcome::Limited { .. } => 2,
        _ if matches!(failed.refusal, Refusal::Upstream(_)) => 1,
        _ => 0,
    };
    let Some(earlier) = earlier else {
        return later;
    };
    let is_sooner =
        |first: &Failed, second: &Failed| match (asked_to_wait(first), asked_to_wait(second)) {
            (Some(first), Some(second)) => first < second,
            _ => false,
        };
    match weight(&earlier).cmp(&weight(&later)) {
        Ordering::Greater => earlier,
        Ordering::Equal if is_sooner(&earlier, &later) => earlier,
        Ordering::Equal | Ordering::Less => later,
    }
}

fn asked_to_wait(failed: &Failed) -> Option<Duration> {
    match failed.outcome {
        Outcome::Limited { retry_after, .. } => retry_after,
        _ => None,
    }
}

/// What the client hears when no account is left. Where one is only to be
/// waited for, that is the news, and not what another said that is no use.
fn refusal(
    gateway: &Gateway,
    candidates: &[Candidate],
    worst: Option<Failed>,
    soonest: Option<Duration>,
) -> Refusal {
    let limited = |after| {
        let names: Vec<&str> = candidates
            .iter()
            .map(|candidate| &*gateway.accounts()[candidate.account].id)
            .collect();
        Refusal::Own(all_limited(&names, after))
    };
    let Some(failed) = worst else {
        return limited(soonest.unwrap_or(Duration::from_secs(1)));
    };
    let Some(soonest) = soonest else {
        return failed.refusal;
    };
    match failed.outcome {
        // The account's own answer says as much, in its own words.
        Outcome::Limited {
            retry_after: Some(asked),
            ..
        } if asked <= soonest + Duration::from_secs(1) => failed.refusal.asking_to_wait(asked),
        // What may have passed in a moment is not to be waited for.
        Outcome::Failing { .. }
        | Outcome::Unreachable
        | Outcome::Limited {
            retry_after: None, ..
        } => failed.refusal,
        _ => limited(soonest),
    }
}
