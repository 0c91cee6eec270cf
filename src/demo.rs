//! `serve --demo`: the upstream is simulated in this process; everything else
//! is the real path.

use std::path::Path;
use std::time::Duration;

use config::{Account, Config, ProviderId, Settings, Tier};
use mock_upstream::{Kind, Mock, Script};
use tempfile::TempDir;

use crate::report::Failure;

/// A word is about as long on its way as from a real model.
const PACE: Duration = Duration::from_millis(30);

/// The simulated upstream, and the directory that the demo writes to, which
/// is removed with it.
pub(crate) struct Demo {
    mock: Mock,
    accounts: Vec<mock_upstream::Account>,
    directory: TempDir,
}

/// Starts the simulation.
pub(crate) async fn start() -> Result<Demo, Failure> {
    let mut script = Script::demo();
    script
        .accounts
        .retain(|account| matches!(account.kind, Kind::Copilot));
    script.record = false;
    script.reply.pace = PACE;
    let accounts = script.accounts.clone();
    let directory = tempfile::Builder::new()
        .prefix("tokn-router-demo-")
        .tempdir()
        .map_err(|error| {
            Failure::new(format_args!("cannot make a temporary directory: {error}"))
        })?;
    let mock = Mock::start(script).await.map_err(|error| {
        Failure::new(format_args!("cannot start the simulated upstream: {error}"))
    })?;
    Ok(Demo {
        mock,
        accounts,
        directory,
    })
}

impl Demo {
    /// Where the demo keeps its ledger and tokens.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The configuration that a person with these accounts would have.
    pub(crate) fn config(&self) -> Config {
        let accounts = self.accounts.iter().map(|account| self.account(account));
        Config {
            accounts: accounts.collect(),
            ..Config::default()
        }
    }

    fn account(&self, account: &mock_upstream::Account) -> Account {
        Account {
            id: account.id.clone(),
            provider: ProviderId::GithubCopilot,
            enabled: true,
            refresh_token: Some(account.secret.as_str().into()),
            access_token: None,
            access_token_expires_at: None,
            refresh_url: Some(format!("{}/copilot_internal/v2/token", self.mock.url())),
            base_url: None,
            api_key: None,
            host: "github.com".into(),
            tier: Tier::Active,
            weight: 1,
            max_concurrent: None,
            proxy: None,
            settings: Settings::default(),
        }
    }
}
