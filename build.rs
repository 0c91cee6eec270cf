//! Tells the program which commit it was built from, where that is known.

use std::process::Command;

fn main() {
    // A commit moves one of these; a checkout without git has neither.
    println!("cargo:rerun-if-changed=.git/HEAD");
    println!("cargo:rerun-if-changed=.git/logs/HEAD");
    let version = env!("CARGO_PKG_VERSION");
    let told = commit().map_or_else(
        || version.to_owned(),
        |commit| format!("{version} ({commit})"),
    );
    println!("cargo:rustc-env=TOKN_ROUTER_VERSION={told}");
}

/// The commit's short hash and the day it was made on, not the day of the build:
/// the same sources make the same program.
fn commit() -> Option<String> {
    let log = ["log", "-1", "--format=%h %cs"];
    let said = Command::new("git").args(log).output().ok()?;
    let said = said.status.success().then_some(said.stdout)?;
    let said = String::from_utf8(said).ok()?;
    (!said.trim().is_empty()).then(|| said.trim().to_owned())
}
