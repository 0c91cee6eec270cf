//! One account's turn at a request: asked in its upstream's words, and once more where
//! that can be mended on the spot.

use std::sync::Arc;

use dialect::chat::error_words;
use dialect::envelope::Splice;
use dialect::messages::reply::{is_too_long, is_worded};
use dialect::{Dialect, Failure, Operation};
use jiff::Timestamp;

use crate::account::Account;
use crate::attempt::{Answer, Failed, attempt};
use crate::call::Call;
use crate::error::Refusal;
use crate::gateway::Gateway;
use crate::meter::Meter;
use crate::outcome::{Mended, Next, Outcome};
use crate::pool::Lease;
use crate::provider::{Token, retry_after};
use crate::speech::{Back, Speech};

/// Copilot's word for a model that is asked for in a dialect that it does not speak.
const UNSPOKEN: &str = "unsupported_api_for_model";

/// One account's turn at a request.
pub(crate) struct Turn<'a> {
    pub(crate) gateway: &'a Gateway,
    pub(crate) account: &'a Account,
    pub(crate) call: &'a Call,
    pub(crate) lease: &'a Lease,
}

impl Turn<'_> {
    /// Asks with the token at hand, once more with a renewed one where that is
    /// refused, once more without what others have sealed where that is, and
    /// once more, of all turns of the request, after an interruption.
    pub(crate) async fn serve(
        &self,
        meter: &mut Meter,
        resent: &mut bool,
    ) -> Result<(Answer, Option<Back>), Failed> {
        let (account, lease) = (self.account, self.lease);
        let mut speech = self.speech(meter)?;
        let mut relearnt = false;
        let origins = self.gateway.origins();
        let is_foreign = |piece| origins.is_foreign(piece, lease.account, &lease.model);
        let mut cuts = speech.sealed.cuts(is_foreign);
        if !cuts.is_empty() {
            meter.decides(|decision| decision.stripped(lease.account));
        }
        let exact_id = |piece| {
            Some(piece)
                .filter(|piece| !is_foreign(*piece))
                .and_then(|piece| origins.exact_id(piece))
        };
        cuts.extend(speech.sealed.renames(exact_id));
        let mut mended = Mended {
            renewed: false,
            stripped: speech.sealed.is_empty() || speech.sealed.digests().all(is_foreign),
            resent: *resent,
        };
        let mut token = match account.backend.token(Timestamp::now()) {
            Some(token) => token,
            None => renew(account, None).await?,
        };
        loop {
            let failed = match self.ask(&speech, &cuts, &token, meter).await {
                Ok(answer) => {
                    let time = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
                    return Ok((answer, speech.back(self.call, time)));
                }
                Err(failed) => failed,
            };
            if !relearnt && failed.code().as_deref() == Some(UNSPOKEN) {
                relearnt = true;
                account.learn_unspoken(&lease.model, speech.dialect);
                speech = self.speech(meter)?;
                cuts = speech.sealed.cuts(is_foreign);
                cuts.extend(speech.sealed.renames(exact_id));
                continue;
            }
            match failed.outcome.next(mended) {
                Next::Renew => {
                    mended.renewed = true;
                    match renew(account, Some(&token)).await {
                        Ok(renewed) => token = renewed,
                        // Why there is no newer token says more than that the
                        // old one is bad, but only where somebody said why.
                        Err(renewal) if renewal.outcome == Outcome::Refused => return Err(renewal),
                        Err(_) => return Err(failed),
                    }
                }
                Next::Strip => {
                    mended.stripped = true;
                    cuts = speech.sealed.cuts(|_| true);
                    meter.decides(|decision| decision.stripped(lease.account));
                }
                Next::Again => {
                    (mended.resent, *resent) = (true, true);
                    tracing::debug!(
                        request = self.call.id,
                        account = &*account.id,
                        why = failed.why,
                        "sent again"
                    );
                }
                Next::Answer | Next::Move => return Err(self.worded(failed, &speech)),
            }
        }
    }

    /// The call in the words of this account's upstream.
    fn speech(&self, meter: &mut Meter) -> Result<Speech, Failed> {
        let speech = Speech::of(self.call, self.account, &self.lease.model);
        let speech = speech.map_err(|failure| Failed {
            outcome: Outcome::Rejected,
            why: "the request cannot be translated",
            refusal: Refusal::own(failure),
        })?;
        if let Some(dropped) = speech.dropped() {
            let dropped = dropped.names().map(str::to_owned).collect();
            meter.decides(|decision| {
                decision.translated(self.lease.account, speech.dialect, dropped);
            });
        }
        Ok(speech)
    }

    /// An upstream's own words of another dialect in ours, which the client's can say: also
    /// where Copilot's gateway words an error of Messages as one of Chat.
    fn worded(&self, failed: Failed, speech: &Speech) -> Failed {
        let Refusal::Upstream(whole) = &failed.refusal else {
            return failed;
        };
        const INVALID: &str = "invalid_request_error";
        let is_messages = self.call.dialect == Dialect::Messages;
        let (code, message) = error_words(&whole.body);
        let is_too_long =
            is_messages && is_too_long(code.as_deref(), message.as_deref().unwrap_or_default());
        let is_the_clients = speech.dialect == self.call.dialect
            && (!is_messages || is_worded(&whole.body))
            && (!is_too_long || (whole.status == 400 && code.as_deref() == Some(INVALID)));
        if is_the_clients {
            return failed;
        }
        let after = retry_after(&whole.headers, Timestamp::now());
        let mut failure = failed.refusal.into_failure();
        if is_too_long {
            // Anthropic's status for it; upstreams also say 413 (facts: Copilot, 7), which is
            // Anthropic's for a body of too many bytes.
            failure.status = 400;
        }
        Failed {
            refusal: Refusal::own(match after {
                Some(after) => failure.retry_after(after),
                None => failure,
            }),
            ..failed
        }
    }

    async fn ask(
        &self,
        speech: &Speech,
        cuts: &[Splice],
        token: &Token,
        meter: &mut Meter,
    ) -> Result<Answer, Failed> {
        let (account, call, model) = (self.account, self.call, &self.lease.model);
        meter.attempt(account, model, account.backend.initiator(call));
        let body = speech.body(call, account, model, cuts);
        let dialect = speech.dialect;
        let request = account.backend.request(call, dialect, body, token);
        let answer = attempt(account, request, dialect, speech.strips_usage(call)).await;
        match (call.operation, answer) {
            (Operation::Embed | Operation::CountTokens, Ok(Answer::Stream(_))) => {
                Err(no_reply("the upstream streams what is no reply"))
            }
            // Not every upstream of this kind counts, and that says nothing of the account.
            (Operation::CountTokens, Err(failed))
                if matches!(failed.refusal.status(), 404 | 405 | 501) =>
            {
                Err(no_reply("the upstream does not count tokens"))
            }
            (_, answer) => answer,
        }
    }
}

/// What the account answered is of no use for this request, and no fault of its own.
fn no_reply(why: &'static str) -> Failed {
    Failed {
        outcome: Outcome::Rejected,
        why,
        refusal: Refusal::own(Failure::new(502, "upstream_error", why)),
    }
}

async fn renew(account: &Account, stale: Option<&Token>) -> Result<Arc<Token>, Failed> {
    account.backend.renew(stale).await.map_err(|verdict| {
        let none = || Failure::new(503, "no_token", "no valid credential");
        Failed {
            outcome: verdict.outcome,
            why: verdict.why,
            refusal: Refusal::own(verdict.failure.unwrap_or_else(none)),
        }
    })
}
