//! `config edit`: open the file in the person's editor, and take up what it
//! leaves once that is right.

use std::path::Path;
use std::process::{Command, ExitStatus};

use config::edit::{Draft, Finished};

use crate::env;
use crate::report::{Failure, Kind, Outcome};
use crate::signals::outlive_interrupts;
use crate::term::{confirm, is_interactive, say};

/// Runs the command.
pub(super) fn run(path: &Path) -> Outcome {
    let editor = editor()?;
    // While the editor is open, Ctrl-C is the editor's.
    outlive_interrupts()?;
    let draft = Draft::of(path)?;
    loop {
        let status = open(&editor, draft.copy())?;
        if !status.success() {
            let failure = Failure::new(format_args!(
                "the editor `{editor}` ended with {status}, so the file stays as it was"
            ));
            return Err(kept(draft, failure));
        }
        match draft.finish() {
            Ok(Finished::Written) => {
                say(format_args!(
                    "{} is changed; a running server follows at its next start",
                    path.display()
                ));
                return Ok(());
            }
            Ok(Finished::Unchanged) => {
                say(format_args!("nothing was changed"));
                return Ok(());
            }
            Ok(Finished::Overtaken) => {
                let failure = Failure::new(format_args!(
                    "somebody else has changed {} meanwhile, so it stays as it is",
                    path.display()
                ));
                return Err(kept(draft, failure));
            }
            Err(error) => {
                let failure = Failure::from(error);
                if !is_interactive() {
                    return Err(kept(draft, failure));
                }
                failure.tell(say);
                // An interrupted question is a no.
                if !confirm("Go on editing?", true).unwrap_or(false) {
                    let failure = Failure::of(Kind::Config, "the file stays as it was");
                    return Err(kept(draft, failure));
                }
            }
        }
    }
}

/// Keeps what the person has written, and says where.
fn kept(draft: Draft, failure: Failure) -> Failure {
    if !draft.is_changed() {
        return failure;
    }
    match draft.keep() {
        Ok(copy) => failure.hint(format_args!("what you wrote is in {}", copy.display())),
        Err(error) => failure.hint(format_args!("what you wrote is lost: {error}")),
    }
}

/// The person's editor, which may be a command with arguments.
fn editor() -> Result<String, Failure> {
    let named = [env::VISUAL, env::EDITOR].into_iter().find_map(env::text);
    match named {
        Some(editor) => Ok(editor),
        None if is_interactive() => Ok(USUAL_EDITOR.to_owned()),
        None => Err(
            Failure::of(Kind::Usage, "there is no terminal for an editor")
                .hint("change single keys with `tokn-router config set KEY VALUE`"),
        ),
    }
}

/// Waits for the editor.
fn open(editor: &str, file: &Path) -> Result<ExitStatus, Failure> {
    command(editor, file).status().map_err(|error| {
        Failure::new(format_args!("cannot open the editor `{editor}`: {error}"))
            .hint("set VISUAL or EDITOR to one that is there")
    })
}

/// The editor's command, with a shell only where it needs one, as git does: a
/// shell may die of a Ctrl-C that the editor lives on after.
fn command(editor: &str, file: &Path) -> Command {
    if cfg!(unix) && editor.contains(SHELL_MEANS) {
        let mut command = Command::new("/bin/sh");
        let script = format!("{editor} \"$@\"");
        command.args(["-c", &script, editor]).arg(file);
        return command;
    }
    let mut words = editor.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or(USUAL_EDITOR));
    command.args(words).arg(file);
    command
}

/// What means more to a shell than itself.
const SHELL_MEANS: &[char] = &[
    '|', '&', ';', '<', '>', '(', ')', '$', '`', '\\', '"', '\'', '*', '?', '[', '#', '~', '=', '%',
];
const USUAL_EDITOR: &str = if cfg!(windows) { "notepad" } else { "vi" };
