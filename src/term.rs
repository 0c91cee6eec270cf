//! The terminal: talk goes to stderr, data to stdout, and only from here.

use std::fmt::Arguments;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::{Failure, Kind, Outcome};
use crate::signals::outlive_interrupts;

/// Says something to the person. A stderr that is gone hears nothing.
pub(crate) fn say(text: Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Writes data. A reader that has gone away is no error.
pub(crate) fn print(text: Arguments<'_>) -> Outcome {
    let mut out = anstream::stdout();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(format_args!(
            "cannot write to stdout: {error}"
        ))),
        _ => Ok(()),
    }
}

/// Whether a person is there to be asked.
pub(crate) fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// How wide the terminal of stdout is; 80 columns where it is none.
pub(crate) fn width() -> u16 {
    const USUAL: u16 = 80;
    if !io::stdout().is_terminal() {
        return USUAL;
    }
    console::Term::stdout()
        .size_checked()
        .map_or(USUAL, |(_, columns)| columns.max(40))
}

/// Asks for a secret, `what`, without showing it.
pub(crate) fn ask_secret(what: &str, question: &str, hint: &str) -> Result<String, Failure> {
    if !is_interactive() {
        let failure = format_args!("there is no terminal to ask for {what}");
        return Err(Failure::of(Kind::Usage, failure).hint(hint));
    }
    dialoguer::Password::new()
        .with_prompt(question)
        .interact()
        .map_err(|error| Failure::new(format_args!("cannot read {what}: {error}")))
}

/// Asks the person at the terminal a question of yes or no. Ctrl-C is an error.
pub(crate) fn confirm(question: &str, usually: bool) -> Result<bool, Failure> {
    // Else it would end the program while the cursor is hidden.
    outlive_interrupts()?;
    let asked = dialoguer::Confirm::new()
        .with_prompt(question)
        .default(usually)
        .interact();
    asked.map_err(|_| {
        let _ = console::Term::stderr().show_cursor();
        say(format_args!(""));
        Failure::new("nothing was answered")
    })
}

/// A wait that shows that it goes on, and for how much longer. Shows nothing
/// without a terminal.
pub(crate) struct Spinner(ProgressBar);

impl Spinner {
    pub(crate) fn start(text: &'static str) -> Self {
        let bar = ProgressBar::new_spinner().with_message(text);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {prefix}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }

    pub(crate) fn time_left(&self, left: Duration) {
        let (minutes, seconds) = (left.as_secs() / 60, left.as_secs() % 60);
        self.0.set_prefix(format!("({minutes}:{seconds:02} left)"));
    }
}

impl Drop for Spinner {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
