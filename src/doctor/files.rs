//! The files: the configuration, who may read what, and the ledger.

use std::fs;
use std::path::{Path, PathBuf};

use config::files::open_to_others;
use config::load::Loaded;
use config::{Config, Error};
use ledger::Reader;

use super::finding::Finding;
use crate::report::Failure;
use crate::store;

/// The configuration, unless it is wrong.
pub(super) fn configuration(path: &Path, findings: &mut Vec<Finding>) -> Option<Loaded> {
    const ABOUT: &str = "config";
    let place = path.display();
    match config::load(path) {
        Ok(loaded) => {
            let enabled = loaded.config.accounts.iter();
            let enabled = enabled.filter(|account| account.enabled).count();
            findings.push(match (enabled, loaded.found) {
                (0, false) => {
                    Finding::problem(ABOUT, format!("there is no {place}, so no account"))
                        .remedy("add one with `tokn-router login`")
                }
                (0, true) if loaded.config.accounts.is_empty() => {
                    Finding::problem(ABOUT, format!("{place} has no account"))
                        .remedy("add one with `tokn-router login`")
                }
                (0, true) => Finding::problem(ABOUT, format!("{place} has all accounts disabled"))
                    .remedy("enable one with `tokn-router account enable ID`"),
                _ => Finding::well(ABOUT, format!("{place} is right")),
            });
            Some(loaded)
        }
        Err(Error::Problems(problems)) => {
            for problem in &problems.list {
                let (line, column) = (problem.line, problem.column);
                let found = format!("{place}:{line}:{column}: {}", problem.message);
                findings.push(
                    Finding::problem(ABOUT, found).remedy(match &problem.nearest {
                        Some(nearest) => format!("did you mean `{nearest}`?"),
                        None => "mend it with `tokn-router config edit`".to_owned(),
                    }),
                );
            }
            None
        }
        Err(error) => {
            // Who may read it is told with its permissions.
            if !matches!(error, Error::Permissions { .. }) {
                findings.push(
                    Finding::problem(ABOUT, error.to_string())
                        .remedy("make it a file that is yours to read"),
                );
            }
            None
        }
    }
}

/// Whether only their owner may read what is secret, and the data directory can be
/// written.
pub(super) fn permissions(
    path: &Path,
    data: &Path,
    ledger: Option<PathBuf>,
    findings: &mut Vec<Finding>,
) {
    const ABOUT: &str = "permissions";
    let mut private = vec![path.to_owned()];
    private.extend(files_below(data));
    private.extend(ledger.filter(|ledger| !ledger.starts_with(data)));
    private.retain(|file| file.is_file());
    let mut is_well = true;
    for file in private {
        let Ok(Some(mode)) = open_to_others(&file) else {
            continue;
        };
        is_well = false;
        let place = file.display();
        findings.push(
            Finding::problem(
                ABOUT,
                format!("{place} is open to others (mode {mode:04o})"),
            )
            .remedy(format!("chmod 600 '{place}'")),
        );
    }
    let writable = config::files::create_directory(data)
        .and_then(|()| config::files::replace(&data.join(".doctor"), b""));
    let _ = fs::remove_file(data.join(".doctor"));
    match writable {
        Err(error) => findings.push(Finding::problem(ABOUT, error.to_string()).remedy(format!(
            "make {} yours to write, or name another place with XDG_DATA_HOME",
            data.display()
        ))),
        Ok(()) if is_well => findings.push(Finding::well(ABOUT, "what is secret is yours alone")),
        Ok(()) => {}
    }
}

/// What the program keeps, the tokens included, but for what other programs of the
/// same person take part in.
fn files_below(data: &Path) -> Vec<PathBuf> {
    let listed = |directory: &Path| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .filter(|path| path.is_file())
    };
    let mut files: Vec<PathBuf> = listed(data).chain(listed(&data.join("tokens"))).collect();
    files.sort();
    files
}

/// Whether the ledger can be read.
pub(super) fn ledger(config: &Config, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    const ABOUT: &str = "ledger";
    if !config.usage.enabled {
        findings.push(
            Finding::note(ABOUT, "requests are not recorded: [usage] enabled = false")
                .remedy("`tokn-router config unset usage.enabled`, if they should be"),
        );
        return Ok(());
    }
    let path = store::database(config)?;
    let place = path.display();
    let counted = Reader::open(&path).and_then(|reader| reader.count());
    findings.push(match counted {
        Ok(count) => Finding::well(ABOUT, format!("{place} has {count} requests")),
        Err(ledger::Error::Missing { .. }) => {
            Finding::well(ABOUT, "no request has been recorded yet")
        }
        Err(error) => {
            let failure = Failure::from(error);
            let remedy = failure.remedy().unwrap_or_default().to_owned();
            Finding::problem(ABOUT, failure.message()).remedy(remedy)
        }
    });
    Ok(())
}
