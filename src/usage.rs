//! `usage`: what was used, as the ledger has it.

mod cost;
mod export;
mod log;
mod numbers;
mod page;
mod picture;
mod prune;
mod rows;
mod when;

use std::path::{Path, PathBuf};

use gateway::catalogue::Catalogue;
use jiff::Timestamp;
use ledger::{Error, Filter, Query, Reader, Report, Step};

use crate::args::{self, UsageVerb};
use crate::report::{Failure, Kind, Outcome};
use crate::term::print;
use crate::{env, store};
use when::Clock;

/// Runs the command.
pub(crate) async fn run(path: &Path, usage: args::Usage) -> Outcome {
    match &usage.verb {
        None => report(path, &usage),
        Some(UsageVerb::Log(log)) => log::run(path, log).await,
        Some(UsageVerb::Prune(prune)) => prune::run(path, prune).await,
    }
}

/// What was asked for, and what there is of it.
struct Told {
    filter: Filter,
    clock: Clock,
    report: Report,
    catalogue: Catalogue,
}

fn report(path: &Path, usage: &args::Usage) -> Outcome {
    let clock = Clock::new(Timestamp::now(), env::zone());
    let filter = filter(usage, &clock)?;
    let query = Query {
        by: usage.by.iter().map(|by| by.into()).collect(),
        step: step(&filter, &clock),
        zone: clock.zone().clone(),
        filter: filter.clone(),
    };
    let report = match open(path)? {
        Opened::Ledger(reader) => reader.report(&query)?,
        // It is the same to a program whether there is nothing or not yet a file for it.
        Opened::Missing(_) if usage.json || usage.csv => Report {
            total: ledger::Figures::default(),
            step: query.step.unwrap_or(Step::Hour),
            series: Vec::new(),
            groups: Vec::new(),
        },
        Opened::Missing(missing) => {
            missing.say();
            return Ok(());
        }
    };
    let told = Told {
        filter,
        clock,
        report,
        catalogue: store::catalogue()?,
    };
    if usage.json {
        return print(format_args!("{:#}", export::json(&told)));
    }
    if usage.csv {
        return export::csv(&told, &query.by);
    }
    page::show(&told)
}

fn filter(usage: &args::Usage, clock: &Clock) -> Result<Filter, Failure> {
    // Who names only the end wants all before it.
    let usual = if usage.window.until.is_some() {
        "all"
    } else {
        "24h"
    };
    let since = usage.window.since.as_deref().unwrap_or(usual);
    let until = usage.window.until.as_deref().unwrap_or("all");
    let filter = Filter {
        since: clock.moment("--since", since)?,
        until: clock.moment("--until", until)?,
        account: usage.whose.account.clone(),
        model: usage.whose.model.clone(),
    };
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since >= until
    {
        return Err(Failure::of(
            Kind::Usage,
            format_args!(
                "--until {} is not after --since {}",
                clock.told(until),
                clock.told(since)
            ),
        )
        .hint("say --since with the earlier of both"));
    }
    Ok(filter)
}

/// Hours up to two days, else days. Where all is asked for, the ledger knows how
/// long that is.
fn step(filter: &Filter, clock: &Clock) -> Option<Step> {
    let until = filter.until.unwrap_or_else(|| clock.now());
    let length = until.duration_since(filter.since?);
    Some(match length <= jiff::SignedDuration::from_hours(48) {
        true => Step::Hour,
        false => Step::Day,
    })
}

impl From<&args::By> for ledger::By {
    fn from(by: &args::By) -> Self {
        match by {
            args::By::Account => Self::Account,
            args::By::Model => Self::Model,
            args::By::Day => Self::Day,
            args::By::Hour => Self::Hour,
            args::By::Client => Self::Client,
        }
    }
}

/// The ledger, if there is one yet.
enum Opened {
    Ledger(Reader),
    Missing(Missing),
}

/// There is no ledger yet.
struct Missing {
    path: PathBuf,
    is_enabled: bool,
}

impl Missing {
    fn say(&self) {
        let hint = match self.is_enabled {
            true => "they are once a server runs: `tokn-router serve`",
            false => "they are not as long as [usage] enabled = false",
        };
        let place = self.path.display();
        crate::term::say(format_args!(
            "no requests have been recorded in {place}\nhint: {hint}"
        ));
    }
}

fn open(path: &Path) -> Result<Opened, Failure> {
    let config = store::read(path, false)?;
    let path = store::database(&config)?;
    match Reader::open(&path) {
        Ok(reader) => Ok(Opened::Ledger(reader)),
        Err(Error::Missing { .. }) => Ok(Opened::Missing(Missing {
            path,
            is_enabled: config.usage.enabled,
        })),
        Err(error) => Err(error.into()),
    }
}
