//! `login`: sign in to a provider and add the account.

use std::path::Path;
use std::time::Duration;

use config::edit::{NewAccount, Put, put_account};
use config::{Config, ProviderId};
use gateway::provider::copilot::github::{self, GitHub, Poll};
use gateway::provider::{Token, zai};
use gateway::upstream::Upstream;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant, sleep};

use crate::args::Login;
use crate::report::{Failure, Kind, Outcome};
use crate::term::{Spinner, ask_secret, read_secret, say};
use crate::{env, store};

/// Added to GitHub's interval: polling a moment early costs five seconds.
const POLL_MARGIN: Duration = Duration::from_secs(1);
/// What `slow_down` adds where GitHub tells no new interval (RFC 8628, 3.5).
const SLOWER: Duration = Duration::from_secs(5);

/// The longest pause between two polls.
const SLOWEST: Duration = Duration::from_secs(60);

/// Runs the command.
pub(crate) async fn run(path: &Path, Login { key_stdin, account }: Login) -> Outcome {
    let config = store::read(path, account.no_proxy)?;
    let host = store::host(account.host.as_deref(), account.provider)?;
    let id = store::id(account.id.as_deref())?;
    let http = store::client(&config);
    let provider = account.provider;
    if provider.is_copilot() {
        let github = store::github(&host)?;
        let token = if key_stdin {
            piped(provider)?
        } else {
            device_flow(&http, &github).await?
        };
        return add_copilot(path, &http, &github, host, id, token).await;
    }
    let key = if key_stdin {
        piped(provider)?
    } else {
        asked_for(provider)?
    };
    add_zai(path, &http, &config, provider, id, key).await
}

/// The credential that is piped in.
fn piped(provider: ProviderId) -> Result<SecretString, Failure> {
    let (what, hint) = if provider.is_copilot() {
        let hint = "pipe it in, as in `gh auth token | tokn-router login --key-stdin`".to_owned();
        ("the GitHub token".to_owned(), hint)
    } else {
        let hint = format!(
            "pipe it in, as in `tokn-router login --provider {provider} --key-stdin < FILE`"
        );
        (format!("the {} API key", provider.display_name()), hint)
    };
    store::credential(&what, &read_secret(&what, &hint)?)
}

/// The key that the person at the terminal types in unseen.
fn asked_for(provider: ProviderId) -> Result<SecretString, Failure> {
    let variable = env::credentials(provider)[0];
    let key = ask_secret(
        "the key",
        &format!("{} API key", provider.display_name()),
        &format!(
            "pipe it into `tokn-router login --provider {provider} --key-stdin`, or put it into \
             {variable} and run `tokn-router import --from env --provider {provider}`"
        ),
    )?;
    store::credential("the key", &key)
}

/// Signs in to GitHub: the person types a code into a page.
async fn device_flow(http: &Upstream, github: &GitHub) -> Result<SecretString, Failure> {
    let code = github.device_code(http).await?;
    say(format_args!(
        "Open {} and type in the code {}",
        code.verification_uri, code.user_code
    ));
    let started = Instant::now();
    let spinner = Spinner::start("waiting for you to sign in");
    let mut interval = code.interval().min(SLOWEST);
    loop {
        let left = code.expires_in().saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(expired());
        }
        wait(&spinner, left, pause(interval)).await;
        match github.poll(http, &code).await {
            Ok(Poll::Token(token)) => return Ok(token),
            Ok(Poll::Pending) => {}
            Ok(Poll::SlowDown(asked)) => {
                interval = asked.unwrap_or_else(|| interval + SLOWER).min(SLOWEST);
            }
            Ok(Poll::Denied) => {
                return Err(Failure::of(Kind::Auth, "the sign-in was declined")
                    .hint("run `tokn-router login` again and approve it"));
            }
            Ok(Poll::Expired) => return Err(expired()),
            // A poll that went wrong says nothing of the next one.
            Err(
                github::Error::Send(_)
                | github::Error::Unreadable(_)
                | github::Error::Failed { .. },
            ) => {}
            Err(error @ github::Error::Refused(_)) => return Err(error.into()),
        }
    }
}

