//! What the README and the pages say: every block of commands runs as it stands, over
//! the mock, with a person at the terminal who answers what is asked.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use mock_upstream::Mock;

use super::catalogue::{MODELS_DEV, OWN};
use crate::support::home::{seat, zai_key};
use crate::support::page::Page;
use crate::support::usage::{afternoon, fill};
use crate::support::{Home, mock_with};

/// A block of commands.
struct Block {
    place: String,
    script: String,
}

#[tokio::test]
async fn every_block_of_commands_runs_as_it_stands() {
    let blocks: Vec<Block> = pages().iter().flat_map(|page| blocks(page)).collect();
    assert!(blocks.len() > 10, "the pages are not found");
    for block in blocks {
        run(&block).await;
    }
}

/// Those that a script of the gate runs, since a test cannot run cargo: it is run by it.
#[test]
fn every_block_of_cargo_is_found_by_the_script_that_runs_them() {
    let script = root().join("scripts/try-docs");
    let listed = std::process::Command::new(script).arg("--list").output();
    let listed = String::from_utf8(listed.unwrap().stdout).unwrap();
    let mut found = 0;
    for page in pages() {
        for line in fenced(&page).into_iter().flat_map(|(_, block)| block) {
            if line.starts_with("cargo ") {
                assert!(
                    listed.lines().any(|listed| listed == line),
                    "{line}\n{listed}"
                );
                found += 1;
            }
        }
    }
    assert!(found >= 3);
    assert_eq!(listed.lines().count(), found, "{listed}");
}

/// Every command that the program has is on some page, and the other way round.
#[tokio::test]
async fn the_overview_names_every_command() {
    let overview = fs::read_to_string(root().join("docs/commands.md")).unwrap();
    let help = Home::new().run(&["--help"]).await.succeeded().stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    let names = commands
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|name| *name != "help") {
        assert!(overview.contains(&format!("`{name}")), "{name}");
    }
}

/// The README and the pages of `docs`.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = docs.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.push(root().join("README.md"));
    pages.sort();
    pages
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a page, each with the number of its first line.
fn fenced(page: &Path) -> Vec<(usize, Vec<String>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Vec<String>)> = None;
    for (number, line) in fs::read_to_string(page).unwrap().lines().enumerate() {
        // One in a list is indented.
        let line = line.strip_prefix("  ").unwrap_or(line);
        match (&mut open, line.starts_with("```")) {
            (Some(_), true) => blocks.extend(open.take()),
            (None, true) => open = Some((number + 2, Vec::new())),
            (Some((_, lines)), false) => lines.push(line.to_owned()),
            (None, false) => {}
        }
    }
    blocks
}

/// Those with a line that runs tokn-router.
fn blocks(page: &Path) -> Vec<Block> {
    let runs = |line: &String| {
        let sets_first = line
            .split(' ')
            .next()
            .is_some_and(|word| word.contains('='));
        line.starts_with("tokn-router ") || sets_first && line.contains(" tokn-router ")
    };
    let found = fenced(page).into_iter();
    let found = found.filter(|(_, lines)| lines.iter().any(runs));
    let name = page.strip_prefix(root()).unwrap().display().to_string();
    let block = |(number, lines): (usize, Vec<String>)| Block {
        place: format!("{name}:{number}"),
        script: lines.join("\n"),
    };
    found.map(block).collect()
}

async fn run(block: &Block) {
    let Block { place, script } = block;
    let mock = mock_with(vec![
        mock_upstream::Account::copilot("octocat"),
        mock_upstream::Account::copilot("hubot"),
        mock_upstream::Account::zai("zed", zai_key("zed")),
    ])
    .await;
    let catalogue = Page::serving(200, MODELS_DEV).await;
    let home = newcomer(&mock).with_variable("TOKN_ROUTER_CATALOGUE_URL", &catalogue.url);
    let id = &afternoon()[0].request_id;
    let script = [AT_THE_END, &script.replace("REQUEST_ID", id)].concat();
    let terminal = home.sit_at_terminal_of("sh", 80, &["-euc", &script]).await;
    let answers = [("API key: ", zai_key("zed") + "\r"), ("[y/N] ", "y".into())];
    let seen = terminal.answers(&answers).await;
    assert!(seen.status.success(), "{place}\n{script}\n{}", seen.text);
}

