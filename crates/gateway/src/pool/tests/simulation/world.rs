//! A world of requests over a pool: who asks when, and what is watched.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use config::{ProviderId, Strategy, Tier};
use futures_util::FutureExt as _;

use super::super::{later, of_model, pool_of};
use super::upstream::{MODELS, Time, Truth, after};
use crate::clock::Now;
use crate::outcome::{Outcome, Reset, Scope};
use crate::pool::{Choice, Lease, Pool, Search};
use crate::route::Candidate;

/// The world, while it runs.
pub(super) struct World {
    pool: Arc<Pool>,
    truths: Vec<Truth>,
    pub(super) is_troubled: bool,
    /// How many requests run on each account.
    running: Vec<u32>,
    /// When the first provider has too much to do, as all its accounts tell.
    overloads: Vec<(Time, Time, bool)>,
    models: Vec<Vec<Candidate>>,
    pub(super) chance: fastrand::Rng,
    began: Now,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    due: HashMap<u64, Event>,
    next: u64,
    requests: HashMap<u64, Request>,
    /// What was told of accounts, and of models on them.
    known: HashMap<(usize, Option<usize>), Time>,
    /// What the calendar said of accounts.
    calendar: HashMap<usize, Time>,
    /// The probe of each account that is half-open by what was told.
    half_open: HashMap<usize, Option<u64>>,
    kept: HashMap<u64, usize>,
    told: Told,
}

pub(super) enum Event {
    Arrive {
        model: usize,
        session: u64,
        swarm: Option<usize>,
    },
    Try(u64),
    /// The client leaves, unless it has its answer already.
    Leave(u64),
    Begin(u64),
    Fail(u64, Outcome, &'static str),
    End(u64),
}

struct Request {
    model: usize,
    session: u64,
    swarm: Option<usize>,
    search: Search,
    lease: Option<Lease>,
    asked: Vec<usize>,
    waiting: bool,
    waited: Duration,
    since: Time,
}

/// What came of it all.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) requests: u64,
    pub(super) refused: u64,
    pub(super) troubles: u64,
    pub(super) kinds: BTreeSet<&'static str>,
    pub(super) served: Vec<u64>,
    pub(super) turns: u64,
    pub(super) turns_kept: u64,
    pub(super) swarms: usize,
    /// Of the swarms, the least share of different accounts.
    pub(super) narrowest_swarm: f64,
    pub(super) unjust: Vec<String>,
    pub(super) trespasses: Vec<String>,
    pub(super) crowded_probes: Vec<String>,
    /// More at once than an account may.
    pub(super) crowds: Vec<String>,
    pub(super) stuck: usize,
}

impl World {
    /// A world in which nothing fails.
    pub(super) fn good(accounts: usize, strategy: Strategy, seed: u64) -> Self {
        Self::of(accounts, strategy, seed, false)
    }

    /// One of limits and failures, in which some accounts serve few at once,
    /// some are fallbacks, and some clients leave.
    pub(super) fn troubled(accounts: usize, strategy: Strategy, seed: u64) -> Self {
        Self::of(accounts, strategy, seed, true)
    }

    fn of(accounts: usize, strategy: Strategy, seed: u64, is_troubled: bool) -> Self {
        let pool = pool_of(accounts, strategy, |place, member| {
            if place % 3 == 2 {
                member.provider = ProviderId::Zai;
            }
            if is_troubled && place % 4 == 1 {
                member.max_concurrent = Some(3);
            }
            if is_troubled && place % 5 == 4 {
                member.tier = Tier::Fallback;
            }
        });
        let mut chance = fastrand::Rng::with_seed(seed);
        for account in 0..accounts {
            pool.learn_left(account, Some(chance.f64()));
        }
        Self {
            truths: (0..accounts).map(|_| Truth::good()).collect(),
            is_troubled,
            running: vec![0; accounts],
            overloads: Vec::new(),
            models: (0..MODELS)
                .map(|model| of_model(accounts, &format!("m{model}")))
                .collect(),
            chance,
            began: Now::read(),
            events: BinaryHeap::new(),
            due: HashMap::new(),
            next: 0,
            requests: HashMap::new(),
            known: HashMap::new(),
            calendar: HashMap::new(),
            half_open: HashMap::new(),
            kept: HashMap::new(),
            told: Told {
                served: vec![0; accounts],
                narrowest_swarm: 1.0,
                ..Told::default()
            },
            pool,
        }
    }

    /// Lets so many seconds pass.
    pub(super) fn run(mut self, length: u32) -> Told {
        let length = Time::from(length);
        if self.is_troubled {
            let accounts = self.truths.len();
            for truth in &mut self.truths {
                *truth = Truth::troubled(&mut self.chance, length, accounts);
            }
            let overloads = (0..4).map(|_| {
                let from = self.chance.f64() * length;
                (
                    from,
                    from + 3.0 + self.chance.f64() * 20.0,
                    self.chance.bool(),
                )
            });
            self.overloads = overloads.collect();
        }
        self.people(length);
        while let Some(Reverse((micros, number))) = self.events.pop() {
            let at = micros as Time / 1e6;
            if let Some(event) = self.due.remove(&number) {
                self.happen(event, at);
                self.wake(at);
            }
        }
        self.told.stuck = self.requests.len();
        self.told
    }

