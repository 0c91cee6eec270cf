//! The load generator of `scripts/bench`: sends requests to one target, checks every reply, and
//! prints what it took as one line of JSON.
//!
//! It shares the machine with what it measures and so is made cheap: one thread, requests that are
//! bytes before the clock starts, HTTP/1.1 read by hand. A reply that is not what was asked for ends
//! it with an error, so that a wrong answer never counts as a fast one.

#[path = "overhead/wire.rs"]
mod wire;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use memchr::memmem;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use wire::{Connection, Events};

const USAGE: &str = "\
The load generator of the overhead benchmark; scripts/bench runs it.

usage: overhead SCENARIO --url http://HOST:PORT/PATH [--header 'NAME: VALUE']... [OPTION N]...

  requests  small requests over many connections
  latency   small requests over one connection
  body      requests with large bodies
  streams   streams of small chunks, many at once
  messages  the same for a client of Messages, where the upstream speaks Chat
  open      streams that have begun are held until a line or the end of stdin

  --requests N     how many requests or streams in all
  --connections N  how many at once
  --chunks N       the chunks of each stream
  --pace MS        the pause before each next chunk of a stream
  --ramp MS        the time over which the connections begin, one after the other
  --bytes N        the length of each request body
  --model ID       the model of `open`, for the benchmark ones end too soon";

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    // `cargo bench` names itself in an argument, and `cargo test --benches` gives none.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| arg != "--bench")
        .collect();
    let said = match args.as_slice() {
        [] => Ok(USAGE.to_owned()),
        [scenario, options @ ..] => run(scenario, options),
    };
    match said.and_then(|text| Ok(writeln!(io::stdout(), "{text}")?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "overhead: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(scenario: &str, options: &[String]) -> Outcome<String> {
    let plan = Plan::new(scenario, options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        if plan.load == Load::Open {
            return hold(Arc::new(plan)).await;
        }
        let (tally, wall) = drive(Arc::new(plan)).await?;
        Ok(tally.report(scenario, wall))
    })
}

/// What to send, where, and how often.
struct Plan {
    load: Load,
    address: String,
    request: Vec<u8>,
    requests: usize,
    connections: usize,
    chunks: u64,
    pace: Duration,
    ramp: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    Whole,
    Streams,
    Messages,
    Open,
}

impl Plan {
    fn new(scenario: &str, options: &[String]) -> Outcome<Self> {
        let (load, [mut requests, mut connections, mut bytes]) = match scenario {
            "requests" => (Load::Whole, [10_000, 64, 100]),
            "latency" => (Load::Whole, [2_000, 1, 100]),
            "body" => (Load::Whole, [200, 4, 1 << 20]),
            "streams" => (Load::Streams, [64, 64, 100]),
            "messages" => (Load::Messages, [64, 64, 100]),
            "open" => (Load::Open, [1_000, 1_000, 100]),
            other => return Err(format!("there is no scenario {other}\n{USAGE}").into()),
        };
        let (mut chunks, mut pace, mut ramp) = (2_000_usize, 0_usize, 0_usize);
        let (mut url, mut headers, mut model) = (None, String::new(), None);
        let mut options = options.iter();
        while let Some(name) = options.next() {
            let value = options
                .next()
                .ok_or_else(|| format!("{name} needs a value"))?;
            let number = || {
                let number = value.parse::<usize>();
                number.map_err(|_| format!("{name} takes a number"))
            };
            match name.as_str() {
                "--url" => url = value.strip_prefix("http://"),
                "--header" => headers += &format!("{value}\r\n"),
                "--model" => model = Some(value.clone()),
                "--requests" => requests = number()?,
                "--connections" => connections = number()?,
                "--chunks" => chunks = number()?,
                "--pace" => pace = number()?,
                "--ramp" => ramp = number()?,
                "--bytes" => bytes = number()?,
                other => return Err(format!("there is no option {other}\n{USAGE}").into()),
            }
        }
        let url = url.ok_or("--url http://… is missing")?;
        let (address, path) = url.split_once('/').ok_or("the URL has no path")?;
        let model = model.unwrap_or_else(|| match load {
            Load::Whole => "bench-small".to_owned(),
            Load::Streams | Load::Messages | Load::Open => format!("bench-stream-{chunks}-{pace}"),
        });
        let body = body(&model, load != Load::Whole, bytes);
        let request = format!(
            "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n{body}",
            body.len(),
        );
        Ok(Self {
            load,
            address: address.to_owned(),
            request: request.into_bytes(),
            requests,
            connections: connections.min(requests),
            chunks: chunks as u64,
            pace: Duration::from_millis(pace as u64),
            ramp: Duration::from_millis(ramp as u64),
        })
    }
}

