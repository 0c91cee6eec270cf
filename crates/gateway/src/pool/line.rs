//! Who waits for which account, first come, first served.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// The lines before all accounts. A request may stand in several at once, with
/// one number.
pub(super) struct Line {
    /// By account, then by number.
    waiting: Vec<BTreeMap<u64, Waiter>>,
    /// How many requests stand in any.
    count: usize,
    next: u64,
}

struct Waiter {
    model: Arc<str>,
    turn: Arc<Notify>,
}

/// A request's place. Whoever holds one leaves the line with it.
pub(super) struct Place {
    /// Its number: lower ones go first. Kept while it waits again.
    pub(super) number: u64,
    /// Woken when it may be its turn.
    pub(super) turn: Arc<Notify>,
    accounts: Vec<usize>,
}

impl Line {
    pub(super) fn new(accounts: usize) -> Self {
        Self {
            waiting: (0..accounts).map(|_| BTreeMap::new()).collect(),
            count: 0,
            next: 0,
        }
    }

    /// Whether one more may wait.
    pub(super) fn has_room(&self) -> bool {
        self.count < MOST_WAITING
    }

    /// A place at the end, before no account yet.
    pub(super) fn enter(&mut self) -> Place {
        self.next += 1;
        self.count += 1;
        Place {
            number: self.next,
            turn: Arc::default(),
            accounts: Vec::new(),
        }
    }

    /// Stands before these accounts, each with the model asked of it, and
    /// before no others. Who stays where it is wakes nobody: two who looked in
    /// vain would wake each other for ever.
    pub(super) fn stand(&mut self, place: &mut Place, accounts: &[(usize, Arc<str>)]) {
        let stays = |account: &usize| accounts.iter().any(|(next, _)| next == account);
        for account in place.accounts.extract_if(.., |account| !stays(account)) {
            self.waiting[account].remove(&place.number);
            self.wake_first(account);
        }
        for (account, model) in accounts {
            if place.accounts.contains(account) {
                continue;
            }
            let waiter = Waiter {
                model: Arc::clone(model),
                turn: Arc::clone(&place.turn),
            };
            self.waiting[*account].insert(place.number, waiter);
            place.accounts.push(*account);
        }
    }

    /// Leaves for good. Who stands behind is woken: it may be their turn.
    pub(super) fn leave(&mut self, mut place: Place) {
        self.count -= 1;
        self.stand(&mut place, &[]);
    }

    /// Whether somebody who could go stands before `number`; before a request
    /// without one stands everybody. `blocked` tells for which models nobody
    /// could.
    pub(super) fn is_behind(
        &self,
        account: usize,
        number: Option<u64>,
        blocked: impl Fn(&Arc<str>) -> bool,
    ) -> bool {
        self.waiting[account]
            .range(..number.unwrap_or(u64::MAX))
            .any(|(_, waiter)| !blocked(&waiter.model))
    }

    /// Something became free: the first may go. It is woken for each model, as
    /// one of them may have a trouble of its own.
    pub(super) fn wake_first(&self, account: usize) {
        let mut woken: Vec<&Arc<str>> = Vec::new();
        for waiter in self.waiting[account].values() {
            if !woken.contains(&&waiter.model) {
                waiter.turn.notify_one();
                woken.push(&waiter.model);
            }
        }
    }

    /// What was waited for has changed: everybody looks again.
    pub(super) fn wake_all(&self, account: usize) {
        for waiter in self.waiting[account].values() {
            waiter.turn.notify_one();
        }
    }
}

/// How many requests may wait at once; each holds its body.
pub(super) const MOST_WAITING: usize = 1024;
