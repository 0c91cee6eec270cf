//! What it costs to lease an account, and to settle the lease, while many threads do both.
//!
//! What is known of all accounts is under one lock, under which nothing is awaited. With 50 accounts
//! and 256 threads both are to take less than 2 µs at the median. The threads do nothing else, so one
//! that loses its core while it holds the lock holds up all the others: the maximum is made of the
//! scheduler's time slices, not of the pool's work.

use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use config::{ProviderId, Strategy, Tier};
use gateway::clock::Now;
use gateway::outcome::{Outcome, Reset, Scope};
use gateway::pool::{Choice, Lease, Member, Pool, Rules};
use gateway::route::Candidate;
use tokio::time::Instant;

const USAGE: &str = "\
What leasing an account takes, and settling the lease, from many threads at once.

usage: cargo bench -p gateway --bench pool [-- --check]

  --check  fail if a median is above 2 µs";

type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "pool: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<()> {
    // `cargo bench` names itself in an argument, and `cargo test --benches` gives none.
    let (mut rounds, mut checks) = (1, false);
    for arg in std::env::args().skip(1) {
        match arg.as_str() {
            "--bench" => rounds = ROUNDS,
            "--check" => checks = true,
            other => return Err(format!("there is no option {other}\n{USAGE}").into()),
        }
    }
    let mut out = io::stdout();
    let columns = format!("{:>9}{:>9}{:>9}{:>12}", "p50", "p90", "p99", "max");
    writeln!(
        out,
        "{ACCOUNTS} accounts, {THREADS} threads, {rounds} rounds each; in ns\n\
         {:42}{:>9}{:>39}\n{:42}{columns}{columns}",
        "", "lease", "settle", "",
    )?;
    let mut slow = Vec::new();
    for world in WORLDS {
        for strategy in STRATEGIES {
            let times = measure(world, strategy, rounds)?;
            let (lease, settle) = (Spread::of(times.lease), Spread::of(times.settle));
            let row = format!("{:<26}{:<16}", world.as_str(), strategy.as_str());
            writeln!(out, "{row}{lease}{settle}")?;
            let both = [("lease", lease.median), ("settle", settle.median)];
            let above = both.iter().filter(|(_, median)| *median > MOST);
            slow.extend(above.map(|(name, median)| format!("{row}{name} {median:?}")));
        }
    }
    if checks && !slow.is_empty() {
        let slow = slow.join("\n  ");
        return Err(format!("medians above {MOST:?}:\n  {slow}").into());
    }
    Ok(())
}

/// How the accounts are, and who asks for them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum World {
    /// Nothing is known against any account.
    Well,
    /// Some are cooling, and on some one of the two models is.
    Troubled,
    /// All is well, and each request belongs to a conversation.
    Sessions,
}

impl World {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Well => "all well",
            Self::Troubled => "10 cool, a model on 5",
            Self::Sessions => "10000 conversations",
        }
    }

    /// A pool in this state, for as long as a measurement takes and longer.
    fn pool(self, strategy: Strategy, models: &[Vec<Candidate>]) -> Fallible<Arc<Pool>> {
        let rules = Rules {
            strategy,
            cooldown: Duration::from_secs(60),
            session_ttl: Duration::from_secs(3600),
            max_wait: Duration::from_secs(20),
        };
        let members = (0..ACCOUNTS).map(|account| Member {
            id: format!("a{account}").into(),
            provider: ProviderId::GithubCopilot,
            tier: Tier::Active,
            shares_provider: true,
            weight: 1,
            max_concurrent: None,
            enabled: true,
        });
        let pool = Pool::new(rules, members.collect(), fastrand::Rng::with_seed(7));
        for account in 0..ACCOUNTS {
            pool.learn_left(account, Some(account as f64 / ACCOUNTS as f64));
        }
        let troubles = match self {
            Self::Troubled => [(0..10, Scope::Account), (10..15, Scope::Model)],
            Self::Well | Self::Sessions => [(0..0, Scope::Account), (0..0, Scope::Model)],
        };
        let now = Now::read();
        for (accounts, scope) in troubles {
            for account in accounts {
                let reset = Reset::Told(Duration::from_secs(3600));
                let only = &models[0][account..=account];
                let lease = leased(&pool, None, only, now)?;
                lease.settle(Outcome::Limited { scope, reset }, "", now);
            }
        }
        Ok(pool)
    }
}

