//! `config list`: every value that takes effect, and where it comes from.

use std::path::Path;

use config::view::{Origin, Secrets, Setting};
use serde_json::{Value, json};

use super::{secrets, settings};
use crate::args::ListSettings;
use crate::report::Outcome;
use crate::table::{Column, render};
use crate::term::{print, width};

/// Runs the command.
pub(super) fn run(path: &Path, list: &ListSettings) -> Outcome {
    let settings = settings(path)?;
    let secrets = secrets(list.show_secrets);
    if list.json {
        return print(format_args!("{:#}", as_json(&settings, secrets)));
    }
    // Those of an account follow each other.
    for (at, group) in settings
        .chunk_by(|one, next| one.account == next.account)
        .enumerate()
    {
        if at > 0 {
            print(format_args!(""))?;
        }
        if let Some(id) = &group[0].account {
            print(format_args!("account {id}"))?;
        }
        print(format_args!("{}", table(group, secrets)))?;
    }
    Ok(())
}

/// Settings for people.
pub(crate) fn table(settings: &[Setting], secrets: Secrets) -> String {
    let rows = settings.iter().map(|setting| {
        let from = match setting.origin {
            Origin::File { line } => format!("line {line}"),
            Origin::Default => "default".to_owned(),
        };
        vec![setting.key.typed().to_owned(), setting.toml(secrets), from]
    });
    let columns = [
        Column::Text("KEY"),
        Column::Words("VALUE"),
        Column::Text("FROM"),
    ];
    render(&columns, rows.collect(), width())
}

/// Settings for programs.
pub(crate) fn as_json(settings: &[Setting], secrets: Secrets) -> Value {
    let told = settings.iter().map(|setting| {
        let line = match setting.origin {
            Origin::File { line } => Some(line),
            Origin::Default => None,
        };
        json!({
            "key": setting.key.typed(),
            "account": setting.account,
            "value": setting.json(secrets),
            "origin": if line.is_some() { "file" } else { "default" },
            "line": line,
        })
    });
    Value::from_iter(told)
}
