//! `serve`: start the local API.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use config::Config;
use gateway::gateway::SetupError;
use gateway::presence;
use gateway::server::{Drained, serve};
use gateway::{Gateway, Setup};
use ledger::Ledger;
use tokio::net::TcpListener;

use crate::args::Serve;
use crate::report::{Failure, Outcome, unread_is_well};
use crate::signals::Signals;
use crate::term::print;
use crate::{demo, listen, log, store};

/// What a server runs on.
struct Ground {
    config: Config,
    data: PathBuf,
    database: Option<PathBuf>,
    /// The configuration's file, where it came from one.
    file: Option<PathBuf>,
}

/// Runs the command.
pub(crate) async fn run(path: &Path, args: Serve) -> Outcome {
    log::start(args.log_format);
    let signals = Signals::listen()?;
    let config = store::read(path, args.no_proxy)?;
    if config.accounts.iter().all(|account| !account.enabled) {
        // Said before anything is written to the disk.
        return Err(SetupError::NoAccount.into());
    }
    let database = if config.usage.enabled {
        Some(store::database(&config)?)
    } else {
        None
    };
    let data = store::data()?;
    let ground = Ground {
        config,
        data,
        database,
        file: Some(path.to_owned()),
    };
    serve_on(ground, &args, signals).await
}

/// Runs the command with `--demo`, which needs no configuration and no home.
pub(crate) async fn demo(args: Serve) -> Outcome {
    log::start(args.log_format);
    let signals = Signals::listen()?;
    let demo = demo::start().await?;
    let data = demo.directory().to_owned();
    let ground = Ground {
        config: demo.config(),
        database: Some(data.join("usage.db")),
        data,
        file: None,
    };
    serve_on(ground, &args, signals).await
}

async fn serve_on(ground: Ground, args: &Serve, mut signals: Signals) -> Outcome {
    let Ground {
        config,
        data,
        database,
        file,
    } = ground;
    let host = args.host.as_deref().unwrap_or(&config.server.host);
    let port = args.port.unwrap_or(config.server.port);
    let listeners = listen::bind(host, port, args.insecure_allow_remote).await?;
    let drain = config.server.drain;
    let ledger = database.map(|path| open(&path)).transpose()?;
    if presence::keep_free(&data)?.is_none() {
        tracing::warn!(
            data = %data.display(),
            "another server runs on this data directory: of two, each forgets what the other \
             learns of the accounts (hint: give one another XDG_DATA_HOME)"
        );
    }
    let present = presence::announce(&data)?;
    let setup = Setup {
        config,
        data: Some(data.clone()),
        ledger: ledger.clone(),
        configuration: file,
    };
    let (gateway, mut keepers) = Gateway::start(setup)?;
    // A server goes on though nobody reads its greeting to the end.
    unread_is_well(greet(&listeners, &gateway, args.demo))?;
    let serving = Arc::clone(&gateway);
    let drained = serve(listeners, serving, drain, async || signals.next().await).await;
    keepers.shutdown().await;
    gateway.write_memory(&data);
    drop(present);
    if let Drained::Cut(connections) = drained {
        tracing::warn!(connections, "ended before every request had its answer");
    }
    match ledger {
        Some(ledger) => close(ledger, signals).await,
        None => Ok(()),
    }
}

/// Writes what the ledger still holds: milliseconds, but for a disk that does
/// not take it. That may be waited for, or not: after a moment, another signal
/// ends the wait.
async fn close(ledger: Arc<Ledger>, mut signals: Signals) -> Outcome {
    const MOMENT: Duration = Duration::from_secs(2);
    let closing = tokio::task::spawn_blocking(move || ledger.close());
    let given_up = async {
        tokio::time::sleep(MOMENT).await;
        signals.next().await;
    };
    let closed = tokio::select! {
        closed = closing => closed,
        () = given_up => {
            return Err(Failure::new("ended before the usage ledger was written"));
        }
    };
    match closed {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Failure::new(error)),
        Err(error) => Err(Failure::new(error)),
    }
}

fn open(path: &Path) -> Result<Arc<Ledger>, Failure> {
    Ledger::open(path).map(Arc::new).map_err(|error| {
        Failure::new(error).hint("set [usage] path to another file, or [usage] enabled = false")
    })
}

/// Says where the API is and how to use it.
fn greet(listeners: &[TcpListener], gateway: &Gateway, is_demo: bool) -> Outcome {
    let addresses: Vec<_> = listeners
        .iter()
        .filter_map(|listener| listener.local_addr().ok())
        .collect();
    for address in &addresses {
        print(format_args!("listening on http://{address}"))?;
    }
    let accounts: Vec<&str> = gateway
        .accounts()
        .iter()
        .filter(|account| account.is_enabled())
        .map(|account| &*account.id)
        .collect();
    print(format_args!("accounts: {}", accounts.join(", ")))?;
    let Some(address) = addresses.first() else {
        return Ok(());
    };
    if is_demo {
        print(format_args!(
            "this is a demo: the accounts and their upstream are simulated in this process, and\n\
             nothing is kept when it ends"
        ))?;
    }
    let model = example_model(gateway);
    print(format_args!(
        "\nPoint any OpenAI client at it:\n\n  \
         export OPENAI_BASE_URL=http://{address}/v1\n  \
         export OPENAI_API_KEY=unused\n\n\
         or try it at once:\n\n  \
         curl http://{address}/v1/chat/completions \\\n    \
         -H 'content-type: application/json' \\\n    \
         -d '{{\"model\":\"{model}\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}],\"stream\":true}}'\n"
    ))
}

/// A model that the first account most likely has.
fn example_model(gateway: &Gateway) -> &'static str {
    let mut accounts = gateway.accounts().iter();
    match accounts.find(|account| account.is_enabled()) {
        Some(account) if !account.provider.is_copilot() => "glm-4.7",
        _ => "gpt-4o",
    }
}
