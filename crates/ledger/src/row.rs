//! The columns of a record, and the way there and back.

use std::borrow::Cow;
use std::time::Duration;

use dialect::{Dialect, Initiator, Operation, Usage};
use jiff::Timestamp;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Row, Statement, params};

use crate::{Ending, Record};

macro_rules! columns {
    () => {
        "time_us, request_id, account, provider, model_asked, model_served, dialect, stream, \
         status, outcome, error_code, input, output, cache_read, cache_write, reasoning, \
         nano_credits, initiator, attempts, first_byte_us, total_us, client"
    };
}

/// Writes one record, unless it is there. Its parameters are bound by [`insert`].
pub(crate) const INSERT: &str = concat!(
    "INSERT INTO record (",
    columns!(),
    ", decision, operation) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
     ?, ?)
     ON CONFLICT (request_id) DO NOTHING"
);

/// The start of every statement whose rows [`read`] reads, for a ledger of
/// `version`: one of an earlier release is read as it is.
pub(crate) const fn select(version: u32) -> &'static str {
    match version {
        0 | 1 => concat!("SELECT ", columns!(), ", NULL, NULL, id FROM record "),
        2 | 3 => concat!("SELECT ", columns!(), ", decision, NULL, id FROM record "),
        _ => concat!(
            "SELECT ",
            columns!(),
            ", decision, operation, id FROM record "
        ),
    }
}

/// Runs [`INSERT`] for one record.
pub(crate) fn insert(statement: &mut Statement<'_>, record: &Record) -> rusqlite::Result<usize> {
    statement.execute(params![
        record.time.as_microsecond(),
        record.request_id,
        record.account,
        record.provider,
        record.model_asked,
        record.model_served,
        record.dialect.as_str(),
        record.stream,
        record.status,
        record.outcome.as_str(),
        record.error_code,
        integer(record.usage.input),
        integer(record.usage.output),
        integer(record.usage.cache_read),
        integer(record.usage.cache_write),
        integer(record.usage.reasoning),
        record.usage.nano_credits.map(integer),
        record.initiator.as_str(),
        record.attempts,
        record.first_byte.map(|time| integer(time.as_micros())),
        integer(record.total.as_micros()),
        record.client,
        record.decision,
        (record.operation != Operation::Generate).then(|| record.operation.as_str()),
    ])
}

/// Reads a row of [`select`], by position: looking its columns up by their names
/// takes several times as long.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Record> {
    let count = |column| row.get::<_, Count>(column).map(|count| count.0);
    let told = |column| {
        row.get::<_, Option<Count>>(column)
            .map(|told| told.map(|count| count.0))
    };
    Ok(Record {
        time: row.get::<_, Time>(0)?.0,
        request_id: row.get(1)?,
        account: row.get(2)?,
        provider: row.get(3)?,
        model_asked: row.get(4)?,
        model_served: row.get(5)?,
        dialect: row.get::<_, Named<Dialect>>(6)?.0,
        stream: row.get(7)?,
        status: row.get(8)?,
        outcome: row.get::<_, Named<Ending>>(9)?.0,
        error_code: row.get::<_, Option<String>>(10)?.map(Cow::Owned),
        usage: Usage {
            input: count(11)?,
            output: count(12)?,
            cache_read: count(13)?,
            cache_write: count(14)?,
            reasoning: count(15)?,
            nano_credits: told(16)?,
        },
        initiator: row.get::<_, Named<Initiator>>(17)?.0,
        attempts: row.get(18)?,
        first_byte: told(19)?.map(Duration::from_micros),
        total: Duration::from_micros(count(20)?),
        client: row.get(21)?,
        decision: row.get(22)?,
        operation: row
            .get::<_, Option<Named<Operation>>>(23)?
            .map_or(Operation::Generate, |named| named.0),
    })
}

/// The number of a row of [`select`], which grows in the order of writing.
pub(crate) fn read_id(row: &Row<'_>) -> rusqlite::Result<i64> {
    row.get(24)
}

/// SQLite's integers end at [`i64::MAX`]. A count from the network that does not
/// is cut there, since a row that can never be written would hold up all others.
fn integer(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

/// A count, which is never negative.
pub(crate) struct Count(pub(crate) u64);

impl FromSql for Count {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let integer = value.as_i64()?;
        u64::try_from(integer)
            .map(Self)
            .map_err(|_| FromSqlError::OutOfRange(integer))
    }
}

/// A time, in microseconds since 1970.
pub(crate) struct Time(pub(crate) Timestamp);

impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let integer = value.as_i64()?;
        Timestamp::from_microsecond(integer)
            .map(Self)
            .map_err(|_| FromSqlError::OutOfRange(integer))
    }
}

/// One of a few values, stored by its name.
pub(crate) struct Named<T>(pub(crate) T);

impl FromSql for Named<Dialect> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let dialects = [Dialect::Chat, Dialect::Responses, Dialect::Messages];
        named(value, &dialects, Dialect::as_str)
    }
}

impl FromSql for Named<Operation> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let operations = [
            Operation::Generate,
            Operation::Embed,
            Operation::CountTokens,
        ];
        named(value, &operations, Operation::as_str)
    }
}

impl FromSql for Named<Initiator> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let initiators = [Initiator::User, Initiator::Agent];
        named(value, &initiators, Initiator::as_str)
    }
}

impl FromSql for Named<Ending> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let endings = [Ending::Complete, Ending::Failed, Ending::Cancelled];
        named(value, &endings, Ending::as_str)
    }
}

fn named<T: Copy>(
    value: ValueRef<'_>,
    all: &[T],
    name: fn(T) -> &'static str,
) -> FromSqlResult<Named<T>> {
    let found = value.as_str()?;
    all.iter()
        .copied()
        .find(|one| name(*one) == found)
        .map(Named)
        .ok_or_else(|| FromSqlError::Other(format!("no such value: {found}").into()))
}
