//! A call becomes candidates: which accounts serve the model, and under which
//! name. Pure: the lists come in as arguments.

use std::sync::Arc;

use config::ProviderId;

use crate::catalogue::Catalogue;
use crate::models::{List, plain};

/// An account as routing sees it.
pub struct Seat {
    /// Whose account it is.
    pub provider: ProviderId,
    /// Its list of models; `None` while it is not known.
    pub list: Option<Arc<List>>,
    /// Whether its credential is at hand.
    pub ready: bool,
    /// Whether it may serve at all.
    pub enabled: bool,
}

/// An account that may serve a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the pool.
    pub account: usize,
    /// The model, as this account's upstream names it.
    pub model: Arc<str>,
    /// Whether its list says so; else the list is not known.
    pub listed: bool,
    /// Whether its credential is at hand; else it has to be waited for.
    pub ready: bool,
}

/// No account serves the model.
#[derive(Debug, PartialEq, Eq)]
pub struct NoModel {
    /// Models that are served and are named nearly so, nearest first.
    pub nearest: Vec<String>,
}

/// The accounts that may serve `model`, in the pool's order.
///
/// # Errors
/// If every list is known and none has it.
pub fn route(
    model: &str,
    seats: &[Seat],
    catalogue: &Catalogue,
) -> Result<Vec<Candidate>, NoModel> {
    let asked = plain(model);
    let mut candidates = Vec::with_capacity(seats.len());
    let enabled = || seats.iter().enumerate().filter(|(_, seat)| seat.enabled);
    for (account, seat) in enabled() {
        let found = seat.list.as_ref().and_then(|list| list.find(model, &asked));
        if let Some(model) = found.map(Arc::clone) {
            candidates.push(Candidate {
                account,
                model,
                listed: true,
                ready: seat.ready,
            });
        }
    }
    let unknown = enabled().filter(|(_, seat)| seat.list.is_none());
    let unlisted = |account| Candidate {
        account,
        model: candidates
            .iter()
            .find(|candidate| seats[candidate.account].provider == seats[account].provider)
            .map_or_else(|| model.into(), |candidate| Arc::clone(&candidate.model)),
        listed: false,
        ready: seats[account].ready,
    };
    // Where some account lists the model, one whose list is not known may
    // have it too if it is of the same provider; where none does, the
    // catalogue tells which provider's model it is, or else anyone may.
    let is_listed = |provider| {
        candidates
            .iter()
            .any(|candidate| seats[candidate.account].provider == provider)
    };
    let is_known = |provider| catalogue.model(provider, model).is_some();
    let more: Vec<Candidate> = if !candidates.is_empty() {
        unknown
            .filter(|(_, seat)| is_listed(seat.provider))
            .map(|(at, _)| unlisted(at))
            .collect()
    } else if unknown.clone().any(|(_, seat)| is_known(seat.provider)) {
        unknown
            .filter(|(_, seat)| is_known(seat.provider))
            .map(|(at, _)| unlisted(at))
            .collect()
    } else {
        unknown.map(|(at, _)| unlisted(at)).collect()
    };
    candidates.extend(more);
    if candidates.is_empty() {
        return Err(NoModel {
            nearest: nearest(model, seats),
        });
    }
    candidates.sort_by_key(|candidate| candidate.account);
    Ok(candidates)
}

