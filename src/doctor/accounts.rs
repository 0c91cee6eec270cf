//! The accounts: whether each one's credential is taken, its upstream reached, and
//! what both sides' clocks say.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use gateway::Gateway;
use gateway::account::Account;
use gateway::models::List;
use gateway::provider::{Token, Verdict};
use http::header::DATE;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};

use super::finding::Finding;

/// How long each upstream may take for each question.
const LIMIT: Duration = Duration::from_secs(10);
/// By how much clocks may differ before tokens are refused for it.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// By how much before it is worth saying.
const NOTABLE: SignedDuration = SignedDuration::from_secs(30);

/// Asks each upstream what costs nothing: a token, and the list of models.
pub(super) async fn look(gateway: &Gateway, is_offline: bool, findings: &mut Vec<Finding>) {
    if is_offline {
        let note = Finding::note("accounts", "not asked, since --offline is given");
        return findings.push(note.remedy("leave it out to ask each upstream"));
    }
    // Tokens are fetched by tasks, which end with this.
    let mut keepers = gateway.listers();
    let looks = join_all(gateway.accounts().iter().map(|account| examine(account))).await;
    keepers.shutdown().await;
    // Of several upstreams one may have a wrong clock itself: the nearest is believed.
    let skews = looks.iter().filter_map(|look| look.skew);
    let skew = skews.min_by_key(|skew| skew.abs());
    findings.extend(looks.into_iter().map(|look| look.finding));
    findings.extend(skew.map(clock));
}

struct Look {
    finding: Finding,
    /// How far this clock is ahead of the upstream's.
    skew: Option<SignedDuration>,
}

async fn examine(account: &Account) -> Look {
    let id = account.id.to_string();
    let plain = |finding| Look {
        finding,
        skew: None,
    };
    if !account.is_enabled() {
        let remedy = format!("`tokn-router account enable {id}`, if it should serve");
        return plain(Finding::note(id, "it is disabled").remedy(remedy));
    }
    let token = match token(account).await {
        Ok(token) => token,
        Err(why) => return plain(refused(account, why)),
    };
    let asked = Instant::now();
    let answer = account
        .http
        .fetch(account.backend.models(&token), LIMIT)
        .await;
    let took = asked.elapsed();
    let (status, headers, body) = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return plain(Finding::problem(id, error.to_string()).remedy(UNREACHED));
        }
    };
    let finding = if status.is_success() {
        listed(id, &body, took)
    } else {
        failed(account, status, &headers, &body)
    };
    Look {
        finding,
        skew: skew(&headers, Timestamp::now(), took),
    }
}

/// A token that was just made, where the provider makes any: one that is kept tells
/// nothing of the credential behind it.
async fn token(account: &Account) -> Result<Arc<Token>, Option<Verdict>> {
    let kept = account.backend.token(Timestamp::now());
    if !account.provider.is_copilot() {
        return kept.ok_or(None);
    }
    match timeout(LIMIT, account.backend.renew(kept.as_deref())).await {
        Ok(renewed) => renewed.map_err(Some),
        Err(_) => Err(None),
    }
}

/// Why there is no token.
fn refused(account: &Account, why: Option<Verdict>) -> Finding {
    let id = account.id.to_string();
    let Some(verdict) = why else {
        let limit = LIMIT.as_secs();
        return Finding::problem(id, format!("no token came within {limit} s")).remedy(UNREACHED);
    };
    let said = verdict.failure.map(|failure| failure.message);
    let found = said.unwrap_or_else(|| verdict.why.to_owned());
    let remedy = match verdict.outcome {
        gateway::outcome::Outcome::Refused => sign_in(account),
        _ => UNREACHED.to_owned(),
    };
    Finding::problem(id, without_hint(&found)).remedy(remedy)
}

