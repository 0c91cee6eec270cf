//! Proves that the check finds every problem, tells where, and tells no secret.

use std::path::Path;

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;
use crate::{ProviderId, Strategy as Order, Via};

mod accounts;

const SPECIFICATION: &str = include_str!("../../tests/specification.toml");

fn problems(text: &str) -> String {
    match check(text, Path::new("/home/u/.config/tokn-router/config.toml")) {
        Ok(config) => panic!("accepted: {config:#?}"),
        Err(problems) => problems
            .to_string()
            .replace("/home/u/.config/tokn-router/", ""),
    }
}

fn accepted(text: &str) -> Config {
    check(text, Path::new("config.toml")).unwrap()
}

#[test]
fn a_problem_names_the_file_the_place_the_key_and_the_nearest_one() {
    let text = "# mine\n\n[pool]\nstrategi = 'round_robin'\n";
    let found = check(text, Path::new("/home/u/config.toml")).unwrap_err();
    insta::assert_snapshot!(found, @r"
    /home/u/config.toml:4:1: unknown key `strategi` in [pool]
    hint: did you mean `strategy`?
    ");
    assert_eq!(found.list[0].key, "pool.strategi");
    assert_eq!(found.list[0].nearest.as_deref(), Some("strategy"));
}

#[test]
fn every_problem_is_told_at_once_in_the_order_of_the_file() {
    insta::assert_snapshot!(problems(
        "[serwer]\nport = 1\n[server]\nport = 70000\nhost = 3\n[usage]\nenabled = 'yes'\n[pool]\nstrategy = 'round-robin'\n"
    ), @r"
    config.toml:1:2: unknown key `serwer`
    hint: did you mean `server`?
    config.toml:4:8: `server.port` must be a port from 0 to 65535, not 70000
    config.toml:5:8: `server.host` must be an address or a host name, not an integer
    config.toml:7:11: `usage.enabled` must be true or false, not a string
    config.toml:9:12: `pool.strategy` must be one of `round_robin`, `sticky`, `fill_first`, `most_remaining`, not `round-robin`
    hint: did you mean `round_robin`?
    ");
}

#[test]
fn unknown_keys_are_told_in_any_section() {
    insta::assert_snapshot!(problems(
        "port = 1\nwhatever = 2\nserver.prot = 1\n[proxy_mode]\nport = 1\n[[accounts]]\nid = 'a'\napi_kee = 'sk-1'\nprovider = 'zai'\napi_key = 'sk-2'\n[accounts.settings]\nuser_agnet = 'x'\n[settings]\n"
    ), @r"
    config.toml:1:1: unknown key `port`
    hint: did you mean `server.port`?
    config.toml:2:1: unknown key `whatever`
    config.toml:3:8: unknown key `prot` in [server]
    hint: did you mean `port`?
    config.toml:4:2: unknown key `proxy_mode`
    config.toml:8:1: unknown key `api_kee` in [[accounts]]
    hint: did you mean `api_key`?
    config.toml:12:1: unknown key `user_agnet` in [accounts.settings]
    hint: did you mean `user_agent`?
    config.toml:13:2: unknown key `settings`
    hint: did you mean `accounts.settings`?
    ");
}

#[test]
fn numbers_out_of_range_are_told_with_the_range() {
    insta::assert_snapshot!(problems(
        "[server]\nport = -1\nmax_body_bytes = 99999999999999999999\ndrain_secs = -5\nconnect_timeout_secs = 0\nidle_timeout_secs = 0xffffffffffffffffff\nfirst_byte_timeout_secs = 1.5\nkeep_alive_secs = '15'\n[pool]\nfailure_cooldown_secs = 9223372036854775807\n"
    ), @r"
    config.toml:2:8: `server.port` must be a port from 0 to 65535, not -1
    config.toml:3:18: `server.max_body_bytes` must be a number of bytes from 1024 to 1073741824, not an integer of more than 64 bits
    config.toml:4:14: `server.drain_secs` must be a number of seconds from 0 to 86400, not -5
    config.toml:5:24: `server.connect_timeout_secs` must be a number of seconds from 1 to 86400, not 0
    config.toml:6:21: `server.idle_timeout_secs` must be a number of seconds from 1 to 86400, not an integer of more than 64 bits
    config.toml:7:27: `server.first_byte_timeout_secs` must be a number of seconds from 1 to 86400, not a float
    config.toml:8:19: `server.keep_alive_secs` must be a number of seconds from 1 to 86400, not a string
    config.toml:10:25: `pool.failure_cooldown_secs` must be a number of seconds from 0 to 86400, not 9223372036854775807
    ");
}

#[test]
fn wrong_types_are_told_with_the_right_one() {
    insta::assert_snapshot!(problems(
        "server = 1\n[usage]\nenabled = 1\npath = 'relative.db'\n[proxy]\nsystem = [true]\nno_proxy = ['a', 1]\nurl = {}\n[[pool]]\n[[accounts]]\nid = 1979-05-27\nrefresh_token = 1\nsettings = 'x'\naccess_token_expires_at = '2026'\n"
    ), @r"
    config.toml:1:1: `server` must be a table, not an integer
    hint: did you mean `[server]`?
    config.toml:3:11: `usage.enabled` must be true or false, not an integer
    config.toml:4:8: `usage.path` must be an absolute path, or one that begins with `~/`
    config.toml:6:10: `proxy.system` must be true or false, not a list
    config.toml:7:12: `proxy.no_proxy` must be a list of host names, `.suffixes`, addresses or CIDR blocks, not a list that holds an integer
    config.toml:8:7: `proxy.url` must be a URL, not a table
    config.toml:9:3: `pool` must be a table, not a list
    hint: did you mean `[pool]`?
    config.toml:11:6: `accounts.id` must be a name, not a datetime
    config.toml:12:17: `accounts.refresh_token` must be a string, not an integer
    config.toml:13:1: `settings` must be a table, not a string
    hint: did you mean `[accounts.settings]`?
    config.toml:14:27: `accounts.access_token_expires_at` must be a moment in seconds since 1970, not a string
    ");
}

#[test]
fn accounts_as_one_table_are_explained() {
    insta::assert_snapshot!(problems("[accounts]\nid = 'a'\n"), @r"
    config.toml:1:2: `accounts` is a list: each entry begins with [[accounts]], not [accounts]
    hint: did you mean `[[accounts]]`?
    ");
    insta::assert_snapshot!(problems("accounts = ['a']\n"), @"config.toml:1:13: `accounts` must be a list of tables, not of string");
    insta::assert_snapshot!(problems("accounts = 'a'\n"), @r"
    config.toml:1:1: `accounts` must be a list of tables, not a string
    hint: did you mean `[[accounts]]`?
    ");
}

#[test]
fn accounts_that_cannot_sign_in_are_told() {
    insta::assert_snapshot!(problems(
        "[[accounts]]\nid = 'seat'\n[[accounts]]\nid = 'plan'\nprovider = 'zai-coding-plan'\nrefresh_token = 'gho_1'\n[[accounts]]\n"
    ), @r"
    config.toml:1:1: account `seat` has no `refresh_token` and no `access_token`
    config.toml:3:1: account `plan` has no `api_key`, which provider `zai-coding-plan` needs
    config.toml:7:1: this account has no `id`
    config.toml:7:1: this account has no `refresh_token` and no `access_token`
    ");
}

#[test]
fn ids_must_be_sane_and_differ() {
    insta::assert_snapshot!(problems(
        "[[accounts]]\nid = ''\nrefresh_token = 'a'\n[[accounts]]\nid = ' a'\nrefresh_token = 'a'\n[[accounts]]\nid = \"a\\u0007\"\nrefresh_token = 'a'\n[[accounts]]\nid = 'ß'\nrefresh_token = 'a'\n[[accounts]]\nid = 'ß'\nrefresh_token = 'a'\n"
    ), @r"
    config.toml:2:6: `accounts.id` must not be empty
    config.toml:5:6: `accounts.id` must not begin or end with a space
    config.toml:8:6: `accounts.id` must not hold control characters
    config.toml:14:6: account id `ß` is already taken by another account
    ");
}

#[test]
fn an_unknown_provider_is_told_with_the_nearest() {
    insta::assert_snapshot!(problems(
        "[[accounts]]\nid = 'a'\nprovider = 'copilot'\n[[accounts]]\nid = 'b'\nprovider = 'openai'\n"
    ), @r"
    config.toml:3:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`, not `copilot`
    hint: did you mean `github-copilot`?
    config.toml:6:12: `accounts.provider` must be one of `github-copilot`, `zai-coding-plan`, `zai`, `zhipuai-coding-plan`, `zhipuai`
    ");
}

#[test]
fn urls_that_would_leak_are_refused_and_not_repeated() {
    insta::assert_snapshot!(problems(
        "[proxy]\nurl = 'user:hunter2@proxy:80'\n[[accounts]]\nid = 'a'\nrefresh_token = 'gho_1'\nrefresh_url = 'http://api.github.com'\nbase_url = 'https://u:hunter2@h'\nhost = 'a.b.ghe.com'\n[accounts.settings]\nuser_agent = \"a\\nb\"\n"
    ), @r"
    config.toml:2:7: `proxy.url` must begin with http://, https://, socks5:// or socks5h://
    config.toml:6:15: `accounts.refresh_url` must begin with https://, as http:// is only for loopback addresses
    config.toml:7:12: `accounts.base_url` must not hold a user or a password
    config.toml:8:8: `accounts.host` must be `github.com` or `SUBDOMAIN.ghe.com`
    config.toml:10:14: `accounts.settings.user_agent` must hold visible ASCII only, as it is sent in a header
    ");
}

#[test]
fn errors_of_syntax_are_told_with_what_is_sure_before_them() {
    insta::assert_snapshot!(problems("[pool]\nstrategi = 'x'\n[[accounts]]\nid = 'a'\nrefresh_token = gho_1\nfoo = 1\n"), @r"
    config.toml:2:1: unknown key `strategi` in [pool]
    hint: did you mean `strategy`?
    config.toml:5:17: string values must be quoted, expected literal string
    ");
    insta::assert_snapshot!(problems("[server]\nport = 1\nport = 2\n"), @"config.toml:3:1: duplicate key");
    insta::assert_snapshot!(problems("[server\nport = 1\n"), @"config.toml:1:8: unclosed table, expected `]`");
    insta::assert_snapshot!(problems("x = 'abc"), @"config.toml:1:9: invalid literal string, expected `'`");
}

#[test]
fn columns_count_characters() {
    insta::assert_snapshot!(problems("server = { \"größe\" = 1, prot = 2 }"), @r"
    config.toml:1:12: unknown key `größe` in [server]
    config.toml:1:25: unknown key `prot` in [server]
    hint: did you mean `port`?
    ");
    insta::assert_snapshot!(problems("\u{feff}prot = 2\r\n\r\nhorst = 1\r\n"), @r"
    config.toml:1:1: unknown key `prot`
    config.toml:3:1: unknown key `horst`
    ");
}

#[test]
fn the_ways_toml_has_to_write_a_table_are_all_read() {
    let config = accepted(
        "server.port = 0x10\nproxy = { url = 'socks5h://u:p@127.0.0.1:1080', no_proxy = ['.internal', '10.0.0.0/8'] }\naccounts = [{ id = 'w', provider = 'zhipuai', api_key = 'sk-1', base_url = 'https://h/v4/', settings.initiator_mode = 'agent' }]\n",
    );
    assert_eq!(config.server.port, 16);
    let Some(Via::Url(url)) = config.proxy.as_ref().map(|proxy| &proxy.via) else {
        panic!("no proxy");
    };
    assert_eq!(url.expose_secret(), "socks5h://u:p@127.0.0.1:1080");
    let account = &config.accounts[0];
    assert_eq!(account.provider, ProviderId::Zhipuai);
    assert_eq!(account.base_url.as_deref(), Some("https://h/v4"));
    assert_eq!(account.settings.initiator_mode.as_str(), "agent");
}

#[test]
fn what_tells_editors_of_the_schema_is_no_mistake() {
    accepted("#:schema ./schema.json\n[server]\nport = 1\n");
    accepted("'$schema' = './schema.json'\nserver.port = 1\n");
    insta::assert_snapshot!(problems("'$schema' = 1\nserver.'$schema' = 'x'\n"), @r"
    config.toml:1:1: unknown key `$schema`
    config.toml:2:8: unknown key `$schema` in [server]
    ");
}

#[test]
fn a_proxy_section_that_asks_for_none_is_a_direct_connection() {
    assert!(accepted("[proxy]\n").proxy.is_none());
    assert!(
        accepted("[proxy]\nsystem = false\nno_proxy = ['a']\n")
            .proxy
            .is_none()
    );
    let system = accepted("[proxy]\nsystem = true\n").proxy.unwrap();
    assert!(matches!(system.via, Via::System));
}

#[test]
fn every_strategy_is_read_by_its_name() {
    for name in Order::NAMES {
        let pool = accepted(&format!("[pool]\nstrategy = '{name}'\n")).pool;
        assert_eq!(pool.strategy.as_str(), *name);
    }
    assert_eq!(Order::from_name("random"), None);
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    for text in [
        SPECIFICATION,
        "[[account]]\napi_key = 'x'",
        "[[accounts]]\nid = 'a'\nrefresh_token = gho_1",
        "proxy.url = 'http://u:p@h'",
        "accounts = [{ access_token = 'x' }]",
        "[[accounts]]\nproxy = 'http://u:p@h'",
        "[accounts.proxy]\nurl = 'http://u:p@h'",
        "proxy = 'http://u:p@h'",
        "[[accounts]]\nproxy = http://u:p@h",
    ] {
        assert!(holds_secrets(text), "{text}");
    }
    for text in [
        "",
        "[server]\nport = 1",
        "[proxy]\nurl = 'http://h:1'",
        "[[accounts]]\nproxy = 'http://h:1'",
        "[[accounts]]\nproxy = 'direct'",
        "[proxy]\nsystem = tru\n[[accounts]]\nproxy = 'direct'",
        "# refresh_token = 'x'",
    ] {
        assert!(!holds_secrets(text), "{text}");
    }
}

/// A configuration of every key, each with a value that is right.
fn complete() -> String {
    let mut text = String::new();
    let mut section = "";
    for key in schema::KEYS {
        if key.section() != section {
            section = key.section();
            match section.strip_suffix("[]") {
                Some(list) => text += &format!("\n[[{list}]]\n"),
                None => text += &format!("\n[{}]\n", section.replace("[]", "")),
            }
        }
        let value = match (key.default, key.kind) {
            (_, Kind::Hosts) => "['.internal']".to_owned(),
            (_, Kind::Secret) => format!("'{SENTINEL}'"),
            (_, Kind::ProxyUrl | Kind::OwnProxy) => format!("'http://u:{SENTINEL}@h'"),
            (_, Kind::Url) => "'https://h'".to_owned(),
            (_, Kind::Path) => "'~/usage.db'".to_owned(),
            (None, Kind::UnixSeconds) => "1730000000".to_owned(),
            (None, Kind::Count { min, .. }) => min.to_string(),
            (Some(number), _) if number.parse::<i64>().is_ok() => number.to_owned(),
            (Some(word @ ("true" | "false")), _) => word.to_owned(),
            (default, _) => format!("'{}'", default.unwrap_or("x")),
        };
        text += &format!("{} = {value}\n", key.name());
    }
    text
}

const SENTINEL: &str = "s3cr3t-s3cr3t";

#[test]
fn every_key_of_the_schema_is_read() {
    let config = accepted(&complete());
    let shown = format!("{config:?}");
    assert!(!shown.contains("None"), "{shown}");
    assert!(!shown.contains(SENTINEL));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC*") {
        let _ = check(&text, Path::new("c"));
        let _ = holds_secrets(&text);
    }

    #[test]
    fn no_text_of_toml_tokens_panics(tokens in prop::collection::vec(prop::sample::select(vec![
        "[", "]", "[[", "]]", "accounts", "server", "settings", ".", "=", "\n", "\r\n", "'", "\"", "\"\"\"", "{", "}", ",",
        "port", "id", "1", "-", "0x", "true", "nan", "ä", "\u{feff}", "\\u00", "#", "1979-05-27", " ",
    ]), 0..40)) {
        let text = tokens.concat();
        let _ = check(&text, Path::new("c"));
        let _ = holds_secrets(&text);
    }

    #[test]
    fn a_damaged_configuration_neither_panics_nor_shows_a_secret(
        at in any::<prop::sample::Index>(), cut in 0..8usize, put in "[\\PC\n'\"=#\\[\\]]{0,3}",
    ) {
        let mut text = complete();
        let at = text.floor_char_boundary(at.index(text.len()));
        text.replace_range(at..text.floor_char_boundary((at + cut).min(text.len())), &put);
        if let Err(problems) = check(&text, Path::new("c")) {
            prop_assert!(!problems.list.is_empty());
            for problem in &problems.list {
                prop_assert!(problem.line >= 1 && problem.line <= text.lines().count() + 1);
                prop_assert!(problem.column >= 1);
            }
            let told = problems.to_string();
            prop_assert!(!told.contains("s3cr3t"), "{}", told);
        }
    }

    #[test]
    fn a_wrong_value_is_told_on_its_own_line(line in any::<prop::sample::Index>(), value in prop::sample::select(vec!["[]", "{}", "nan", "1979-05-27", "[[1]]", "-99", "99999999999999999999"])) {
        let text = complete();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let settings: Vec<usize> = (0..lines.len()).filter(|&at| lines[at].contains('=')).collect();
        let at = *line.get(&settings);
        let name = lines[at].split(' ').next().unwrap().to_owned();
        prop_assume!(!(name == "no_proxy" && value == "[]"));
        lines[at] = format!("{name} = {value}");
        let problems = check(&lines.join("\n"), Path::new("c")).unwrap_err();
        prop_assert_eq!(problems.list.len(), 1);
        prop_assert_eq!(problems.list[0].line, at + 1);
        prop_assert_eq!(problems.list[0].column, name.len() + 4);
    }
}
