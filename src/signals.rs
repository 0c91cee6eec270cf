//! The signals that end the program, on each platform.

use std::io;

use crate::report::Failure;

/// Hears the signals that ask the program to end: SIGTERM, SIGINT (Ctrl-C).
pub(crate) struct Signals {
    #[cfg(unix)]
    term: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

/// From now on Ctrl-C does not end the program by itself.
pub(crate) fn outlive_interrupts() -> Result<(), Failure> {
    #[cfg(unix)]
    let listening = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
    #[cfg(not(unix))]
    let listening = tokio::signal::windows::ctrl_c();
    let _ = listening.map_err(unheard)?;
    Ok(())
}

fn unheard(error: io::Error) -> Failure {
    Failure::new(format_args!("cannot hear signals: {error}"))
}

impl Signals {
    /// Begins to listen: from now on none of them ends the program by itself.
    pub(crate) fn listen() -> Result<Self, Failure> {
        Self::register().map_err(unheard)
    }

    #[cfg(unix)]
    fn register() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    #[cfg(not(unix))]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "it can fail on the other platforms"
    )]
    fn register() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next one.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// The next one.
    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