/// Lets all threads lease and settle at once, and tells what it took them.
fn measure(world: World, strategy: Strategy, rounds: usize) -> Fallible<Times> {
    // Made once, and not measured: in the program each request has its own, from its route.
    let models = ["a", "b"].map(candidates);
    let pool = world.pool(strategy, &models)?;
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (pool, start) = (&pool, &start);
                let candidates = &models[thread % models.len()];
                let mut chance = fastrand::Rng::with_seed(thread as u64);
                scope.spawn(move || {
                    let mut times = Times::for_rounds(rounds);
                    start.wait();
                    for _ in 0..rounds {
                        let session = (world == World::Sessions).then(|| chance.u64(..SESSIONS));
                        times.round(pool, session, candidates)?;
                    }
                    Fallible::Ok(times)
                })
            })
            .collect();
        let mut sum = Times::for_rounds(rounds * THREADS);
        for thread in threads {
            let times = thread.join().map_err(|_| "a thread panicked")??;
            sum.lease.extend(times.lease);
            sum.settle.extend(times.settle);
        }
        Ok(sum)
    })
}

fn candidates(model: &str) -> Vec<Candidate> {
    let model: Arc<str> = model.into();
    let candidates = (0..ACCOUNTS).map(|account| Candidate {
        account,
        model: Arc::clone(&model),
        listed: true,
        ready: true,
    });
    candidates.collect()
}

/// An account for a request: every request in every world has one at once.
fn leased(
    pool: &Arc<Pool>,
    session: Option<u64>,
    candidates: &[Candidate],
    now: Now,
) -> Fallible<Lease> {
    match pool.search(session).next(candidates, now) {
        Choice::Lease(lease) => Ok(lease),
        Choice::Wait { .. } | Choice::Nobody => Err("a request has no account".into()),
    }
}

/// What each lease took, and each settling.
struct Times {
    lease: Vec<Duration>,
    settle: Vec<Duration>,
}

impl Times {
    fn for_rounds(rounds: usize) -> Self {
        Self {
            lease: Vec::with_capacity(rounds),
            settle: Vec::with_capacity(rounds),
        }
    }

    /// A request that is served at once.
    fn round(
        &mut self,
        pool: &Arc<Pool>,
        session: Option<u64>,
        candidates: &[Candidate],
    ) -> Fallible<()> {
        let now = Now::read();
        let asked = Instant::now();
        let mut lease = leased(pool, session, candidates, now)?;
        let lent = Instant::now();
        lease.begun(now);
        lease.settle(Outcome::Served, "", now);
        let settled = Instant::now();
        self.lease.push(lent - asked);
        self.settle.push(settled - lent);
        Ok(())
    }
}

/// How some times are spread.
struct Spread {
    median: Duration,
    p90: Duration,
    p99: Duration,
    max: Duration,
}

impl Spread {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent| times[(times.len() - 1) * percent / 100];
        Self {
            median: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, p90, p99, max] =
            [self.median, self.p90, self.p99, self.max].map(|time| time.as_nanos());
        write!(out, "{median:>9}{p90:>9}{p99:>9}{max:>12}")
    }
}

const ACCOUNTS: usize = 50;
const THREADS: usize = 256;
const ROUNDS: usize = 2_000;
const SESSIONS: u64 = 10_000;
/// The most that either may take at the median.
const MOST: Duration = Duration::from_micros(2);
const WORLDS: [World; 3] = [World::Well, World::Troubled, World::Sessions];
const STRATEGIES: [Strategy; 4] = [
    Strategy::RoundRobin,
    Strategy::Sticky,
    Strategy::FillFirst,
    Strategy::MostRemaining,
];
