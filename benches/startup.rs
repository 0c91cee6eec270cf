//! How long commands take that do next to nothing, as whole processes: what a person feels
//! of the program's start. `--version` and `usage` on an empty ledger are to end within 10 ms.

use std::io::{self, Write as _};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use ledger::Ledger;
use tokio::time::Instant;

const USAGE: &str = "\
How long short commands take.

usage: cargo bench --bench startup [-- --check]

  --check  fail if a median is above 10 ms";

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "startup: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<()> {
    // `cargo bench` names itself in an argument, and `cargo test --benches` gives none.
    let (mut rounds, mut checks) = (1, false);
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--bench" => rounds = ROUNDS,
            "--check" => checks = true,
            other => return Err(format!("there is no option {other}\n{USAGE}").into()),
        }
    }
    let home = tempfile::tempdir()?;
    Ledger::open(&home.path().join("tokn-router/usage.db"))?.close()?;
    let commands = [&["--version"][..], &["usage"], &["config", "list"]];
    let mut times = vec![Vec::new(); commands.len()];
    // Interleaved, so that what else the machine does meets all of them.
    for _ in 0..rounds {
        for (command, times) in commands.iter().zip(&mut times) {
            times.push(time(command, home.path())?);
        }
    }
    let mut out = io::stdout();
    writeln!(
        out,
        "{rounds} rounds; in ms\n{:<14}{:>8}{:>8}{:>8}",
        "", "min", "p50", "max"
    )?;
    let mut slow = Vec::new();
    for (command, times) in commands.iter().zip(&mut times) {
        times.sort_unstable();
        let median = times[times.len() / 2];
        let name = command.join(" ");
        let [min, p50, max] = [times[0], median, times[times.len() - 1]]
            .map(|time| format!("{:.2}", time.as_secs_f64() * 1000.0));
        writeln!(out, "{name:<14}{min:>8}{p50:>8}{max:>8}")?;
        if median > MOST {
            slow.push(name);
        }
    }
    match slow.as_slice() {
        _ if !checks => Ok(()),
        [] => Ok(()),
        slow => Err(format!("above 10 ms: {}", slow.join(", ")).into()),
    }
}

fn time(command: &[&str], home: &std::path::Path) -> Fallible<Duration> {
    let started = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_tokn-router"))
        .args(command)
        .env_clear()
        .env("HOME", home)
        .env("XDG_DATA_HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    let took = started.elapsed();
    if !status.success() {
        return Err(format!("{}: {status}", command.join(" ")).into());
    }
    Ok(took)
}

const ROUNDS: usize = 100;
const MOST: Duration = Duration::from_millis(10);