    pub(super) fn plan(&mut self, at: Time, event: Event) {
        self.next += 1;
        self.events
            .push(Reverse(((at * 1e6).ceil() as u64, self.next)));
        self.due.insert(self.next, event);
    }

    fn now(&self, at: Time) -> Now {
        later(self.began, Duration::from_secs_f64(at))
    }

    fn happen(&mut self, event: Event, at: Time) {
        match event {
            Event::Arrive {
                model,
                session,
                swarm,
            } => {
                self.told.requests += 1;
                let id = self.told.requests;
                let request = Request {
                    model,
                    session,
                    swarm,
                    search: self.pool.search(Some(session)),
                    lease: None,
                    asked: Vec::new(),
                    waiting: false,
                    waited: Duration::ZERO,
                    since: at,
                };
                self.requests.insert(id, request);
                if self.is_troubled && self.chance.u8(0..30) == 0 {
                    let patience = self.chance.f64() * 60.0;
                    self.plan(at + patience, Event::Leave(id));
                }
                self.look(id, at);
            }
            Event::Try(id) => {
                if self
                    .requests
                    .get(&id)
                    .is_some_and(|request| request.waiting)
                {
                    self.look(id, at);
                }
            }
            Event::Leave(id) => {
                // Dropped while it waits, while it is asked for, or in mid-reply.
                let lease = self.requests.remove(&id).and_then(|request| request.lease);
                if let Some(lease) = lease {
                    self.leaves(id, lease.account);
                }
            }
            Event::Begin(id) => self.begin(id, at),
            Event::Fail(id, outcome, kind) => self.fail(id, outcome, kind, at),
            Event::End(id) => {
                let Some(request) = self.requests.remove(&id) else {
                    return;
                };
                let lease = request.lease.unwrap();
                self.leaves(id, lease.account);
                lease.settle(Outcome::Served, "", self.now(at));
            }
        }
    }

    /// Who waits and was told to look again does.
    fn wake(&mut self, at: Time) {
        loop {
            let woken = self.requests.iter().filter(|(_, request)| request.waiting);
            let woken = woken.filter(|(_, request)| {
                let turn = request.search.turn();
                turn.is_some_and(|turn| turn.notified().now_or_never().is_some())
            });
            let mut woken: Vec<u64> = woken.map(|(id, _)| *id).collect();
            woken.sort_unstable();
            if woken.is_empty() {
                return;
            }
            for id in woken {
                self.look(id, at);
            }
        }
    }

    fn look(&mut self, id: u64, at: Time) {
        let now = self.now(at);
        let request = self.requests.get_mut(&id).unwrap();
        if std::mem::take(&mut request.waiting) {
            request.waited += Duration::from_secs_f64(at - request.since);
        }
        match request.search.next(&self.models[request.model], now) {
            Choice::Lease(lease) => self.ask(id, lease, at),
            Choice::Wait { until, .. } => {
                (request.waiting, request.since) = (true, at);
                let wait = until.saturating_duration_since(self.began.instant);
                self.plan(wait.as_secs_f64(), Event::Try(id));
            }
            Choice::Nobody => self.refuse(id, at),
        }
    }

    /// What the upstream answers a request on this account now.
    fn truth(&self, account: usize, model: usize, at: Time) -> (Outcome, &'static str) {
        let overload = self
            .overloads
            .iter()
            .find(|(from, to, _)| (*from..*to).contains(&at));
        if let Some((_, to, tells)) = overload
            && account % 3 != 2
        {
            let overload = Outcome::Overloaded {
                scope: Scope::Provider,
                retry_after: tells.then(|| after(to - at)),
            };
            let kind = if *tells { "told provider" } else { "provider" };
            return (overload, kind);
        }
        self.truths[account].answer(model, at)
    }

