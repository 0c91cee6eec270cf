//! `setup`: every agent, and whether it is on this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::ValueEnum as _;
use serde_json::{Value, json};

use super::agent::find_program;
use super::record;
use crate::args::Agent;
use crate::env;
use crate::report::{Failure, Outcome};
use crate::table::{Column, render};
use crate::term::{print, say, width};

/// An agent, and what there is of it.
struct Found {
    agent: Agent,
    program: Option<PathBuf>,
    file: Option<PathBuf>,
    is_written: bool,
}

/// Shows them.
pub(super) fn show(as_json: bool) -> Outcome {
    let found = Agent::value_variants().iter().map(|agent| look(*agent));
    let found = found.collect::<Result<Vec<_>, _>>()?;
    if as_json {
        let told = found.iter().map(Found::as_json);
        return print(format_args!("{:#}", Value::from_iter(told)));
    }
    let columns = [
        Column::Text("AGENT"),
        Column::Text("FOUND"),
        Column::Text("WRITTEN"),
        Column::Words("FILE"),
    ];
    let rows = found.iter().map(Found::row).collect();
    print(format_args!("{}", render(&columns, rows, width())))?;
    say(format_args!(
        "hint: `tokn-router setup AGENT` prints what one needs, and changes nothing"
    ));
    Ok(())
}

fn look(agent: Agent) -> Result<Found, Failure> {
    let program = agent.program().map(OsStr::new);
    Ok(Found {
        agent,
        program: program.and_then(find_program),
        file: agent.place()?.map(|place| place.path),
        is_written: !record::look(agent)?.is_empty(),
    })
}

/// A path as people write it.
fn below_home(path: &Path) -> String {
    let home = config::paths::home(&env::read).ok();
    match home.and_then(|home| path.strip_prefix(home).ok().map(Path::to_owned)) {
        Some(below) => Path::new("~").join(below).display().to_string(),
        None => path.display().to_string(),
    }
}

impl Found {
    /// Its file may be missing where its directory is not.
    fn has_directory(&self) -> bool {
        let directory = self.file.as_deref().and_then(|file| file.parent());
        directory.is_some_and(|directory| directory.is_dir())
    }

    fn row(&self) -> Vec<String> {
        let found = match (&self.program, self.has_directory()) {
            _ if self.agent == Agent::Env => "-",
            (Some(_), _) => "yes",
            (None, true) => "files only",
            (None, false) => "no",
        };
        let written = match (&self.file, self.is_written) {
            (None, _) => "-",
            (_, true) => "yes",
            (_, false) => "no",
        };
        let file = self.file.as_deref();
        let file = file.map_or_else(|| "- (environment only)".to_owned(), below_home);
        vec![
            self.agent.name(),
            found.to_owned(),
            written.to_owned(),
            file,
        ]
    }

    fn as_json(&self) -> Value {
        let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        json!({
            "agent": self.agent.name(),
            "program": shown(&self.program),
            "file": shown(&self.file),
            "found": self.program.is_some() || self.has_directory(),
            "written": self.is_written,
        })
    }
}
