//! `account`: show the accounts, and say what is to become of them.

mod remove;
mod show;

use std::path::Path;
use std::time::Duration;

use config::edit::set_enabled;
use futures_util::future::join_all;
use gateway::account::Account;
use gateway::clock::Now;
use gateway::memory::Memory;
use gateway::pool::{Condition, Health};
use gateway::{Gateway, Setup, orders, presence, words};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::args::{AccountVerb, Show};
use crate::report::{Failure, Kind, Outcome};
use crate::table::{Column, render};
use crate::term::{print, say, width};
use crate::{import, login, store};

/// What is known of a quota for so long need not be asked for again.
const RECENT: SignedDuration = SignedDuration::from_secs(60);

/// Runs the command.
pub(crate) async fn run(path: &Path, verb: AccountVerb) -> Outcome {
    match verb {
        AccountVerb::List(list) => self::list(path, &list.show).await,
        AccountVerb::Status(status) => self::status(path, &status.id, &status.show).await,
        AccountVerb::Show(show) => show::run(path, &show),
        AccountVerb::Add(login) => login::run(path, login).await,
        AccountVerb::Import(import) => import::run(path, import).await,
        AccountVerb::Remove(remove) => remove::run(path, &remove),
        AccountVerb::Reset(named) => reset(path, &named.id).await,
        AccountVerb::Enable(named) => enable(path, &named.id, true),
        AccountVerb::Disable(named) => enable(path, &named.id, false),
    }
}

/// The accounts as the last server left them, or as a running one has them.
pub(crate) fn gateway(path: &Path, no_proxy: bool) -> Result<std::sync::Arc<Gateway>, Failure> {
    let setup = Setup {
        config: store::read(path, no_proxy)?,
        data: Some(store::data()?),
        ledger: None,
        configuration: None,
    };
    Ok(Gateway::new(&setup)?)
}

async fn list(path: &Path, show: &Show) -> Outcome {
    let gateway = gateway(path, show.no_proxy)?;
    let accounts: Vec<&Account> = gateway
        .accounts()
        .iter()
        .map(|account| &**account)
        .collect();
    if accounts.is_empty() && !show.json {
        say(format_args!("there is no account"));
        say(format_args!("hint: add one with `tokn-router login`"));
        return Ok(());
    }
    let errors = ask(&accounts, show).await;
    let now = Now::read();
    if show.json {
        let told = accounts.iter().zip(&errors);
        let told: Vec<Value> = told
            .map(|(account, error)| as_json(account, error, now))
            .collect();
        return print(format_args!("{:#}", Value::from(told)));
    }
    let rows = accounts.iter().map(|account| row(account, now)).collect();
    let columns = [
        Column::Words("ACCOUNT"),
        Column::Text("PROVIDER"),
        Column::Words("PLAN"),
        Column::Text("STATE"),
        Column::Text("LEFT"),
        Column::Text("RESETS"),
    ];
    print(format_args!("{}", render(&columns, rows, width())))?;
    let mut reasons = Vec::new();
    for account in &accounts {
        let condition = gateway.pool().account_condition(account.place, now);
        if condition.why.is_some() {
            reasons.push(format!("{}: {}", account.id, told(&condition, now)));
        }
        let models = gateway.pool().troubles(account.place, now).models;
        reasons.extend(models.into_iter().filter_map(|(model, saved)| {
            let told = told(&saved.condition(now)?, now);
            Some(format!("{}, {model}: {told}", account.id))
        }));
    }
    if !reasons.is_empty() {
        print(format_args!("\n{}", reasons.join("\n")))?;
    }
    for (account, error) in accounts.iter().zip(&errors) {
        if let Some(error) = error {
            say(format_args!(
                "{}: what is left is not known: {error}",
                account.id
            ));
        }
    }
    Ok(())
}

