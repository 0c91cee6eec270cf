//! Proves that an edit changes what it is for and nothing else.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;
use crate::{Config, ProviderId, load};

mod enabled;
mod laws;
mod removed;
mod values;

const SPECIFICATION: &str = include_str!("../../tests/specification.toml");

fn copilot(id: &str, token: &str) -> NewAccount {
    NewAccount {
        refresh_token: Some(token.into()),
        ..NewAccount::new(id, ProviderId::GithubCopilot)
    }
}

fn zai(id: &str, key: &str) -> NewAccount {
    NewAccount {
        api_key: Some(key.into()),
        ..NewAccount::new(id, ProviderId::ZaiCodingPlan)
    }
}

fn put(text: &str, account: &NewAccount) -> (String, Put) {
    let mut document = Document {
        text: text.to_owned(),
    };
    let put = document.put_account(account);
    (document.text, put)
}

fn read(text: &str) -> Config {
    check(text, Path::new("c")).unwrap()
}

#[test]
fn a_file_that_does_not_exist_is_created_with_a_header() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new/config.toml");
    assert_eq!(
        put_account(&path, &copilot("octocat", "gho_1")).unwrap(),
        Put::Added
    );
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
    # The configuration of tokn-router. Every key has a default; docs/config.md lists them.
    # This file holds secrets: keep it to yourself (mode 0600).

    [[accounts]]
    id = "octocat"
    provider = "github-copilot"
    refresh_token = "gho_1"
    "#);
}