/// A chat request of about `bytes`: program text in many messages, with the escapes it needs.
fn body(model: &str, stream: bool, bytes: usize) -> String {
    const MESSAGE: &str = r#"{"role":"user","content":"What does this print?\n\n\tfor (i, name) in names.iter().enumerate() {\n\t\tprintln!(\"{i}: {name}\");\n\t}\n"}"#;
    // Messages wants a limit, and Chat takes one.
    let mut body =
        format!(r#"{{"model":"{model}","stream":{stream},"max_tokens":4096,"messages":[{MESSAGE}"#);
    while body.len() + MESSAGE.len() < bytes {
        body.push(',');
        body.push_str(MESSAGE);
    }
    body.push_str("]}");
    body
}

/// Opens all connections, then sends all requests over them, as many at once as there are
/// connections.
async fn drive(plan: Arc<Plan>) -> Outcome<(Tally, Duration)> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(Connection::open(&plan.address).await?);
    }
    let begun = Instant::now();
    let taken = Arc::new(AtomicUsize::new(0));
    let mut workers = JoinSet::new();
    for (place, mut connection) in connections.into_iter().enumerate() {
        let (plan, taken) = (Arc::clone(&plan), Arc::clone(&taken));
        workers.spawn(async move {
            let mut tally = Tally::default();
            let share = place as f64 / plan.connections as f64;
            sleep_until(begun + plan.ramp.mul_f64(share)).await;
            while taken.fetch_add(1, Ordering::Relaxed) < plan.requests {
                if plan.load == Load::Whole {
                    whole(&mut connection, &plan, &mut tally).await?;
                } else {
                    stream(&mut connection, &plan, &mut tally).await?;
                }
            }
            Outcome::Ok(tally)
        });
    }
    let mut sum = Tally::default();
    while let Some(tally) = workers.join_next().await {
        sum.add(tally??);
    }
    Ok((sum, begun.elapsed()))
}

/// One request and its reply in one piece.
async fn whole(connection: &mut Connection, plan: &Plan, tally: &mut Tally) -> Outcome<()> {
    let sent = Instant::now();
    connection.send(&plan.request).await?;
    let mut body = Vec::new();
    while let Some(piece) = connection.piece().await? {
        body.extend_from_slice(piece.bytes);
    }
    if memmem::find(&body, b"\"A short answer.\"").is_none() {
        return Err("a reply is not the mock's".into());
    }
    tally.latency.push(sent.elapsed());
    tally.bytes += body.len() as u64;
    Ok(())
}

/// One request and its reply in a stream. A chunk is late by what it comes after the moment that
/// the pace sets, counted from when the request was sent.
async fn stream(connection: &mut Connection, plan: &Plan, tally: &mut Tally) -> Outcome<()> {
    let sent = Instant::now();
    let mut events = Events::default();
    connection.send(&plan.request).await?;
    while let Some(piece) = connection.piece().await? {
        let known = events.count;
        events.read(piece.bytes);
        if known == 0 && events.count > 0 {
            tally.first.push(piece.at - sent);
        }
        if !plan.pace.is_zero() {
            let late = (known..events.count.min(plan.chunks)).map(|index| {
                let due = sent + plan.pace.mul_f64(index as f64);
                piece.at.saturating_duration_since(due)
            });
            tally.late.extend(late);
        }
    }
    let (more, end): (u64, &[u8]) = match plan.load {
        // The message's, the block's and the reply's beginnings and ends.
        Load::Messages => (5, b"{\"type\":\"message_stop\"}\n\n"),
        // The one that tells why the reply ended, and `[DONE]`.
        _ => (2, b"data: [DONE]\n\n"),
    };
    if events.count != plan.chunks + more || !events.end_with(end) {
        let (count, chunks) = (events.count, plan.chunks);
        return Err(format!("a stream of {chunks} chunks had {count} events").into());
    }
    tally.latency.push(sent.elapsed());
    tally.bytes += events.bytes;
    Ok(())
}

/// Opens streams, says when all have begun, and holds them for as long as is wished.
async fn hold(plan: Arc<Plan>) -> Outcome<String> {
    let mut opening = JoinSet::new();
    for _ in 0..plan.requests {
        let plan = Arc::clone(&plan);
        opening.spawn(async move {
            let mut connection = Connection::open(&plan.address).await?;
            let mut events = Events::default();
            connection.send(&plan.request).await?;
            while events.count == 0 {
                let piece = connection.piece().await?;
                events.read(piece.ok_or("a stream ended before it had begun")?.bytes);
            }
            Outcome::Ok(connection)
        });
    }
    let mut held = Vec::new();
    while let Some(connection) = opening.join_next().await {
        held.push(connection??);
    }
    writeln!(io::stdout(), "{}", json!({"open": held.len()}))?;
    io::stdout().flush()?;
    // Nothing else is to be done meanwhile: what the streams say waits in their sockets.
    io::stdin().read_line(&mut String::new())?;
    Ok(json!({"closed": held.len()}).to_string())
}

/// What all requests took.
#[derive(Default)]
struct Tally {
    /// From a request to the end of its reply.
    latency: Vec<Duration>,
    /// From a request to the first event of its reply.
    first: Vec<Duration>,
    /// By how much each chunk came late.
    late: Vec<Duration>,
    bytes: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.latency.extend(other.latency);
        self.first.extend(other.first);
        self.late.extend(other.late);
        self.bytes += other.bytes;
    }

    fn report(mut self, scenario: &str, wall: Duration) -> String {
        let requests = self.latency.len();
        let mut report = json!({
            "scenario": scenario,
            "requests": requests,
            "seconds": wall.as_secs_f64(),
            "per_second": requests as f64 / wall.as_secs_f64(),
            "body_bytes": self.bytes,
        });
        for (name, times) in [
            ("latency", &mut self.latency),
            ("first", &mut self.first),
            ("late", &mut self.late),
        ] {
            times.sort_unstable();
            for percent in [50, 99] {
                if let Some(time) = times.get(times.len().saturating_sub(1) * percent / 100) {
                    report[format!("{name}_p{percent}_ms")] = json!(time.as_secs_f64() * 1e3);
                }
            }
        }
        report.to_string()
    }
}
