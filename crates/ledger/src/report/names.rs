//! Names as small numbers: a million rows have a handful of them.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::{FromSqlResult, ValueRef};

/// All names that were met.
#[derive(Debug, Default)]
pub(super) struct Names {
    names: Vec<Arc<str>>,
    /// The numbers of those beyond the first few.
    more: HashMap<Vec<u8>, u32>,
}

impl Names {
    /// The number of a name: 0 for NULL, else one that only it has.
    ///
    /// Names are compared as bytes, and made sure to be UTF-8 when first met.
    pub(super) fn number(&mut self, value: ValueRef<'_>) -> FromSqlResult<u32> {
        let bytes = match value {
            ValueRef::Null => return Ok(0),
            value => value.as_bytes()?,
        };
        let first_few = &self.names[..self.names.len().min(FEW)];
        if let Some(place) = first_few.iter().position(|name| name.as_bytes() == bytes) {
            return Ok(number_at(place));
        }
        if let Some(number) = self.more.get(bytes) {
            return Ok(*number);
        }
        let number = number_at(self.names.len());
        self.names.push(value.as_str()?.into());
        if self.names.len() > FEW {
            self.more.insert(bytes.to_owned(), number);
        }
        Ok(number)
    }

    /// The name of a number; `None` for 0.
    pub(super) fn name(&self, number: u32) -> Option<Arc<str>> {
        let place = (number as usize).checked_sub(1)?;
        self.names.get(place).cloned()
    }
}

fn number_at(place: usize) -> u32 {
    u32::try_from(place + 1).expect("four billion names do not fit into memory")
}

/// So many are found faster by looking at each than by hashing.
const FEW: usize = 16;
