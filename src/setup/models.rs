//! Which models a running server serves, and which of them an agent is to use.

use std::cmp::Reverse;
use std::time::Duration;

use bytes::Bytes;
use gateway::models::plain;
use gateway::outbound::Outbound;
use gateway::upstream::{Limits, Upstream};
use http::Request;
use http_body_util::Full;
use serde_json::Value;

use super::Address;
use crate::report::{Failure, Kind};

/// A model that is served.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(super) id: String,
    /// How many tokens it reads and writes, where both are told.
    pub(super) limits: Option<(u64, u64)>,
}

/// What comes of asking a server for its models.
pub(crate) enum Answer {
    Lists(Vec<Model>),
    /// Nobody is there, and why.
    Nobody(String),
    /// Somebody else is there, and how that is known.
    Stranger(String),
}

/// Asks who is at this address for the models that are served.
pub(crate) async fn ask(address: &Address) -> Answer {
    /// A server on this machine answers at once, but waits itself for up to two seconds
    /// for the lists of its accounts.
    const LIMIT: Duration = Duration::from_secs(4);
    const CONNECT: Duration = Duration::from_secs(2);
    let limits = Limits {
        connect: CONNECT,
        first_byte: LIMIT,
        idle: LIMIT,
    };
    let at = address.root();
    let request = Request::get(format!("{}/models", address.v1())).body(Full::<Bytes>::default());
    let Ok(request) = request else {
        return Answer::Nobody(format!("{at} is no address"));
    };
    let straight = Upstream::new(Outbound::new(None, CONNECT), limits);
    match straight.fetch(request, LIMIT).await {
        Err(_) => Answer::Nobody(format!("no server answers at {at}")),
        Ok((_, headers, _)) if !headers.contains_key("x-tokn-router-request-id") => {
            Answer::Stranger(format!("what answers at {at} is no tokn-router"))
        }
        // One that cannot list them now is a server all the same.
        Ok((_, _, body)) => Answer::Lists(chats(&body)),
    }
}

/// The models of a list that can be chatted with.
fn chats(body: &[u8]) -> Vec<Model> {
    let Ok(list) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let entries = list["data"].as_array().into_iter().flatten();
    let is_chat = |entry: &&Value| {
        let kind = entry["capabilities"]["type"].as_str();
        kind.is_none_or(|kind| kind == "chat")
    };
    let model = |entry: &Value| {
        let told = &entry["capabilities"]["limits"];
        let known = &entry["x_tokn_router"]["limits"];
        let context = &told["max_context_window_tokens"];
        let context = context.as_u64().or_else(|| known["context"].as_u64());
        let output = &told["max_output_tokens"];
        let output = output.as_u64().or_else(|| known["output"].as_u64());
        Some(Model {
            id: entry["id"].as_str()?.to_owned(),
            limits: context.zip(output),
        })
    };
    entries.filter(is_chat).filter_map(model).collect()
}

/// What is known of the models that are served.
pub(crate) struct Known {
    models: Option<Vec<Model>>,
}