fn nearest(model: &str, seats: &[Seat]) -> Vec<String> {
    let asked = plain(model);
    let mut scored: Vec<(f64, &Arc<str>)> = seats
        .iter()
        .filter(|seat| seat.enabled)
        .filter_map(|seat| seat.list.as_ref())
        .flat_map(|list| list.ids())
        .map(|id| (strsim::jaro_winkler(&asked, &plain(id)), id))
        .collect();
    scored.sort_by(|(a, first), (b, second)| b.total_cmp(a).then_with(|| first.cmp(second)));
    scored.dedup_by(|(_, first), (_, second)| first == second);
    scored.truncate(3);
    scored.into_iter().map(|(_, id)| id.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::ProviderId::{GithubCopilot, Zai};
    use proptest::prelude::*;

    fn seat(provider: ProviderId, ids: Option<&[&str]>) -> Seat {
        let list = ids.map(|ids| {
            let entries: Vec<_> = ids.iter().map(|id| serde_json::json!({"id": id})).collect();
            Arc::new(List::parse(serde_json::json!(entries).to_string().as_bytes()).unwrap())
        });
        Seat {
            provider,
            list,
            ready: true,
            enabled: true,
        }
    }

    fn served(model: &str, seats: &[Seat]) -> Result<Vec<(usize, String, bool)>, NoModel> {
        let candidates = route(model, seats, &Catalogue::vendored())?;
        Ok(candidates
            .into_iter()
            .map(|candidate| {
                (
                    candidate.account,
                    candidate.model.to_string(),
                    candidate.listed,
                )
            })
            .collect())
    }

    #[test]
    fn a_model_goes_to_the_accounts_that_list_it() {
        let seats = [
            seat(GithubCopilot, Some(&["gpt-4o", "gpt-5-mini"])),
            seat(GithubCopilot, Some(&["gpt-4o"])),
            seat(Zai, Some(&["glm-4.7"])),
        ];
        assert_eq!(
            served("gpt-5-mini", &seats).unwrap(),
            [(0, "gpt-5-mini".into(), true)]
        );
        assert_eq!(served("gpt-4o", &seats).unwrap().len(), 2);
    }

    #[test]
    fn an_alias_that_clients_send_finds_its_model() {
        let seats = [seat(
            GithubCopilot,
            Some(&["claude-haiku-4.5", "claude-opus-4.7", "gpt-4o-2024-08-06"]),
        )];
        for alias in [
            "claude-haiku-4-5-20251001",
            "claude-haiku-4-5",
            "Claude-Haiku-4.5",
            "claude-haiku-4.5-20251001",
        ] {
            assert_eq!(
                served(alias, &seats).unwrap(),
                [(0, "claude-haiku-4.5".into(), true)],
                "{alias}"
            );
        }
        assert_eq!(
            served("gpt-4o-2024-08-06", &seats).unwrap()[0].1,
            "gpt-4o-2024-08-06"
        );
    }

    #[test]
    fn a_model_nobody_serves_names_the_nearest() {
        let seats = [seat(
            GithubCopilot,
            Some(&["gpt-4o", "gpt-4.1", "claude-haiku-4.5"]),
        )];
        let error = served("claude-haiku-5", &seats).unwrap_err();
        assert_eq!(error.nearest[0], "claude-haiku-4.5");
    }

    #[test]
    fn an_account_without_a_list_is_tried_after_those_that_have_the_model() {
        let seats = [
            seat(GithubCopilot, None),
            seat(GithubCopilot, Some(&["gpt-4o"])),
            seat(Zai, None),
        ];
        assert_eq!(
            served("gpt-4o", &seats).unwrap(),
            [(0, "gpt-4o".into(), false), (1, "gpt-4o".into(), true)]
        );
        assert_eq!(
            served("glm-4.7", &seats).unwrap(),
            [(2, "glm-4.7".into(), false)]
        );
        assert_eq!(served("brand-new", &seats).unwrap().len(), 2);
    }

    #[test]
    fn an_account_that_is_switched_off_serves_nothing_and_keeps_no_model_in_doubt() {
        let mut seats = [
            seat(GithubCopilot, Some(&["gpt-4o"])),
            seat(GithubCopilot, Some(&["gpt-4.1"])),
            seat(Zai, None),
        ];
        seats[0].enabled = false;
        seats[2].enabled = false;
        assert_eq!(served("gpt-4.1", &seats).unwrap().len(), 1);
        let error = served("gpt-4o", &seats).unwrap_err();
        assert_eq!(error.nearest, ["gpt-4.1"]);
    }

    proptest! {
        #[test]
        fn a_listed_id_is_always_found_as_itself(ids in proptest::collection::vec("\\PC{1,12}", 1..6)) {
            let names: Vec<&str> = ids.iter().map(String::as_str).collect();
            let seats = [seat(GithubCopilot, Some(&names))];
            for id in &ids {
                prop_assert_eq!(&served(id, &seats).unwrap()[0].1, id);
            }
        }
    }
}
