//! `GET /v1/models` and `GET /v1/models/{id}`: all lists in one, in OpenAI's shape or, for
//! a client that sends `anthropic-version`, in Anthropic's.

use dialect::{Dialect, Failure};
use http::Response;
use http::request::Parts;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::{self, refused};
use crate::body::Body;
use crate::endpoint::spoken_by;
use crate::error::model_not_found;
use crate::gateway::Gateway;
use crate::model_list::{self, Listed};

/// The list.
pub(crate) async fn all(gateway: &Gateway, head: &Parts) -> Response<Body> {
    let dialect = spoken_by(head);
    let merged = model_list::merged(gateway.accounts(), gateway.catalogue()).await;
    let mut accounts = gateway.accounts().iter();
    if accounts.all(|account| account.models.list().is_none()) {
        return unknown(dialect);
    }
    if dialect == Dialect::Messages {
        let page = page(&merged, head.uri.query().unwrap_or_default());
        return api::json(page.to_string().into());
    }
    let entries: Vec<&str> = merged.iter().map(|model| model.json.as_str()).collect();
    let body = format!("{{\"object\":\"list\",\"data\":[{}]}}", entries.join(","));
    api::json(body.into())
}

/// One model, under any name that a request could have.
pub(crate) async fn one(gateway: &Gateway, head: &Parts, model: &str) -> Response<Body> {
    let dialect = spoken_by(head);
    let merged = model_list::merged(gateway.accounts(), gateway.catalogue()).await;
    let candidates = match gateway.candidates(model).await {
        Ok(candidates) => candidates,
        Err(no_model) => return refused(model_not_found(model, &no_model.nearest), dialect),
    };
    let is_it = |listed: &Listed| {
        let mut candidates = candidates.iter();
        candidates.any(|candidate| candidate.model == listed.id)
    };
    match merged.into_iter().find(is_it) {
        Some(listed) if dialect == Dialect::Messages => {
            api::json(as_anthropic(&listed).to_string().into())
        }
        Some(listed) => api::json(listed.json.into()),
        None => unknown(dialect),
    }
}

fn unknown(dialect: Dialect) -> Response<Body> {
    let text = "no account's list of models could be fetched yet";
    refused(Failure::new(503, "models_unknown", text), dialect)
}

/// A page of the list, as Anthropic's API cuts them: `limit` models, after or before one.
/// Without a limit it is all: a client that reads no further page misses none.
fn page(models: &[Listed], query: &str) -> Value {
    let asked = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        let value = percent_encoding::percent_decode_str(value);
        Some(value.decode_utf8_lossy().into_owned())
    };
    let place = |name: &str| {
        let id = asked(name)?;
        models.iter().position(|model| *model.id == *id)
    };
    let limit = asked("limit").and_then(|limit| limit.parse().ok());
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(models.len());
    let (shown, left) = match (place("after_id"), place("before_id")) {
        (_, Some(before)) => {
            let start = before.saturating_sub(limit);
            (&models[start..before], start)
        }
        (after, None) => {
            let start = after.map_or(0, |after| after + 1);
            let end = start.saturating_add(limit).min(models.len());
            (&models[start..end], models.len() - end)
        }
    };
    json!({
        "data": shown.iter().map(as_anthropic).collect::<Vec<_>>(),
        "has_more": left > 0,
        "first_id": shown.first().map(|model| &*model.id),
        "last_id": shown.last().map(|model| &*model.id),
    })
}

fn as_anthropic(model: &Listed) -> Value {
    let entry: Value = serde_json::from_str(&model.json).unwrap_or_default();
    let created = entry["created"].as_i64();
    // The epoch stands for a date that is not known, in Anthropic's own words.
    let created = created.and_then(|created| Timestamp::from_second(created).ok());
    json!({
        "type": "model",
        "id": &*model.id,
        "display_name": entry["name"].as_str().unwrap_or(&model.id),
        "created_at": created.unwrap_or(Timestamp::UNIX_EPOCH).to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn models() -> Vec<Listed> {
        let ids = ["a", "b", "ä c", "d"];
        let listed = ids.map(|id| Listed {
            id: id.into(),
            json: json!({"id": id, "name": format!("Model {id}"), "created": 1_760_000_000})
                .to_string(),
        });
        listed.into()
    }

    fn ids(query: &str) -> (Vec<String>, bool) {
        let page = page(&models(), query);
        let data = page["data"].as_array().unwrap().iter();
        let ids = data.map(|model| model["id"].as_str().unwrap().to_owned());
        (ids.collect(), page["has_more"] == true)
    }

    #[test]
    fn a_page_is_cut_as_its_client_asks_and_all_pages_are_all_models() {
        assert_eq!(ids("").0.len(), 4);
        assert_eq!(ids("beta=true&limit=0").0.len(), 4);
        assert_eq!(ids("limit=2"), (vec!["a".into(), "b".into()], true));
        assert_eq!(
            ids("limit=2&after_id=b"),
            (vec!["ä c".into(), "d".into()], false)
        );
        assert_eq!(
            ids("limit=1&before_id=%C3%A4%20c"),
            (vec!["b".into()], true)
        );
        assert_eq!(ids("after_id=d"), (vec![], false));
        assert_eq!(ids("after_id=nobody").0.len(), 4);
        assert_eq!(ids("limit=18446744073709551615&after_id=a").0.len(), 3);
    }

    #[test]
    fn a_model_has_the_shape_that_anthropics_clients_read() {
        insta::assert_snapshot!(as_anthropic(&models()[2]).to_string(), @r#"{"type":"model","id":"ä c","display_name":"Model ä c","created_at":"2025-10-09T08:53:20Z"}"#);
        let bare = Listed {
            id: "x".into(),
            json: r#"{"id":"x"}"#.into(),
        };
        insta::assert_snapshot!(as_anthropic(&bare).to_string(), @r#"{"type":"model","id":"x","display_name":"x","created_at":"1970-01-01T00:00:00Z"}"#);
    }
}
