//! What is known of models without asking: capabilities, prices, limits,
//! vendored as data (see `data/README.md` for its sources and its refresh), and
//! whatever was learnt of them since.

mod changes;
mod cost;
mod layers;
mod models_dev;
mod stored;
#[cfg(test)]
mod testing;
mod update;

use std::collections::BTreeMap;

use config::ProviderId;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use changes::{Changes, Repriced};
pub use cost::Cost;
pub use ledger::Tokens;
pub use stored::{LARGEST, path};
pub use update::Update;

/// The catalogue.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Catalogue {
    /// The day on which it was gathered.
    pub version: Date,
    models: Families,
}

/// Providers that share models share their entries. A family of a later
/// release is passed over.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Families {
    copilot: Models,
    zai: Models,
}

/// By the ids that upstreams list them by.
type Models = BTreeMap<String, Known>;

/// What is known of one model. What is missing is not known: it is neither
/// false nor zero.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `reasoning`, `vision`, `tool_call`, …, handed to clients as they stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Map<String, Value>>,
    /// Tokens of `context`, `prompt` and `output`, handed to clients as they
    /// stand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Map<String, Value>>,
    /// What it costs at list price.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Map<String, Value>>,
}

impl Catalogue {
    /// The catalogue in the tree.
    pub fn vendored() -> Self {
        Self::parse(include_str!("../data/catalogue.json"))
            .expect("the catalogue in the tree is valid, as a test proves")
    }

    /// Reads a catalogue of the same shape.
    ///
    /// # Errors
    /// If it is not of that shape.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }

    /// What is known of a provider's model.
    pub fn model(&self, provider: ProviderId, id: &str) -> Option<&Known> {
        let family = match provider {
            ProviderId::GithubCopilot => &self.models.copilot,
            ProviderId::ZaiCodingPlan
            | ProviderId::Zai
            | ProviderId::ZhipuaiCodingPlan
            | ProviderId::Zhipuai => &self.models.zai,
        };
        family.get(id)
    }

    /// How many models it knows.
    pub fn len(&self) -> usize {
        self.models.each_ref().map(BTreeMap::len).iter().sum()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What these tokens of a provider's model cost at list price, in billionths
    /// of a credit, of which a hundred are a US dollar. `None` where the price
    /// of what was used is not known.
    pub fn estimate(&self, provider: ProviderId, model: &str, tokens: &Tokens) -> Option<u64> {
        self.model(provider, model)?.cost?.of(tokens)
    }
}

impl Families {
    const NAMES: [&str; 2] = ["copilot", "zai"];

    fn each(self) -> [Models; 2] {
        [self.copilot, self.zai]
    }

    const fn each_ref(&self) -> [&Models; 2] {
        [&self.copilot, &self.zai]
    }

    const fn each_mut(&mut self) -> [&mut Models; 2] {
        [&mut self.copilot, &mut self.zai]
    }
}

impl Known {
    /// Whether it is a reasoning model, where that is known.
    pub fn reasoning(&self) -> Option<bool> {
        self.capabilities.as_ref()?.get("reasoning")?.as_bool()
    }

    /// What to ask of it as `thinking` where the client asks nothing, if that
    /// is peculiar to it.
    pub fn default_thinking(&self) -> Option<&Value> {
        let default = self.thinking.as_ref()?.get("default");
        default.filter(|default| !default.is_null())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vendored_catalogue_is_valid_and_knows_both_families() {
        let catalogue = Catalogue::vendored();
        assert!(
            catalogue
                .model(ProviderId::GithubCopilot, "gpt-5-mini")
                .is_some()
        );
        let glm = catalogue
            .model(ProviderId::ZaiCodingPlan, "glm-4.7")
            .unwrap();
        assert_eq!(glm.reasoning(), Some(true));
        assert!(catalogue.model(ProviderId::Zai, "gpt-5-mini").is_none());
    }

    #[test]
    fn clients_are_told_what_the_file_says_to_the_letter() {
        let file: Value = serde_json::from_str(include_str!("../data/catalogue.json")).unwrap();
        let catalogue = Catalogue::vendored();
        for (id, told) in file["models"]["copilot"].as_object().unwrap() {
            let known = catalogue.model(ProviderId::GithubCopilot, id).unwrap();
            assert_eq!(serde_json::json!(known.cost), told["cost"], "{id}");
            let limits = told.get("limits").cloned();
            assert_eq!(known.limits.clone().map(Value::from), limits, "{id}");
        }
    }

    #[test]
    fn an_estimate_is_of_the_models_own_price() {
        let catalogue = Catalogue::vendored();
        let estimate = |model, input, output| {
            let tokens = Tokens {
                input,
                output,
                ..Tokens::default()
            };
            catalogue.estimate(ProviderId::GithubCopilot, model, &tokens)
        };
        // A million prompt tokens at 0.25 dollars, and as many back at 2.
        assert_eq!(
            estimate("gpt-5-mini", 1_000_000, 1_000_000),
            Some(225_000_000_000)
        );
        assert_eq!(estimate("text-embedding-3-small", 1, 0), Some(2_000));
        assert_eq!(estimate("text-embedding-3-small", 1, 1), None);
        assert_eq!(estimate("of-nobody", 1, 1), None);
        let glm = catalogue.estimate(ProviderId::Zai, "glm-4.7", &Tokens::default());
        assert_eq!(glm, None);
    }
}
