//! Usage to look at: totals, a picture over time, and a table.

use std::cmp::Reverse;
use std::collections::HashMap;

use anstyle::{AnsiColor, Style};
use jiff::{SignedDuration, Timestamp};
use ledger::{Figures, Group, Key, Report, Step};

use super::Told;
use super::cost::Cost;
use super::numbers::{dollars, latency, short, whole};
use super::picture::Picture;
use super::when::Clock;
use crate::env::speaks_utf8;
use crate::report::Outcome;
use crate::table::{Column, render};
use crate::term::{plain, print, width};

const HEADING: Style = Style::new().bold();
const BARS: Style = AnsiColor::Cyan.on_default();

/// Prints it.
pub(super) fn show(told: &Told) -> Outcome {
    let Told { report, clock, .. } = told;
    print(format_args!("{HEADING}{}{HEADING:#}\n", window(told)))?;
    if report.total.requests == 0 {
        return print(format_args!("no requests"));
    }
    print(format_args!("{}", totals(told)))?;
    let (what, values) = series(told);
    let picture = Picture {
        values: &values,
        step: report.step,
        zone: clock.zone(),
        width: usize::from(width()),
        utf8: speaks_utf8(),
    };
    let drawn = picture.draw();
    let step = match (report.step, drawn.steps) {
        (Step::Hour, 1) => "by the hour".to_owned(),
        (Step::Day, 1) => "by day".to_owned(),
        (Step::Hour, hours) => format!("for each {hours} hours"),
        (Step::Day, days) => format!("for each {days} days"),
    };
    print(format_args!("\n{HEADING}{what} {step}{HEADING:#}"))?;
    for row in &drawn.rows {
        print(format_args!("{}{BARS}{}{BARS:#}", row.label, row.bars))?;
    }
    print(format_args!("{}\n", drawn.foot.join("\n")))?;
    table(told)
}

/// Which stretch of time it is, and whose requests.
fn window(told: &Told) -> String {
    let Told { filter, clock, .. } = told;
    let until = filter.until.unwrap_or_else(|| clock.now());
    let mut text = match filter.since {
        Some(since) => format!("{} to {}", clock.told(since), clock.told(until)),
        None => format!("all up to {}", clock.told(until)),
    };
    text += &format!(" ({})", clock.zone_name());
    if let Some(account) = &filter.account {
        text += &format!(", account {}", plain(account));
    }
    if let Some(model) = &filter.model {
        text += &format!(", model {}", plain(model));
    }
    text
}

fn totals(told: &Told) -> String {
    let figures = &told.report.total;
    let tokens = &figures.tokens;
    let mut lines = vec![(
        "requests",
        whole(figures.requests),
        listed(&[
            (figures.failed, "failed"),
            (figures.cancelled, "left by their clients"),
        ]),
    )];
    lines.push((
        "input",
        whole(tokens.input),
        listed(&[
            (tokens.cache_read, "of it read from caches"),
            (tokens.cache_write, "written to them"),
        ]),
    ));
    lines.push((
        "output",
        whole(tokens.output),
        listed(&[(tokens.reasoning, "of it reasoning")]),
    ));
    let cost = Cost::of(figures, &told.catalogue);
    lines.push(("cost", cost.short(), priced(&cost)));
    if cost.unknown_requests > 0 {
        let requests = whole(cost.unknown_requests);
        lines.push(("unpriced", requests, unpriced(&cost)));
    }
    if let Some(first) = &figures.first_byte {
        let slow = latency(first.p95);
        lines.push((
            "first byte",
            latency(first.p50),
            format!("at the median, {slow} at the 95th percentile"),
        ));
    }
    let widest = lines.iter().map(|(_, value, _)| value.len()).max();
    let widest = widest.unwrap_or(0);
    let lines = lines
        .into_iter()
        .map(|(name, value, more)| format!("{name:<10} {value:>widest$}  {more}"));
    let text: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    text.join("\n")
}

/// Those of some counts that are not zero.
fn listed(counts: &[(u64, &str)]) -> String {
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let said = counts.map(|(count, what)| format!("{} {what}", whole(*count)));
    said.collect::<Vec<_>>().join(", ")
}

/// Where the cost is known from.
fn priced(cost: &Cost) -> String {
    const NANOS_OF_A_CREDIT: u64 = 1_000_000_000;
    const ESTIMATED: &str = "estimated at list prices";
    let credits = whole(cost.told / NANOS_OF_A_CREDIT);
    match (cost.told, cost.estimated_requests) {
        (0, 0) => String::new(),
        (0, _) => ESTIMATED.to_owned(),
        (_, 0) => format!("as told: {credits} credits"),
        (told, _) => format!(
            "{} as told: {credits} credits; {} {ESTIMATED}",
            dollars(told),
            dollars(cost.estimated)
        ),
    }
}

/// Of what no price is known.
fn unpriced(cost: &Cost) -> String {
    const NAMED: usize = 2;
    let models = cost.unknown_models.iter().take(NAMED);
    let models: Vec<_> = models.map(|model| plain(model)).collect();
    let more = match cost.unknown_models.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("of {}{more}: not in the cost", models.join(", "))
}

