//! `config`: read, change and check the configuration file.

mod check;
mod edit;
mod get;
mod list;
mod set;

use std::path::Path;

use config::view::{Secrets, Setting, effective};

use crate::args::ConfigVerb;
use crate::report::{Failure, Outcome};
use crate::term::print;

pub(crate) use list::{as_json, table};

/// Runs the command.
pub(crate) fn run(path: &Path, verb: ConfigVerb) -> Outcome {
    match verb {
        ConfigVerb::Get(get) => get::run(path, &get),
        ConfigVerb::Set(set) => set::run(path, set),
        ConfigVerb::Unset(unset) => set::unset(path, &unset),
        ConfigVerb::List(list) => list::run(path, &list),
        ConfigVerb::Path => print(format_args!("{}", path.display())),
        ConfigVerb::Check(check) => check::run(path, check),
        ConfigVerb::Schema => print(format_args!("{}", config::schema::json_schema().trim_end())),
        ConfigVerb::Edit => edit::run(path),
    }
}

/// Every value that takes effect.
pub(crate) fn settings(path: &Path) -> Result<Vec<Setting>, Failure> {
    let text = config::load::read(path)?.unwrap_or_default();
    effective(&text, path).map_err(|problems| config::Error::Problems(problems).into())
}

pub(crate) const fn secrets(show: bool) -> Secrets {
    match show {
        true => Secrets::Show,
        false => Secrets::Mask,
    }
}
