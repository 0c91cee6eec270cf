//! The terminal: talk goes to stderr, data to stdout, and only from here.

use std::borrow::Cow;
use std::fmt::Arguments;
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::report::{Failure, Kind, Outcome};
use crate::signals::outlive_interrupts;

/// Says something to the person. A stderr that is gone hears nothing.
pub(crate) fn say(text: Arguments<'_>) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Writes a line of data, or several. Colours reach a terminal only, and none where
/// `NO_COLOR` is set.
pub(crate) fn print(text: Arguments<'_>) -> Outcome {
    let mut out = anstream::stdout();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.map_err(unwritten)
}

/// Writes data as they are.
pub(crate) fn print_bytes(bytes: &[u8]) -> Outcome {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.map_err(unwritten)
}

fn unwritten(error: io::Error) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::BrokenPipe => Kind::Unread,
        _ => Kind::Other,
    };
    Failure::of(kind, format_args!("cannot write to stdout: {error}"))
}

/// A text from elsewhere, as one line without what a terminal would obey: a client
/// may call a model whatever it likes.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return text.into();
    }
    let shown = text.chars().map(|char| match char.is_control() {
        true => char::REPLACEMENT_CHARACTER,
        false => char,
    });
    shown.collect::<String>().into()
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
        .map_err(|error| Failure::new(format_args!("cannot read {what}: {error}")).hint(hint))
}

/// Reads a secret, `what`, that is piped in.
pub(crate) fn read_secret(what: &str, hint: &str) -> Result<String, Failure> {
    /// No credential is longer; what is piped in by mistake may never end.
    const LONGEST: u64 = 1 << 16;
    let wrong = |why| Failure::of(Kind::Usage, why).hint(hint);
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(LONGEST + 1).read_to_end(&mut bytes);
    let length = read.map_err(|error| wrong(format!("cannot read {what} from stdin: {error}")))?;
    if length as u64 > LONGEST {
        return Err(wrong(format!("what is on stdin is too long for {what}")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| wrong(format!("what is on stdin is no text, so not {what}")))?;
    match text.trim() {
        "" => Err(wrong(format!(
            "{what} is missing: there is nothing on stdin"
        ))),
        secret => Ok(secret.to_owned()),
    }
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

/// Whether the person agrees to what cannot be undone. Nobody is asked without a
/// terminal.
pub(crate) fn agreed(question: &str) -> Result<bool, Failure> {
    if !is_interactive() {
        let failure = "there is no terminal to ask whether you are sure";
        return Err(Failure::of(Kind::Usage, failure).hint("answer with --yes"));
    }
    confirm(question, false)
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
