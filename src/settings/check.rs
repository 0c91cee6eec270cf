//! `config check`: tell everything that is wrong at once, or that nothing is.

use std::path::Path;

use crate::args::Check;
use crate::report::{Failure, Kind, Outcome};
use crate::term::say;

/// Runs the command.
pub(super) fn run(path: &Path, check: Check) -> Outcome {
    let file = check.file.as_deref().unwrap_or(path);
    if config::load(file)?.found {
        say(format_args!("the configuration is right"));
        return Ok(());
    }
    let missing = format_args!("there is no {}", file.display()).to_string();
    // Without the usual file every key has its default, which is right.
    match check.file {
        Some(_) => Err(Failure::of(Kind::Config, missing)),
        None => {
            say(format_args!("{missing}: every key has its default"));
            Ok(())
        }
    }
}
