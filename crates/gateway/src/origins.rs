//! Who sealed what: which account and model made each piece of encrypted
//! reasoning, by its digest, since no other can read it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use dialect::sealed::Digest;

/// The makers of sealed pieces. Two generations keep it bounded; what is older
/// is not known, and goes to the upstream to judge.
#[derive(Default)]
pub struct Origins(Mutex<Generations>);

#[derive(Default)]
struct Generations {
    /// The very id of a sealed item that its client knows by another one.
    ids: HashMap<Digest, Box<str>>,
    old_ids: HashMap<Digest, Box<str>>,
    young: HashMap<Digest, Maker>,
    old: HashMap<Digest, Maker>,
}

#[derive(Clone, PartialEq, Eq)]
struct Maker {
    account: usize,
    model: Arc<str>,
}

impl Origins {
    /// Remembers that a model on an account has made these.
    pub fn remember(&self, pieces: impl Iterator<Item = Digest>, account: usize, model: &Arc<str>) {
        let mut pieces = pieces.peekable();
        if pieces.peek().is_none() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in pieces {
            if known.young.len() >= GENERATION {
                known.old = std::mem::take(&mut known.young);
            }
            let model = Arc::clone(model);
            known.young.insert(piece, Maker { account, model });
        }
    }

    /// Remembers the very ids of sealed items that were renamed on their way to the client.
    pub fn rename<'a>(&self, items: impl Iterator<Item = (Digest, &'a str)>) {
        let mut items = items.peekable();
        if items.peek().is_none() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (piece, id) in items {
            if known.ids.len() >= GENERATION {
                known.old_ids = std::mem::take(&mut known.ids);
            }
            known.ids.insert(piece, id.into());
        }
    }

    /// The very id of a sealed item, where its client knows another one.
    pub fn exact_id(&self, piece: Digest) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let id = known.ids.get(&piece).or_else(|| known.old_ids.get(&piece));
        id.map(|id| id.to_string())
    }

    /// Whether a piece is known to be another's. One of which nothing is known
    /// is not.
    pub fn is_foreign(&self, piece: Digest, account: usize, model: &Arc<str>) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let maker = known.young.get(&piece).or_else(|| known.old.get(&piece));
        maker.is_some_and(|maker| maker.account != account || maker.model != *model)
    }
}

/// How many pieces a generation holds: a long day of agents.
const GENERATION: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;

    /// The digest of a sealed piece of this text.
    fn piece(text: &str) -> Digest {
        let body = format!(
            r#"{{"model":"m","messages":[{{"role":"assistant","reasoning_opaque":"{text}"}}]}}"#
        );
        let sealed = dialect::sealed::pieces(dialect::Dialect::Chat, body.as_bytes());
        sealed.digests().next().unwrap()
    }

    #[test]
    fn a_piece_is_foreign_to_all_but_who_made_it() {
        let (origins, model) = (Origins::default(), Arc::from("m"));
        origins.remember([piece("a")].into_iter(), 1, &model);
        assert!(!origins.is_foreign(piece("a"), 1, &model));
        assert!(origins.is_foreign(piece("a"), 2, &model));
        assert!(origins.is_foreign(piece("a"), 1, &Arc::from("other")));
        assert!(!origins.is_foreign(piece("b"), 2, &model));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_latest_is_known() {
        let (origins, model) = (Origins::default(), Arc::from("m"));
        let pieces: Vec<Digest> = (0..3 * GENERATION)
            .map(|number| piece(&number.to_string()))
            .collect();
        origins.remember(pieces.iter().copied(), 1, &model);
        assert!(origins.is_foreign(pieces[pieces.len() - 1], 2, &model));
        let known = origins.0.lock().unwrap();
        assert!(known.young.len() + known.old.len() <= 2 * GENERATION);
    }
}
