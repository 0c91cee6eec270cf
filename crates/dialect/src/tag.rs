//! A seal in the clothes of another dialect: a client carries it there and back
//! unread, and only its own upstream gets it.
//!
//! What an upstream has sealed comes back with the client's next request. Where both
//! speak different dialects, the seal travels with a tag that tells whose it is; one
//! without a tag in a foreign dialect is of another maker, and is never forged into
//! this one's.

use crate::Dialect;
use crate::prompt::Seal;

/// Behind it: the dialect's letter, whether it is redacted, the id's length and the id.
const TAG: &str = "tokn1.";

/// The text that stands for a seal in a dialect that is not its own.
pub fn tagged(seal: &Seal) -> String {
    let dialect = match seal.dialect {
        Dialect::Chat => 'c',
        Dialect::Responses => 'r',
        Dialect::Messages => 'm',
    };
    let redacted = if seal.is_redacted { 'x' } else { '-' };
    let id = seal.id.as_deref();
    let length = id.map_or_else(|| "-".to_owned(), |id| id.len().to_string());
    let id = id.unwrap_or_default();
    format!("{TAG}{dialect}{redacted}{length}.{id}{}", seal.value)
}

/// The seal that such a text stands for; `None` for one without a tag.
pub fn untagged(text: &str) -> Option<Seal> {
    let rest = text.strip_prefix(TAG)?;
    let mut chars = rest.chars();
    let dialect = match chars.next()? {
        'c' => Dialect::Chat,
        'r' => Dialect::Responses,
        'm' => Dialect::Messages,
        _ => return None,
    };
    let is_redacted = match chars.next()? {
        'x' => true,
        '-' => false,
        _ => return None,
    };
    let (length, rest) = chars.as_str().split_once('.')?;
    let (id, value) = match length {
        "-" => (None, rest),
        length => {
            let (id, value) = rest.split_at_checked(length.parse().ok()?)?;
            (Some(id.to_owned()), value)
        }
    };
    Some(Seal {
        dialect,
        id,
        value: value.to_owned(),
        is_redacted,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_seal_comes_back_as_it_was(
            dialect in prop_oneof![
                Just(Dialect::Chat), Just(Dialect::Responses), Just(Dialect::Messages),
            ],
            id in proptest::option::of("\\PC{0,20}"),
            value in "\\PC{0,40}",
            is_redacted in any::<bool>(),
        ) {
            let seal = Seal { dialect, id, value, is_redacted };
            prop_assert_eq!(untagged(&tagged(&seal)), Some(seal));
        }

        #[test]
        fn no_text_panics(text in "(tokn1\\.)?\\PC{0,40}") {
            untagged(&text);
        }
    }
}
