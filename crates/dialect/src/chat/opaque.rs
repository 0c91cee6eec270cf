//! Reasoning as Chat carries it: one text and one `reasoning_opaque` a message, which
//! may stand for several seals.

use serde_json::{Map, Value};

use crate::Dialect;
use crate::json::{put, text};
use crate::prompt::{Part, Reasoning, Seal};
use crate::tag::{tagged, untagged};

/// Between seals in one text. The text after it begins with a tag, so that it is not
/// mistaken for a part of a seal; no known upstream has a line end within one.
const BETWEEN: char = '\n';

/// One text for all seals: Copilot's clients take only one `reasoning_opaque` from a
/// reply, and give it back with the next request.
pub(super) fn of_seals(seals: &[Seal]) -> Option<String> {
    match seals {
        [] => None,
        // Chat's own, as its maker made it.
        [seal] if seal.dialect == Dialect::Chat => Some(seal.value.clone()),
        seals => {
            let seals: Vec<String> = seals.iter().map(tagged).collect();
            Some(seals.join(&BETWEEN.to_string()))
        }
    }
}

/// The seals that such a text stands for.
pub(super) fn to_seals(opaque: &str) -> Vec<Seal> {
    let mut seals = Vec::new();
    let mut rest = opaque;
    loop {
        // The next seal begins where a line does that reads as one.
        let next = rest
            .match_indices(BETWEEN)
            .map(|(at, _)| at)
            .find(|at| untagged(rest).is_some() && untagged(&rest[at + 1..]).is_some());
        let this = next.map_or(rest, |at| &rest[..at]);
        seals.push(untagged(this).unwrap_or_else(|| own(this)));
        match next {
            Some(at) => rest = &rest[at + 1..],
            None => return seals,
        }
    }
}

/// A seal of Chat's own makers: Copilot's.
pub(super) fn own(value: &str) -> Seal {
    Seal {
        dialect: Dialect::Chat,
        id: None,
        value: value.to_owned(),
        is_redacted: false,
    }
}

/// The text of the reasoning in a message or a delta: DeepSeek's and Z.ai's name for
/// it, Copilot's, or OpenRouter's and vLLM's. Some send it under two names at once.
pub(super) fn reasoning_text(message: &Value) -> Option<&str> {
    ["reasoning_content", "reasoning_text", "reasoning"]
        .into_iter()
        .find_map(|name| text(&message[name]))
}

/// The reasoning of an assistant's message in a conversation.
pub(super) fn read_reasoning(message: &Value) -> Vec<Part> {
    let said = reasoning_text(message).unwrap_or_default().to_owned();
    let opaque = text(&message["reasoning_opaque"]);
    let mut seals = opaque.map(to_seals).unwrap_or_default();
    if seals.is_empty() {
        let reasoning = Reasoning {
            text: said,
            ..Reasoning::default()
        };
        let is_empty = reasoning.text.is_empty();
        return (!is_empty)
            .then_some(Part::Reasoning(reasoning))
            .into_iter()
            .collect();
    }
    // The text is of the first that is not redacted; a client holds it in one piece.
    let place = seals.iter().position(|seal| !seal.is_redacted);
    let parts = seals.drain(..).enumerate().map(|(at, seal)| {
        let text = if Some(at) == place {
            said.clone()
        } else {
            String::new()
        };
        Part::Reasoning(Reasoning {
            is_summary: seal.dialect == Dialect::Responses && !text.is_empty(),
            text,
            seal: Some(seal),
        })
    });
    parts.collect()
}

/// Puts reasoning into a message of a request. Copilot, of whom alone the seals of this
/// dialect are, names the text otherwise than all others.
pub(super) fn write_reasoning(message: &mut Map<String, Value>, said: String, seal: Option<&Seal>) {
    let name = match seal {
        Some(_) => "reasoning_text",
        None => "reasoning_content",
    };
    put(message, name, Some(said).filter(|said| !said.is_empty()));
    put(
        message,
        "reasoning_opaque",
        seal.map(|seal| seal.value.clone()),
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal() -> impl Strategy<Value = Seal> {
        let dialect = prop_oneof![
            Just(Dialect::Chat),
            Just(Dialect::Responses),
            Just(Dialect::Messages)
        ];
        let id = proptest::option::of("[a-z_0-9]{0,9}");
        (dialect, id, "[A-Za-z0-9+/=]{1,20}", any::<bool>()).prop_map(
            |(dialect, id, value, is_redacted)| Seal {
                dialect,
                id,
                value,
                is_redacted,
            },
        )
    }

    proptest! {
        #[test]
        fn several_seals_come_back_from_one_text(
            seals in proptest::collection::vec(seal(), 2..5),
        ) {
            let text = of_seals(&seals).unwrap();
            prop_assert_eq!(to_seals(&text), seals);
        }

        #[test]
        fn a_seal_of_no_other_dialect_is_chats_own(value in "[A-Za-z0-9+/=\n]{1,40}") {
            let seals = to_seals(&value);
            prop_assert_eq!(of_seals(&seals).unwrap(), value.clone());
            prop_assert_eq!(seals, vec![own(&value)]);
        }

        #[test]
        fn no_text_panics(text in "((tokn1\\.[cr][x-][0-9-]\\.)|\n|\\PC{0,6}){0,9}") {
            to_seals(&text);
        }
    }
}
