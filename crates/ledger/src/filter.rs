//! Which records: a window of time, an account, a model; as a value and as SQL.

use jiff::Timestamp;
use rusqlite::types::Value;

/// Which records are meant. The default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those admitted at this moment or later.
    pub since: Option<Timestamp>,
    /// Those admitted before this moment.
    pub until: Option<Timestamp>,
    /// Those of this account.
    pub account: Option<String>,
    /// Those of this model: the one that was served, where one was, else the one
    /// that was asked for. Reports group by the same.
    pub model: Option<String>,
}

impl Filter {
    /// The start of a WHERE clause, and its parameters. It can be gone on with
    /// `AND`.
    ///
    /// A bound that was not given does not stand there: in an earlier release's
    /// ledger it would lead a scan of everything through an index, row by row.
    pub(crate) fn sql(&self) -> (String, Vec<Value>) {
        let conditions = [
            self.since
                .map(|since| ("time_us >= ?", micros(since).into())),
            self.until
                .map(|until| ("time_us < ?", micros(until).into())),
            text(self.account.as_ref(), "account = ?"),
            text(self.model.as_ref(), MODEL_IS),
        ];
        let mut clause = String::from("WHERE TRUE");
        let mut parameters = Vec::new();
        for (condition, parameter) in conditions.into_iter().flatten() {
            clause += " AND ";
            clause += condition;
            parameters.push(parameter);
        }
        (clause, parameters)
    }
}

fn text(wanted: Option<&String>, condition: &'static str) -> Option<(&'static str, Value)> {
    wanted.map(|wanted| (condition, Value::Text(wanted.clone())))
}

/// The first whole microsecond that is not before a moment. Records have whole
/// ones, so that comparing with it is comparing with the moment.
pub(crate) fn micros(moment: Timestamp) -> i64 {
    let micros = moment.as_microsecond();
    match Timestamp::from_microsecond(micros) {
        Ok(whole) if whole < moment => micros + 1,
        _ => micros,
    }
}

/// The model of a record, in SQL.
macro_rules! model {
    () => {
        "coalesce(model_served, model_asked)"
    };
}
pub(crate) use model;

const MODEL_IS: &str = concat!(model!(), " = ?");
