//! Runs the mock as a program, for benchmarks and for clients in other languages.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use mock_upstream::{Mock, Script};

const USAGE: &str = "\
usage: mock-upstream [--port N] [--demo] [--bench] [--no-record]

  --port N     the port on 127.0.0.1; 0, the default, takes a free one
  --demo       streams at a readable pace
  --bench      lists the bench-* models
  --no-record  keeps no request for GET /_mock/seen

prints its URL as one line and runs until SIGINT or SIGTERM";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "mock-upstream: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> io::Result<()> {
    let Some(script) = script(std::env::args().skip(1))? else {
        return writeln!(io::stdout(), "{USAGE}");
    };
    let mock = Mock::start(script).await?;
    // Whoever has read the URL may send the signal at once, so it is caught from before.
    let told_to_end = signals()?;
    writeln!(io::stdout(), "{}", mock.url())?;
    io::stdout().flush()?;
    told_to_end.await;
    mock.stop().await;
    Ok(())
}

/// The script that the arguments describe; none when they ask for help.
fn script(mut args: impl Iterator<Item = String>) -> io::Result<Option<Script>> {
    let mut script = Script::demo();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--port" => {
                let port = args.next().and_then(|port| port.parse().ok());
                let port = port.ok_or_else(|| io::Error::other("--port takes a number"))?;
                script.addr.set_port(port);
            }
            "--demo" => script.reply.pace = Duration::from_millis(30),
            "--bench" => script.bench = true,
            "--no-record" => script.record = false,
            "--help" | "-h" => return Ok(None),
            other => {
                let message = format!("unknown argument {other}\n{USAGE}");
                return Err(io::Error::other(message));
            }
        }
    }
    Ok(Some(script))
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(windows)]
fn signals() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
