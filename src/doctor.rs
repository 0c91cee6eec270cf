//! `doctor`: look for what is wrong, and say what to do about it.

mod accounts;
mod files;
mod finding;
mod identity;
mod port;

use std::path::Path;

use gateway::{Gateway, Setup};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::Doctor;
use crate::report::{Failure, Outcome};
use crate::term::{print, width};
use crate::{env, store};
use finding::{Finding, Level};

/// Runs the command. No completion is asked for, and nothing of the person's changed.
pub(crate) async fn run(path: &Path, doctor: Doctor) -> Outcome {
    let findings = findings(path, &doctor).await?;
    let problems = findings
        .iter()
        .filter(|finding| finding.level == Level::Problem);
    let problems = problems.count();
    if doctor.json {
        let told: Vec<Value> = findings.iter().map(Finding::as_json).collect();
        let told = json!({"well": problems == 0, "findings": told});
        print(format_args!("{told:#}"))?;
    } else {
        let width = usize::from(width());
        for finding in &findings {
            print(format_args!("{}", finding.page(width)))?;
        }
    }
    match problems {
        0 if doctor.json => Ok(()),
        0 => print(format_args!("\nall is well")),
        1 => Err(Failure::new("there is a problem")),
        problems => Err(Failure::new(format_args!("there are {problems} problems"))),
    }
}

async fn findings(path: &Path, doctor: &Doctor) -> Result<Vec<Finding>, Failure> {
    let data = store::data()?;
    let mut findings = Vec::new();
    let loaded = files::configuration(path, &mut findings);
    let ledger = loaded
        .as_ref()
        .map(|loaded| store::database(&loaded.config));
    files::permissions(path, &data, ledger.transpose()?, &mut findings);
    let Some(loaded) = loaded else {
        findings.push(
            Finding::note("accounts", "not looked at: the configuration is wrong")
                .remedy("mend it first, with `tokn-router config edit`"),
        );
        return Ok(findings);
    };
    let configured = loaded.config.clone();
    files::ledger(&configured, &mut findings)?;
    port::look(&configured, &data, &mut findings).await;
    identity::look(&configured, Timestamp::now(), &mut findings);
    proxy(&configured, doctor.no_proxy, &mut findings);
    if configured.accounts.is_empty() {
        return Ok(findings);
    }
    let setup = Setup {
        config: store::read(path, doctor.no_proxy)?,
        data: Some(data),
        ledger: None,
        configuration: None,
    };
    match Gateway::new(&setup) {
        Ok(gateway) => accounts::look(&gateway, doctor.offline, &mut findings).await,
        Err(error) => findings.push(
            Finding::problem("accounts", error.to_string())
                .remedy("mend the account with `tokn-router config edit`"),
        ),
    }
    Ok(findings)
}

/// Which way connections go out.
fn proxy(config: &config::Config, is_ignored: bool, findings: &mut Vec<Finding>) {
    const VARIABLES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    if is_ignored {
        return;
    }
    let named = VARIABLES.into_iter().find(|name| env::read(name).is_some());
    let is_own = config
        .accounts
        .iter()
        .any(|account| account.proxy.is_some());
    if let (Some(variable), None, false) = (named, &config.proxy, is_own) {
        findings.push(
            Finding::note(
                "proxy",
                format!("{variable} is set, but connections go straight"),
            )
            .remedy("`tokn-router config set proxy.system true`, if they cannot"),
        );
    }
}
