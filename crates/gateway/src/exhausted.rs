//! What the client hears when no account can serve: one answer that says,
//! account by account, why, and when the first of them is free again.

use std::fmt::Write as _;
use std::time::Duration;

use dialect::Failure;

use crate::attempt::Failed;
use crate::call::Call;
use crate::clock::Now;
use crate::error::Refusal;
use crate::gateway::Gateway;
use crate::outcome::Outcome;
use crate::pool::{Basis, Cause, Condition, Health};
use crate::route::Candidate;
use crate::words;

/// What the request heard of an account last.
pub(crate) struct Heard {
    pub(crate) account: usize,
    pub(crate) failed: Failed,
}

/// The refusal of a request that no candidate can serve.
pub(crate) fn exhausted(
    gateway: &Gateway,
    call: &Call,
    candidates: &[Candidate],
    mut heard: Vec<Heard>,
    now: Now,
) -> Refusal {
    let all_unserved = heard.len() == candidates.len()
        && heard
            .iter()
            .all(|heard| heard.failed.outcome == Outcome::Unserved);
    if all_unserved && let Some(first) = heard.pop() {
        // No account's plan has the model: the upstream says so best.
        return first.failed.refusal;
    }
    let mut message = format!("no account can serve {:?} now", shown(&call.envelope.model));
    let mut soonest: Option<(Duration, bool)> = None;
    for (at, candidate) in candidates.iter().enumerate() {
        let condition = gateway.pool().condition(candidate, now);
        let own = heard
            .iter()
            .find(|heard| heard.account == candidate.account);
        let label = &gateway.accounts()[candidate.account].label;
        let separator = if at == 0 { ":" } else { ";" };
        let reveals = gateway.reveals_account();
        let _ = write!(
            message,
            "{separator} {label}: {}",
            reason(own, &condition, reveals, now)
        );
        let comes = comes(&condition, now);
        soonest = soonest.into_iter().chain(comes).min();
    }
    let (after, is_limit) = soonest.unwrap_or((NOBODY_COMES, false));
    let (status, code) = if is_limit {
        (429, "all_accounts_limited".to_owned())
    } else {
        (
            503,
            common_code(&heard).unwrap_or_else(|| "no_account_can_serve".to_owned()),
        )
    };
    Refusal::own(Failure::new(status, code, message).retry_after(after))
}

/// Why one account cannot serve.
fn reason(heard: Option<&Heard>, condition: &Condition, reveals: bool, now: Now) -> String {
    let mut reason = match heard {
        Some(heard) => heard.failed.told(reveals),
        None => match (&condition.health, &condition.why) {
            (Health::Disabled, _) => "switched off".into(),
            (_, Some(why)) => why.clone().into_owned(),
            (_, None) => "serves as many requests as it may".into(),
        },
    };
    let _ = match (condition.health, condition.until) {
        (Health::Refused, _) => write!(
            reason,
            ", until you act (hint: `tokn-router account reset` lets it be asked again)"
        ),
        (Health::Cooling | Health::Spent, Some(until)) if is_known(condition) => write!(
            reason,
            ", until {} (in {})",
            words::moment(until.wall()),
            words::length(until.left(now))
        ),
        _ => Ok(()),
    };
    reason
}

/// Whether the end of it is more than a guess.
fn is_known(condition: &Condition) -> bool {
    condition.basis.is_some_and(|basis| basis > Basis::Guess)
}

/// When an account may serve again, and whether it is a limit that keeps it
/// until then. After a failure that may be at once.
fn comes(condition: &Condition, now: Now) -> Option<(Duration, bool)> {
    const AT_ONCE: Duration = Duration::from_secs(1);
    match condition.health {
        Health::Refused | Health::Disabled => None,
        // Most likely it stays so, but that is not known yet.
        _ if condition.cause == Some(Cause::Refusal) => None,
        Health::Ready | Health::HalfOpen => Some((AT_ONCE, false)),
        Health::Cooling | Health::Spent => {
            let is_limit = matches!(condition.cause, Some(Cause::Pace | Cause::Quota));
            let passes =
                is_limit || condition.cause == Some(Cause::Overload) || is_known(condition);
            let left = condition.until.map_or(AT_ONCE, |until| until.left(now));
            Some((if passes { left.max(AT_ONCE) } else { AT_ONCE }, is_limit))
        }
    }
}

/// The code that all failures have, where they have one, and each is ours.
fn common_code(heard: &[Heard]) -> Option<String> {
    let mut codes = heard.iter().map(|heard| match &heard.failed.refusal {
        Refusal::Own(failure) => Some(failure.code.to_string()),
        Refusal::Upstream(_) => None,
    });
    let first = codes.next()??;
    codes
        .all(|code| code.as_deref() == Some(&first))
        .then_some(first)
}

/// A model's name is the client's own text: what is said of it is bounded.
fn shown(model: &str) -> &str {
    &model[..model.floor_char_boundary(100)]
}

/// What a client is told where every account is refused: it is to ask again
/// now and then, as a person may have acted.
const NOBODY_COMES: Duration = Duration::from_secs(60);
