//! `run`: start an agent that uses the local API, with nothing of it edited.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use crate::args::{Agent, Run};
use crate::report::{Failure, Kind, Outcome};
use crate::setup::{Address, Answer, Known, Wiring, address, ask, find_program, over_files};
use crate::{env, store};

/// Runs the command. Where it succeeds it is the agent from then on.
pub(crate) async fn run(path: &Path, args: Run) -> Outcome {
    let Some((program, own)) = args.command.split_first() else {
        return Err(Failure::of(Kind::Usage, "no command is named")
            .hint("name it as in `tokn-router run -- claude`"));
    };
    // What cannot be started need not be asked for.
    let Some(found) = find_program(program) else {
        return Err(cannot_start(program, &ErrorKind::NotFound.into()));
    };
    let config = store::read(path, false)?;
    let address = address(&config, args.url.as_deref())?;
    let known = match ask(&address).await {
        Answer::Lists(models) => Known::of(models),
        Answer::Nobody(why) => {
            return Err(Failure::of(Kind::Network, why)
                .hint("start it with `tokn-router serve` in another terminal"));
        }
        Answer::Stranger(why) => {
            return Err(Failure::of(Kind::Network, why)
                .hint("say with --url where `tokn-router serve` listens"));
        }
    };
    let agent = Agent::of_program(program);
    let wiring = Wiring::of(agent, &address, &known, args.model.as_deref())?;
    let over_files = over_files(agent, &wiring, own)?;
    let mut command = Command::new(found);
    surround(&mut command, &wiring, &address);
    command.args(&wiring.arguments).args(over_files).args(own);
    become_it(command, program)
}

/// Gives the agent its environment.
fn surround(command: &mut Command, wiring: &Wiring, address: &Address) {
    for name in wiring.unset {
        command.env_remove(name);
    }
    for (name, value) in &wiring.environment {
        command.env(name, value);
    }
    // Some read it in capitals, and some do not.
    if let Some(no_proxy) = address.no_proxy() {
        for name in env::NO_PROXY {
            command.env(name, &no_proxy);
        }
    }
}

/// Puts the agent in this process's place: signals, the terminal and the exit code are its own.
#[cfg(unix)]
fn become_it(mut command: Command, program: &OsStr) -> Outcome {
    use std::os::unix::process::CommandExt as _;
    // It is called what the person called it, as by a shell.
    command.arg0(program);
    // It only comes back where it has failed.
    Err(cannot_start(program, &command.exec()))
}

/// Waits for the agent, which hears Ctrl-C itself, and ends as it has ended.
#[cfg(not(unix))]
fn become_it(mut command: Command, program: &OsStr) -> Outcome {
    crate::signals::outlive_interrupts()?;
    let status = command
        .status()
        .map_err(|error| cannot_start(program, &error))?;
    std::process::exit(status.code().unwrap_or(1))
}

fn cannot_start(program: &OsStr, error: &io::Error) -> Failure {
    let name = program.display();
    match error.kind() {
        ErrorKind::NotFound => {
            Failure::of(Kind::NoProgram, format_args!("there is no program {name}"))
                .hint("install it, or name it with its whole path")
        }
        _ => Failure::of(
            Kind::CannotRun,
            format_args!("cannot start {name}: {error}"),
        )
        .hint("is it a program, and yours to start?"),
    }
}