async fn status(path: &Path, id: &str, show: &Show) -> Outcome {
    let gateway = gateway(path, show.no_proxy)?;
    let account = gateway
        .accounts()
        .iter()
        .find(|account| *account.id == *id)
        .ok_or_else(|| unknown(id, gateway.accounts().iter().map(|account| &*account.id)))?;
    let error = ask(&[account], show).await.pop().flatten();
    let now = Now::read();
    if show.json {
        return print(format_args!("{:#}", as_json(account, &error, now)));
    }
    let condition = gateway.pool().account_condition(account.place, now);
    let member = &gateway.pool().members()[account.place];
    let quota = account.allowance.quota();
    let mut facts = vec![
        ("account", account.id.to_string()),
        ("provider", account.provider.display_name().to_owned()),
        ("plan", quota.plan.clone().unwrap_or_else(|| UNKNOWN.into())),
        ("state", told(&condition, now)),
        (
            "tier",
            format!("{}, weight {}", member.tier.as_str(), member.weight),
        ),
    ];
    if let Some(most) = member.max_concurrent {
        facts.push(("at once", format!("{most} requests at most")));
    }
    for (name, value) in facts {
        print(format_args!("{name:<9} {value}"))?;
    }
    for (model, saved) in gateway.pool().troubles(account.place, now).models {
        if let Some(condition) = saved.condition(now) {
            print(format_args!("model     {model}: {}", told(&condition, now)))?;
        }
    }
    if !quota.windows.is_empty() {
        let rows = quota.windows.iter().map(|window| {
            let counts = if window.counts { "" } else { "not for chats" };
            vec![
                window.name.clone(),
                share(window.left, window.unlimited),
                window.resets.map_or_else(|| UNKNOWN.into(), words::moment),
                window
                    .resets
                    .map_or_else(|| UNKNOWN.into(), |at| about(at, now)),
                counts.to_owned(),
            ]
        });
        let columns = [
            Column::Words("ALLOWANCE"),
            Column::Text("LEFT"),
            Column::Text("RESETS"),
            Column::Text("IN"),
            Column::Text(""),
        ];
        print(format_args!(
            "\n{}",
            render(&columns, rows.collect(), width())
        ))?;
    }
    match (error, quota.told) {
        (Some(error), _) => say(format_args!("what is left could not be asked for: {error}")),
        (None, Some(told)) => print(format_args!("\nas of {}", words::moment(told)))?,
        (None, None) => {}
    }
    Ok(())
}

/// Ends the cooldowns of an account: in the file where no server runs, else by
/// telling the server.
async fn reset(path: &Path, id: &str) -> Outcome {
    let config = store::read(path, false)?;
    let account = config
        .accounts
        .iter()
        .find(|account| account.id == id)
        .ok_or_else(|| unknown(id, config.accounts.iter().map(|account| &*account.id)))?;
    let data = store::data()?;
    let deadline = Instant::now() + OBEDIENCE;
    let mut is_ordered = false;
    loop {
        if let Some(_nobody_starts_meanwhile) = presence::keep_free(&data)? {
            let mut memory = Memory::read(&data);
            memory.reset(id, account.provider);
            memory.write(&data)?;
            orders::take_back(&data, id);
            say(format_args!(
                "{id}: its cooldowns are ended; no server runs"
            ));
            return Ok(());
        }
        if !std::mem::replace(&mut is_ordered, true) {
            orders::order_reset(&data, id)?;
        }
        if orders::is_obeyed(&data, id) {
            break;
        }
        if Instant::now() > deadline {
            orders::take_back(&data, id);
            return Err(Failure::new("the running server does not answer")
                .hint("is it one of an older release? restart it"));
        }
        sleep(Duration::from_millis(20)).await;
    }
    say(format_args!(
        "{id}: its cooldowns are ended in the running server"
    ));
    Ok(())
}

/// How long a running server may take to obey.
const OBEDIENCE: Duration = Duration::from_secs(5);

fn enable(path: &Path, id: &str, enabled: bool) -> Outcome {
    let Some(changed) = set_enabled(path, id, enabled)? else {
        let config = store::read(path, false)?;
        return Err(unknown(
            id,
            config.accounts.iter().map(|account| &*account.id),
        ));
    };
    let state = if enabled { "enabled" } else { "disabled" };
    if !changed {
        say(format_args!("{id} is {state} already"));
        return Ok(());
    }
    say(format_args!(
        "{id} is {state}; a running server follows within a second"
    ));
    Ok(())
}

/// Asks what is left of each account of which that is not known yet, all at
/// once. Gives what went wrong with each.
async fn ask(accounts: &[&Account], show: &Show) -> Vec<Option<String>> {
    let asked = accounts.iter().map(|account| async {
        let told = account.allowance.quota().told;
        let age = told.map(|told| Timestamp::now().duration_since(told));
        let is_recent = age.is_some_and(|age| age.abs() < RECENT);
        if show.offline || is_recent || !account.is_enabled() {
            return None;
        }
        account.ask_quota().await.err()
    });
    join_all(asked).await
}

