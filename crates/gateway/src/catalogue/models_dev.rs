//! What the public catalogue models.dev knows, in our own form.
//!
//! Its `api.json` has an object for each provider, with an object of `models`
//! by id. Prices are US dollars for a million tokens, limits tokens.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cost::{Cost, price};
use super::{Catalogue, Families, Known, Update};

/// Its names for the providers that are served here.
pub(super) const PROVIDERS: [&str; 5] = [
    COPILOT,
    "zai",
    "zhipuai",
    "zai-coding-plan",
    "zhipuai-coding-plan",
];

const COPILOT: &str = "github-copilot";

/// Translates what it says of the providers that are served here; `None` where
/// it names none of them.
pub(super) fn translate(members: &BTreeMap<String, &RawValue>, today: Date) -> Option<Update> {
    if !PROVIDERS.iter().any(|name| members.contains_key(*name)) {
        return None;
    }
    let mut models = Families::default();
    let mut odd = 0;
    // Of several that share their models the first counts, so it comes last.
    for name in PROVIDERS.iter().rev() {
        let Some(json) = members.get(*name) else {
            continue;
        };
        let family = match *name {
            COPILOT => &mut models.copilot,
            _ => &mut models.zai,
        };
        let Ok(provider) = serde_json::from_str::<Provider<'_>>(json.get()) else {
            odd += 1;
            continue;
        };
        for (id, json) in provider.models {
            match serde_json::from_str::<Model>(json.get()) {
                Ok(model) if is_id(&id) => {
                    let known = family.remove(&id).unwrap_or_default();
                    family.insert(id, known.under(model.into()));
                }
                _ => odd += 1,
            }
        }
    }
    let catalogue = Catalogue {
        version: today,
        models,
    };
    Some(Update { catalogue, odd })
}

/// Whether an upstream may list a model by this name.
fn is_id(id: &str) -> bool {
    (1..=200).contains(&id.len()) && id.chars().all(|char| char.is_ascii_graphic())
}

#[derive(Deserialize)]
struct Provider<'a> {
    #[serde(borrow)]
    models: BTreeMap<String, &'a RawValue>,
}

/// What it says of one model, as far as it is of use here.
#[derive(Deserialize)]
struct Model {
    name: Option<String>,
    reasoning: Option<bool>,
    tool_call: Option<bool>,
    structured_output: Option<bool>,
    modalities: Option<Modalities>,
    cost: Option<Price>,
    limit: Option<Limit>,
}

#[derive(Deserialize)]
struct Modalities {
    input: Vec<String>,
}

#[derive(Deserialize)]
struct Price {
    #[serde(default, deserialize_with = "price::deserialize")]
    input: Option<f64>,
    #[serde(default, deserialize_with = "price::deserialize")]
    output: Option<f64>,
    #[serde(default, deserialize_with = "price::deserialize")]
    cache_read: Option<f64>,
    #[serde(default, deserialize_with = "price::deserialize")]
    cache_write: Option<f64>,
}

#[derive(Deserialize)]
struct Limit {
    context: Option<u64>,
    input: Option<u64>,
    output: Option<u64>,
}

impl From<Model> for Known {
    fn from(model: Model) -> Self {
        let vision = model.modalities.map(|modalities| {
            let mut input = modalities.input.iter();
            input.any(|kind| kind == "image")
        });
        let capabilities = facts([
            ("reasoning", model.reasoning),
            ("vision", vision),
            ("tool_call", model.tool_call),
            ("structured_output", model.structured_output),
        ]);
        let limits = model.limit.and_then(|limit| {
            // Nothing has room for no token: they write so what they do not know.
            let told = |limit: Option<u64>| limit.filter(|tokens| *tokens > 0);
            facts([
                ("context", told(limit.context)),
                ("prompt", told(limit.input)),
                ("output", told(limit.output)),
            ])
        });
        Self {
            name: model.name,
            capabilities,
            limits,
            cost: model.cost.and_then(Price::told),
            thinking: None,
        }
    }
}

impl Price {
    /// `None` where nothing is told: so they write, with zeros, what is part of
    /// a plan.
    fn told(self) -> Option<Cost> {
        let is_told = |price: Option<f64>| price.is_some_and(|price| price > 0.0);
        (is_told(self.input) || is_told(self.output)).then_some(Cost {
            input: self.input,
            cached_input: self.cache_read,
            cache_write: self.cache_write,
            output: self.output,
        })
    }
}

/// Those that are known; `None` where none is.
fn facts<T: Into<Value>, const N: usize>(
    facts: [(&str, Option<T>); N],
) -> Option<Map<String, Value>> {
    let known = facts.into_iter();
    let known: Map<String, Value> = known
        .filter_map(|(name, fact)| Some((name.to_owned(), fact?.into())))
        .collect();
    (!known.is_empty()).then_some(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made up, with every oddity that a list of many hands may have.
    const FILE: &str = include_str!("fixtures/models-dev.json");

    #[test]
    fn it_is_translated_to_the_vendored_form() {
        let update = Update::read(FILE.as_bytes(), Date::constant(2026, 11, 25)).unwrap();
        assert_eq!(update.odd, 6);
        insta::assert_snapshot!(update.catalogue.text());
    }
}
