//! `account show`: an account as the configuration has it.

use std::path::Path;

use super::unknown;
use crate::args::ShowAccount;
use crate::report::Outcome;
use crate::settings::{as_json, secrets, settings, table};
use crate::term::print;

/// Runs the command. Asks nobody.
pub(super) fn run(path: &Path, show: &ShowAccount) -> Outcome {
    let settings = settings(path)?;
    // Those of an account follow each other.
    let mut groups = settings.chunk_by(|one, next| one.account == next.account);
    let Some(settings) = groups.find(|group| group[0].account.as_deref() == Some(&*show.id)) else {
        let mut ids: Vec<&str> = settings
            .iter()
            .filter_map(|setting| setting.account.as_deref())
            .collect();
        ids.dedup();
        return Err(unknown(&show.id, ids.into_iter()));
    };
    let secrets = secrets(show.show_secrets);
    match show.json {
        true => print(format_args!("{:#}", as_json(settings, secrets))),
        false => print(format_args!("{}", table(settings, secrets))),
    }
}
