//! The classifier's tables, row by row: what an upstream answers, and what comes
//! of it for the request and for the account.

mod rows;

use jiff::{SignedDuration, Timestamp};
use mock_upstream::{Account, Fault, Faults, Kind, Mock, Model, Quota, Script};
use serde_json::Value;
use tokio::time::timeout;

use self::rows::{
    GUESS, Held, Row, Then, coded, copilot_ends, copilot_rows, row, said, with, zai, zai_ends,
    zai_rows,
};
use crate::support::accounts::{account, accounts, until};
use crate::support::home::{seat, zai_key, zai_seat};
use crate::support::tls::{Behind, Detour, Tls};
use crate::support::{Home, PATIENCE, Server, asked, hi, mock_of};

/// How many rows `crates/gateway/src/provider/copilot/verdict.rs` has. A row
/// that is added there is to be walked here.
const COPILOT_ROWS: usize = 34;
/// The same of `crates/gateway/src/provider/zai/verdict.rs`.
const ZAI_ROWS: usize = 24;

/// The table's rows are all there, and each but once.
fn are_all(rows: &[Row], count: usize) {
    let mut names: Vec<&str> = rows.iter().map(|row| row.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!((names.len(), rows.len()), (count, count), "{names:#?}");
}

#[tokio::test]
async fn each_row_of_copilots_table_does_to_the_request_and_to_the_account_what_it_says() {
    let rows = copilot_rows();
    are_all(&rows, COPILOT_ROWS);
    walk(Kind::Copilot, rows).await;
}

#[tokio::test]
async fn each_row_of_zais_table_does_to_the_request_and_to_the_account_what_it_says() {
    let rows = zai_rows();
    are_all(&rows, ZAI_ROWS);
    walk(Kind::Zai, rows).await;
}

#[tokio::test]
async fn what_hits_all_of_a_provider_is_heard_once_and_passes_over_each_of_its_accounts() {
    let kinds = [
        (Kind::Copilot, copilot_rows(), 1),
        (Kind::Zai, zai_rows(), 2),
    ];
    for (kind, mut rows, count) in kinds {
        rows.retain(|row| matches!(row.then, Then::ProviderPassed(_)));
        assert_eq!(rows.len(), count);
        for row in rows {
            provider_is_passed(kind, row).await;
        }
    }
}

#[tokio::test]
async fn what_one_account_is_told_of_its_provider_is_a_short_guess_for_the_others() {
    for (kind, answer, state) in [
        (
            Kind::Copilot,
            coded(429, "integration_rate_limited"),
            "spent",
        ),
        (Kind::Zai, zai(429, "1305", "overloaded"), "cooling"),
    ] {
        let answer = with(answer, &[("retry-after", "600")]);
        let row = row("told", answer, Then::ProviderPassed(GUESS));
        let walk = Walk::of_provider(kind).await;
        walk.mock
            .set_faults("one", Faults::always(row.answer.clone()));
        walk.is_served_by_backup("model", "2", &row).await;
        let answered = Timestamp::now();
        let one = walk.told_against("one", "model", &row, |account| account);
        let one = one.await;
        let told = (one["state"].as_str(), one["basis"].as_str());
        assert_eq!(told, (Some(state), Some("told")), "{one:#}");
        let two = walk.told_against("two", "model", &row, |account| account);
        let two = two.await;
        GUESS.is(&two, row.name);
        let a_minute = SignedDuration::from_mins(1);
        assert!(until(&two) <= answered + a_minute, "{two:#}");
        assert!(until(&one) > answered + a_minute * 9, "{one:#}");
        walk.server.stop().await;
    }
}

#[tokio::test]
async fn at_a_base_url_of_its_own_an_account_is_alone_in_what_would_hit_its_provider() {
    for row in zai_rows() {
        let Then::ProviderPassed(held) = &row.then else {
            continue;
        };
        let accounts = ["one", BACKUP].map(|id| of(Kind::Zai, id));
        let walk = Walk::begin(&["model".to_owned()], accounts.into()).await;
        walk.mock
            .set_faults("one", Faults::always(row.answer.clone()));
        walk.is_served_by_backup("model", "2", &row).await;
        let told = walk.told_against("one", "model", &row, |account| account);
        held.is(&told.await, row.name);
        assert_eq!(account(&walk.home, BACKUP).await["state"], "ready");
        walk.server.stop().await;
    }
}

#[tokio::test]
async fn an_end_that_copilot_tells_is_the_end_that_is_kept_however_it_is_told() {
    walk(Kind::Copilot, copilot_ends()).await;
}

#[tokio::test]
async fn an_end_that_zai_tells_is_the_end_that_is_kept_however_it_is_told() {
    walk(Kind::Zai, zai_ends()).await;
}

#[tokio::test]
async fn an_answer_that_no_row_knows_is_the_requests_own_and_reaches_the_client() {
    for kind in [Kind::Copilot, Kind::Zai] {
        let rows = [404, 405, 413, 415, 422].map(|status| {
            let answer = said(status, "something about the request");
            row("unknown", answer, Then::Answered)
        });
        walk(kind, rows.into()).await;
    }
}

/// A server with an account of its own for each row, which alone, but for the
/// backup, has the row's model.
struct Walk {
    server: Server,
    home: Home,
    mock: Mock,
    /// The way to Z.ai's own host.
    _way: Option<(Tls, Detour)>,
}

async fn walk(kind: Kind, rows: Vec<Row>) {
    let ids: Vec<String> = (1..=rows.len()).map(|row| format!("row-{row}")).collect();
    let own = ids.iter().map(|id| Account {
        models: Some(vec![id.clone()]),
        ..of(kind, id)
    });
    let accounts_of_all = own.chain([Account::copilot(BACKUP)]).collect();
    let walk = Walk::begin(&ids, accounts_of_all).await;
    let mut unharmed = vec![BACKUP];
    for (id, row) in ids.iter().zip(&rows) {
        walk.mock.set_faults(id, Faults::always(row.answer.clone()));
        match &row.then {
            Then::Answered => {
                walk.is_answered(id, row).await;
                unharmed.push(id);
            }
            Then::Passed(held) => walk.is_passed(id, row, held, "2").await,
            Then::PassedTheSecondTime(held) => walk.is_passed(id, row, held, "3").await,
            Then::ModelPassed(held) => {
                walk.is_passed(id, row, held, "2").await;
                unharmed.push(id);
            }
            // It would pass over the accounts of all rows that follow.
            Then::ProviderPassed(_) => {}
        }
    }
    for account in accounts(&walk.home).await {
        let state = (&account["state"], &account["why"]);
        let is_unharmed = unharmed.iter().any(|id| account["id"] == *id);
        assert!(
            !is_unharmed || state == (&"ready".into(), &Value::Null),
            "{account:#}"
        );
    }
    walk.server.stop().await;
}

async fn provider_is_passed(kind: Kind, row: Row) {
    let Then::ProviderPassed(held) = &row.then else {
        unreachable!("another row")
    };
    let walk = Walk::of_provider(kind).await;
    walk.mock
        .set_faults("one", Faults::always(row.answer.clone()));
    walk.is_served_by_backup("model", "2", &row).await;
    for id in ["one", "two"] {
        let told = walk.told_against(id, "model", &row, |account| account);
        held.is(&told.await, row.name);
    }
    assert_eq!(asked(&walk.mock, "two"), 0, "{}", row.name);
    assert_eq!(account(&walk.home, BACKUP).await["state"], "ready");
    walk.server.stop().await;
}

impl Walk {
    /// With the accounts in this order, the first that can serve asked first,
    /// and no request waiting.
    async fn begin(models: &[String], accounts: Vec<Account>) -> Self {
        let (mock, config) = upstream(models, accounts).await;
        Self::on(mock, Home::with_config(&config)).await
    }

    /// With two accounts of one provider before a backup of another's, and all
    /// of Z.ai's reached at that's own host: those at another are on their own.
    async fn of_provider(kind: Kind) -> Self {
        let other = match kind {
            Kind::Copilot => Kind::Zai,
            Kind::Zai => Kind::Copilot,
        };
        let accounts = vec![of(kind, "one"), of(kind, "two"), of(other, BACKUP)];
        let (mock, config) = upstream(&["model".to_owned()], accounts).await;
        let tls = Tls::before(Behind::Http1(mock.addr())).await;
        let detour = Detour::to(tls.port).await;
        let base = format!("base_url = \"{}/api/paas/v4\"", mock.url());
        let proxy = format!("proxy = \"http://127.0.0.1:{}\"", detour.port);
        let home = Home::with_config(&config.replace(&base, &proxy));
        let authority = tls.trusted_in(&home);
        let home = home.with_variable("SSL_CERT_FILE", authority.to_str().unwrap());
        Self {
            _way: Some((tls, detour)),
            ..Self::on(mock, home).await
        }
    }

    async fn on(mock: Mock, home: Home) -> Self {
        let server = home.serve().await;
        server.knows_models().await;
        Self {
            server,
            home,
            mock,
            _way: None,
        }
    }

    async fn is_answered(&self, id: &str, row: &Row) {
        let reply = self.server.chat(hi(id)).await;
        let Fault::Status { status, body, .. } = &row.answer else {
            unreachable!("a page is no answer")
        };
        assert_eq!(
            (reply.status.as_u16(), &reply.body),
            (*status, body),
            "{}: {reply:?}",
            row.name
        );
        let served = ["account", "attempts"]
            .map(|name| reply.header(&format!("x-tokn-router-{name}")).to_owned());
        assert_eq!(served, [id, "1"], "{}: {reply:?}", row.name);
    }

    async fn is_passed(&self, id: &str, row: &Row, held: &Held, attempts: &str) {
        let asked = Timestamp::now();
        self.is_served_by_backup(id, attempts, row).await;
        let answered = Timestamp::now();
        let is_models = matches!(row.then, Then::ModelPassed(_));
        let told = self
            .told_against(id, id, row, |mut account| match is_models {
                true => account["models"][id].take(),
                false => account,
            })
            .await;
        held.is(&told, row.name);
        held.ends(&told, asked, answered, row.name);
    }

    async fn is_served_by_backup(&self, model: &str, attempts: &str, row: &Row) {
        let reply = self.server.chat(hi(model)).await;
        reply.is_served_by(BACKUP);
        let told = reply.header("x-tokn-router-attempts");
        assert_eq!(told, attempts, "{}: {reply:?}", row.name);
    }

    /// What is told against an account, once something is. It is written down
    /// a moment later; and the shortest of the guesses may be over by then, so
    /// that the account has to be asked again.
    async fn told_against(
        &self,
        id: &str,
        model: &str,
        row: &Row,
        of: impl Fn(Value) -> Value,
    ) -> Value {
        let told = async {
            loop {
                let told = of(account(&self.home, id).await);
                if !told["why"].is_null() {
                    return told;
                }
                self.server.chat(hi(model)).await.is_served_by(BACKUP);
            }
        };
        let told = timeout(PATIENCE, told).await;
        told.unwrap_or_else(|_| panic!("nothing is told against {id} for {}", row.name))
    }
}

/// An upstream of these models and accounts, and the configuration of these.
async fn upstream(models: &[String], accounts: Vec<Account>) -> (Mock, String) {
    let everybodys = |id: &String| Model {
        kinds: vec![Kind::Copilot, Kind::Zai],
        ..Model::copilot(id)
    };
    let mock = mock_of(Script {
        models: models.iter().map(everybodys).collect(),
        ..Script::new(accounts.clone())
    })
    .await;
    let rules = "[pool]\n\
        strategy = \"fill_first\"\n\
        max_wait_secs = 0\n\
        failure_cooldown_secs = 600\n\n";
    let seats = accounts.iter().map(|account| match account.kind {
        Kind::Copilot => seat(&mock, &account.id),
        Kind::Zai => zai_seat(&mock, &account.id),
    });
    let config = std::iter::once(rules.to_owned()).chain(seats).collect();
    (mock, config)
}

/// An account that has nothing left of its quota, so that nobody takes an end
/// that the calendar tells for a mistake.
fn of(kind: Kind, id: &str) -> Account {
    let account = match kind {
        Kind::Copilot => Account::copilot(id),
        Kind::Zai => Account::zai(id, zai_key(id)),
    };
    Account {
        quota: Quota {
            remaining_percent: 0.0,
            ..Quota::default()
        },
        ..account
    }
}

/// The account that serves where the row's own does not.
const BACKUP: &str = "backup";
