//! How every command reads the configuration and reaches the network.

use std::path::{Path, PathBuf};
use std::time::Duration;

use config::kind::{Kind as Value, Refusal};
use config::{Config, ProviderId};
use gateway::catalogue::Catalogue;
use gateway::outbound::Outbound;
use gateway::provider::copilot::github::GitHub;
use gateway::upstream::{Limits, Upstream};
use secrecy::SecretString;

use crate::env;
use crate::report::{Failure, Kind};

/// The configuration at `path`; the default where there is none.
pub(crate) fn read(path: &Path, no_proxy: bool) -> Result<Config, Failure> {
    let mut config = config::load(path)?.config;
    if no_proxy {
        config.proxy = None;
        for account in &mut config.accounts {
            account.proxy = None;
        }
    }
    Ok(config)
}

/// Where the program keeps what is its own.
pub(crate) fn data() -> Result<PathBuf, Failure> {
    Ok(config::paths::data_dir(&env::read)?)
}

/// What is known of models, with what was learnt since this release.
pub(crate) fn catalogue() -> Result<Catalogue, Failure> {
    Ok(Catalogue::read(&data()?))
}

/// Where the usage ledger is.
pub(crate) fn database(config: &Config) -> Result<PathBuf, Failure> {
    let configured = config.usage.path.as_deref();
    Ok(config::paths::usage_database(configured, &env::read)?)
}

/// The HTTP client of a command that runs once.
pub(crate) fn client(config: &Config) -> Upstream {
    let limits = Limits {
        connect: config.server.connect_timeout,
        first_byte: Duration::from_secs(30),
        idle: Duration::from_secs(30),
    };
    Upstream::new(Outbound::new(config.proxy.as_ref(), limits.connect), limits)
}

/// GitHub, where the host or the environment says it is.
pub(crate) fn github(host: &str) -> Result<GitHub, Failure> {
    Ok(GitHub::of_host(host).with_urls(url(env::GITHUB_URL)?, url(env::GITHUB_API_URL)?))
}

/// A URL from the environment: https, or plain http on loopback only, since a
/// token goes there, or what comes from there is relied on.
pub(crate) fn url(name: &str) -> Result<Option<String>, Failure> {
    let Some(url) = env::text(name) else {
        return Ok(None);
    };
    match Value::Url.parse(&url) {
        Ok(_) => Ok(Some(url)),
        Err(refusal) => Err(refused(
            Kind::Config,
            name,
            refusal,
            "unset it to reach the usual place",
        )),
    }
}

/// A GitHub host as it was typed in.
pub(crate) fn host(host: Option<&str>, provider: ProviderId) -> Result<String, Failure> {
    let Some(host) = host else {
        return Ok("github.com".into());
    };
    if !provider.is_copilot() {
        return Err(Failure::of(
            Kind::Usage,
            format_args!("--host is for github-copilot, not for {provider}"),
        )
        .hint(format_args!(
            "leave --host out; another address of {provider} is its account's base_url"
        )));
    }
    match Value::GithubHost.parse(host) {
        Ok(_) => Ok(host.to_ascii_lowercase()),
        Err(refusal) => Err(refused(
            Kind::Usage,
            "--host",
            refusal,
            "leave it out, unless your GitHub has an address such as acme.ghe.com",
        )),
    }
}

/// An account id as it was typed in.
pub(crate) fn id(id: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(id) = id else { return Ok(None) };
    match Value::Id.parse(id) {
        Ok(_) => Ok(Some(id.to_owned())),
        Err(refusal) => Err(refused(
            Kind::Usage,
            "--id",
            refusal,
            "choose a short name, such as `work`",
        )),
    }
}

/// A credential, `what`, as it came from outside.
pub(crate) fn credential(what: &str, text: &str) -> Result<SecretString, Failure> {
    let text = text.trim();
    match Value::Secret.parse(text) {
        Ok(_) => Ok(text.into()),
        Err(refusal) => Err(refused(
            Kind::Usage,
            what,
            refusal,
            "it is one word: no quotes, no name of a variable, no second line",
        )),
    }
}

/// Why a value is not taken, and the one that was probably meant, or what else
/// to do.
fn refused(kind: Kind, name: &str, refusal: Refusal, otherwise: &str) -> Failure {
    let failure = Failure::of(kind, format_args!("{name}: {}", refusal.message));
    match refusal.nearest {
        Some(nearest) => failure.hint(format_args!("did you mean {nearest}?")),
        None => failure.hint(otherwise),
    }
}
