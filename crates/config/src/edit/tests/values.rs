//! Proves where a new key goes, what a list becomes, and what is refused.

use super::*;
use crate::schema::resolve;

fn set_all(text: &str, edits: &[(&str, Option<&str>, &[&str])]) -> String {
    let mut document = Document {
        text: text.to_owned(),
    };
    for (key, account, values) in edits {
        let key = resolve(key, *account).unwrap();
        let values: Vec<_> = values.iter().map(|&value| value.to_owned()).collect();
        let value = key.parse(&values).unwrap();
        document.set_value(key, *account, &value, false).unwrap();
    }
    read(&document.text);
    document.text
}

fn unset(text: &str, key: &str, account: Option<&str>) -> String {
    let mut document = Document {
        text: text.to_owned(),
    };
    let key = resolve(key, account).unwrap();
    assert!(document.unset_value(key, account, None).unwrap());
    document.text
}

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    files::replace(&path, text.as_bytes()).unwrap();
    (directory, path)
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|&value| value.to_owned()).collect()
}

#[test]
fn new_keys_and_sections_go_where_the_schema_has_them() {
    let text = "#:schema ./schema.json\n# mine\n\n# how requests are spread\n[pool]\n# strategy = 'sticky'\n\n[[accounts]] # one\nid = 'a'\n  refresh_token = 'gho_1' # t\n\n# two\n[[accounts]]\nid = 'b'\nrefresh_token = 'gho_2'";
    let new = set_all(
        text,
        &[
            ("server.port", None, &["8080"]),
            ("server.host", None, &["::1"]),
            ("proxy.no_proxy", None, &["a", ".b"]),
            ("pool.strategy", None, &["sticky"]),
            ("settings.user_agent", Some("a"), &["x/1"]),
            ("accounts.weight", Some("a"), &["3"]),
            ("enabled", Some("b"), &["false"]),
            ("settings.initiator_mode", Some("b"), &["user"]),
            ("settings.user_agent", Some("b"), &["y"]),
        ],
    );
    insta::assert_snapshot!(new, @r##"
    #:schema ./schema.json
    # mine

    [server]
    port = 8080
    host = "::1"

    # how requests are spread
    [pool]
    strategy = "sticky"
    # strategy = 'sticky'

    [proxy]
    no_proxy = ["a", ".b"]

    [[accounts]] # one
    id = 'a'
      refresh_token = 'gho_1' # t
      weight = 3

    [accounts.settings]
    user_agent = "x/1"

    # two
    [[accounts]]
    id = 'b'
    refresh_token = 'gho_2'
    enabled = false

    [accounts.settings]
    initiator_mode = "user"
    user_agent = "y"
    "##);
}

#[test]
fn a_text_without_headers_keeps_its_ways() {
    let text = "server.port = 1 # p\npool = { strategy = 'sticky' }\naccounts = [\n  { id = 'a', refresh_token = 'gho_1' }, # one\n]";
    let new = set_all(
        text,
        &[
            ("server.host", None, &["h"]),
            ("pool.max_wait_secs", None, &["0"]),
            ("weight", Some("a"), &["2"]),
            ("settings.user_agent", Some("a"), &["x"]),
            ("settings.openai_intent", Some("a"), &["y"]),
            ("usage.enabled", None, &["false"]),
        ],
    );
    insta::assert_snapshot!(new, @r#"
    server.port = 1 # p
    server.host = "h"
    pool = { strategy = 'sticky', max_wait_secs = 0 }
    accounts = [
      { id = 'a', refresh_token = 'gho_1', weight = 2, settings.user_agent = "x", settings.openai_intent = "y" }, # one
    ]

    [usage]
    enabled = false
    "#);
}

#[test]
fn a_file_that_begins_with_a_line_for_editors_keeps_it_first() {
    let new = set_all("#:schema x\n[pool]\n", &[("server.port", None, &["1"])]);
    assert_eq!(new, "#:schema x\n\n[server]\nport = 1\n\n[pool]\n");
    assert_eq!(
        unset(&new, "server.port", None),
        "#:schema x\n\n[server]\n\n[pool]\n"
    );
}

#[test]
fn what_stays_in_a_list_keeps_its_place_and_no_comment_is_lost() {
    let text = "[proxy]\nno_proxy = [ # all\n  'a', # one\n\n  # above b\n  'b', # two\n  'c' # three\n]\n";
    insta::assert_snapshot!(set_all(text, &[("proxy.no_proxy", None, &["b", "d"])]), @r#"
    [proxy]
    no_proxy = [ # all
      # one

      # above b
      'b', # two
      "d"
      # three
    ]
    "#);
    insta::assert_snapshot!(set_all(text, &[("proxy.no_proxy", None, &["d", "b"])]), @r#"
    [proxy]
    no_proxy = [ # all
      # one

      # above b
      # two
      # three
      "d",
      "b",
    ]
    "#);
    insta::assert_snapshot!(unset(text, "proxy.no_proxy", None), @r"
    [proxy]
    # all
    # one
    # above b
    # two
    # three
    ");
}

#[test]
fn setting_mends_what_was_wrong() {
    let (_directory, path) = file("[server]\nport = '1' # p\n[proxy]\nsystem = false\n");
    let set = set_value(&path, "server.port", None, &texts(&["2"]), false).unwrap();
    assert_eq!(set, Set::Changed);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "[server]\nport = 2 # p\n[proxy]\nsystem = false\n"
    );
}

#[test]
fn a_value_that_is_there_already_is_not_written_anew() {
    let text = "[server]\nport = 0x10 # p\n";
    let (_directory, path) = file(text);
    let set = set_value(&path, "server.port", None, &texts(&["16"]), false).unwrap();
    assert_eq!(set, Set::Kept);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_file_that_does_not_exist_is_created_by_setting_only() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    assert!(!unset_value(&path, "server.port", None, None).unwrap());
    assert!(!path.exists());
    let set = set_value(&path, "server.port", None, &texts(&["1"]), false).unwrap();
    assert_eq!(set, Set::Added);
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(written, format!("{HEADER}\n[server]\nport = 1\n"));
}

#[test]
fn what_cannot_be_is_refused_with_the_way_out() {
    let text =
        "[proxy]\nno_proxy = ['a']\n[[accounts]]\nid = 'personal'\nrefresh_token = 'gho_1'\n";
    let (_directory, path) = file(text);
    let told = |outcome: Result<String, Error>| match outcome {
        Err(error) => format!("{error}\nhint: {}\n", error.hint().unwrap_or("none")),
        Ok(outcome) => outcome,
    };
    let set = |key, account, values: &[&str], add| {
        let set = set_value(&path, key, account, &texts(values), add);
        told(set.map(|set| format!("{set:?}")))
    };
    let unset = |key, account, value| {
        told(unset_value(&path, key, account, value).map(|there| there.to_string()))
    };
    let all = [
        set("server.port", None, &["70000"], false),
        set("server.port", None, &["many"], false),
        set("server.port", None, &["1", "2"], false),
        set("server.port", None, &["1"], true),
        set("server.port", None, &[], false),
        set("pool.strategy", None, &["stiky"], false),
        set("proxy.no_proxy", None, &["a b"], true),
        set("enabled", Some("persona"), &["false"], false),
        set("refresh_token", Some("personal"), &["sk secret"], false),
        set("provider", Some("personal"), &["zai"], false),
        unset("id", Some("personal"), None),
        unset("refresh_token", Some("personal"), None),
        unset("server.port", None, Some("1")),
        unset("proxy.nothing", None, None),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    `server.port` must be a port from 0 to 65535, not 70000
    hint: none

    `server.port` must be a port from 0 to 65535
    hint: none

    `server.port` takes one value
    hint: none

    `server.port` is no list that a value could be added to
    hint: leave --add out

    `server.port` needs a value
    hint: none

    `pool.strategy` must be one of `round_robin`, `sticky`, `fill_first`, `most_remaining`, not `stiky`
    hint: did you mean `sticky`?

    `proxy.no_proxy` must be a list of host names, `.suffixes`, addresses or CIDR blocks
    hint: none

    there is no account `persona`
    hint: did you mean `personal`?

    `refresh_token` must hold visible ASCII only, without spaces
    hint: none

    this would make the configuration wrong: account `personal` has no `api_key`, which provider `zai` needs
    hint: none

    this would make the configuration wrong: this account has no `id`
    hint: none

    this would make the configuration wrong: account `personal` has no `refresh_token` and no `access_token`
    hint: none

    `server.port` is no list that a value could be taken out of
    hint: leave the value out

    unknown key `proxy.nothing`
    hint: none
    "#);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn an_edit_of_a_file_that_is_wrong_tells_what_is_wrong_with_it() {
    for wrong in [
        "[server\n",
        "[server]\nprot = 1\n",
        "proxy.no_proxy = 'a'\n",
        "server = 1\n",
        "[server]\n[server]\n",
        "[server.port]\n",
        "accounts = 1\n",
        "accounts = [1]\n",
    ] {
        let (_directory, path) = file(wrong);
        for account in [None, Some("a")] {
            let key = if account.is_some() {
                "weight"
            } else {
                "usage.enabled"
            };
            let value = texts(&[if account.is_some() { "2" } else { "true" }]);
            let error = set_value(&path, key, account, &value, false).unwrap_err();
            let Error::Problems(problems) = error else {
                panic!("{wrong}: {error}");
            };
            assert_eq!(problems, check(wrong, &path).unwrap_err());
        }
        let added = set_value(&path, "proxy.no_proxy", None, &texts(&["b"]), true);
        assert!(matches!(added, Err(Error::Problems(_))), "{wrong}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), wrong);
    }
}

#[test]
fn two_writers_of_different_keys_lose_nothing() {
    let (_directory, path) = file("# mine\n[server]\nport = 1 # p\n");
    std::thread::scope(|scope| {
        for key in ["server.port", "pool.max_wait_secs"] {
            let path = &path;
            scope.spawn(move || {
                for n in 1..=200 {
                    set_value(path, key, None, &[n.to_string()], false).unwrap();
                    if n % 10 == 0 {
                        let host = format!("{}-{n}", &key[..4]);
                        set_value(path, "proxy.no_proxy", None, &[host], true).unwrap();
                    }
                }
            });
        }
    });
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# mine\n[server]\nport = 200 # p\n"),
        "{text}"
    );
    assert_eq!(read(&text).pool.max_wait.as_secs(), 200);
    let hosts = text.matches("serv-").count() + text.matches("pool-").count();
    assert_eq!(hosts, 40, "{text}");
}

proptest! {
    #[test]
    fn no_text_of_toml_tokens_panics(tokens in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "[[", "]]", "accounts", "proxy", "settings", ".", "=", "\n", "\r\n", "'", "\"\"\"", "{", "}", ",",
        "no_proxy", "id", "'a'", "1", "ä", "\u{feff}", "#", " ", "[[accounts]]\nid='a'\n", "[proxy]\nno_proxy=[", "proxy.no_proxy={",
    ]), 0..30)) {
        let text = tokens.concat();
        for (key, account) in [("proxy.no_proxy", None), ("settings.user_agent", Some("a")), ("weight", Some("a"))] {
            let key = resolve(key, account).unwrap();
            let mut document = Document { text: text.clone() };
            for (value, add) in [("5", false), ("6", true), ("7", false)] {
                let value = key.parse(&texts(&[value])).unwrap();
                let _ = document.set_value(key, account, &value, add);
            }
            let _ = document.unset_value(key, account, Some("7"));
            let _ = document.unset_value(key, account, None);
        }
        prop_assert!(Layout::parse(&text).is_none() || comments(&text).len() <= text.matches('#').count());
    }
}
