//! List prices, and what tokens cost by them.

use ledger::Tokens;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// US dollars for a million tokens of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Of a prompt, fresh.
    #[serde(default, with = "price", skip_serializing_if = "Option::is_none")]
    pub input: Option<f64>,
    /// Of a prompt, read from the cache.
    #[serde(default, with = "price", skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// Of a prompt, written to the cache.
    #[serde(default, with = "price", skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
    /// Generated, reasoning included.
    #[serde(default, with = "price", skip_serializing_if = "Option::is_none")]
    pub output: Option<f64>,
}

impl Cost {
    /// What these tokens cost, in billionths of a credit. `None` where some of
    /// them are of a kind whose price is not known.
    pub fn of(&self, tokens: &Tokens) -> Option<u64> {
        let cached = tokens.cache_read.saturating_add(tokens.cache_write);
        let fresh = tokens.input.saturating_sub(cached);
        let dollars_for_a_million = part(fresh, self.input)?
            + part(tokens.cache_read, self.cached_input.or(self.input))?
            + part(tokens.cache_write, self.cache_write.or(self.input))?
            + part(tokens.output, self.output)?;
        // Casting a float saturates.
        Some((dollars_for_a_million * NANO_CREDITS).round() as u64)
    }
}

/// What is not there costs nothing, whether or not its price is known.
fn part(tokens: u64, price: Option<f64>) -> Option<f64> {
    match tokens {
        0 => Some(0.0),
        tokens => Some(tokens as f64 * price?),
    }
}

/// How a price is read and written.
pub(super) mod price {
    use serde::de::Error as _;

    use super::{Deserialize as _, Deserializer, Serializer};

    /// A whole number is written as one, as people write prices.
    pub(super) fn serialize<S: Serializer>(
        price: &Option<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        /// Up to here each whole number is a float of its own.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match *price {
            None => serializer.serialize_none(),
            Some(price) if price.fract() == 0.0 && price < EXACT => {
                serializer.serialize_u64(price as u64)
            }
            Some(price) => serializer.serialize_f64(price),
        }
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        match Option::<f64>::deserialize(deserializer)? {
            Some(price) if price < 0.0 || !price.is_finite() => {
                Err(D::Error::custom("a price cannot be below zero"))
            }
            price => Ok(price),
        }
    }
}

/// A dollar for a million tokens, for one of them: 10⁻⁶ of a hundred credits.
const NANO_CREDITS: f64 = 1e5;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// As people write them: no list has more digits.
    fn price() -> impl Strategy<Value = f64> {
        (0..5_000_000u32).prop_map(|price| f64::from(price) / 10_000.0)
    }

    prop_compose! {
        fn some_cost()(
            input in price(),
            cached_input in proptest::option::of(price()),
            cache_write in proptest::option::of(price()),
            output in price(),
        ) -> Cost {
            Cost { input: Some(input), cached_input, cache_write, output: Some(output) }
        }
    }

    prop_compose! {
        fn some_tokens()(
            input in 0..10_000_000u64,
            output in 0..10_000_000u64,
            cache_read in 0..10_000_000u64,
            cache_write in 0..10_000_000u64,
        ) -> Tokens {
            Tokens { input, output, cache_read, cache_write, reasoning: 0 }
        }
    }

    proptest! {
        #[test]
        fn it_is_the_plain_sum_to_within_rounding(cost in some_cost(), tokens in some_tokens()) {
            let fresh = tokens.input as f64 - tokens.cache_read as f64 - tokens.cache_write as f64;
            let input = cost.input.unwrap();
            let dollars = 1e-6 * (fresh.max(0.0) * input
                + tokens.cache_read as f64 * cost.cached_input.unwrap_or(input)
                + tokens.cache_write as f64 * cost.cache_write.unwrap_or(input)
                + tokens.output as f64 * cost.output.unwrap());
            let nano_credits = dollars * 100.0 * 1e9;
            let told = cost.of(&tokens).unwrap() as f64;
            prop_assert!((told - nano_credits).abs() <= 1.0 + nano_credits * 1e-12);
        }

        #[test]
        fn more_tokens_never_cost_less(cost in some_cost(), tokens in some_tokens(), more in some_tokens()) {
            // More of the cache is less of what is fresh, which may be dearer: both grow.
            let cached = more.cache_read + more.cache_write;
            let larger = Tokens {
                input: tokens.input + more.input + cached,
                output: tokens.output + more.output,
                cache_read: tokens.cache_read + more.cache_read,
                cache_write: tokens.cache_write + more.cache_write,
                reasoning: 0,
            };
            prop_assert!(cost.of(&larger) >= cost.of(&tokens));
        }

        #[test]
        fn any_number_of_tokens_has_an_estimate(cost in some_cost(), input: u64, output: u64, cache_read: u64, cache_write: u64) {
            let tokens = Tokens { input, output, cache_read, cache_write, reasoning: 0 };
            prop_assert!(cost.of(&tokens).is_some());
        }

        #[test]
        fn it_is_read_as_it_was_written(cost in some_cost(), whole in 0..1000u32) {
            for cost in [cost, Cost { output: Some(whole.into()), ..cost }] {
                let text = serde_json::to_string(&cost).unwrap();
                prop_assert_eq!(serde_json::from_str::<Cost>(&text).unwrap(), cost);
            }
        }
    }

    #[test]
    fn what_the_cache_costs_is_the_prompts_price_unless_it_has_its_own() {
        let tokens = Tokens {
            input: 10,
            cache_read: 3,
            cache_write: 2,
            ..Tokens::default()
        };
        let cost = |json| serde_json::from_value::<Cost>(json).unwrap().of(&tokens);
        assert_eq!(cost(json!({"input": 1})), Some(1_000_000));
        let own = json!({"input": 1, "cached_input": 0.5, "cache_write": 2});
        assert_eq!(cost(own), Some(500_000 + 150_000 + 400_000));
    }

    #[test]
    fn what_has_no_price_has_no_estimate() {
        let of = |tokens| Cost::default().of(&tokens);
        let (input, output) = (1, 1);
        assert_eq!(of(Tokens::default()), Some(0));
        assert_eq!(
            of(Tokens {
                input,
                ..Tokens::default()
            }),
            None
        );
        assert_eq!(
            of(Tokens {
                output,
                ..Tokens::default()
            }),
            None
        );
    }

    #[test]
    fn a_whole_price_is_written_without_a_point_and_a_negative_one_is_refused() {
        let text = r#"{"input":10,"cached_input":0.025,"output":0}"#;
        let cost: Cost = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&cost).unwrap(), text);
        let error = serde_json::from_str::<Cost>(r#"{"input":-1}"#).unwrap_err();
        assert!(error.to_string().contains("below zero"), "{error}");
    }
}
