//! Why a request went where it went: kept with its record, and told again by
//! `explain`.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;
use crate::pool::standing::{Busy, Standing};
use crate::pool::{Basis, Cause, Considered, Pool};
use dialect::Dialect;

/// A decision while it is made. Names are looked up when it is told.
pub struct Decision {
    pool: Arc<Pool>,
    considered: Vec<Considered>,
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Waited {
        account: Option<usize>,
        length: Duration,
    },
    Asked {
        account: usize,
        outcome: Outcome,
        why: &'static str,
        code: Option<String>,
        took: Duration,
    },
    Stripped {
        account: usize,
    },
    Translated {
        account: usize,
        dialect: Dialect,
        dropped: Vec<String>,
    },
}

impl Decision {
    /// Nothing is decided yet.
    pub const fn new(pool: Arc<Pool>) -> Self {
        Self {
            pool,
            considered: Vec::new(),
            steps: Vec::new(),
        }
    }

    /// How the candidates stood when the search began. Told once.
    pub fn considers(&mut self, considered: Vec<Considered>) {
        if self.considered.is_empty() {
            self.considered = considered;
        }
    }

    /// The request waited: for one account, or for whichever came first.
    pub fn waited(&mut self, account: Option<usize>, length: Duration) {
        // Who is woken in vain goes on with the same wait.
        if let Some(Step::Waited {
            account: before,
            length: so_far,
        }) = self.steps.last_mut()
            && *before == account
        {
            *so_far += length;
            return;
        }
        self.steps.push(Step::Waited { account, length });
    }

    /// An account was asked, in vain.
    pub fn failed(
        &mut self,
        account: usize,
        outcome: Outcome,
        why: &'static str,
        code: Option<String>,
        took: Duration,
    ) {
        self.steps.push(Step::Asked {
            account,
            outcome,
            why,
            code,
            took,
        });
    }

    /// The request was translated for an account; these fields could not cross.
    pub fn translated(&mut self, account: usize, dialect: Dialect, dropped: Vec<String>) {
        self.steps.push(Step::Translated {
            account,
            dialect,
            dropped,
        });
    }

    /// What others had sealed was taken out for an account.
    pub fn stripped(&mut self, account: usize) {
        self.steps.push(Step::Stripped { account });
    }

    /// The whole of it, to be kept. `served` is the account that answered.
    /// `None` where there was nothing to decide.
    pub fn told(&self, served: Option<&str>) -> Option<String> {
        if self.considered.is_empty() {
            return None;
        }
        let mut order: Vec<&Considered> = self.considered.iter().collect();
        order.sort_by_key(|look| look.order());
        let mut steps: Vec<Told<'_>> = self.steps.iter().map(|step| self.step(step)).collect();
        if let Some(account) = served {
            steps.push(Told::Served {
                account: account.into(),
            });
        }
        let told = order.iter().take(MOST_TOLD);
        let explanation = Explanation {
            strategy: self.pool.rules().strategy.as_str().into(),
            more: order.len().saturating_sub(MOST_TOLD),
            candidates: told.map(|look| self.candidate(look)).collect(),
            steps,
        };
        serde_json::to_string(&explanation).ok()
    }

    fn step<'a>(&'a self, step: &'a Step) -> Told<'a> {
        match step {
            Step::Waited { account, length } => Told::Waited {
                account: account.map(|account| self.name(account)),
                ms: millis(*length),
            },
            Step::Asked {
                account,
                outcome,
                why,
                code,
                took,
            } => Told::Asked {
                account: self.name(*account),
                outcome: outcome.as_str().into(),
                why: (*why).into(),
                code: code.as_deref().map(Cow::Borrowed),
                ms: millis(*took),
            },
            Step::Translated {
                account,
                dialect,
                dropped,
            } => Told::Translated {
                account: self.name(*account),
                dialect: dialect.as_str().into(),
                dropped: dropped.iter().map(|name| name.as_str().into()).collect(),
            },
            Step::Stripped { account } => Told::Stripped {
                account: self.name(*account),
            },
        }
    }

    fn candidate(&self, look: &Considered) -> Stood<'_> {
        let (left, basis, cause) = match look.standing {
            Standing::Cooling {
                left, basis, cause, ..
            } => (Some(left), Some(basis), Some(cause)),
            _ => (None, None, None),
        };
        Stood {
            account: self.name(look.account),
            standing: word(look.standing).into(),
            bound: look.bound,
            left_ms: left.map(millis),
            basis,
            cause,
        }
    }

    fn name(&self, account: usize) -> Cow<'_, str> {
        Cow::Borrowed(&self.pool.members()[account].id)
    }
}

/// How an account stands, in one word.
pub const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Free { probe: false } => "free",
        Standing::Free { probe: true } => "probe",
        Standing::Busy { why, .. } => match why {
            Busy::Probed => "probed",
            Busy::Ramped => "ramped",
            Busy::Lined => "lined",
            Busy::Full => "full",
        },
        Standing::Cooling { .. } => "cooling",
        Standing::Refused => "refused",
        Standing::Disabled => "disabled",
        Standing::Asked => "asked",
    }
}

/// How many candidates are kept with each record.
const MOST_TOLD: usize = 20;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// A decision as it is kept.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation<'a> {
    /// The strategy in force.
    #[serde(borrow)]
    pub strategy: Cow<'a, str>,
    /// The accounts that serve the model, in the order in which they would have
    /// been asked.
    pub candidates: Vec<Stood<'a>>,
    /// How many more there were.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: usize,
    /// What was done, in order.
    pub steps: Vec<Told<'a>>,
}

/// How a candidate stood.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood<'a> {
    /// Its account.
    #[serde(borrow)]
    pub account: Cow<'a, str>,
    /// In one word.
    pub standing: Cow<'a, str>,
    /// Whether the request's conversation belonged to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub bound: bool,
    /// How much longer it was passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_ms: Option<u64>,
    /// How that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// One step of a decision.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Told<'a> {
    /// The request waited.
    Waited {
        /// For this account; else for whichever came first.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        account: Option<Cow<'a, str>>,
        /// How long.
        ms: u64,
    },
    /// An account was asked, in vain.
    Asked {
        /// Which.
        #[serde(borrow)]
        account: Cow<'a, str>,
        /// What came of it.
        outcome: Cow<'a, str>,
        /// The same for people.
        why: Cow<'a, str>,
        /// The upstream's own word.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<Cow<'a, str>>,
        /// How long it took.
        ms: u64,
    },
    /// The request was translated.
    Translated {
        /// For which account.
        #[serde(borrow)]
        account: Cow<'a, str>,
        /// Into which dialect.
        dialect: Cow<'a, str>,
        /// What could not cross.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        dropped: Vec<Cow<'a, str>>,
    },
    /// What others had sealed was taken out.
    Stripped {
        /// For which account.
        #[serde(borrow)]
        account: Cow<'a, str>,
    },
    /// An account answered.
    Served {
        /// Which.
        #[serde(borrow)]
        account: Cow<'a, str>,
    },
}
