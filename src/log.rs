//! Log lines: one each, on stderr, for people or as JSON.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

use crate::args::LogFormat;
use crate::env;

/// Starts logging. Everything at `info` and above, or what `TOKN_ROUTER_LOG`
/// asks for.
pub(crate) fn start(format: LogFormat) {
    let asked = env::text(env::LOG).unwrap_or_else(|| "info".into());
    let filter = EnvFilter::try_new(&asked).unwrap_or_else(|error| {
        crate::term::say(format_args!(
            "warning: {}={asked}: {error}; using info",
            env::LOG
        ));
        EnvFilter::new("info")
    });
    let colour = io::stderr().is_terminal() && env::read(env::NO_COLOR).is_none();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(colour)
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
