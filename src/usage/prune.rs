//! `usage prune`: old records go for good.

use std::path::Path;

use jiff::Timestamp;

use super::numbers::whole;
use super::when::Clock;
use super::{Opened, open};
use crate::args::Prune;
use crate::report::{Failure, Outcome};
use crate::term::{Spinner, agreed, say};
use crate::{env, store};

/// Runs the command.
pub(super) async fn run(path: &Path, prune: &Prune) -> Outcome {
    let clock = Clock::new(Timestamp::now(), env::zone());
    let bound = clock.moment("--before", &prune.before)?;
    let before = bound.unwrap_or(Timestamp::MAX);
    let reader = match open(path)? {
        Opened::Ledger(reader) => reader,
        Opened::Missing(missing) => {
            missing.say();
            return Ok(());
        }
    };
    let count = reader.count_before(before)?;
    drop(reader);
    if count == 0 {
        say(format_args!("there are no such records"));
        return Ok(());
    }
    let requests = match count {
        1 => "the record of 1 request".to_owned(),
        count => format!("the records of {} requests", whole(count)),
    };
    let question = match bound {
        None => format!("Remove {requests} for good, which is all there is?"),
        Some(bound) => format!(
            "Remove {requests} from before {} for good?",
            clock.told(bound)
        ),
    };
    if !prune.yes && !agreed(&question)? {
        say(format_args!("nothing is removed"));
        return Ok(());
    }
    let database = store::database(&store::read(path, false)?)?;
    let spinner = Spinner::start("removing old records");
    let removed = tokio::task::spawn_blocking(move || ledger::prune(&database, before)).await;
    drop(spinner);
    let removed = removed.map_err(Failure::new)??;
    say(format_args!("removed {} records", whole(removed)));
    Ok(())
}
