//! How what is known later is laid over what was known before.

use super::{Catalogue, Families, Known};

impl Catalogue {
    /// This catalogue with a later one laid over it: part by part, the later
    /// word counts where there is one, and else the earlier stays. So nothing
    /// is forgotten because a source does not tell it.
    #[must_use]
    pub fn under(self, later: Self) -> Self {
        Self {
            version: self.version.max(later.version),
            models: self.models.under(later.models),
        }
    }
}

impl Families {
    fn under(mut self, later: Self) -> Self {
        for (family, later) in self.each_mut().into_iter().zip(later.each()) {
            for (id, later) in later {
                let known = family.remove(&id).unwrap_or_default();
                family.insert(id, known.under(later));
            }
        }
        self
    }
}

impl Known {
    pub(super) fn under(self, later: Self) -> Self {
        // Each capability is a fact of its own. Limits and prices are not: half
        // of an old list and half of a new one is no list.
        let capabilities = match (self.capabilities, later.capabilities) {
            (Some(mut capabilities), Some(later)) => {
                capabilities.extend(later);
                Some(capabilities)
            }
            (earlier, later) => later.or(earlier),
        };
        Self {
            name: later.name.or(self.name),
            capabilities,
            limits: later.limits.or(self.limits),
            cost: later.cost.or(self.cost),
            thinking: later.thinking.or(self.thinking),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{ids, some_catalogue};

    proptest! {
        #[test]
        fn a_later_part_counts_where_there_is_one_and_else_the_earlier_stays(
            earlier in some_catalogue(), later in some_catalogue(),
        ) {
            let laid = earlier.clone().under(later.clone());
            prop_assert_eq!(laid.version, earlier.version.max(later.version));
            for (provider, id) in ids() {
                let [laid, earlier, later] = [&laid, &earlier, &later]
                    .map(|catalogue| catalogue.model(provider, id).cloned());
                prop_assert_eq!(laid.is_some(), earlier.is_some() || later.is_some());
                let laid = laid.unwrap_or_default();
                let (earlier, later) = (earlier.unwrap_or_default(), later.unwrap_or_default());
                prop_assert_eq!(laid.name, later.name.or(earlier.name));
                prop_assert_eq!(laid.limits, later.limits.or(earlier.limits));
                prop_assert_eq!(laid.cost, later.cost.or(earlier.cost));
                prop_assert_eq!(laid.thinking, later.thinking.or(earlier.thinking));
                let (earlier, later) = (earlier.capabilities, later.capabilities);
                prop_assert_eq!(laid.capabilities.is_some(), earlier.is_some() || later.is_some());
                let (earlier, later) = (earlier.unwrap_or_default(), later.unwrap_or_default());
                for (name, can) in laid.capabilities.unwrap_or_default() {
                    let told = later.get(&name).or_else(|| earlier.get(&name));
                    prop_assert_eq!(Some(&can), told);
                }
            }
        }

        #[test]
        fn a_catalogue_over_itself_is_itself(catalogue in some_catalogue()) {
            prop_assert_eq!(catalogue.clone().under(catalogue.clone()), catalogue);
        }

        #[test]
        fn three_layers_are_the_same_from_either_end(
            one in some_catalogue(), two in some_catalogue(), three in some_catalogue(),
        ) {
            let from_below = one.clone().under(two.clone()).under(three.clone());
            prop_assert_eq!(from_below, one.under(two.under(three)));
        }
    }
}
