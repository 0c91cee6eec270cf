//! Proves that every value is shown with where it comes from, and no secret unless asked.

use std::path::Path;

use super::*;

fn settings(text: &str) -> Vec<Setting> {
    effective(text, Path::new("c")).unwrap()
}

#[test]
fn what_takes_effect_is_told_with_where_it_comes_from() {
    let text = "\u{feff}#:schema x\r\n[server]\r\nport = 0x10\r\n[proxy]\r\nurl = 'http://me:hunter2@h:1'\r\nno_proxy = [\r\n'a', 'b']\r\n[[accounts]]\r\nid = 'a'\r\nrefresh_token = 'gho_0123456789abcdef0123'\r\naccess_token = 'tid=1'\r\nproxy = 'socks5://token@h'\r\n[[accounts]]\r\nid = 'b'\r\nproxy = 'direct'\r\nprovider = 'zai'\r\napi_key = 'sk-1'\r\n";
    let told: Vec<_> = settings(text)
        .iter()
        .map(|setting| format!("{setting:?}"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    server.host None = "127.0.0.1" (Default)
    server.port None = 16 (File { line: 3 })
    server.max_body_bytes None = 67108864 (Default)
    server.drain_secs None = 300 (Default)
    server.connect_timeout_secs None = 10 (Default)
    server.first_byte_timeout_secs None = 300 (Default)
    server.idle_timeout_secs None = 300 (Default)
    server.keep_alive_secs None = 15 (Default)
    server.reveal_account None = true (Default)
    server.websocket None = true (Default)
    pool.strategy None = "round_robin" (Default)
    pool.failure_cooldown_secs None = 60 (Default)
    pool.session_ttl_secs None = 3600 (Default)
    pool.max_wait_secs None = 20 (Default)
    usage.enabled None = true (Default)
    proxy.url None = "http://me:***@h:1" (File { line: 5 })
    proxy.system None = false (Default)
    proxy.no_proxy None = ["a", "b"] (File { line: 6 })
    accounts[].id Some("a") = "a" (File { line: 9 })
    accounts[].provider Some("a") = "github-copilot" (Default)
    accounts[].auth_type Some("a") = "bearer" (Default)
    accounts[].enabled Some("a") = true (Default)
    accounts[].refresh_token Some("a") = "gho_*** (24 characters)" (File { line: 10 })
    accounts[].access_token Some("a") = "***" (File { line: 11 })
    accounts[].host Some("a") = "github.com" (Default)
    accounts[].tier Some("a") = "active" (Default)
    accounts[].weight Some("a") = 1 (Default)
    accounts[].proxy Some("a") = "socks5://***@h" (File { line: 12 })
    accounts[].settings.initiator_mode Some("a") = "auto" (Default)
    accounts[].id Some("b") = "b" (File { line: 14 })
    accounts[].provider Some("b") = "zai" (File { line: 16 })
    accounts[].auth_type Some("b") = "bearer" (Default)
    accounts[].enabled Some("b") = true (Default)
    accounts[].api_key Some("b") = "***" (File { line: 17 })
    accounts[].host Some("b") = "github.com" (Default)
    accounts[].tier Some("b") = "active" (Default)
    accounts[].weight Some("b") = 1 (Default)
    accounts[].proxy Some("b") = "direct" (File { line: 15 })
    accounts[].settings.initiator_mode Some("b") = "auto" (Default)
    "#);
}

#[test]
fn secrets_are_shown_when_asked() {
    let settings =
        settings("[[accounts]]\nid = 'a'\nrefresh_token = 'gho_1'\nproxy = 'http://me:p@h'\n");
    for (key, shown) in [("refresh_token", "gho_1"), ("proxy", "http://me:p@h")] {
        let setting = find(&settings, key, Some("a")).unwrap().unwrap();
        assert_eq!(setting.plain(Secrets::Show), shown);
        assert_eq!(setting.toml(Secrets::Show), format!("\"{shown}\""));
        assert_eq!(setting.json(Secrets::Show), shown);
        for masked in [
            setting.plain(Secrets::Mask),
            setting.json(Secrets::Mask).to_string(),
        ] {
            assert!(masked.contains("***") && !masked.contains("gho_1") && !masked.contains(":p@"));
        }
    }
}

#[test]
fn a_setting_is_found_by_its_key_and_its_account() {
    let settings = settings(
        "[proxy]\nno_proxy = ['a', '.b']\n[[accounts]]\nid = 'a'\nrefresh_token = 'gho_1'\n",
    );
    let plain = |key, account| {
        let setting = find(&settings, key, account).unwrap();
        setting.map(|setting| setting.plain(Secrets::Mask))
    };
    assert_eq!(plain("server.port", None).as_deref(), Some("4141"));
    assert_eq!(plain("proxy.\"no_proxy\"", None).as_deref(), Some("a\n.b"));
    assert_eq!(plain("accounts.weight", Some("a")).as_deref(), Some("1"));
    assert_eq!(plain("proxy.url", None), None);
    let error = find(&settings, "weight", Some("aa")).unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.hint()),
        ("there is no account `aa`", Some("did you mean `a`?"))
    );
    assert!(find(&settings, "weight", None).is_err());
}

#[test]
fn a_secret_is_masked_but_for_its_kind_and_its_length() {
    assert_eq!(mask("gho_0123456789abcdef"), "gho_*** (20 characters)");
    assert_eq!(mask("gho_0123456789abcde"), "***");
}

#[test]
fn a_proxy_is_shown_without_its_password() {
    let shown = |text: &str| url::without_password(text);
    assert_eq!(shown("http://u:p@h:1").as_deref(), Some("http://u:***@h:1"));
    assert_eq!(
        shown("http://http:p@h/").as_deref(),
        Some("http://http:***@h/")
    );
    assert_eq!(shown("http://token@h").as_deref(), Some("http://***@h"));
    assert_eq!(shown("http://:p@h").as_deref(), Some("http://:***@h"));
    assert_eq!(shown("http://h:1"), None);
    assert_eq!(shown("direct"), None);
}
