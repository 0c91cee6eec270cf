//! Proves that an account's share, its turn and its own way out are read as they are written.

use super::*;
use crate::{OwnProxy, Tier};

#[test]
fn an_account_may_have_its_own_way_out_beside_the_section() {
    let config = accepted(
        "[proxy]\nsystem = true\n[[accounts]]\nid = 'a'\nrefresh_token = 'x'\nproxy = 'socks5h://u:p@h:1'\n[[accounts]]\nid = 'b'\nrefresh_token = 'x'\nproxy = 'direct'\n[[accounts]]\nid = 'c'\nrefresh_token = 'x'\n",
    );
    assert!(matches!(config.proxy.unwrap().via, Via::System));
    let [a, b, c] = &config.accounts[..] else {
        panic!("three accounts were written");
    };
    assert!(
        matches!(&a.proxy, Some(OwnProxy::Url(url)) if url.expose_secret() == "socks5h://u:p@h:1")
    );
    assert!(matches!(b.proxy, Some(OwnProxy::Direct)));
    assert!(c.proxy.is_none());
}

#[test]
fn an_own_way_out_that_is_none_is_told_and_not_repeated() {
    insta::assert_snapshot!(problems(
        "proxy = 'direct'\n[[accounts]]\nid = 'a'\nrefresh_token = 'x'\nproxy = 'Direkt'\n[[accounts]]\nid = 'b'\nrefresh_token = 'x'\nproxy = 'user:hunter2@proxy:80'\n[[accounts]]\nid = 'c'\nrefresh_token = 'x'\nproxy = 'http://hunter2@h:0'\n[[accounts]]\nid = 'd'\nrefresh_token = 'x'\n[accounts.proxy]\nurl = 'http://h'\n"
    ), @r"
    config.toml:1:1: `proxy` must be a table, not a string
    hint: did you mean `[proxy]`?
    config.toml:5:9: `accounts.proxy` must be `direct`, or begin with http://, https://, socks5:// or socks5h://
    hint: did you mean `direct`?
    config.toml:9:9: `accounts.proxy` must be `direct`, or begin with http://, https://, socks5:// or socks5h://
    config.toml:13:9: `accounts.proxy` must be `direct`, or have a port from 1 to 65535
    config.toml:17:1: `accounts.proxy` must be `direct` or a proxy's URL, not a table
    ");
}

#[test]
fn an_account_says_how_much_it_serves_and_when() {
    let account = "[[accounts]]\nid = 'a'\nrefresh_token = 'x'\n";
    let plain = &accepted(account).accounts[0];
    assert_eq!(
        (plain.tier, plain.weight, plain.max_concurrent),
        (Tier::Active, 1, None)
    );
    let text = format!("{account}tier = 'fallback'\nweight = 100\nmax_concurrent = 10000\n");
    let full = &accepted(&text).accounts[0];
    assert_eq!(
        (full.tier, full.weight, full.max_concurrent),
        (Tier::Fallback, 100, Some(10_000))
    );
    assert!(plain.tier < full.tier);
    insta::assert_snapshot!(problems(&format!("{account}tier = 'falback'\nweight = 0\nmax_concurrent = 10001\n")), @r"
    config.toml:4:8: `accounts.tier` must be one of `active`, `fallback`, not `falback`
    hint: did you mean `fallback`?
    config.toml:5:10: `accounts.weight` must be a number from 1 to 100, not 0
    config.toml:6:18: `accounts.max_concurrent` must be a number from 1 to 10000, not 10001
    ");
}
