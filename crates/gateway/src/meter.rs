//! Exactly one record for each admitted request: written when it ends, and
//! when it is dropped before, since then the client has left.

use std::borrow::Cow;
use std::sync::Arc;

use dialect::{Dialect, Initiator, Usage};
use jiff::Timestamp;
use ledger::{Ending, Ledger, Record};
use tokio::time::Instant;

use crate::account::Account;
use crate::call::Call;
use crate::decision::Decision;
use crate::pool::Pool;

/// The status that servers log for a client that left before an answer.
const CLIENT_CLOSED_REQUEST: u16 = 499;

/// The record of one request while it runs.
pub struct Meter {
    ledger: Option<Arc<Ledger>>,
    running: Option<Box<Running>>,
    started: Instant,
}

struct Running {
    record: Record,
    decision: Decision,
}

impl Meter {
    /// Begins the record of an admitted request.
    pub fn start(
        ledger: Option<Arc<Ledger>>,
        pool: Arc<Pool>,
        call: &Call,
        time: Timestamp,
    ) -> Self {
        let record = Record {
            time,
            request_id: call.id.clone(),
            account: None,
            provider: None,
            model_asked: shortened(&call.envelope.model).into(),
            model_served: None,
            dialect: call.dialect,
            operation: call.operation,
            stream: call.envelope.stream,
            status: CLIENT_CLOSED_REQUEST,
            outcome: Ending::Cancelled,
            error_code: None,
            usage: Usage::default(),
            initiator: call.initiator.unwrap_or(call.envelope.initiator),
            attempts: 0,
            first_byte: None,
            total: std::time::Duration::ZERO,
            client: None,
            decision: None,
        };
        Self {
            ledger,
            running: Some(Box::new(Running {
                record,
                decision: Decision::new(pool),
            })),
            started: call.started,
        }
    }

    /// Notes a step of how the request comes to its account.
    pub fn decides(&mut self, note: impl FnOnce(&mut Decision)) {
        if let Some(running) = &mut self.running {
            note(&mut running.decision);
        }
    }

    /// How often an upstream was asked.
    pub fn attempts(&self) -> u32 {
        let running = self.running.as_ref();
        running.map_or(0, |running| running.record.attempts)
    }

    /// The dialect that the client speaks.
    pub fn dialect(&self) -> Dialect {
        let running = self.running.as_ref();
        running.map_or(Dialect::Chat, |running| running.record.dialect)
    }

    /// Notes one more attempt, and on whom.
    pub fn attempt(&mut self, account: &Account, model: &Arc<str>, initiator: Initiator) {
        if let Some(Running { record, .. }) = self.running.as_deref_mut() {
            record.attempts += 1;
            record.account = Some(Arc::clone(&account.id));
            record.provider = Some(account.provider.as_str().into());
            record.model_served = Some(Arc::clone(model));
            record.initiator = initiator;
        }
    }

    /// Notes that the reply has begun, with `status`.
    pub fn begun(&mut self, status: u16, now: Instant) {
        if let Some(Running { record, .. }) = self.running.as_deref_mut() {
            record.status = status;
            record.first_byte = Some(now - self.started);
        }
    }

    /// Notes what the reply has told of its usage so far, so that a client
    /// that leaves does not take it along.
    pub fn used(&mut self, usage: Usage) {
        if let Some(Running { record, .. }) = self.running.as_deref_mut() {
            record.usage.merge(usage);
        }
    }

    /// The reply is whole.
    pub fn complete(self) {
        self.end(Ending::Complete, None, None);
    }

    /// The request failed. `status` is what the client got; `None` where the
    /// reply had begun.
    pub fn fail(self, status: Option<u16>, code: impl Into<Cow<'static, str>>) {
        self.end(Ending::Failed, status, Some(code.into()));
    }

    fn end(mut self, outcome: Ending, status: Option<u16>, code: Option<Cow<'static, str>>) {
        if let Some(Running { record, .. }) = self.running.as_deref_mut() {
            record.outcome = outcome;
            record.error_code = code;
            record.status = status.unwrap_or(record.status);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else {
            return;
        };
        let Running {
            mut record,
            decision,
        } = *running;
        record.total = self.started.elapsed();
        log(&record);
        if let Some(ledger) = &self.ledger {
            let answered = record.first_byte.and(record.account.as_deref());
            record.decision = decision.told(answered);
            ledger.record(record);
        }
    }
}

/// A model's name is the client's own text: what is kept of it is bounded.
fn shortened(model: &str) -> &str {
    const MOST: usize = 200;
    &model[..model.floor_char_boundary(MOST)]
}

/// One line for each request; at `info` only where something went wrong, since
/// the ledger holds the rest.
fn log(record: &Record) {
    macro_rules! line {
        ($level:ident, $text:literal) => {
            tracing::$level!(
                request = record.request_id,
                account = record.account.as_deref(),
                model = &*record.model_asked,
                status = record.status,
                code = record.error_code.as_deref(),
                attempts = record.attempts,
                ms = u64::try_from(record.total.as_millis()).unwrap_or(u64::MAX),
                $text
            )
        };
    }
    match record.outcome {
        Ending::Complete => line!(debug, "request served"),
        Ending::Failed => line!(info, "request failed"),
        Ending::Cancelled => line!(debug, "client left"),
    }
}
