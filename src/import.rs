//! `import`: add an account from a credential that another program has.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use config::ProviderId;
use secrecy::SecretString;
use serde::Deserialize;

use crate::args::{Import, Source};
use crate::login::{add_copilot, add_zai};
use crate::report::{Failure, Kind, Outcome};
use crate::{env, store};

/// Runs the command.
pub(crate) async fn run(path: &Path, args: Import) -> Outcome {
    let account = &args.account;
    let config = store::read(path, account.no_proxy)?;
    let host = store::host(account.host.as_deref(), account.provider)?;
    let id = store::id(account.id.as_deref())?;
    if args.env_var.is_some() && args.from != Source::Env {
        return Err(Failure::of(Kind::Usage, "--env-var goes with --from env")
            .hint("use --from env, or leave --env-var out"));
    }
    if args.from != Source::Env && !account.provider.is_copilot() {
        return Err(Failure::of(
            Kind::Usage,
            format_args!("a {} key cannot be there", account.provider.display_name()),
        )
        .hint(format_args!(
            "use --from env --provider {}",
            account.provider
        )));
    }
    let credential = match args.from {
        Source::Gh => from_gh(&host)?,
        Source::CopilotPlugin => from_plugin(&host)?,
        Source::Env => from_env(account.provider, args.env_var.as_deref())?,
    };
    let http = store::client(&config);
    if account.provider.is_copilot() {
        let github = store::github(&host)?;
        add_copilot(path, &http, &github, host, id, credential).await
    } else {
        add_zai(path, &http, &config, account.provider, id, credential).await
    }
}

fn from_env(provider: ProviderId, name: Option<&str>) -> Result<SecretString, Failure> {
    let known = env::credentials(provider);
    // What is set to nothing but spaces is not set.
    let set = |name: &str| env::text(name).filter(|value| !value.trim().is_empty());
    let found = match name {
        Some(name) => set(name).map(|value| (name, value)),
        None => known
            .iter()
            .find_map(|name| set(name).map(|value| (*name, value))),
    };
    match found {
        Some((name, value)) => store::credential(name, &value),
        None => Err(match name {
            Some(name) => Failure::of(
                Kind::Auth,
                format_args!("the environment variable {name} is not set"),
            )
            .hint("export it, or leave --env-var out to look at the usual ones"),
            None => Failure::of(
                Kind::Auth,
                format_args!("none of {} is set", known.join(", ")),
            )
            .hint("name another variable with --env-var NAME"),
        }),
    }
}

/// The token of the GitHub command line: from its own mouth, since it may keep
/// the token in a keyring; else from its file.
fn from_gh(host: &str) -> Result<SecretString, Failure> {
    let said = Command::new("gh")
        .args(["auth", "token", "--hostname", host])
        .output();
    if let Ok(output) = said
        && output.status.success()
        && let Ok(token) = String::from_utf8(output.stdout)
        && !token.trim().is_empty()
    {
        return Ok(token.trim().into());
    }
    let file = config_home().map(|home| home.join("gh").join("hosts.yml"));
    let text = file.and_then(|file| fs::read_to_string(file).ok());
    text.and_then(|text| gh_token(&text, host)).ok_or_else(|| {
        Failure::of(
            Kind::Auth,
            format_args!("the GitHub command line has no token for {host}"),
        )
        .hint("sign in with `gh auth login`, or with `tokn-router login`")
    })
}

/// The `oauth_token` below `HOST:` in gh's `hosts.yml`. The file is written by
/// gh in one simple form, which needs no YAML parser.
fn gh_token(text: &str, host: &str) -> Option<SecretString> {
    let mut inside = false;
    for line in text.lines() {
        if !line.starts_with([' ', '\t', '#']) {
            inside = line.trim_end().trim_end_matches(':').trim_matches('"') == host;
        } else if inside && let Some(token) = line.trim().strip_prefix("oauth_token:") {
            let token = token.trim().trim_matches(['"', '\'']);
            return (!token.is_empty()).then(|| token.into());
        }
    }
    None
}

/// The token of the editors' official plugin.
fn from_plugin(host: &str) -> Result<SecretString, Failure> {
    let directory = plugin_directory();
    let found = directory.as_ref().and_then(|directory| {
        ["apps.json", "hosts.json"]
            .iter()
            .filter_map(|name| fs::read(directory.join(name)).ok())
            .find_map(|json| plugin_token(&json, host))
    });
    found.ok_or_else(|| {
        let place =
            directory.map_or_else(|| "github-copilot".into(), |at| at.display().to_string());
        Failure::of(
            Kind::Auth,
            format_args!("the Copilot plugin has no token for {host} in {place}"),
        )
        .hint("newer plugins keep it encrypted; sign in with `tokn-router login`")
    })
}

/// The token of `HOST` or `HOST:CLIENT_ID` (facts: Copilot, 10).
fn plugin_token(json: &[u8], host: &str) -> Option<SecretString> {
    #[derive(Deserialize)]
    struct Entry {
        oauth_token: Option<SecretString>,
    }
    let entries: std::collections::BTreeMap<String, Entry> = serde_json::from_slice(json).ok()?;
    entries
        .into_iter()
        .filter(|(key, _)| key.split(':').next() == Some(host))
        .find_map(|(_, entry)| entry.oauth_token)
}

/// Where the plugin keeps its files on this platform.
fn plugin_directory() -> Option<PathBuf> {
    let home = if cfg!(windows) {
        env::read("LOCALAPPDATA").map(PathBuf::from)
    } else {
        config_home()
    };
    home.map(|home| home.join("github-copilot"))
}

/// Where other programs keep their configuration: `$XDG_CONFIG_HOME`, or
/// `~/.config`.
fn config_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::read("HOME")?).join(".config"));
    env::read("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(home)
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn shown(token: Option<SecretString>) -> Option<String> {
        token.map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn gh_keeps_a_token_for_each_host() {
        let text = "github.com:\n    user: a\n    oauth_token: gho_one\nacme.ghe.com:\n    oauth_token: \"gho_two\"\n";
        assert_eq!(
            shown(gh_token(text, "github.com")).as_deref(),
            Some("gho_one")
        );
        assert_eq!(
            shown(gh_token(text, "acme.ghe.com")).as_deref(),
            Some("gho_two")
        );
        assert!(gh_token(text, "other.ghe.com").is_none());
        assert!(gh_token("github.com:\n    user: a\n", "github.com").is_none());
    }

    #[test]
    fn the_plugins_old_and_new_files_are_read() {
        let apps = br#"{"github.com:Iv1.b507a08c87ecfe98":{"user":"a","oauth_token":"ghu_one","githubAppId":"x"}}"#;
        let hosts = br#"{"acme.ghe.com":{"user":"a","oauth_token":"gho_two"}}"#;
        assert_eq!(
            shown(plugin_token(apps, "github.com")).as_deref(),
            Some("ghu_one")
        );
        assert_eq!(
            shown(plugin_token(hosts, "acme.ghe.com")).as_deref(),
            Some("gho_two")
        );
        assert!(plugin_token(hosts, "github.com").is_none());
        assert!(plugin_token(b"not json", "github.com").is_none());
    }
}
