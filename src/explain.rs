//! `explain`: why a request went where it went, or where one would go now.

use std::path::Path;
use std::time::Duration;

use dialect::Operation;
use futures_util::future::join_all;
use gateway::clock::Now;
use gateway::decision::{Explanation, Stood, Told, word};
use gateway::pool::standing::{Busy, Standing};
use gateway::pool::{Cause, Choice, Considered};
use gateway::route::Candidate;
use gateway::{Gateway, words};
use ledger::{Ending, Reader, Record};
use serde_json::{Value, json};

use crate::account::{gateway, told};
use crate::args::Explain;
use crate::report::{Failure, Kind, Outcome};
use crate::term::{plain, print};
use crate::{record, store};

/// Runs the command.
pub(crate) async fn run(path: &Path, args: Explain) -> Outcome {
    match (args.request, args.model) {
        (Some(request), _) => self::request(path, &request, args.json),
        (None, Some(model)) => self::model(path, &model, args.json, args.no_proxy).await,
        (None, None) => Err(Failure::of(Kind::Usage, "name a request, or a --model")),
    }
}

/// Tells the decision that was kept with a request's record.
fn request(path: &Path, id: &str, as_json: bool) -> Outcome {
    let config = store::read(path, false)?;
    let reader = Reader::open(&store::database(&config)?)?;
    let record = reader.by_request(id)?.ok_or_else(|| {
        Failure::new(format_args!("there is no record of a request {id:?}"))
            .hint("its id stands in the header x-tokn-router-request-id of its answer; a request that still runs has no record yet")
    })?;
    let decision = record.decision.as_deref();
    if as_json {
        let mut told = record::as_json(&record);
        told["decision"] = decision
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        return print(format_args!("{told:#}"));
    }
    print(format_args!("{}", summary(&record)))?;
    let explanation = decision.and_then(|text| serde_json::from_str::<Explanation<'_>>(text).ok());
    let Some(explanation) = explanation else {
        if record.operation == Operation::CountTokens && record.outcome == Ending::Complete {
            return print(format_args!(
                "\nno upstream that counts for this model was asked: the number is an estimate"
            ));
        }
        return print(format_args!(
            "\nno account was chosen for it: nothing is known of a decision"
        ));
    };
    let accounts = explanation.candidates.len();
    print(format_args!(
        "\nthe strategy was {}; {} when it came, best first:",
        explanation.strategy,
        if accounts == 1 {
            "one account had the model".into()
        } else {
            format!("{accounts} accounts had the model")
        },
    ))?;
    for (at, stood) in explanation.candidates.iter().enumerate() {
        print(format_args!(
            "  {}. {}: {}",
            at + 1,
            stood.account,
            stood_in_words(stood)
        ))?;
    }
    if explanation.more > 0 {
        print(format_args!("  and {} more", explanation.more))?;
    }
    print(format_args!("\nwhat happened:"))?;
    for step in &explanation.steps {
        print(format_args!("  {}", step_in_words(step)))?;
    }
    if record.outcome == Ending::Failed {
        let code = record.error_code.as_deref().unwrap_or("an error");
        print(format_args!(
            "  the client was told {code}, with the status {}",
            record.status
        ))?;
    }
    Ok(())
}

fn summary(record: &Record) -> String {
    let kind = match record.operation {
        Operation::Generate if record.stream => "streamed",
        Operation::Generate => "in one piece",
        Operation::Embed => "embedded",
        Operation::CountTokens => "its tokens counted",
    };
    let ended = match (record.outcome, record.account.as_deref()) {
        (Ending::Complete, Some(account)) => format!("served by {account}"),
        (Ending::Complete, None) => "told by the router itself".into(),
        (Ending::Failed, _) => "failed".into(),
        (Ending::Cancelled, _) => "left by its client".into(),
    };
    let attempts = match record.attempts {
        1 => "1 attempt".into(),
        attempts => format!("{attempts} attempts"),
    };
    let first = record.first_byte.map_or_else(String::new, |first| {
        format!(", the first byte after {}", short(first))
    });
    let served = record
        .model_served
        .as_deref()
        .filter(|served| *served != &*record.model_asked)
        .map_or_else(String::new, |served| format!(" (as {served})"));
    format!(
        "request {}\n{}{served}, {kind}, at {}\n{ended} after {attempts} in {}{first}",
        record.request_id,
        plain(&record.model_asked),
        words::moment(record.time),
        short(record.total),
    )
}

/// A length of time as fine as it matters.
fn short(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis @ 1000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => words::length(time),
    }
}

