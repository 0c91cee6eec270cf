//! `setup`: tell an agent to use the local API.

mod address;
mod agent;
mod contradiction;
mod edit;
mod list;
mod models;
mod page;
mod record;
mod shell;
mod undo;
mod wiring;
mod write;

use std::path::Path;

use config::Config;

use crate::args::{Agent, Setup};
use crate::report::{Failure, Kind, Outcome};
use crate::store;
use crate::term::say;

pub(crate) use address::Address;
pub(crate) use agent::find_program;
pub(crate) use contradiction::over_files;
pub(crate) use models::{Answer, Known, ask};
pub(crate) use wiring::Wiring;

/// Runs the command.
pub(crate) async fn run(path: &Path, args: Setup) -> Outcome {
    let Some(agent) = args.agent else {
        return list::show(args.json);
    };
    if args.undo {
        return undo::run(agent);
    }
    if args.write && agent.place()?.is_none() {
        return Err(no_file(agent));
    }
    if args.shell.is_some() && agent == Agent::Codex {
        return Err(
            Failure::of(Kind::Usage, "no environment tells codex where an API is")
                .hint("write its file with --write, or start it with `tokn-router run -- codex`"),
        );
    }
    let config = store::read(path, false)?;
    let address = address(&config, args.url.as_deref())?;
    let known = match ask(&address).await {
        Answer::Lists(models) => Known::of(models),
        Answer::Nobody(why) | Answer::Stranger(why) => {
            say(format_args!("note: {why}, so no list of models is known"));
            say(format_args!(
                "hint: start it with `tokn-router serve` in another terminal, then ask again"
            ));
            Known::nothing()
        }
    };
    if known.is_empty() {
        say(format_args!(
            "note: the server lists no model\nhint: `tokn-router doctor` says why"
        ));
    }
    let wiring = Wiring::of(agent, &address, &known, args.model.as_deref())?;
    address.warn_of_proxies();
    match agent.place()? {
        Some(place) if args.write => write::run(agent, &place, &wiring, known.is_known()),
        place => page::show(agent, place, &wiring, &known, &args),
    }
}

/// Where the API is: as was asked for, else as the configuration says.
pub(crate) fn address(config: &Config, url: Option<&str>) -> Result<Address, Failure> {
    match url {
        Some(url) => Address::parse(url),
        None => Address::configured(&config.server),
    }
}

/// An agent that is told by its environment alone.
fn no_file(agent: Agent) -> Failure {
    let name = agent.name();
    let failure = format_args!("{name} is told by its environment, so there is nothing to write");
    let hint = match agent.program() {
        Some(program) => format!(
            "start it with `tokn-router run -- {program}`, or put what `tokn-router setup \
             {name}` prints into your shell's own file"
        ),
        None => format!("put what `tokn-router setup {name}` prints into your shell's own file"),
    };
    Failure::of(Kind::Usage, failure).hint(hint)
}
