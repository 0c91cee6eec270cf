//! The failover loop: a call is tried on one account after another until one
//! answers, or none is left.

use std::sync::Arc;

use dialect::Failure;
use tokio::time::{Instant, sleep_until};

use crate::account::Account;
use crate::attempt::{Answer, Begun};
use crate::call::Call;
use crate::clock::Now;
use crate::error::{Refusal, Whole, model_not_found};
use crate::exhausted::{Heard, exhausted};
use crate::gateway::Gateway;
use crate::meter::Meter;
use crate::outcome::{Mended, Next, Outcome, Scope};
use crate::pool::{Choice, Lease, Search};
use crate::relay::{Maker, Relay};
use crate::speech::Back;
use crate::turn::Turn;

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
    back: Option<Back>,
    meter: Meter,
    lease: Lease,
    account: Arc<Account>,
    gateway: Arc<Gateway>,
}

/// A reply in one piece.
pub struct WholeReply {
    /// The reply.
    pub whole: Whole,
    meter: Meter,
    account: Arc<Account>,
}

/// No account answered.
pub struct Refused {
    refusal: Refusal,
    meter: Meter,
    last: Option<Arc<Account>>,
}

/// Who served, as the client is told.
pub struct Served {
    /// The account.
    pub account: Arc<Account>,
    /// How often an upstream was asked.
    pub attempts: u32,
}

impl StreamReply {
    /// Who serves.
    pub fn served(&self) -> Served {
        Served {
            account: Arc::clone(&self.account),
            attempts: self.meter.attempts(),
        }
    }

    /// The relay of the rest. The reply counts as begun.
    pub fn into_relay(self) -> Relay {
        let maker = Maker {
            gateway: self.gateway,
            account: self.account,
        };
        Relay::new(self.begun, self.back, self.meter, self.lease, maker)
    }
}

impl WholeReply {
    /// Who served.
    pub fn served(&self) -> Served {
        Served {
            account: Arc::clone(&self.account),
            attempts: self.meter.attempts(),
        }
    }

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
    /// Who was asked last, if anybody was.
    pub fn served(&self) -> Option<Served> {
        Some(Served {
            account: Arc::clone(self.last.as_ref()?),
            attempts: self.meter.attempts(),
        })
    }

    /// Ends the record and gives the refusal, whose status the client gets.
    pub fn before_any_answer(self) -> Refusal {
        self.meter
            .fail(Some(self.refusal.status()), self.refusal.code());
        self.refusal
    }

    /// Whether the request itself is at fault, and no account could do better.
    pub fn is_the_requests_own(&self) -> bool {
        matches!(self.refusal.status(), 400 | 404 | 413 | 422)
    }

    /// Ends the record of a request that the router answers by itself then.
    pub fn answered_by_the_router(mut self) {
        self.meter.begun(200, Instant::now());
        self.meter.complete();
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
        Ok(candidates) => gateway.able(candidates, call.operation),
        Err(no_model) => {
            let failure = model_not_found(&call.envelope.model, &no_model.nearest);
            return Err(Refused {
                refusal: Refusal::own(failure),
                meter,
                last: None,
            });
        }
    };
    let mut search = gateway.pool().search(gateway.conversation(&call));
    let mut heard: Vec<Heard> = Vec::new();
    let mut resent = false;
    loop {
        let choice = search.next(&candidates, Now::read());
        meter.decides(|decision| decision.considers(search.considered()));
        let lease = match choice {
            Choice::Lease(lease) => lease,
            Choice::Wait { until, account } => {
                let since = Instant::now();
                wait(&search, until.into()).await;
                meter.decides(|decision| decision.waited(account, since.elapsed()));
                continue;
            }
            Choice::Nobody => {
                let last = heard.last();
                let last = last.map(|heard| Arc::clone(&gateway.accounts()[heard.account]));
                let refusal = exhausted(&gateway, &call, &candidates, heard, Now::read());
                return Err(Refused {
                    refusal,
                    meter,
                    last,
                });
            }
        };
        let place = lease.account;
        let account = Arc::clone(&gateway.accounts()[place]);
        let asked = Instant::now();
        let turn = Turn {
            gateway: &gateway,
            account: &account,
            call: &call,
            lease: &lease,
        };
        let failed = match turn.serve(&mut meter, &mut resent).await {
            Ok((Answer::Stream(begun), back)) => {
                return Ok(begun_on(gateway, account, *begun, back, meter, lease));
            }
            Ok((Answer::Whole(whole), back)) => {
                match whole_from(&gateway, account, whole, back, meter, lease) {
                    Ok(reply) => return Ok(reply),
                    Err(refused) => return Err(*refused),
                }
            }
            Err(failed) => failed,
        };
        let code = failed.code();
        let left = lease.settle(failed.outcome, failed.why, Now::read());
        meter.decides(|decision| {
            decision.failed(place, failed.outcome, failed.why, code, asked.elapsed());
        });
        match failed.outcome {
            Outcome::Unserved => account.models.want(),
            // What it said of its quota is looked into, which costs nothing.
            Outcome::Limited {
                scope: Scope::Account,
                ..
            } => account.want_quota(),
            _ => {}
        }
        if failed.outcome.next(Mended::ALL) == Next::Answer {
            return Err(Refused {
                refusal: failed.refusal,
                meter,
                last: Some(account),
            });
        }
        tracing::info!(
            request = call.id,
            account = &*account.id,
            outcome = ?failed.outcome,
            why = failed.why,
            "attempt failed"
        );
        search.learn(place, failed.outcome, left);
        heard.retain(|heard| heard.account != place);
        heard.push(Heard {
            account: place,
            failed,
        });
    }
}

/// Waits until then, or until it may be this request's turn.
async fn wait(search: &Search, until: Instant) {
    let Some(turn) = search.turn() else {
        return sleep_until(until).await;
    };
    tokio::select! {
        () = sleep_until(until) => {}
        () = turn.notified() => {}
    }
}

fn begun_on(
    gateway: Arc<Gateway>,
    account: Arc<Account>,
    begun: Begun,
    back: Option<Back>,
    meter: Meter,
    mut lease: Lease,
) -> Reply {
    // A probe has told what it was to tell: others need not wait for its end.
    lease.begun(Now::read());
    Reply::Stream(Box::new(StreamReply {
        begun,
        back,
        meter,
        lease,
        account,
        gateway,
    }))
}

fn whole_from(
    gateway: &Gateway,
    account: Arc<Account>,
    mut whole: Whole,
    back: Option<Back>,
    mut meter: Meter,
    lease: Lease,
) -> Result<Reply, Box<Refused>> {
    let spoken = back.as_ref().map_or_else(|| meter.dialect(), Back::from);
    let mut seals = dialect::sealed::Seals::new(spoken);
    seals.whole(&whole.body);
    gateway
        .origins()
        .remember(seals.digests(), lease.account, &lease.model);
    lease.settle(Outcome::Served, "", Now::read());
    if let Some(usage) = dialect::Usage::read(spoken, &whole.body) {
        meter.used(usage);
    }
    if let Some(back) = back {
        let Some(body) = back.whole(&whole.body) else {
            let text = "the upstream answered with something that is no reply";
            return Err(Box::new(Refused {
                refusal: Refusal::own(Failure::new(502, "upstream_error", text)),
                meter,
                last: Some(account),
            }));
        };
        whole.body = body;
    }
    Ok(Reply::Whole(WholeReply {
        whole,
        meter,
        account,
    }))
}
