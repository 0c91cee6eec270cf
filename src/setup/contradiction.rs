//! An agent's own files that speak against its environment, and the way to speak over them.

use std::ffi::OsString;
use std::path::PathBuf;

use config::foreign::Form;

use super::edit::{self, Setting};
use super::wiring::Wiring;
use super::write::{read, shown};
use crate::args::Agent;
use crate::report::Failure;
use crate::term::say;

/// The arguments by which an agent heeds what it is told rather than its files; none where no
/// file says otherwise. `own` are the arguments that the person gives it.
///
/// Claude Code puts `env` of its settings over its environment, and `--settings` over both, the
/// last one if there are several (measured with 2.1.330).
pub(crate) fn over_files(
    agent: Agent,
    wiring: &Wiring,
    own: &[OsString],
) -> Result<Vec<String>, Failure> {
    const FLAG: &str = "--settings";
    if agent != Agent::ClaudeCode {
        return Ok(Vec::new());
    }
    let of_project = [".claude/settings.json", ".claude/settings.local.json"];
    let of_person = agent.place()?.map(|place| place.path);
    let files = of_person.into_iter().chain(of_project.map(PathBuf::from));
    let contradictions = files.filter_map(|path| {
        // What cannot be read is not heeded either.
        let text = read(&path).ok().flatten()?;
        let key = contradicted(&text, &wiring.settings)?;
        Some((shown(key), path))
    });
    let contradictions: Vec<_> = contradictions.collect();
    if contradictions.is_empty() {
        return Ok(Vec::new());
    }
    let is_flag = |word: &OsString| word.to_string_lossy().starts_with(FLAG);
    if own.iter().any(is_flag) {
        for (key, path) in contradictions {
            say(format_args!(
                "note: {key} in {} comes before what is told here, unless your {FLAG} says it",
                path.display()
            ));
        }
        return Ok(Vec::new());
    }
    let settings = edit::nested(&wiring.settings).to_string();
    Ok(vec![FLAG.to_owned(), settings])
}

/// The first key of a text that has another value than it is to have.
fn contradicted<'a>(text: &str, settings: &'a [Setting]) -> Option<&'a edit::Path> {
    let differs = |(path, value): &&Setting| {
        let told = Form::Json.value(text, path);
        told.is_some_and(|told| !Form::Json.same(&told, &Form::Json.written(value)))
    };
    Form::Json.check(text).ok()?;
    settings.iter().find(differs).map(|(path, _)| path)
}
