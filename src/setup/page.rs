//! `setup AGENT`: print what the agent needs, and change nothing.

use config::foreign::Form;
use serde_json::{Map, Value, json};

use super::agent::Place;
use super::edit::{self, Trace};
use super::models::Known;
use super::wiring::Wiring;
use crate::args::{Agent, Setup, Shell};
use crate::env;
use crate::report::{Failure, Outcome};
use crate::term::{print, say};

/// Prints it, in the form that the person wants or the agent reads.
pub(super) fn show(
    agent: Agent,
    place: Option<Place>,
    wiring: &Wiring,
    known: &Known,
    args: &Setup,
) -> Outcome {
    if args.json {
        let told = as_json(agent, place.as_ref(), wiring, known);
        return print(format_args!("{told:#}"));
    }
    let name = agent.name();
    match (place, args.shell) {
        (Some(place), None) => {
            print(format_args!("{}", snippet(place.form, wiring)?.trim_end()))?;
            say(format_args!(
                "it belongs into {}\nhint: `tokn-router setup {name} --write` writes it, --undo \
                 takes it back",
                place.path.display()
            ));
        }
        (_, shell) => {
            let shell = shell.unwrap_or_else(Shell::own);
            for name in wiring.unset.iter().filter(|name| env::read(name).is_some()) {
                print(format_args!("{}", shell.unset(name)))?;
            }
            for (name, value) in &wiring.environment {
                print(format_args!("{}", shell.set(name, value)))?;
            }
            if let Some(program) = agent.program() {
                say(format_args!(
                    "hint: `tokn-router run -- {program}` starts it with all this set"
                ));
            }
        }
    }
    Ok(())
}

/// A file with nothing but what is written.
fn snippet(form: Form, wiring: &Wiring) -> Result<String, Failure> {
    let written = edit::write(form, "", &wiring.settings, &Trace::default(), true);
    let (text, _) = written
        .map_err(|stuck| Failure::new(format_args!("{} cannot be written", stuck.0.join("."))))?;
    Ok(text)
}

fn as_json(agent: Agent, place: Option<&Place>, wiring: &Wiring, known: &Known) -> Value {
    let environment: Map<String, Value> = wiring
        .environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone().into()))
        .collect();
    let models = known.models().iter().map(|model| &*model.id);
    let models = known.is_known().then(|| models.collect::<Vec<_>>());
    json!({
        "agent": agent.name(),
        "file": place.map(|place| place.path.display().to_string()),
        "settings": place.map(|_| edit::nested(&wiring.settings)),
        "environment": environment,
        "unset": wiring.unset,
        "arguments": wiring.arguments,
        "models": models,
    })
}
