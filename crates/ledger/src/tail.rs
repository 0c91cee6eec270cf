//! The end of the ledger, to look at and to follow.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use crate::{Error, Filter, Reader, Record, row};

/// The records at the end of the ledger, and where to go on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// In the order of writing.
    pub records: Vec<Record>,
    /// Behind all that was looked at, whether it was meant or not.
    pub place: Place,
}

/// A place between two records, in the order of writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(i64);

impl Reader {
    /// The `most` of the records meant that were written last; or, `after` a
    /// place, those that were written first since, until there are `most`.
    ///
    /// Asked again and again with the place that it told, it tells each record
    /// once, and costs some microseconds where nothing was written. A place is
    /// behind the end only where a ledger was pruned of all that it had, as the
    /// numbers of its records begin anew; so does it then.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn tail(&self, after: Option<Place>, most: usize, filter: &Filter) -> Result<Tail, Error> {
        // What is written from here on is left to the next time, so that the
        // place behind the last of these is behind all that was looked at.
        let last = self.last_id()?;
        let mut rows = match after {
            Some(Place(after)) => {
                let from = if after > last { 0 } else { after };
                self.rows(from..last, "ORDER BY id", most, filter)?
            }
            None => self.rows(0..last, "ORDER BY id DESC", most, filter)?,
        };
        let place = match (after, rows.last()) {
            (Some(_), Some((id, _))) if rows.len() == most => *id,
            (Some(Place(after)), None) if most == 0 => after,
            _ => last,
        };
        if after.is_none() {
            rows.reverse();
        }
        Ok(Tail {
            records: rows.into_iter().map(|(_, record)| record).collect(),
            place: Place(place),
        })
    }

    fn last_id(&self) -> Result<i64, Error> {
        self.connection
            .prepare_cached("SELECT coalesce(max(id), 0) FROM record")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(Error::sqlite(&self.path))
    }

    /// Those behind the first place and up to the second, with their numbers.
    fn rows(
        &self,
        places: std::ops::Range<i64>,
        order: &str,
        most: usize,
        filter: &Filter,
    ) -> Result<Vec<(i64, Record)>, Error> {
        if places.is_empty() {
            return Ok(Vec::new());
        }
        let (which, mut parameters) = filter.sql();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        parameters.extend([places.start, places.end, most].map(Value::Integer));
        // The few rows since a place are found by their numbers, not by the index
        // over time.
        let sql = [
            row::select(self.version),
            "NOT INDEXED ",
            &which,
            " AND id > ? AND id <= ? ",
            order,
            " LIMIT ?",
        ]
        .concat();
        self.connection
            .prepare_cached(&sql)
            .and_then(|mut statement| {
                statement
                    .query_map(params_from_iter(parameters), |row| {
                        Ok((row::read_id(row)?, row::read(row)?))
                    })?
                    .collect()
            })
            .map_err(Error::sqlite(&self.path))
    }
}