/// The home of one who has done what the pages take for granted.
fn newcomer(mock: &Mock) -> Home {
    let plan = |id: &str, provider: &str| {
        format!(
            "[[accounts]]\nid = \"{id}\"\nprovider = \"{provider}\"\n\
             api_key = \"{}\"\nbase_url = \"{}/api/paas/v4\"\n\n",
            zai_key("zed"),
            mock.url()
        )
    };
    let config = [
        "[server]\nport = 0\n\n[proxy]\nno_proxy = [\"localhost\"]\n\n".to_owned(),
        seat(mock, "octocat"),
        seat(mock, "hubot"),
        plan("work", "zai"),
        plan("zai-coding-plan", "zai-coding-plan"),
    ];
    let home = Home::with_config(&config.concat())
        .reaching(mock)
        .with_variable("COPILOT_GITHUB_TOKEN", "gho_demo_octocat")
        .with_variable("ZAI_API_KEY", &zai_key("zed"))
        .with_variable("EDITOR", "true");
    let path = home.path().join("bin").display().to_string();
    let home = home.with_variable("PATH", &format!("{path}:/usr/bin:/bin"));
    fill(&home.database(), afternoon());
    home.write("key.txt", &zai_key("zed"));
    home.write("catalogue.json", OWN);
    home.write_program("claude", "#!/bin/sh\n");
    home.write_program("gh", "#!/bin/sh\necho gho_demo_octocat\n");
    home.write(
        "config/github-copilot/apps.json",
        r#"{"github.com:Iv1.b507a08c87ecfe98":{"user":"octocat","oauth_token":"gho_demo_octocat"}}"#,
    );
    fs::create_dir(home.path().join("real")).unwrap();
    let real = home.path().join("real/tokn-router");
    symlink(env!("CARGO_BIN_EXE_tokn-router"), real).unwrap();
    home.write_program("tokn-router", WHAT_GOES_ON_GOES_ON_ALONE);
    home.write_program("curl", AT_THE_PORT_THAT_WAS_FREE);
    home
}

/// What is left to run ends with its block.
const AT_THE_END: &str = "trap 'kill $(cat running) 2>/dev/null || true' EXIT; : > running\n";

/// What does not end by itself is left to run once it has said something.
const WHAT_GOES_ON_GOES_ON_ALONE: &str = r#"#!/bin/sh
real=$HOME/real/tokn-router
case " $* " in
*" --help "*) exec "$real" "$@" ;;
" setup "*|" run "*)
    # The pages name no address, and the server is where a port was free.
    port=$(cat "$HOME/port" 2>/dev/null || echo 1)
    config=$HOME/at-that-port.toml
    (umask 077; sed "s/^port = 0/port = $port/" "$XDG_CONFIG_HOME/tokn-router/config.toml" >"$config")
    exec "$real" --config "$config" "$@" ;;
" serve "*|*" -f "*)
    mkfifo "$HOME/said.$$"
    "$real" "$@" >"$HOME/said.$$" &
    echo $! >>"$HOME/running"
    exec 3<"$HOME/said.$$"
    read -r line <&3
    echo "$line"
    case "$line" in "listening on "*) echo "${line##*:}" >"$HOME/port" ;; esac
    # Nobody reads the rest, which fits into the pipe.
    sleep 1000 <&3 >/dev/null 2>&1 &
    echo $! >>"$HOME/running" ;;
*) exec "$real" "$@" ;;
esac
"#;

/// The pages name the usual port, which may be taken here.
const AT_THE_PORT_THAT_WAS_FREE: &str = r#"#!/bin/sh
port=$(cat "$HOME/port")
for word; do
    shift
    set -- "$@" "$(printf %s "$word" | sed "s/:4141/:$port/")"
done
exec /usr/bin/curl --fail-with-body -sS "$@"
"#;