/// What is drawn over time: tokens, or requests where no tokens were told.
fn series(told: &Told) -> (&'static str, Vec<(Timestamp, u64)>) {
    let Told { report, .. } = told;
    let (what, value): (_, &dyn Fn(&Figures) -> u64) = match tokens(&report.total) {
        0 => ("requests", &|figures| figures.requests),
        _ => ("tokens", &tokens),
    };
    let known: HashMap<Timestamp, u64> = report
        .series
        .iter()
        .map(|bucket| (bucket.period.start, value(&bucket.figures)))
        .collect();
    let steps = steps(told).into_iter();
    let values = steps.map(|start| (start, known.get(&start).copied().unwrap_or(0)));
    (what, values.collect())
}

const fn tokens(figures: &Figures) -> u64 {
    figures.tokens.input.saturating_add(figures.tokens.output)
}

/// When each hour or day begins, those without a request among them.
fn steps(told: &Told) -> Vec<Timestamp> {
    // What is drawn of the time before the first request.
    const BEFORE: SignedDuration = SignedDuration::from_hours(24 * 366);
    let Told {
        report,
        clock,
        filter,
        ..
    } = told;
    let Report { series, step, .. } = report;
    let (Some(first), Some(last)) = (series.first(), series.last()) else {
        return Vec::new();
    };
    let first = first.period.start;
    let earliest = first.checked_sub(BEFORE).unwrap_or(first);
    let start = filter.since.map_or(first, |since| since.max(earliest));
    let until = filter.until.unwrap_or_else(|| clock.now());
    let until = until.min(clock.now()).max(last.period.start);
    let mut starts = Vec::new();
    let mut period = step.period(clock.zone(), start.min(first));
    loop {
        starts.push(period.start);
        if period.end >= until || period.end == Timestamp::MAX {
            return starts;
        }
        period = step.period(clock.zone(), period.end);
    }
}

/// A row for each group: under a line for what comes first of several keys.
fn table(told: &Told) -> Outcome {
    let keys = told
        .report
        .groups
        .first()
        .map_or(&[][..], |group| &group.keys);
    let heading: Vec<&str> = keys.iter().map(heading_of).collect();
    let heading = heading.join("/");
    let mut columns = vec![Column::Words(&heading)];
    let numbers = [
        "REQS", "ERRS", "INPUT", "CACHED", "OUTPUT", "REASON", "COST", "P50", "P95",
    ];
    columns.extend(numbers.map(Column::Number));
    let mut rows = Vec::new();
    let mut above: Option<&[Key]> = None;
    for group in in_order(&told.report.groups) {
        let Some((last, outer)) = group.keys.split_last() else {
            continue;
        };
        if !outer.is_empty() && above != Some(outer) {
            let outer = outer.iter().map(|key| name(key, &told.clock));
            rows.push(vec![outer.collect::<Vec<_>>().join(", ")]);
        }
        above = Some(outer);
        let indent = if keys.len() > 1 { "  " } else { "" };
        let mut row = vec![format!("{indent}{}", name(last, &told.clock))];
        row.extend(cells(&group.figures, told));
        rows.push(row);
    }
    let table = render(&columns, rows, width());
    let (headings, rows) = table.split_once('\n').unwrap_or((&table, ""));
    print(format_args!("{HEADING}{headings}{HEADING:#}\n{rows}"))
}

/// In the order of time, or else those first that used most, with all that has the
/// same first keys together.
fn in_order(groups: &[Group]) -> Vec<&Group> {
    let weight = |group: &Group| tokens(&group.figures);
    let mut sums: HashMap<&[Key], u64> = HashMap::new();
    for group in groups {
        for depth in 0..=group.keys.len() {
            let sum = sums.entry(&group.keys[..depth]).or_default();
            *sum = sum.saturating_add(weight(group));
        }
    }
    let mut ordered: Vec<&Group> = groups.iter().collect();
    ordered.sort_by_cached_key(|group| {
        let by = |depth: usize| match &group.keys[depth] {
            Key::Time(period) => (Some(period.start), Reverse(0)),
            _ => (None, Reverse(sums[&group.keys[..=depth]])),
        };
        // Equal sums must not mix what belongs together.
        let key = |depth| (by(depth), group.keys[depth].clone());
        (0..group.keys.len()).map(key).collect::<Vec<_>>()
    });
    ordered
}

fn cells(figures: &Figures, told: &Told) -> [String; 9] {
    let tokens = &figures.tokens;
    let first = figures.first_byte.as_ref();
    let time = |time: Option<_>| time.map_or_else(|| "-".to_owned(), latency);
    [
        short(figures.requests),
        short(figures.failed),
        short(tokens.input),
        short(tokens.cache_read),
        short(tokens.output),
        short(tokens.reasoning),
        Cost::of(figures, &told.catalogue).short(),
        time(first.map(|first| first.p50)),
        time(first.map(|first| first.p95)),
    ]
}

const fn heading_of(key: &Key) -> &'static str {
    match key {
        Key::Account(_) => "ACCOUNT",
        Key::Model(_) => "MODEL",
        Key::Client(_) => "CLIENT",
        Key::Time(_) => "TIME",
    }
}

fn name(key: &Key, clock: &Clock) -> String {
    match key {
        Key::Account(Some(name)) | Key::Model(name) | Key::Client(Some(name)) => {
            plain(name).into_owned()
        }
        Key::Account(None) => "(no account)".to_owned(),
        Key::Client(None) => "(no key)".to_owned(),
        Key::Time(period) => {
            let told = clock.told(period.start);
            match told.strip_suffix(" 00:00") {
                Some(day) if period.end.duration_since(period.start).as_hours() > 1 => day.into(),
                _ => told,
            }
        }
    }
}