/// Kinds of models, the most wanted first: words that a name has, and words that it has not.
type Kinds<'a> = [(&'a [&'a str], &'a [&'a str])];

impl Known {
    pub(crate) const fn nothing() -> Self {
        Self { models: None }
    }

    pub(crate) const fn of(models: Vec<Model>) -> Self {
        Self {
            models: Some(models),
        }
    }

    pub(super) const fn is_known(&self) -> bool {
        self.models.is_some()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.models.as_ref().is_some_and(Vec::is_empty)
    }

    pub(super) fn models(&self) -> &[Model] {
        self.models.as_deref().unwrap_or_default()
    }

    /// The model that a person names: one that is served, if that is known, be it by an alias.
    pub(super) fn named(&self, id: &str) -> Result<String, Failure> {
        let ids = || self.models().iter().map(|model| model.id.as_str());
        let alias = || ids().any(|served| plain(served) == plain(id));
        if self.models().is_empty() || ids().any(|served| served == id) || alias() {
            return Ok(id.to_owned());
        }
        let failure = Failure::of(Kind::Usage, format_args!("no account serves {id}"));
        Err(match config::nearest::nearest(id, ids()) {
            Some(nearest) => failure.hint(format_args!("did you mean {nearest}?")),
            None => failure.hint(format_args!(
                "there are {}",
                ids().collect::<Vec<_>>().join(", ")
            )),
        })
    }

    /// The newest model of the first of these kinds that there is any of.
    pub(super) fn newest(&self, kinds: &Kinds<'_>) -> Option<String> {
        kinds.iter().find_map(|(with, without)| {
            let is_of_kind = |model: &&Model| {
                // By whole words: a gemini is no mini.
                let has = |word: &&str| words(&model.id).any(|own| own.eq_ignore_ascii_case(word));
                with.iter().all(has) && !without.iter().any(has)
            };
            let models = self.models().iter().enumerate();
            let of_kind = models.filter(|(_, model)| is_of_kind(model));
            // Of the same version, the plainest name is what its maker means first.
            let newest = of_kind.max_by_key(|(at, model)| {
                let count = words(&model.id).count();
                (version(&model.id), Reverse(count), Reverse(*at))
            });
            newest.map(|(_, model)| model.id.clone())
        })
    }
}

fn words(id: &str) -> impl Iterator<Item = &str> {
    id.split(['-', '.', '_', '/', ':'])
}

/// The version in a model's name: its numbers up to a date or the size of something.
fn version(id: &str) -> Vec<u32> {
    let numbers = words(id).filter_map(|word| {
        let digits = word.trim_start_matches(['v', 'k']);
        let end = digits.find(|char: char| !char.is_ascii_digit());
        let (digits, rest) = digits.split_at(end.unwrap_or(digits.len()));
        // `7b` counts parameters.
        let is_size = rest == "b";
        (!digits.is_empty() && !is_size).then_some(digits)
    });
    numbers
        .take_while(|digits| digits.len() < 3)
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(ids: &[&str]) -> Known {
        let model = |id: &&str| Model {
            id: (*id).to_owned(),
            limits: None,
        };
        Known::of(ids.iter().map(model).collect())
    }

    #[test]
    fn the_newest_is_told_by_the_version_in_its_name() {
        let newest = |ids: &[&str]| known(ids).newest(&[(&[], &[])]).unwrap();
        assert_eq!(
            newest(&["gpt-4o-2024-11-20", "gpt-4.1", "gpt-4-0613"]),
            "gpt-4.1"
        );
        assert_eq!(
            newest(&["gpt-5.1-codex-max", "gpt-5.1-codex"]),
            "gpt-5.1-codex"
        );
        assert_eq!(
            newest(&["claude-3.7-sonnet", "claude-sonnet-4-20250514"]),
            "claude-sonnet-4-20250514"
        );
        assert_eq!(
            newest(&["claude-sonnet-4", "claude-sonnet-4-5"]),
            "claude-sonnet-4-5"
        );
        assert_eq!(newest(&["b", "a"]), "b");
    }

    #[test]
    fn kinds_are_tried_in_their_order() {
        let known = known(&["gpt-6", "gpt-7-mini", "claude-haiku-4.5", "gemini-2.5"]);
        let kinds: &Kinds<'_> = &[(&["sonnet"], &[]), (&["gpt"], &["mini"])];
        assert_eq!(known.newest(kinds).as_deref(), Some("gpt-6"));
        assert_eq!(
            known.newest(&[(&["opus"], &[]), (&["mini"], &["gpt"])]),
            None
        );
    }

    #[test]
    fn a_model_that_is_not_served_is_told_with_the_nearest() {
        let known = known(&["claude-haiku-4.5", "gpt-5"]);
        assert!(known.named("claude-haiku-4-5-20251001").is_ok());
        let refused = known.named("claude-haiku-4").unwrap_err();
        assert_eq!(refused.remedy(), Some("did you mean claude-haiku-4.5?"));
        let refused = known.named("llama").unwrap_err();
        assert_eq!(refused.remedy(), Some("there are claude-haiku-4.5, gpt-5"));
        assert!(Known::nothing().named("llama").is_ok());
    }

    #[test]
    fn what_is_no_chat_model_and_what_has_no_name_is_passed_over() {
        let body = br#"{"data":[{"id":"e","capabilities":{"type":"embeddings"}},{"name":"x"},7,
            {"id":"a","capabilities":{"type":"chat","limits":{"max_context_window_tokens":9}},
             "x_tokn_router":{"limits":{"output":3}}},{"id":"b"}]}"#;
        let models = chats(body);
        let told: Vec<_> = models
            .iter()
            .map(|model| (&*model.id, model.limits))
            .collect();
        assert_eq!(told, [("a", Some((9, 3))), ("b", None)]);
        assert!(chats(b"<html>").is_empty());
    }
}
