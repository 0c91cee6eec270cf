//! `setup --write`: write into an agent's own file, so that it can be taken back.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use config::files;
use config::foreign::Form;

use super::agent::Place;
use super::edit::{self, Path as Key};
use super::record::{Record, Records};
use super::wiring::Wiring;
use crate::args::Agent;
use crate::report::{Failure, Outcome};
use crate::term::{plain, say};

/// Runs it. `is_whole` says that the settings are all there are: the models are known.
pub(super) fn run(agent: Agent, place: &Place, wiring: &Wiring, is_whole: bool) -> Outcome {
    let Place { path, form } = place;
    let mut records = Records::open()?;
    let old = read(path)?;
    let text = old.as_deref().unwrap_or_default();
    form.check(text)
        .map_err(|why| unreadable(agent, place, &why))?;
    let known = records.of(agent);
    let known = known.into_iter().find(|record| record.file == *path);
    // What was written into a file that is gone, is gone.
    let known = known.filter(|_| old.is_some());
    let mut record = known.clone().unwrap_or_else(|| Record::new(agent, path));
    let written = edit::write(*form, text, &wiring.settings, &record.trace, is_whole);
    let (new, trace) = written.map_err(|stuck| {
        let failure = format_args!("{} has no room for {}", path.display(), shown(&stuck.0));
        Failure::new(failure).hint(format_args!("put into it by hand {}", printed(agent)))
    })?;
    let name = agent.name();
    if new == text {
        if known.is_some() && record.trace != trace {
            record.trace = trace;
            records.put(record)?;
        }
        say(format_args!("{} says so already", path.display()));
        return Ok(());
    }
    let is_as_we_left_it = || {
        let first = record.backups.first()?;
        let before = fs::read_to_string(first).ok()?;
        (edit::redo(*form, &before, &record.trace)? == text).then_some(())
    };
    let mut backup = None;
    match &old {
        None => {
            record.is_new = true;
            record.directories = missing(path);
        }
        // All that is not ours is in the first one.
        Some(_) if is_as_we_left_it().is_some() => {}
        // Nothing in it was ever anybody else's.
        Some(_) if record.is_new && edit::undo(*form, text, &record.trace).is_empty(*form) => {}
        Some(_) => backup = Some(back_up(path)?),
    }
    record.backups.extend(backup.clone());
    record.trace = trace;
    // First, so that what breaks off in between can be taken back.
    records.put(record)?;
    files::rewrite(path, new.as_bytes())?;
    say(format_args!(
        "{name} uses the local API: {}",
        path.display()
    ));
    if let Some(backup) = backup {
        say(format_args!("as it was before: {}", backup.display()));
    }
    say(format_args!(
        "hint: `tokn-router setup {name} --undo` takes it back"
    ));
    Ok(())
}

/// The text of a file; `None` where there is none.
pub(super) fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(
            Failure::new(format_args!("cannot read {}: {error}", path.display()))
                .hint("make it a file that is yours to read"),
        ),
    }
}

/// What cannot be read cannot be edited without harm.
fn unreadable(agent: Agent, place: &Place, why: &str) -> Failure {
    let path = place.path.display();
    let failure = Failure::new(format_args!("cannot read {path}: {}", plain(why)));
    match place.form {
        Form::Json => failure.hint(format_args!(
            "if it has comments, put into it by hand {}: an edit would lose them",
            printed(agent)
        )),
        Form::Toml => failure.hint("mend it first; nothing was changed"),
    }
}

fn printed(agent: Agent) -> String {
    format!("what `tokn-router setup {}` prints", agent.name())
}

/// A key for a person to read.
pub(super) fn shown(path: &Key) -> String {
    plain(&path.join(".")).into_owned()
}

/// The directories above a file that are not there, the inner before the outer.
fn missing(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1);
    let missing = above.take_while(|path| !path.as_os_str().is_empty() && !path.exists());
    missing.map(Path::to_owned).collect()
}

/// Copies a file to a name beside it that nothing has yet.
fn back_up(path: &Path) -> Result<PathBuf, Failure> {
    let named = |number: usize| {
        let mut name = path.as_os_str().to_owned();
        name.push(".tokn-router-backup");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    let copy = |to: &Path| {
        OpenOptions::new().write(true).create_new(true).open(to)?;
        // With its mode.
        fs::copy(path, to)
    };
    for number in 1.. {
        let backup = named(number);
        match copy(&backup) {
            Ok(_) => return Ok(backup),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(not_backed_up(&backup, &error)),
        }
    }
    Ok(named(1))
}

fn not_backed_up(backup: &Path, error: &io::Error) -> Failure {
    let failure = format_args!("cannot make the backup {}: {error}", backup.display());
    Failure::new(failure).hint("make its directory yours to write; nothing was changed")
}