#[test]
fn a_new_sign_in_replaces_credentials_and_keeps_all_else() {
    let account = NewAccount {
        access_token: Some("tid=new".into()),
        ..copilot("personal", "gho_new")
    };
    let text = SPECIFICATION.replace(
        "refresh_token = \"gho_...\"",
        "# old\n  refresh_token = 'gho_...' # mine",
    );
    let (new, what) = put(&text, &account);
    assert_eq!(what, Put::Updated);
    let from = new.find("[[accounts]]").unwrap();
    insta::assert_snapshot!(&new[from..], @r#"
    [[accounts]]
    id = "personal"
    provider = "github-copilot"   # default — see "Providers" below for others
    auth_type = "bearer"
    # old
      refresh_token = "gho_new" # mine
    access_token = "tid=new"
    refresh_url = "https://api.github.com/copilot_internal/v2/token"

    [accounts.settings]
    editor_version         = "vscode/1.95.0"
    editor_plugin_version  = "copilot-chat/0.20.0"
    user_agent             = "GitHubCopilotChat/0.20.0"
    copilot_integration_id = "vscode-chat"
    openai_intent          = "conversation-panel"
    initiator_mode         = "auto"
    "#);
    assert_eq!(new[..from], text[..from]);
}

#[test]
fn an_account_that_moves_to_another_provider_or_host_leaves_its_urls_behind() {
    let text = "[[accounts]]\nid = 'a'\nbase_url = 'https://open.bigmodel.cn/api/paas/v4'\nprovider = 'zai'\napi_key = 'sk-1' # k\n";
    insta::assert_snapshot!(put(text, &copilot("a", "gho_1")).0, @r#"
    [[accounts]]
    id = 'a'
    provider = "github-copilot"
    # k
    refresh_token = "gho_1"
    "#);
    let text = "[[accounts]]\nid = 'a'\nrefresh_token = 'gho_1'\nrefresh_url = 'https://api.github.com/x'\n";
    let moved = NewAccount {
        host: Some("acme.ghe.com".to_owned()),
        ..copilot("a", "gho_2")
    };
    insta::assert_snapshot!(put(text, &moved).0, @r#"
    [[accounts]]
    id = 'a'
    refresh_token = "gho_2"
    host = "acme.ghe.com"
    "#);
}

#[test]
fn an_account_without_credentials_is_mended_by_signing_in() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    files::replace(&path, b"[[accounts]]\nid = 'a'\n[accounts.settings]\n").unwrap();
    put_account(&path, &copilot("a", "gho_1")).unwrap();
    insta::assert_snapshot!(std::fs::read_to_string(&path).unwrap(), @r#"
    [[accounts]]
    id = 'a'
    refresh_token = "gho_1"
    [accounts.settings]
    "#);
}

#[test]
fn accounts_in_braces_are_edited_in_braces() {
    for (text, ids) in [
        ("accounts = []", vec!["b"]),
        ("accounts = [ # none\n]\n", vec!["b"]),
        (
            "accounts = [{id='a',api_key='x',provider='zai'}]",
            vec!["a", "b"],
        ),
        (
            "accounts = [\n  {id='a',provider='zai',api_key='x'}, # one\n]\n",
            vec!["a", "b"],
        ),
        (
            "accounts = [{id='b',access_token='x',api_key='y',access_token_expires_at=1}]",
            vec!["b"],
        ),
        (
            "accounts = [{access_token='x' , id='b', access_token_expires_at=1 }]",
            vec!["b"],
        ),
    ] {
        let (new, _) = put(text, &zai("b", "sk-new"));
        let config = read(&new);
        let found: Vec<_> = config
            .accounts
            .iter()
            .map(|account| account.id.as_str())
            .collect();
        assert_eq!(found, ids, "{new}");
        let last = config.accounts.last().unwrap();
        assert_eq!(last.api_key.as_ref().unwrap().expose_secret(), "sk-new");
        assert!(last.access_token.is_none() && last.access_token_expires_at.is_none());
    }
}

#[test]
fn an_edit_that_would_make_the_file_wrong_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    files::replace(&path, SPECIFICATION.as_bytes()).unwrap();
    let error = put_account(&path, &copilot(" ", "gho_1")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("`accounts.id` must not be empty"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), SPECIFICATION);

    for wrong in [
        "[accounts]\nid = 'a'\n",
        "accounts = 3\n",
        "[pool]\nstrategi = 1\n",
        "port = \n",
    ] {
        files::replace(&path, wrong.as_bytes()).unwrap();
        let Err(Error::Problems(problems)) = put_account(&path, &copilot("a", "gho_1")) else {
            panic!("{wrong} was accepted");
        };
        assert_eq!(problems, check(wrong, &path).unwrap_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), wrong);
    }
}

#[test]
fn two_writers_at_once_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    std::thread::scope(|scope| {
        for writer in ["a", "b"] {
            let path = &path;
            scope.spawn(move || {
                for n in 0..50 {
                    put_account(path, &copilot(&format!("{writer}{n}"), "gho_1")).unwrap();
                }
            });
        }
    });
    assert_eq!(load(&path).unwrap().config.accounts.len(), 100);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_read_is_not_edited() {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(SPECIFICATION.as_bytes()).unwrap();
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
        .unwrap();
    assert!(matches!(
        put_account(&path, &copilot("a", "gho_1")),
        Err(Error::Permissions { .. })
    ));
}

/// Configurations with comments, blank lines, odd spacing and any order of sections.
fn configurations() -> impl Strategy<Value = String> {
    let noise = || {
        prop::sample::select(vec![
            "",
            "",
            "\n",
            "# a note\n",
            "\n  # gho_note = 'x' [[accounts]]\n\n",
        ])
    };
    let end = || prop::sample::select(vec!["", " # why", "\t#\t"]);
    let section = prop::sample::select(vec![
        "[server]\nport  =  0x1F\n",
        "[ pool ]\n\"failure_cooldown_secs\" = 5\n",
        "[usage]\n",
        "[proxy]\nno_proxy = [\n  'a', # one\n\n  'b'\n]\n",
    ]);
    let account = (
        prop::sample::select(vec!["a", "b", "c", "ß"]),
        noise(),
        end(),
        noise(),
        0..4u8,
    )
        .prop_map(|(id, above, end, between, shape)| {
            let (key, settings) = match shape {
                0 => (
                    "  access_token = 'tid=1'",
                    "settings.initiator_mode = 'user'\n",
                ),
                1 => (
                    "refresh_token='gho_1'",
                    "[accounts.settings]\nuser_agent = \"\"\"x\"\"\"\n",
                ),
                2 => (
                    "provider = 'zai'\napi_key = \"sk-1\"",
                    "base_url = 'https://h'\n",
                ),
                _ => (
                    "access_token_expires_at = 1\nrefresh_token = 'gho_1'",
                    "enabled = false\n",
                ),
            };
            format!(
                "{above}[[accounts]]{end}\n{between}id = '{id}'\n{between}{key}{end}\n{settings}"
            )
        });
    let piece = prop_oneof![section.prop_map(str::to_owned), account];
    (
        prop::collection::vec((noise(), piece), 0..6),
        noise(),
        any::<(bool, bool, bool)>(),
    )
        .prop_map(|(pieces, tail, (carriage_returns, cut, mark))| {
            let mut text: String = pieces
                .into_iter()
                .map(|(noise, piece)| format!("{noise}{piece}"))
                .collect();
            text += tail;
            if cut {
                text.truncate(text.trim_end().len());
            }
            if carriage_returns {
                text = text.replace('\n', "\r\n");
            }
            if mark {
                text.insert(0, '\u{feff}');
            }
            text
        })
        .prop_filter("some pieces exclude each other", |text| {
            check(text, Path::new("c")).is_ok()
        })
}

const CREDENTIALS: [&str; 5] = [
    "refresh_token",
    "access_token",
    "access_token_expires_at",
    "api_key",
    "base_url",
];

/// The comments of a text, in its order.
fn comments(text: &str) -> Vec<&str> {
    let layout = Layout::parse(text).unwrap();
    layout
        .comments_in(&(0..text.len()))
        .map(|comment| &text[comment])
        .collect()
}

/// The lines that a sign-in has no business with, but for lines of comments only.
fn other_lines(text: &str) -> String {
    let mine = |line: &str| {
        let keys = CREDENTIALS.iter().chain(&["provider", "#"]);
        keys.into_iter()
            .any(|key| line.trim_start().starts_with(key))
    };
    let lines: String = text
        .split_inclusive('\n')
        .filter(|line| !mine(line))
        .collect();
    lines.trim_end().to_owned()
}

proptest! {
    #[test]
    fn a_new_account_is_appended_and_every_byte_before_it_stays(text in configurations()) {
        let (new, what) = put(&text, &zai("new", "sk-new"));
        prop_assert_eq!(what, Put::Added);
        prop_assert!(new.starts_with(&text));
        prop_assert_eq!(new.contains("\r\n"), text.contains("\r\n"));
        let (before, after) = (read(&text), read(&new));
        prop_assert_eq!(after.accounts.len(), before.accounts.len() + 1);
        prop_assert_eq!(after.accounts.last().unwrap().api_key.as_ref().unwrap().expose_secret(), "sk-new");
    }

    #[test]
    fn new_credentials_leave_every_unrelated_line_as_it_is(text in configurations(), plan in any::<bool>()) {
        let before = read(&text);
        let Some(old) = before.accounts.first() else { return Ok(()) };
        let account = match plan {
            true => zai(&old.id, "sk-new"),
            false => copilot(&old.id, "gho_new"),
        };
        let (new, what) = put(&text, &account);
        prop_assert_eq!(what, Put::Updated);
        prop_assert_eq!(other_lines(&new), other_lines(&text));
        prop_assert_eq!(comments(&new), comments(&text));

        let after = read(&new);
        prop_assert_eq!(after.accounts.len(), before.accounts.len());
        let now = &after.accounts[0];
        prop_assert_eq!(now.api_key.as_ref().map(|key| key.expose_secret()), plan.then_some("sk-new"));
        prop_assert_eq!(now.refresh_token.as_ref().map(|key| key.expose_secret()), (!plan).then_some("gho_new"));
        prop_assert!(now.access_token.is_none());
        prop_assert_eq!(now.provider, account.provider);
        prop_assert_eq!(now.enabled, old.enabled);
        prop_assert_eq!(format!("{:?}", now.settings), format!("{:?}", old.settings));
        prop_assert_eq!(format!("{:?}", &after.accounts[1..]), format!("{:?}", &before.accounts[1..]));
        prop_assert_eq!(put(&new, &account).0, new);
    }

    #[test]
    fn any_credential_and_id_comes_back_as_it_was(id in "\\PC{1,20}", token in "[!-~]{1,40}") {
        prop_assume!(id.trim() == id);
        let config = read(&put("", &copilot(&id, &token)).0);
        prop_assert_eq!(&config.accounts[0].id, &id);
        prop_assert_eq!(config.accounts[0].refresh_token.as_ref().unwrap().expose_secret(), token);
    }
}
