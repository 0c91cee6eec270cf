//! `headers`: what an upstream would be told of who asks.

use std::path::Path;

use dialect::{Dialect, Envelope, Operation};
use gateway::account::Account;
use gateway::call::Call;
use gateway::provider::Token;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::account::{gateway, unknown};
use crate::args::Headers;
use crate::report::{Failure, Kind, Outcome};
use crate::table::{Column, render};
use crate::term::{print, width};

/// Runs the command. Asks nobody.
pub(crate) async fn run(path: &Path, args: Headers) -> Outcome {
    let gateway = gateway(path, false)?;
    let accounts = gateway.accounts();
    let chosen: Vec<&Account> = match &args.account {
        Some(id) => {
            let account = accounts.iter().find(|account| *account.id == **id);
            let ids = || accounts.iter().map(|account| &*account.id);
            vec![account.ok_or_else(|| unknown(id, ids()))?]
        }
        None => accounts.iter().map(|account| &**account).collect(),
    };
    if chosen.is_empty() {
        return Err(Failure::of(Kind::Config, "there is no account")
            .hint("add one with `tokn-router login`"));
    }
    let told = chosen
        .iter()
        .map(|account| Ok((*account, headers(account)?)));
    let told = told.collect::<Result<Vec<_>, Failure>>()?;
    if args.json {
        let told = told
            .iter()
            .map(|(account, headers)| as_json(account, headers));
        return print(format_args!("{:#}", Value::from_iter(told)));
    }
    for (at, (account, headers)) in told.iter().enumerate() {
        let gap = if at == 0 { "" } else { "\n" };
        print(format_args!(
            "{gap}{} ({})",
            account.id,
            account.provider.display_name()
        ))?;
        let rows = headers.iter().map(|(name, value)| {
            vec![
                name.to_string(),
                shown(value),
                account.backend.source_of(name.as_str()).as_str().to_owned(),
            ]
        });
        let columns = [
            Column::Text("HEADER"),
            Column::Words("VALUE"),
            Column::Text("SOURCE"),
        ];
        let table = render(&columns, rows.collect(), width());
        print(format_args!("{table}"))?;
    }
    Ok(())
}

/// The headers of a request, made by what makes those that are sent.
fn headers(account: &Account) -> Result<HeaderMap, Failure> {
    const BODY: &[u8] = br#"{"model":"gpt-4o","messages":[{"role":"user","content":"hi"}]}"#;
    let call = Call {
        id: "00000000-0000-7000-8000-000000000000".into(),
        dialect: Dialect::Chat,
        operation: Operation::Generate,
        envelope: Envelope::read(Dialect::Chat, BODY).map_err(Failure::new)?,
        initiator: None,
        headers: HeaderMap::new(),
        body: BODY.into(),
        started: Instant::now(),
    };
    let token = account.backend.token(Timestamp::now());
    let token = match &token {
        Some(token) => token,
        // It is fetched before it is needed; here only its place is.
        None => &std::sync::Arc::new(
            Token::new("not-at-hand", "https://localhost", None).map_err(Failure::new)?,
        ),
    };
    let request = account
        .backend
        .request(&call, Dialect::Chat, call.body.clone(), token);
    Ok(request.into_parts().0.headers)
}

/// A header's value; of a secret only what kind it is.
fn shown(value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    if !value.is_sensitive() {
        return text.into_owned();
    }
    let (scheme, secret) = text.split_once(' ').unwrap_or(("", &text));
    if secret == "not-at-hand" {
        return format!("{scheme} (fetched when it is needed)");
    }
    format!("{scheme} ****")
}

fn as_json(account: &Account, headers: &HeaderMap) -> Value {
    let headers = headers.iter().map(|(name, value)| {
        json!({
            "name": name.as_str(),
            "value": shown(value),
            "source": account.backend.source_of(name.as_str()).as_str(),
        })
    });
    json!({"account": &*account.id, "headers": Value::from_iter(headers)})
}