fn row(account: &Account, now: Now) -> Vec<String> {
    let condition = account.pool.account_condition(account.place, now);
    let quota = account.allowance.quota();
    let tightest = quota.tightest(now.wall);
    let left = tightest.map(|window| share(window.left, window.unlimited));
    let resets = tightest.and_then(|window| window.resets);
    vec![
        account.id.to_string(),
        account.provider.as_str().to_owned(),
        quota.plan.clone().unwrap_or_else(|| UNKNOWN.into()),
        state(&condition, now),
        left.unwrap_or_else(|| UNKNOWN.into()),
        resets.map_or_else(|| UNKNOWN.into(), |at| format!("in {}", about(at, now))),
    ]
}

/// The state in a word or two.
fn state(condition: &Condition, now: Now) -> String {
    let left = condition.until.map(|until| words::about(until.left(now)));
    match (word(condition.health), left) {
        (word, Some(left)) if condition.health != Health::HalfOpen => format!("{word} {left}"),
        (word, _) => word.to_owned(),
    }
}

/// The state in a sentence.
pub(crate) fn told(condition: &Condition, now: Now) -> String {
    let word = word(condition.health);
    let why = condition.why.as_ref().map(|why| format!(": {why}"));
    let until = condition
        .until
        .filter(|until| until.is_ahead(now))
        .map(|until| {
            format!(
                ", until {} (in {})",
                words::moment(until.wall()),
                words::length(until.left(now))
            )
        });
    let act = match condition.health {
        Health::Refused => Some("; sign in again, or `account reset` once it is mended"),
        _ => None,
    };
    [
        word,
        why.as_deref().unwrap_or(""),
        until.as_deref().unwrap_or(""),
        act.unwrap_or(""),
    ]
    .concat()
}

const fn word(health: Health) -> &'static str {
    match health {
        Health::Ready => "ready",
        Health::Cooling => "cooling",
        Health::HalfOpen => "half-open",
        Health::Spent => "spent",
        Health::Refused => "refused",
        Health::Disabled => "disabled",
    }
}

fn share(left: f64, unlimited: bool) -> String {
    if unlimited {
        return "unlimited".into();
    }
    // What is nearly used up is not told as used up.
    let percent = left * 100.0;
    if percent > 0.0 && percent < 1.0 {
        return "<1 %".into();
    }
    format!("{percent:.0} %")
}

fn about(at: Timestamp, now: Now) -> String {
    let left = Duration::try_from(at.duration_since(now.wall)).unwrap_or_default();
    words::about(left)
}

fn as_json(account: &Account, error: &Option<String>, now: Now) -> Value {
    let pool = &account.pool;
    let member = &pool.members()[account.place];
    let quota = account.allowance.quota();
    let tightest = quota.tightest(now.wall);
    let models = pool.troubles(account.place, now).models;
    let models: serde_json::Map<String, Value> = models
        .into_iter()
        .filter_map(|(model, saved)| Some((model, condition_json(&saved.condition(now)?))))
        .collect();
    let mut told = json!({
        "id": &*account.id,
        "provider": account.provider.as_str(),
        "enabled": account.is_enabled(),
        "tier": member.tier.as_str(),
        "weight": member.weight,
        "max_concurrent": member.max_concurrent,
        "plan": quota.plan,
        "left": tightest.map(|window| window.left),
        "resets": tightest.and_then(|window| window.resets),
        "models": models,
        "quota": {"windows": quota.windows, "told": quota.told, "error": error},
    });
    if let (Value::Object(told), Value::Object(condition)) = (
        &mut told,
        condition_json(&pool.account_condition(account.place, now)),
    ) {
        told.extend(condition);
    }
    told
}

fn condition_json(condition: &Condition) -> Value {
    json!({
        "state": condition.health,
        "why": condition.why,
        "until": condition.until.map(|until| until.wall()),
        "basis": condition.basis,
    })
}

/// There is no such account; those that there are.
pub(crate) fn unknown<'a>(id: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let known: Vec<&str> = known.collect();
    let failure = Failure::of(Kind::Usage, format_args!("there is no account {id}"));
    match known.as_slice() {
        [] => failure.hint("add one with `tokn-router login`"),
        known => failure.hint(format_args!("there are {}", known.join(", "))),
    }
}

/// What stands where nothing is known.
const UNKNOWN: &str = "-";
