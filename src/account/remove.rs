//! `account remove`: an account leaves the configuration, and what was kept of it
//! goes, too.

use std::path::Path;

use config::edit::remove_account;
use gateway::memory::Memory;
use gateway::presence;
use gateway::provider::copilot::forget_token;

use super::unknown;
use crate::args::Remove;
use crate::report::{Failure, Outcome};
use crate::store;
use crate::term::{agreed, say};

/// Runs the command.
pub(super) fn run(path: &Path, remove: &Remove) -> Outcome {
    let id = remove.id.as_str();
    let config = store::read(path, false)?;
    let account = config
        .accounts
        .iter()
        .find(|account| account.id == id)
        .ok_or_else(|| unknown(id, config.accounts.iter().map(|account| &*account.id)))?;
    let question = format!(
        "Remove account {id} ({}) and its credentials?",
        account.provider.display_name()
    );
    if !remove.yes && !agreed(&question)? {
        say(format_args!("{id} stays"));
        return Ok(());
    }
    remove_account(path, id)?;
    let is_served = forget(&store::data()?, id)?;
    let served = match is_served {
        true => "; the running server lets it go within a second",
        false => "",
    };
    say(format_args!(
        "{id} is removed from {}{served}",
        path.display()
    ));
    Ok(())
}

/// Forgets what was kept of an account, and tells whether a server runs, which
/// would write its health down again.
fn forget(data: &Path, id: &str) -> Result<bool, Failure> {
    forget_token(data, id).map_err(|error| {
        Failure::new(format_args!(
            "the account is removed, but its token stays: {error}"
        ))
    })?;
    // Where no server has ever run, no lock is made to say so.
    if !data.exists() {
        return Ok(false);
    }
    let Some(_nobody_starts_meanwhile) = presence::keep_free(data)? else {
        return Ok(true);
    };
    let mut memory = Memory::read(data);
    if memory.accounts.remove(id).is_some() {
        memory.write(data)?;
    }
    Ok(false)
}
