//! Reads what a catalogue is updated from, whichever of two forms it has.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::value::RawValue;

use super::{Catalogue, models_dev};

/// What was read.
#[derive(Debug)]
pub struct Update {
    /// What is known by it.
    pub catalogue: Catalogue,
    /// How many entries were odd, and passed over.
    pub odd: usize,
}

impl Update {
    /// Reads a file of the vendored catalogue's form, or of models.dev's, which
    /// counts as gathered `today`.
    ///
    /// # Errors
    /// If it has neither form, or knows no model; with the reason.
    pub fn read(json: &[u8], today: Date) -> Result<Self, String> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_slice(json)
            .map_err(|error| format!("it is not a JSON object: {error}"))?;
        if let Some(update) = models_dev::translate(&members, today) {
            return update.has_models();
        }
        if !members.contains_key("models") {
            return Err(format!(
                "it is no catalogue of a known form: it has neither `models` nor any of {}",
                models_dev::PROVIDERS.join(", ")
            ));
        }
        let catalogue = serde_json::from_slice(json)
            .map_err(|error| format!("it is not of a catalogue's form: {error}"))?;
        Self { catalogue, odd: 0 }.has_models()
    }

    fn has_models(self) -> Result<Self, String> {
        if !self.catalogue.is_empty() {
            return Ok(self);
        }
        Err(match self.odd {
            0 => "it knows no model of any provider that is served here".to_owned(),
            odd => format!("it knows no model that can be read, and {odd} that cannot"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = Date::constant(2026, 11, 25);

    fn error(json: &str) -> String {
        Update::read(json.as_bytes(), TODAY).unwrap_err()
    }

    #[test]
    fn the_vendored_file_is_of_a_known_form_and_keeps_its_own_day() {
        let vendored = include_str!("../../data/catalogue.json");
        let update = Update::read(vendored.as_bytes(), TODAY).unwrap();
        assert_eq!(update.catalogue, Catalogue::vendored());
        assert_eq!(update.odd, 0);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        insta::assert_snapshot!(error("<html>"), @"it is not a JSON object: expected value at line 1 column 1");
        insta::assert_snapshot!(error("[]"), @"it is not a JSON object: invalid type: sequence, expected a map at line 1 column 0");
        insta::assert_snapshot!(error("{}"), @"it is no catalogue of a known form: it has neither `models` nor any of github-copilot, zai, zhipuai, zai-coding-plan, zhipuai-coding-plan");
        insta::assert_snapshot!(error(r#"{"models": {}}"#), @"it is not of a catalogue's form: missing field `version` at line 1 column 14");
        insta::assert_snapshot!(error(r#"{"version": "2026-11-25", "models": {"openai": {}}}"#), @"it knows no model of any provider that is served here");
        insta::assert_snapshot!(error(r#"{"version": "2026-11-25", "models": {"zai": {"a": {"cost": {"input": -1}}}}}"#), @"it is not of a catalogue's form: a price cannot be below zero at line 1 column 72");
        insta::assert_snapshot!(error(r#"{"zai": {"models": {}}}"#), @"it knows no model of any provider that is served here");
        insta::assert_snapshot!(error(r#"{"zai": {"models": {"a": 1, "b": 2}}, "zhipuai": 3}"#), @"it knows no model that can be read, and 3 that cannot");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", entry in "[\\[\\]{}:,\"a0.-]{0,16}") {
            let _ = Update::read(text.as_bytes(), TODAY);
            let file = format!(r#"{{"zai":{{"models":{{"a":{entry}}}}}}}"#);
            let _ = Update::read(file.as_bytes(), TODAY);
        }
    }
}
