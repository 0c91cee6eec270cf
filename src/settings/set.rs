//! `config set` and `config unset`: change one key, and keep every other byte.

use std::io::Read as _;
use std::path::Path;

use config::edit::{Set, set_value, unset_value};
use config::schema::{self, Key};

use crate::args::{self, Unset};
use crate::report::{Failure, Kind, Outcome};
use crate::term::{ask_secret, say};

/// Runs the command.
pub(super) fn run(path: &Path, set: args::Set) -> Outcome {
    let account = set.account.as_deref();
    let key = schema::resolve(&set.key, account)?;
    let values = values(key, &set)?;
    let outcome = set_value(path, &set.key, account, &values, set.add)?;
    let name = named(key, account);
    match outcome {
        Set::Added => say(format_args!("{name} is set; {}", takes_effect(key))),
        Set::Changed => say(format_args!("{name} is changed; {}", takes_effect(key))),
        Set::Kept => say(format_args!("{name} has that value already")),
    }
    Ok(())
}

/// Runs the command `config unset`.
pub(super) fn unset(path: &Path, unset: &Unset) -> Outcome {
    let account = unset.account.as_deref();
    let key = schema::resolve(&unset.key, account)?;
    let value = unset.value.as_deref();
    let was_there = unset_value(path, &unset.key, account, value)?;
    let name = named(key, account);
    match (was_there, value, key.default) {
        (true, None, Some(default)) => say(format_args!(
            "{name} is {default} again, as by default; {}",
            takes_effect(key)
        )),
        (true, None, None) => say(format_args!("{name} is unset; {}", takes_effect(key))),
        (true, Some(value), _) => say(format_args!(
            "{name} holds {value} no more; {}",
            takes_effect(key)
        )),
        (false, None, _) => say(format_args!("{name} is not set")),
        (false, Some(value), _) => say(format_args!("{name} does not hold {value}")),
    }
    Ok(())
}

/// The values to set: from the command line, from stdin, or, of a secret, from
/// the person. A command line is seen by every process and kept by the shell.
fn values(key: &Key, set: &args::Set) -> Result<Vec<String>, Failure> {
    let typed = key.typed();
    if set.values.iter().any(|value| key.is_secret(value)) {
        let failure = format_args!("`{typed}` is a secret, and the command line is not");
        return Err(Failure::of(Kind::Usage, failure).hint(format_args!(
            "leave it out to be asked for it, or pipe it in with --stdin"
        )));
    }
    if set.stdin {
        return read_stdin(key);
    }
    if key.secret && set.values.is_empty() {
        let value = ask_secret(
            &format!("the value of `{typed}`"),
            typed,
            "pipe it in with --stdin",
        )?;
        return Ok(vec![value.trim().to_owned()]);
    }
    Ok(set.values.clone())
}

/// One value, or those of a list, one a line.
fn read_stdin(key: &Key) -> Result<Vec<String>, Failure> {
    let mut text = String::new();
    // No value is longer; what is piped in by mistake may never end.
    let mut input = std::io::stdin().take(LONGEST);
    input
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(format_args!("cannot read stdin: {error}")))?;
    let lines = text.lines().map(str::trim);
    let values: Vec<String> = lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if values.is_empty() {
        return Err(Failure::of(Kind::Usage, "there is no value on stdin"));
    }
    if values.len() > 1 && !key.is_list() {
        return Err(Failure::of(
            Kind::Usage,
            format_args!("`{}` takes one value, and stdin has more", key.typed()),
        ));
    }
    Ok(values)
}

/// A key in the words of the person, with its account.
fn named(key: &Key, account: Option<&str>) -> String {
    match account {
        Some(id) => format!("{} of {id}", key.typed()),
        None => key.typed().to_owned(),
    }
}

/// When a running server follows.
fn takes_effect(key: &Key) -> &'static str {
    match key.path {
        "accounts[].enabled" => "a running server follows within a second",
        _ => "a running server follows at its next start",
    }
}

const LONGEST: u64 = 1 << 20;
