//! What is known of models without asking: capabilities, prices, limits,
//! vendored as data (see `data/README.md` for its sources and its refresh).

use std::collections::HashMap;

use config::ProviderId;
use serde::Deserialize;
use serde_json::Value;

/// The catalogue.
#[derive(Deserialize)]
pub struct Catalogue {
    /// When it was gathered.
    pub version: String,
    models: HashMap<Family, HashMap<String, Known>>,
}

/// Providers that share models share their entries.
#[derive(Deserialize, PartialEq, Eq, Hash)]
#[serde(rename_all = "snake_case")]
enum Family {
    Copilot,
    Zai,
}

/// What is known of one model. The parts are handed to clients as they stand.
#[derive(Deserialize)]
pub struct Known {
    /// `reasoning`, `vision`, `tool_call`, …
    pub capabilities: Option<Value>,
    /// US dollars for a million tokens of each kind.
    pub cost: Option<Value>,
    /// Tokens of `context`, `prompt` and `output`.
    pub limits: Option<Value>,
    thinking: Option<Thinking>,
}

#[derive(Deserialize)]
struct Thinking {
    default: Option<Value>,
}

impl Known {
    /// Whether it is a reasoning model, where that is known.
    pub fn reasoning(&self) -> Option<bool> {
        self.capabilities.as_ref()?.get("reasoning")?.as_bool()
    }

    /// What to ask of it as `thinking` where the client asks nothing, if that
    /// is peculiar to it.
    pub fn default_thinking(&self) -> Option<&Value> {
        self.thinking.as_ref()?.default.as_ref()
    }
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
            ProviderId::GithubCopilot => Family::Copilot,
            ProviderId::ZaiCodingPlan
            | ProviderId::Zai
            | ProviderId::ZhipuaiCodingPlan
            | ProviderId::Zhipuai => Family::Zai,
        };
        self.models.get(&family)?.get(id)
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
}