fn expired() -> Failure {
    Failure::of(Kind::Auth, "the code has expired before you signed in")
        .hint("run `tokn-router login` again")
}

/// Never at once: GitHub is not to be asked in a loop, whatever it says.
fn pause(interval: Duration) -> Duration {
    const SHORTEST: Duration = Duration::from_millis(500);
    if interval < SHORTEST {
        SHORTEST
    } else {
        interval.min(SLOWEST) + POLL_MARGIN
    }
}

async fn wait(spinner: &Spinner, left: Duration, pause: Duration) {
    const TICK: Duration = Duration::from_secs(1);
    let started = Instant::now();
    loop {
        spinner.time_left(left.saturating_sub(started.elapsed()));
        let rest = pause.saturating_sub(started.elapsed());
        if rest.is_zero() {
            return;
        }
        sleep(rest.min(TICK)).await;
    }
}

/// Adds a Copilot account, once its token has proved that it has a seat.
pub(crate) async fn add_copilot(
    path: &Path,
    http: &Upstream,
    github: &GitHub,
    host: String,
    id: Option<String>,
    token: SecretString,
) -> Outcome {
    let exchange_url = github.exchange_url();
    let exchanged = github::exchange(http, &exchange_url, &token).await?;
    let id = match id {
        Some(id) => id,
        None => github.login(http, &token).await.map_err(|error| {
            Failure::from(error).hint("the seat is fine; name the account yourself with --id")
        })?,
    };
    let mut account = NewAccount::new(&id, ProviderId::GithubCopilot);
    account.host = (host != "github.com").then_some(host);
    account.refresh_token = Some(token);
    account.refresh_url = Some(exchange_url);
    let seat = exchanged.sku.unwrap_or_else(|| "seat".into());
    added(path, &account, &format!("GitHub Copilot, {seat}"))
}

/// Adds a Z.ai or Zhipu account, once its key has listed the models.
pub(crate) async fn add_zai(
    path: &Path,
    http: &Upstream,
    config: &Config,
    provider: ProviderId,
    id: Option<String>,
    key: SecretString,
) -> Outcome {
    let id = id.unwrap_or_else(|| provider.as_str().to_owned());
    // A base URL that the person set for this account stays in force.
    let configured = config
        .accounts
        .iter()
        .find(|account| account.id == id && account.provider == provider);
    let base = configured
        .and_then(|account| account.base_url.as_deref())
        .unwrap_or_else(|| zai::default_base(provider));
    let token = Token::new(key.expose_secret(), base, None).map_err(|error| {
        Failure::of(Kind::Usage, error).hint("check the key, and the account's base_url")
    })?;
    let limit = http.limits().first_byte;
    let (status, headers, body) = http.fetch(zai::list_models(&token), limit).await?;
    if !status.is_success() {
        let words = dialect::chat::error_words(&body).1;
        let words = words.unwrap_or_else(|| "no reason given".into());
        let name = provider.display_name();
        if zai::may_pass(status, &headers, &body, Timestamp::now()) {
            let failure = format_args!("{name} answered {status}: {words}");
            return Err(Failure::of(Kind::Network, failure)
                .hint("nothing is said of the key, and nothing is written; try again later"));
        }
        let failure = format_args!("{name} does not accept the key: {status}: {words}");
        return Err(Failure::of(Kind::Auth, failure).hint(
            "the coding plans and the general APIs have keys and base URLs of their own: \
             check --provider",
        ));
    }
    let mut account = NewAccount::new(&id, provider);
    account.api_key = Some(key);
    added(path, &account, provider.display_name())?;
    say(format_args!(
        "note: the vendor's usage policy allows supported tools and individual use only"
    ));
    Ok(())
}

fn added(path: &Path, account: &NewAccount, what: &str) -> Outcome {
    let verb = match put_account(path, account)? {
        Put::Added => "added",
        Put::Updated => "updated",
    };
    say(format_args!(
        "{verb} account {} ({what}) in {}",
        account.id,
        path.display()
    ));
    say(format_args!("start the API with `tokn-router serve`"));
    Ok(())
}
