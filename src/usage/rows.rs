//! One request a line, in columns that stay where they are while lines are added.

use std::borrow::Cow;

use gateway::catalogue::Catalogue;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::{Ending, Record, Tokens};

use super::numbers::{dollars, latency, short};
use crate::term::plain;

/// How requests are shown, one a line.
pub(super) struct Rows {
    zone: TimeZone,
    catalogue: Catalogue,
    account: usize,
    model: usize,
    /// The day that was told last.
    day: Option<Date>,
}

impl Rows {
    /// For a terminal that is `width` columns wide, and these accounts.
    pub(super) fn new<'a>(
        zone: TimeZone,
        catalogue: Catalogue,
        accounts: impl Iterator<Item = &'a str>,
        width: usize,
    ) -> Self {
        let room = width.saturating_sub(FIXED);
        let longest = accounts.map(console::measure_text_width).max();
        // Models have the longer names, so that they get three of five at least.
        let account = longest.unwrap_or(0).clamp(7, (room * 2 / 5).max(7));
        Self {
            zone,
            catalogue,
            account,
            model: room.saturating_sub(account).clamp(12, 40),
            day: None,
        }
    }

    pub(super) fn heading(&self) -> String {
        let Self { account, model, .. } = self;
        format!(
            "TIME     STA {:<account$} {:<model$} {:>5} {:>6} {:>5} {:>8} {:>5} {:>5}",
            "ACCOUNT", "MODEL", "INPUT", "CACHED", "OUT", "COST", "FIRST", "TOTAL"
        )
    }

    /// The line of a request; before it one of its day, where that is another than
    /// that of the line before.
    pub(super) fn row(&mut self, record: &Record) -> String {
        let local = record.time.to_zoned_datetime(self.zone.clone());
        let is_new = self.day.replace(local.date()) != Some(local.date());
        let day = match is_new {
            true => format!("{}\n", local.date()),
            false => String::new(),
        };
        let account = cut(record.account.as_deref().unwrap_or("-"), self.account);
        let model = record.model_served.as_ref().unwrap_or(&record.model_asked);
        let model = cut(model, self.model);
        let line = format!(
            "{} {:<3} {account} {model} {}",
            local.strftime("%H:%M:%S"),
            record.status,
            self.figures(record),
        );
        format!("{day}{}", line.trim_end())
    }

    fn figures(&self, record: &Record) -> String {
        let total = latency(record.total);
        let usage = &record.usage;
        if record.outcome != Ending::Complete && usage.input == 0 && usage.output == 0 {
            let why = record
                .error_code
                .as_deref()
                .unwrap_or(record.outcome.as_str());
            // As wide as the six columns that it stands in, but for the last.
            return format!("{why:<33} {total:>5}");
        }
        let first = record.first_byte.map_or_else(|| "-".to_owned(), latency);
        let line = format!(
            "{:>5} {:>6} {:>5} {:>8} {first:>5} {total:>5}",
            short(usage.input),
            short(usage.cache_read),
            short(usage.output),
            self.cost(record),
        );
        match record.outcome {
            Ending::Complete => line,
            Ending::Failed | Ending::Cancelled => {
                let why = record
                    .error_code
                    .as_deref()
                    .unwrap_or(record.outcome.as_str());
                format!("{line} {why}")
            }
        }
    }

    fn cost(&self, record: &Record) -> String {
        let usage = &record.usage;
        if let Some(told) = usage.nano_credits {
            return dollars(told);
        }
        let tokens = Tokens {
            input: usage.input,
            output: usage.output,
            cache_read: usage.cache_read,
            cache_write: usage.cache_write,
            reasoning: usage.reasoning,
        };
        let provider = record.provider.as_deref();
        let provider = provider.and_then(config::ProviderId::from_id);
        let model = record.model_served.as_ref().unwrap_or(&record.model_asked);
        let estimate = provider
            .filter(|_| tokens != Tokens::default())
            .and_then(|provider| self.catalogue.estimate(provider, model, &tokens));
        match estimate {
            Some(estimate) => format!("~{}", dollars(estimate)),
            None if tokens == Tokens::default() => "-".to_owned(),
            None => "?".to_owned(),
        }
    }
}

/// A text in exactly so many columns.
fn cut(text: &str, columns: usize) -> String {
    let text: Cow<'_, str> = plain(text);
    let wide = console::measure_text_width(&text);
    let text = match wide <= columns {
        true => text,
        false => console::truncate_str(&text, columns, "..")
            .into_owned()
            .into(),
    };
    let rest = columns.saturating_sub(console::measure_text_width(&text));
    format!("{text}{}", " ".repeat(rest))
}

/// What all columns but the account's and the model's take, with the gaps.
const FIXED: usize = 8 + 1 + 3 + 1 + 1 + 1 + 5 + 1 + 6 + 1 + 5 + 1 + 8 + 1 + 5 + 1 + 5;