fn stood_in_words(stood: &Stood<'_>) -> String {
    let left = stood.left_ms.map(Duration::from_millis).map(short);
    match (&*stood.standing, left) {
        ("free", _) if stood.bound => "free; its conversation belongs to it".to_owned(),
        ("cooling", Some(left)) => format!("passed over for {left} more, {}", cause(stood.cause)),
        (standing, _) => standing_in_words(standing).to_owned(),
    }
}

const fn cause(cause: Option<Cause>) -> &'static str {
    match cause {
        Some(Cause::Pace) => "since it was asked too fast",
        Some(Cause::Quota) => "since a limit was reached",
        Some(Cause::Overload) => "since its upstream had too much to do",
        Some(Cause::Failure) => "since it failed",
        Some(Cause::Refusal) => "since it was refused",
        None => "for a reason that is not known",
    }
}

fn standing_in_words(standing: &str) -> &str {
    match standing {
        "free" => "free",
        "probe" => "free, as the one probe after a rest",
        "probed" => "busy: a probe was under way",
        "ramped" => "busy: it had just opened, and let in one after the other",
        "lined" => "busy: others stood in line before it",
        "full" => "busy: it served as many as it may at once",
        "refused" => "refused until a person acts",
        "disabled" => "disabled",
        other => other,
    }
}

fn step_in_words(step: &Told<'_>) -> String {
    let length = |ms: u64| short(Duration::from_millis(ms));
    match step {
        Told::Waited {
            account: Some(account),
            ms,
        } => format!("it waited {} for {account}", length(*ms)),
        Told::Waited { account: None, ms } => {
            format!("it waited {} for whichever came first", length(*ms))
        }
        Told::Asked {
            account,
            outcome,
            why,
            code,
            ms,
        } => {
            let code = code
                .as_deref()
                .map_or_else(String::new, |code| format!(" [{code}]"));
            format!(
                "{account} was asked, {}: {outcome}, {why}{code}",
                length(*ms)
            )
        }
        Told::Translated {
            account,
            dialect,
            dropped,
        } => {
            let lost = match dropped.as_slice() {
                [] => "nothing was left out".to_owned(),
                dropped => format!("left out: {}", dropped.join(", ")),
            };
            format!("translated to {dialect} for {account}; {lost}")
        }
        Told::Stripped { account } => {
            format!("reasoning that others had sealed was taken out for {account}")
        }
        Told::Served { account } => format!("{account} answered"),
    }
}