/// An upstream that answered, but with no list.
fn failed(account: &Account, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Finding {
    let verdict = account
        .backend
        .verdict(status, headers, body, Timestamp::now());
    let said = verdict
        .failure
        .as_ref()
        .map(|failure| failure.message.as_str());
    let words = dialect::chat::error_words(body).1;
    let found = match (said, words) {
        (Some(said), _) => without_hint(said),
        (None, Some(words)) => format!("{} (HTTP {}: {words})", verdict.why, status.as_u16()),
        (None, None) => format!("{} (HTTP {})", verdict.why, status.as_u16()),
    };
    let hint = said.and_then(|said| said.split_once("(hint: "));
    let hint = hint.map(|(_, hint)| hint.trim_end_matches(')').to_owned());
    let remedy = match status.as_u16() {
        401 | 403 => hint.unwrap_or_else(|| sign_in(account)),
        429 => "wait, or look at `tokn-router account list`".to_owned(),
        _ => hint.unwrap_or_else(|| "try again later".to_owned()),
    };
    Finding::problem(account.id.to_string(), crate::term::plain(&found)).remedy(remedy)
}

fn listed(id: String, body: &[u8], took: Duration) -> Finding {
    match List::parse(body) {
        Ok(list) => {
            let models = list.ids().count();
            let took = took.as_millis();
            Finding::well(
                id,
                format!("it is served, with {models} models (asked in {took} ms)"),
            )
        }
        Err(error) => Finding::problem(id, error).remedy("check its base_url"),
    }
}

fn sign_in(account: &Account) -> String {
    let (provider, id) = (account.provider, &account.id);
    format!("sign in again: `tokn-router login --provider {provider} --id {id}`")
}

/// How far this clock is ahead, as well as whole seconds and the way there let it be
/// told: an answer is written after it was asked for and before it came.
fn skew(headers: &HeaderMap, now: Timestamp, took: Duration) -> Option<SignedDuration> {
    let told = headers.get(DATE)?.to_str().ok()?;
    let told = jiff::fmt::rfc2822::parse(told).ok()?.timestamp();
    let slack = SignedDuration::try_from(took).ok()? + SignedDuration::from_secs(1);
    let ahead = now.duration_since(told);
    Some(match () {
        () if ahead > slack => ahead - slack,
        () if ahead < -slack => ahead + slack,
        () => SignedDuration::ZERO,
    })
}

fn clock(ahead: SignedDuration) -> Finding {
    const ABOUT: &str = "clock";
    const REMEDY: &str =
        "let the system set its clock (`timedatectl set-ntp true` on most Linux systems)";
    let seconds = ahead.abs().as_secs();
    let way = if ahead.is_negative() {
        "behind"
    } else {
        "ahead of"
    };
    let found = format!("it is {seconds} s {way} the upstream's");
    match ahead.abs() {
        skew if skew > SKEW => Finding::problem(ABOUT, found).remedy(REMEDY),
        skew if skew > NOTABLE => Finding::note(ABOUT, found).remedy(REMEDY),
        _ => Finding::well(ABOUT, "it agrees with the upstream's"),
    }
}

/// What is said, without the hint that ends it, which stands on its own line here.
fn without_hint(said: &str) -> String {
    let (said, _) = said.split_once(" (hint: ").unwrap_or((said, ""));
    said.to_owned()
}

const UNREACHED: &str =
    "check the network, and the way out: [proxy], or the account's own `proxy` and `base_url`";

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn skew_of(date: &'static str) -> Option<i64> {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(date));
        let now = "2026-11-25T12:00:00Z".parse().unwrap();
        skew(&headers, now, Duration::from_secs(2)).map(|skew| skew.as_secs())
    }

    #[test]
    fn a_clock_is_only_told_apart_by_more_than_the_way_there_takes() {
        assert_eq!(skew_of("Wed, 25 Nov 2026 12:00:03 GMT"), Some(0));
        assert_eq!(skew_of("Wed, 25 Nov 2026 11:59:58 GMT"), Some(0));
        assert_eq!(skew_of("Wed, 25 Nov 2026 11:50:00 GMT"), Some(597));
        assert_eq!(skew_of("Wed, 25 Nov 2026 12:10:00 GMT"), Some(-597));
        assert_eq!(skew_of("yesterday"), None);
    }

    #[test]
    fn clocks_that_differ_much_are_a_problem_and_some_a_note() {
        let told = [0, 40, -301].map(|secs| clock(SignedDuration::from_secs(secs)).page(100));
        insta::assert_snapshot!(told.join("\n"), @"
        ok       clock: it agrees with the upstream's
        note     clock: it is 40 s ahead of the upstream's
                 hint: let the system set its clock (`timedatectl set-ntp true` on most Linux systems)
        problem  clock: it is 301 s behind the upstream's
                 hint: let the system set its clock (`timedatectl set-ntp true` on most Linux systems)
        ");
    }
}
