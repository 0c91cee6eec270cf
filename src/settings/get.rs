//! `config get`: print one value as it takes effect.

use std::path::Path;

use config::view;

use super::{secrets, settings};
use crate::args::Get;
use crate::report::{Failure, Outcome};
use crate::term::print;

/// Runs the command.
pub(super) fn run(path: &Path, get: &Get) -> Outcome {
    let settings = settings(path)?;
    let account = get.account.as_deref();
    let Some(setting) = view::find(&settings, &get.key, account)? else {
        let key = config::schema::resolve(&get.key, account)?;
        return Err(Failure::new(format_args!(
            "`{}` has no value, and no default",
            key.typed()
        )));
    };
    match setting.plain(secrets(get.show_secrets)) {
        // A list without elements has no line.
        text if text.is_empty() && setting.key.is_list() => Ok(()),
        text => print(format_args!("{text}")),
    }
}
