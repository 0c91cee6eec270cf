//! `usage log`: the last requests one by one, and those to come.

use std::path::Path;
use std::time::Duration;

use ledger::{Filter, Reader};
use tokio::time::sleep;

use super::rows::Rows;
use super::{Missing, Opened, open};
use crate::args::Log;
use crate::report::Outcome;
use crate::term::{print, width};
use crate::{env, record, store};

/// How long a new request may go unseen. A look costs some microseconds.
const TICK: Duration = Duration::from_millis(200);
/// How many records are held at once.
const MOST: usize = 1000;

/// Runs the command.
pub(super) async fn run(path: &Path, log: &Log) -> Outcome {
    let reader = match (open(path)?, log.follow) {
        (Opened::Ledger(reader), _) => reader,
        (Opened::Missing(missing), false) => {
            missing.say();
            return Ok(());
        }
        (Opened::Missing(missing), true) => {
            missing.say();
            begun(path, &missing).await?
        }
    };
    let filter = Filter {
        account: log.whose.account.clone(),
        model: log.whose.model.clone(),
        ..Filter::default()
    };
    let mut tail = reader.tail(None, log.lines, &filter)?;
    let config = store::read(path, false)?;
    let configured = config.accounts.iter().map(|account| &*account.id);
    let met = tail.records.iter();
    let met = met.filter_map(|record| record.account.as_deref());
    let mut rows = Rows::new(
        env::zone(),
        store::catalogue()?,
        configured.chain(met),
        usize::from(width()),
    );
    if !log.json {
        print(format_args!("{}", rows.heading()))?;
    }
    loop {
        for record in &tail.records {
            match log.json {
                true => print(format_args!("{}", record::as_json(record)))?,
                false => print(format_args!("{}", rows.row(record)))?,
            }
        }
        if !log.follow {
            return Ok(());
        }
        if tail.records.is_empty() {
            sleep(TICK).await;
        }
        tail = reader.tail(Some(tail.place), MOST, &filter)?;
    }
}

/// Waits until there is a ledger.
async fn begun(path: &Path, missing: &Missing) -> Result<Reader, crate::report::Failure> {
    loop {
        sleep(TICK).await;
        if missing.path.exists()
            && let Opened::Ledger(reader) = open(path)?
        {
            return Ok(reader);
        }
    }
}
