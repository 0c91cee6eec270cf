//! `setup --undo`: take back what was written, and nothing else.

use std::fs;
use std::path::Path;

use config::files;
use config::foreign::Form;

use super::edit::{self, Undone};
use super::record::{Record, Records};
use super::write::{read, shown};
use crate::args::Agent;
use crate::report::{Failure, Outcome};
use crate::term::say;

/// Runs it.
pub(super) fn run(agent: Agent) -> Outcome {
    let mut records = Records::open()?;
    let written = records.of(agent);
    if written.is_empty() {
        say(format_args!(
            "nothing was written for {}, so nothing is taken back",
            agent.name()
        ));
    }
    for record in written {
        take_back(&record)?;
        records.remove(&record)?;
    }
    Ok(())
}

fn take_back(record: &Record) -> Outcome {
    let path = &record.file;
    let place = path.display();
    let Some(text) = read(path)? else {
        say(format_args!(
            "{place} is gone, and what was written with it"
        ));
        return Ok(());
    };
    let form = match path.extension() {
        Some(extension) if extension == "toml" => Form::Toml,
        _ => Form::Json,
    };
    form.check(&text).map_err(|why| {
        Failure::new(format_args!("{place} cannot be read: {why}"))
            .hint("mend it first; nothing was changed")
    })?;
    let before = before(record);
    let is_untouched = before
        .as_ref()
        .and_then(|before| edit::redo(form, before, &record.trace))
        .is_some_and(|redone| redone == text);
    let undone = match before {
        // To the byte, also where the layout of an edit cannot be told any more.
        Some(before) if is_untouched => Undone {
            text: before,
            left: Vec::new(),
        },
        _ => edit::undo(form, &text, &record.trace),
    };
    if record.is_new && undone.is_empty(form) {
        remove(path)?;
        for directory in &record.directories {
            // One that others use is not empty, and stays.
            let _ = fs::remove_dir(directory);
        }
        say(format_args!("{place} is removed, as there was none before"));
    } else {
        files::rewrite(path, undone.text.as_bytes())?;
        say(format_args!("{place} has no more of what was written"));
    }
    for key in &undone.left {
        say(format_args!(
            "note: {} stays: it was changed since",
            shown(key)
        ));
    }
    for backup in &record.backups {
        // What it has is all there again.
        if fs::read(backup).is_ok_and(|bytes| bytes == undone.text.as_bytes()) {
            let _ = fs::remove_file(backup);
        } else if backup.exists() {
            say(format_args!("the backup stays: {}", backup.display()));
        }
    }
    Ok(())
}

/// The text before the first write, where that is still known.
fn before(record: &Record) -> Option<String> {
    match record.backups.first() {
        Some(backup) => fs::read_to_string(backup).ok(),
        None => record.is_new.then(String::new),
    }
}

fn remove(path: &Path) -> Outcome {
    // Of a link, what it leads to: the link itself was there before.
    let target = fs::canonicalize(path);
    let removed = target.and_then(fs::remove_file);
    removed.map_err(|error| {
        Failure::new(format_args!("cannot remove {}: {error}", path.display()))
            .hint("make its directory yours to write")
    })
}