/// Tells what a request for a model would do now. The lists of models are
/// fetched for it; no completion is.
async fn model(path: &Path, model: &str, as_json: bool, no_proxy: bool) -> Outcome {
    let gateway = gateway(path, no_proxy)?;
    let mut keepers = gateway.listers();
    // All lists, not only the first that comes: who has none yet would rank last.
    let enabled = gateway
        .accounts()
        .iter()
        .filter(|account| account.is_enabled());
    join_all(enabled.map(|account| account.models.refresh())).await;
    let candidates = gateway.candidates(model).await;
    keepers.shutdown().await;
    let candidates = candidates.map_err(|no_model| {
        let failure = Failure::new(format_args!("no account serves the model {model:?}"));
        match no_model.nearest.as_slice() {
            [] => failure.hint("no account lists any model; look at `tokn-router account list`"),
            nearest => failure.hint(format_args!("the nearest are {}", nearest.join(", "))),
        }
    })?;
    let now = Now::read();
    let order = gateway.pool().preview(&candidates, now);
    // This pool is this process's own: what is leased of it is no server's.
    let choice = gateway.pool().search(None).next(&candidates, now);
    let first = match &choice {
        Choice::Lease(lease) => Some(&*gateway.accounts()[lease.account].id),
        Choice::Wait { .. } | Choice::Nobody => None,
    };
    if as_json {
        let told = order
            .iter()
            .map(|look| look_json(&gateway, &candidates, look, now));
        let told: Vec<Value> = told.collect();
        let strategy = gateway.pool().rules().strategy.as_str();
        return print(format_args!(
            "{:#}",
            json!({"model": model, "strategy": strategy, "first": first, "candidates": told})
        ));
    }
    let is_free = |look: &&Considered| matches!(look.standing, Standing::Free { .. });
    let best = order
        .iter()
        .find(is_free)
        .map(|look| look.rank.but_for_turn());
    // Those that take turns with it.
    let free = order.iter().filter(is_free);
    let free = free.filter(|look| Some(look.rank.but_for_turn()) == best);
    let verdict = match (&choice, first) {
        (Choice::Lease(_), Some(first)) => match free.count() {
            0 => format!(
                "would be tried on {first}, though it is passed over: nothing better is there"
            ),
            1 => format!("would go to {first}"),
            free => format!("would go to {first}, or another of the {free} that take turns"),
        },
        (Choice::Wait { until, account }, _) => {
            let wait = short(until.saturating_duration_since(now.instant));
            let account = account.map(|account| &*gateway.accounts()[account].id);
            format!(
                "would wait up to {wait} for {}",
                account.unwrap_or("whichever comes first")
            )
        }
        _ => "would be refused: no account can serve it".to_owned(),
    };
    let verdict = format!("a request for {model} {verdict}");
    print(format_args!(
        "{verdict}; the strategy is {}",
        gateway.pool().rules().strategy.as_str()
    ))?;
    for (at, look) in order.iter().enumerate() {
        let named = candidate(&candidates, look).map_or("", |candidate| &*candidate.model);
        let named = if named == model {
            String::new()
        } else {
            format!(", as {named}")
        };
        print(format_args!(
            "  {}. {}: {}{named}",
            at + 1,
            id(&gateway, look),
            look_in_words(&gateway, &candidates, look, now)
        ))?;
    }
    Ok(())
}

fn id<'a>(gateway: &'a Gateway, look: &Considered) -> &'a str {
    &gateway.accounts()[look.account].id
}

fn candidate<'a>(candidates: &'a [Candidate], look: &Considered) -> Option<&'a Candidate> {
    candidates
        .iter()
        .find(|candidate| candidate.account == look.account)
}

fn look_in_words(
    gateway: &Gateway,
    candidates: &[Candidate],
    look: &Considered,
    now: Now,
) -> String {
    let candidate = candidate(candidates, look);
    let mut said = match look.standing {
        Standing::Free { .. }
        | Standing::Busy {
            why: Busy::Full, ..
        } => standing_in_words(word(look.standing)).to_owned(),
        _ => candidate.map_or_else(String::new, |candidate| {
            told(&gateway.pool().condition(candidate, now), now)
        }),
    };
    if candidate.is_some_and(|candidate| !candidate.ready) {
        said += ", once it has a token";
    }
    if candidate.is_some_and(|candidate| !candidate.listed) {
        said += "; its list of models is not known";
    }
    said
}

fn look_json(gateway: &Gateway, candidates: &[Candidate], look: &Considered, now: Now) -> Value {
    let candidate = candidate(candidates, look);
    let condition = candidate.map(|candidate| gateway.pool().condition(candidate, now));
    json!({
        "account": id(gateway, look),
        "standing": word(look.standing),
        "model": candidate.map(|candidate| &*candidate.model),
        "listed": candidate.map(|candidate| candidate.listed),
        "ready": candidate.map(|candidate| candidate.ready),
        "why": condition.as_ref().and_then(|condition| condition.why.clone()),
        "until": condition.and_then(|condition| condition.until).map(|until| until.wall()),
    })
}
