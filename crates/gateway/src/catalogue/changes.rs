//! What a catalogue says that another did not.

use super::{Catalogue, Cost, Known};

/// What has changed from one catalogue to another.
#[derive(Debug, Default, PartialEq)]
pub struct Changes {
    /// How many models there are that were not there.
    pub new: usize,
    /// How many there are no more.
    pub gone: usize,
    /// Those that have another price.
    pub prices: Vec<Repriced>,
    /// How many others are known by something else than before.
    pub other: usize,
}

/// A model that has another price.
#[derive(Debug, PartialEq)]
pub struct Repriced {
    /// Its id.
    pub model: String,
    /// What it cost, where that was known.
    pub old: Option<Cost>,
    /// What it costs, where that is known.
    pub new: Option<Cost>,
}

impl Catalogue {
    /// What has changed since `before`.
    pub fn changes_since(&self, before: &Self) -> Changes {
        let mut changes = Changes::default();
        let families = before.models.each_ref().into_iter();
        for (before, after) in families.zip(self.models.each_ref()) {
            changes.gone += before.keys().filter(|id| !after.contains_key(*id)).count();
            for (id, known) in after {
                match before.get(id) {
                    None => changes.new += 1,
                    Some(before) => changes.compare(id, before, known),
                }
            }
        }
        changes
    }
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn compare(&mut self, id: &str, before: &Known, after: &Known) {
        if before.cost != after.cost {
            self.prices.push(Repriced {
                model: id.to_owned(),
                old: before.cost,
                new: after.cost,
            });
        } else if before != after {
            self.other += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{ids, some_catalogue};

    proptest! {
        #[test]
        fn each_model_that_differs_counts_once(before in some_catalogue(), after in some_catalogue()) {
            let changes = after.changes_since(&before);
            let differ = ids().filter(|(provider, id)| before.model(*provider, id) != after.model(*provider, id));
            let counted = changes.new + changes.gone + changes.prices.len() + changes.other;
            prop_assert_eq!(counted, differ.count());
            prop_assert_eq!(changes.is_empty(), counted == 0);
        }

        #[test]
        fn what_is_new_one_way_is_gone_the_other_way(before in some_catalogue(), after in some_catalogue()) {
            let (there, back) = (after.changes_since(&before), before.changes_since(&after));
            prop_assert_eq!((there.new, there.gone), (back.gone, back.new));
            prop_assert_eq!(there.other, back.other);
            for (there, back) in there.prices.iter().zip(&back.prices) {
                prop_assert_eq!((there.old, there.new), (back.new, back.old));
            }
        }
    }
}
