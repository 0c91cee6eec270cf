//! Reads in the user's words which tools to call, so that an agent can be given a task.

use serde_json::{Deserializer, Value};

/// Each `call NAME with {…}` of the text, in order: the name and the arguments.
pub(super) fn calls(text: &str) -> impl Iterator<Item = (&str, Value)> {
    text.split("call ").skip(1).filter_map(|rest| {
        let (name, arguments) = rest.split_once(" with ")?;
        // What follows the arguments is the user's again, so only the first value is read.
        let arguments = Deserializer::from_str(arguments).into_iter().next()?;
        arguments.ok().map(|arguments| (name, arguments))
    })
}