    fn ask(&mut self, id: u64, lease: Lease, at: Time) {
        let account = lease.account;
        let request = self.requests.get_mut(&id).unwrap();
        let model = request.model;
        request.asked.push(account);
        self.running[account] += 1;
        let most = self.pool.members()[account].max_concurrent;
        if most.is_some_and(|most| self.running[account] > most) {
            let crowd = format!("{} run on {account} at {at}", self.running[account]);
            self.told.crowds.push(crowd);
        }
        let patient = request.waited >= super::super::MAX_WAIT - Duration::from_millis(1);
        for key in [(account, None), (account, Some(model))] {
            let until = self.known.get(&key).copied().unwrap_or(0.0);
            if at + 1e-5 < until {
                let trespass = format!("request {id} asks {account} at {at}, told {until}");
                self.told.trespasses.push(trespass);
            }
        }
        // After its told moment one asks; the others only when they have waited
        // as long as they may.
        if let Some(probe) = self.half_open.get_mut(&account)
            && self
                .known
                .get(&(account, None))
                .is_some_and(|until| at >= *until)
        {
            match probe {
                None => *probe = Some(id),
                Some(other) if *other != id && !patient => {
                    let crowd = format!("{id} asks {account} at {at} beside {other}");
                    self.told.crowded_probes.push(crowd);
                }
                Some(_) => {}
            }
        }
        request.lease = Some(lease);
        let (outcome, kind) = self.truth(account, model, at);
        self.told.kinds.insert(kind);
        if outcome == Outcome::Served {
            self.truths[account].serve(model, at);
            let latency = 0.2 + self.chance.f64() * 3.0;
            self.plan(at + latency, Event::Begin(id));
        } else {
            self.told.troubles += 1;
            let latency = 0.05 + self.chance.f64() * 0.4;
            self.plan(at + latency, Event::Fail(id, outcome, kind));
        }
    }

    fn begin(&mut self, id: u64, at: Time) {
        let now = self.now(at);
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        let lease = request.lease.as_mut().unwrap();
        lease.begun(now);
        let account = lease.account;
        self.told.served[account] += 1;
        if self
            .known
            .get(&(account, None))
            .is_none_or(|until| at >= *until)
        {
            self.half_open.remove(&account);
        }
        let before = self.kept.insert(request.session, account);
        match request.swarm {
            None => {
                if let Some(before) = before {
                    self.told.turns += 1;
                    self.told.turns_kept += u64::from(before == account);
                }
            }
            Some(swarm) => self.swarm(swarm),
        }
        let length = 1.0 + self.chance.f64() * 30.0;
        self.plan(at + length, Event::End(id));
    }

    /// A request runs on an account no more.
    fn leaves(&mut self, id: u64, account: usize) {
        self.running[account] -= 1;
        if let Some(probe) = self.half_open.get_mut(&account)
            && *probe == Some(id)
        {
            *probe = None;
        }
    }

    /// How widely the agents of a swarm are spread so far.
    fn swarm(&mut self, swarm: usize) {
        let prefix = 1 << 40 | (swarm as u64) << 20;
        let of_swarm = self
            .kept
            .iter()
            .filter(|(session, _)| **session >> 20 == prefix >> 20);
        let accounts: Vec<usize> = of_swarm.map(|(_, account)| *account).collect();
        if accounts.len() == 20 {
            let different: BTreeSet<&usize> = accounts.iter().collect();
            self.told.swarms += 1;
            let share = different.len() as f64 / 20.0;
            self.told.narrowest_swarm = self.told.narrowest_swarm.min(share);
        }
    }

    fn fail(&mut self, id: u64, outcome: Outcome, kind: &'static str, at: Time) {
        let now = self.now(at);
        let Some(request) = self.requests.get_mut(&id) else {
            return;
        };
        let lease = request.lease.take().unwrap();
        let (account, asked) = (lease.account, request.model);
        self.leaves(id, account);
        let told = match outcome {
            Outcome::Limited {
                scope,
                reset: Reset::Told(wait),
            }
            | Outcome::Overloaded {
                scope,
                retry_after: Some(wait),
            } => Some((scope, wait)),
            _ => None,
        };
        if let Some((scope, wait)) = told {
            let model = (scope == Scope::Model).then_some(asked);
            let until = at + wait.as_secs_f64();
            let known = self.known.entry((account, model)).or_default();
            *known = known.max(until);
            if model.is_none() {
                self.half_open.insert(account, None);
            }
        }
        if let Outcome::Limited {
            reset: Reset::Calendar(wait),
            ..
        } = outcome
        {
            let until = self.calendar.entry(account).or_default();
            *until = until.max(at + wait.as_secs_f64());
        }
        let left = lease.settle(outcome, kind, now);
        let request = self.requests.get_mut(&id).unwrap();
        request.search.learn(account, outcome, left);
        self.look(id, at);
    }

    fn refuse(&mut self, id: u64, at: Time) {
        self.told.refused += 1;
        let request = self.requests.remove(&id).unwrap();
        for account in 0..self.truths.len() {
            let (outcome, _) = self.truth(account, request.model, at);
            // Upstreams tell whole seconds: up to one of them is theirs.
            let known = [(account, None), (account, Some(request.model))];
            let until = known.iter().filter_map(|key| self.known.get(key)).copied();
            let until = until.chain(self.calendar.get(&account).copied());
            let is_told = until.fold(0.0, f64::max) > at;
            let most = self.pool.members()[account].max_concurrent;
            let is_full = most.is_some_and(|most| self.running[account] >= most);
            let could = outcome == Outcome::Served && !is_told && !is_full;
            if could && !request.asked.contains(&account) {
                let waited = request.waited;
                let unjust =
                    format!("request {id} at {at} after {waited:?}: {account} could serve");
                self.told.unjust.push(unjust);
            }
        }
    }
}
