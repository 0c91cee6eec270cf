//! Usage for programs: JSON, and comma-separated values.

use ledger::{By, Figures, Key, Step};
use serde_json::{Map, Value, json};

use super::Told;
use super::cost::Cost;
use super::numbers::usd;
use crate::report::{Failure, Outcome};
use crate::term::{plain, print_bytes};

/// Everything: the window, the totals, the series and the groups.
pub(super) fn json(told: &Told) -> Value {
    let report = &told.report;
    let series = report.series.iter().map(|bucket| {
        let mut of = figures(&bucket.figures, told);
        of.insert("start".into(), json!(bucket.period.start));
        of.insert("end".into(), json!(bucket.period.end));
        Value::Object(of)
    });
    let groups = report.groups.iter().map(|group| {
        let mut of = figures(&group.figures, told);
        of.extend(group.keys.iter().map(key));
        Value::Object(of)
    });
    json!({
        "since": told.filter.since,
        "until": told.filter.until.unwrap_or_else(|| told.clock.now()),
        "zone": told.clock.zone_name(),
        "catalogue": told.catalogue.version,
        "total": figures(&report.total, told),
        "step": match report.step {
            Step::Hour => "hour",
            Step::Day => "day",
        },
        "series": Value::from_iter(series),
        "groups": Value::from_iter(groups),
    })
}

fn key(key: &Key) -> (String, Value) {
    match key {
        Key::Account(account) => ("account".to_owned(), json!(account.as_deref())),
        Key::Model(model) => ("model".to_owned(), json!(&**model)),
        Key::Client(client) => ("client".to_owned(), json!(client.as_deref())),
        Key::Time(period) => ("start".to_owned(), json!(period.start)),
    }
}

fn figures(figures: &Figures, told: &Told) -> Map<String, Value> {
    let cost = Cost::of(figures, &told.catalogue);
    let first = figures.first_byte.as_ref();
    let told = json!({
        "requests": figures.requests,
        "failed": figures.failed,
        "cancelled": figures.cancelled,
        "input": figures.tokens.input,
        "cache_read": figures.tokens.cache_read,
        "cache_write": figures.tokens.cache_write,
        "output": figures.tokens.output,
        "reasoning": figures.tokens.reasoning,
        "cost_usd": usd(cost.sum()),
        "told_usd": usd(cost.told),
        "estimated_usd": usd(cost.estimated),
        "estimated_requests": cost.estimated_requests,
        "unpriced_requests": cost.unknown_requests,
        "first_byte_p50_ms": first.map(|first| first.p50.as_millis() as u64),
        "first_byte_p95_ms": first.map(|first| first.p95.as_millis() as u64),
    });
    match told {
        Value::Object(told) => told,
        _ => Map::new(),
    }
}

/// The groups (RFC 4180), with the names that they have in JSON, too.
pub(super) fn csv(told: &Told, by: &[By]) -> Outcome {
    const FIGURES: [&str; 15] = [
        "requests",
        "failed",
        "cancelled",
        "input",
        "cache_read",
        "cache_write",
        "output",
        "reasoning",
        "cost_usd",
        "told_usd",
        "estimated_usd",
        "estimated_requests",
        "unpriced_requests",
        "first_byte_p50_ms",
        "first_byte_p95_ms",
    ];
    let keys = by.iter().map(|by| match by {
        By::Account => "account",
        By::Model => "model",
        By::Client => "client",
        By::Hour => "hour",
        By::Day => "day",
    });
    let mut seen = Vec::new();
    for key in keys {
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: Vec<String>| writer.write_record(row).map_err(Failure::new);
    write(
        seen.iter()
            .chain(&FIGURES)
            .map(|name| (*name).to_owned())
            .collect(),
    )?;
    for group in &told.report.groups {
        let of = figures(&group.figures, told);
        let keys = group.keys.iter().map(|of| cell(&key(of).1));
        let figures = FIGURES.iter().map(|name| cell(&of[*name]));
        write(keys.chain(figures).collect())?;
    }
    let rows = writer.into_inner().map_err(Failure::new)?;
    print_bytes(&rows)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        // Such a file is often looked at in a terminal.
        Value::String(text) => plain(text).into_owned(),
        value => value.to_string(),
    }
}
