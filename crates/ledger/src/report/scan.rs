//! One pass over the rows of a window: reads what a report needs, and no more.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::functions::{Aggregate, Context, FunctionFlags};
use rusqlite::types::{FromSql as _, ValueRef};
use rusqlite::{Connection, params_from_iter};

use super::tally::{Line, Tally};
use super::{Query, Report, Step, Tokens, suitable};
use crate::Filter;
use crate::filter::model;
use crate::row::{Count, Named, Time};

/// Makes a report, as a function that SQLite calls with the columns of each row:
/// fetching them as the columns of a result takes a third longer (0.44 instead
/// of 0.31 s for a million), and a GROUP BY several times as long.
pub(super) fn report(connection: &Connection, query: &Query) -> rusqlite::Result<Report> {
    let step = match query.step {
        Some(step) => step,
        None => suitable_for(connection, query)?,
    };
    let told = Arc::new(Mutex::new(None));
    let function = Function {
        query: query.clone(),
        step,
        told: Arc::clone(&told),
    };
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_aggregate_function("tally", COLUMNS, flags, function)?;
    let (which, parameters) = query.filter.sql();
    let scanned = connection.query_row(
        &[TALLY, &which].concat(),
        params_from_iter(parameters),
        |_| Ok(()),
    );
    connection.remove_function("tally", COLUMNS)?;
    scanned?;
    let report = told.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(report.expect("SQLite finishes each aggregate that gave a row"))
}

/// Looks at the ends of the window only, which the index tells at once.
fn suitable_for(connection: &Connection, query: &Query) -> rusqlite::Result<Step> {
    let window = Filter {
        since: query.filter.since,
        until: query.filter.until,
        ..Filter::default()
    };
    let (which, parameters) = window.sql();
    let end = |end| {
        connection.query_row(
            &["SELECT ", end, "(time_us) FROM record ", &which].concat(),
            params_from_iter(&parameters),
            |row| row.get::<_, Option<Time>>(0),
        )
    };
    Ok(match (end("min")?, end("max")?) {
        (Some(first), Some(last)) => suitable(first.0, last.0),
        _ => Step::Hour,
    })
}

/// The SQL function: adds up rows, and leaves the report where it is told.
struct Function {
    query: Query,
    step: Step,
    told: Arc<Mutex<Option<Report>>>,
}

impl Aggregate<Tally, Option<bool>> for Function {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Tally> {
        Ok(Tally::new(&self.query, self.step))
    }

    /// Reads the columns in the order of [`TALLY`].
    fn step(&self, row: &mut Context<'_>, tally: &mut Tally) -> rusqlite::Result<()> {
        let count = |column| Count::column_result(row.get_raw(column)).map(|count| count.0);
        let told = |column| match row.get_raw(column) {
            ValueRef::Null => Ok(None),
            value => Count::column_result(value).map(|count| Some(count.0)),
        };
        let line = Line {
            time: row.get_raw(0).as_i64()?,
            account: row.get_raw(1),
            provider: row.get_raw(2),
            model: row.get_raw(3),
            ending: Named::column_result(row.get_raw(4))?.0,
            tokens: Tokens {
                input: count(5)?,
                output: count(6)?,
                cache_read: count(7)?,
                cache_write: count(8)?,
                reasoning: count(9)?,
            },
            nano_credits: told(10)?,
            first_byte: told(11)?,
            client: row.get_raw(12),
        };
        Ok(tally.add(&line)?)
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        tally: Option<Tally>,
    ) -> rusqlite::Result<Option<bool>> {
        let tally = tally.unwrap_or_else(|| Tally::new(&self.query, self.step));
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        *told = Some(tally.told());
        Ok(None)
    }
}

/// All columns are in the index `record_in_time`; an earlier ledger, which has
/// none, is scanned as a whole.
const TALLY: &str = concat!(
    "SELECT tally(time_us, account, provider, ",
    model!(),
    ", outcome, input, output, cache_read, cache_write, reasoning, nano_credits, \
     first_byte_us, client) FROM record "
);
const COLUMNS: i32 = 13;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::open;

    #[test]
    fn a_report_reads_nothing_but_the_index() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open::writable(&directory.path().join("usage.db")).unwrap();
        let filter = Filter {
            since: Some(jiff::Timestamp::UNIX_EPOCH),
            model: Some("glm-5.3".into()),
            ..Filter::default()
        };
        for (which, parameters) in [Filter::default().sql(), filter.sql()] {
            // `tally` exists while a report is made only.
            let scan = TALLY.replace("tally", "max");
            let plan: String = connection
                .query_row(
                    &["EXPLAIN QUERY PLAN ", &scan, &which].concat(),
                    params_from_iter(parameters),
                    |row| row.get("detail"),
                )
                .unwrap();
            assert!(
                plan.contains("USING COVERING INDEX record_in_time"),
                "{plan}"
            );
        }
    }
}
