//! Made-up catalogues, for the laws.

use config::ProviderId;
use jiff::civil::Date;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Catalogue, Cost, Families, Known, Models};

/// The models that a made-up catalogue may have.
pub(super) fn ids() -> impl Iterator<Item = (ProviderId, &'static str)> {
    let providers = [ProviderId::GithubCopilot, ProviderId::Zai].into_iter();
    providers.flat_map(|provider| ["a", "b", "c"].map(|id| (provider, id)))
}

prop_compose! {
    pub(super) fn some_catalogue()(
        day in 1..28i8,
        copilot in some_models(),
        zai in some_models(),
    ) -> Catalogue {
        let version = Date::constant(2026, 11, day);
        Catalogue { version, models: Families { copilot, zai } }
    }
}

fn some_models() -> impl Strategy<Value = Models> {
    proptest::collection::btree_map("[abc]", some_known(), 0..3)
}

prop_compose! {
    fn some_known()(
        name in proptest::option::of("[A-Z]"),
        capabilities in proptest::option::of(some_facts(["reasoning", "vision"], any::<bool>())),
        limits in proptest::option::of(some_facts(["context", "output"], 0..9u32)),
        cost in proptest::option::of(some_cost()),
        thinking in proptest::option::of(some_facts(["default", "efforts"], "[a-z]")),
    ) -> Known {
        Known { name, capabilities, limits, cost, thinking }
    }
}

prop_compose! {
    fn some_cost()(
        input in proptest::option::of(0..9u32),
        cached_input in proptest::option::of(0..9u32),
        cache_write in proptest::option::of(0..9u32),
        output in proptest::option::of(0..9u32),
    ) -> Cost {
        let price = |price: Option<u32>| price.map(|price| f64::from(price) / 8.0);
        Cost {
            input: price(input),
            cached_input: price(cached_input),
            cache_write: price(cache_write),
            output: price(output),
        }
    }
}

fn some_facts<S: Strategy>(
    names: [&'static str; 2],
    value: S,
) -> impl Strategy<Value = Map<String, Value>>
where
    S::Value: Into<Value>,
{
    let fact = (proptest::sample::select(names.to_vec()), value);
    let facts = proptest::collection::vec(fact, 0..3);
    facts.prop_map(|facts| {
        let facts = facts.into_iter();
        facts
            .map(|(name, value)| (name.to_owned(), json!(value.into())))
            .collect()
    })
}
