//! tokn-router: the AI subscriptions you already pay for, as one local API.

mod account;
mod args;
mod catalogue;
mod demo;
mod doctor;
mod env;
mod explain;
mod headers;
mod import;
mod listen;
mod log;
mod login;
mod manual;
mod record;
mod report;
mod run;
mod serve;
mod settings;
mod setup;
mod signals;
mod store;
mod table;
mod term;
mod usage;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Args, Command};
use crate::report::{Failure, Outcome};

fn main() -> ExitCode {
    let args = Args::parse();
    report::exit(run(args), term::say)
}

fn run(args: Args) -> Outcome {
    let config = || config::paths::config_file(args.config.as_deref(), &env::read);
    let command = async {
        match args.command {
            Command::Serve(serve) if serve.demo => serve::demo(serve).await,
            Command::Serve(serve) => serve::run(&config()?, serve).await,
            Command::Account { verb } => account::run(&config()?, verb).await,
            Command::Completions(completions) => manual::completions(completions.shell),
            Command::Config { verb } => settings::run(&config()?, verb),
            Command::Doctor(doctor) => doctor::run(&config()?, doctor).await,
            Command::Explain(explain) => explain::run(&config()?, explain).await,
            Command::Headers(headers) => headers::run(&config()?, headers).await,
            Command::Login(login) => login::run(&config()?, login).await,
            Command::Import(import) => import::run(&config()?, import).await,
            Command::UpdateCatalogue(update) => catalogue::run(&config()?, update).await,
            Command::Man(man) => manual::pages(&man.directory),
            Command::Run(run) => run::run(&config()?, run).await,
            Command::Setup(setup) => setup::run(&config()?, setup).await,
            Command::Usage(usage) => usage::run(&config()?, usage).await,
        }
    };
    let runtime = runtime()?;
    let outcome = runtime.block_on(command);
    // What blocks by now, a disk or a name server, is not waited for.
    runtime.shutdown_background();
    outcome
}

/// More threads than this would only steal work from each other: a request
/// costs tens of microseconds.
const MOST_THREADS: usize = 4;

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(MOST_THREADS))
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}")))
}
