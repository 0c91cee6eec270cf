//! What was written into other programs' files, in one private file of the data directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use config::files::{self, Lock};
use serde::{Deserialize, Serialize};

use super::edit::Trace;
use crate::args::Agent;
use crate::report::Failure;
use crate::store;

/// What was written into one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    agent: String,
    pub(super) file: PathBuf,
    /// Whether there was no such file before.
    pub(super) is_new: bool,
    /// The directories that were made for it, the inner before the outer.
    pub(super) directories: Vec<PathBuf>,
    /// Copies of the file as it was before: the first write's first.
    pub(super) backups: Vec<PathBuf>,
    pub(super) trace: Trace,
}

/// All that was written, and the exclusive right to change it.
pub(super) struct Records {
    path: PathBuf,
    all: Vec<Record>,
    _lock: Lock,
}

impl Record {
    pub(super) fn new(agent: Agent, file: &Path) -> Self {
        Self {
            agent: agent.name(),
            file: file.to_owned(),
            is_new: false,
            directories: Vec::new(),
            backups: Vec::new(),
            trace: Trace::default(),
        }
    }
}

impl Records {
    /// Waits until nobody else changes them.
    pub(super) fn open() -> Result<Self, Failure> {
        let path = path()?;
        let _lock = files::lock(&path)?;
        let all = read(&path)?;
        Ok(Self { path, all, _lock })
    }

    pub(super) fn of(&self, agent: Agent) -> Vec<Record> {
        of(&self.all, agent)
    }

    /// Keeps what was written into one file, in the place of what is known of it.
    pub(super) fn put(&mut self, record: Record) -> Result<(), Failure> {
        self.all.retain(|other| !is_same(other, &record));
        if !record.trace.is_empty() {
            self.all.push(record);
        }
        self.write()
    }

    /// Forgets what was written into one file.
    pub(super) fn remove(&mut self, record: &Record) -> Result<(), Failure> {
        self.all.retain(|other| !is_same(other, record));
        self.write()
    }

    fn write(&self) -> Result<(), Failure> {
        let json = serde_json::to_vec_pretty(&self.all).map_err(|error| {
            Failure::new(format_args!("cannot note what is written: {error}"))
                .hint("is the path of the file no text? name another place for it")
        })?;
        Ok(files::replace(&self.path, &json)?)
    }
}

/// What was written for an agent, as far as that is known now.
pub(super) fn look(agent: Agent) -> Result<Vec<Record>, Failure> {
    Ok(of(&read(&path()?)?, agent))
}

fn of(all: &[Record], agent: Agent) -> Vec<Record> {
    let name = agent.name();
    let of_agent = all.iter().filter(|record| record.agent == name);
    of_agent.cloned().collect()
}

fn is_same(one: &Record, other: &Record) -> bool {
    one.agent == other.agent && one.file == other.file
}

fn path() -> Result<PathBuf, Failure> {
    Ok(store::data()?.join("setup.json"))
}

fn read(path: &Path) -> Result<Vec<Record>, Failure> {
    let json = match files::read_private(path, |_| false) {
        Ok(json) => json,
        Err(config::Error::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error.into()),
    };
    serde_json::from_slice(&json).map_err(|error| {
        let place = path.display();
        Failure::new(format_args!(
            "cannot read what was written, {place}: {error}"
        ))
        .hint("mend that file, or move it away: the backups beside the agents' files are untouched")
    })
}
