//! Proves what each kind accepts, and what its refusals tell.

use super::*;

fn accepts(kind: Kind, text: &str) -> bool {
    kind.parse(text).is_ok()
}

#[test]
fn a_github_host_has_exactly_one_label_before_ghe_com() {
    assert!(accepts(Kind::GithubHost, "github.com"));
    assert!(accepts(Kind::GithubHost, "Acme.GHE.com"));
    for bad in [
        "ghe.com",
        ".ghe.com",
        "a.b.ghe.com",
        "evil.com/.ghe.com",
        "evilghe.com",
        "github.com.evil.com",
        "",
    ] {
        assert!(!accepts(Kind::GithubHost, bad), "{bad}");
    }
    let refusal = Kind::GithubHost
        .parse("https://acme.ghe.com/")
        .err()
        .unwrap();
    assert_eq!(refusal.nearest.as_deref(), Some("acme.ghe.com"));
}

#[test]
fn a_host_to_listen_on_is_an_address_or_a_name() {
    for good in ["127.0.0.1", "::1", "::", "0.0.0.0", "localhost"] {
        assert!(accepts(Kind::Host, good), "{good}");
    }
    for bad in ["", "[::1]", "a b", "127.0.0.1:80", "http://x"] {
        assert!(!accepts(Kind::Host, bad), "{bad}");
    }
    let refusal = Kind::Host.parse("[::1]").err().unwrap();
    assert_eq!(refusal.nearest.as_deref(), Some("::1"));
}

#[test]
fn hosts_reached_directly_are_names_suffixes_addresses_and_blocks() {
    for good in [
        "localhost",
        ".internal",
        "*.internal",
        "*",
        "10.0.0.0/8",
        "fd00::/8",
        "::1",
        "[::1]",
        "h:8080",
    ] {
        assert!(accepts(Kind::Hosts, good), "{good}");
    }
    for bad in ["", "10.0.0.0/33", "x/8", "a b", "http://x"] {
        assert!(!accepts(Kind::Hosts, bad), "{bad}");
    }
}

#[test]
fn an_own_way_out_is_a_proxy_or_none() {
    for good in ["direct", "http://u:p@h:8080", "socks5h://127.0.0.1:1080"] {
        assert!(accepts(Kind::OwnProxy, good), "{good}");
    }
    for bad in [
        "",
        "Direct",
        "none",
        "system",
        "h:8080",
        "ftp://h",
        "http://h/x",
    ] {
        assert!(!accepts(Kind::OwnProxy, bad), "{bad}");
    }
    assert!(!accepts(Kind::ProxyUrl, "direct"));
    let refusal = Kind::OwnProxy.parse("Direct").err().unwrap();
    assert_eq!(refusal.nearest.as_deref(), Some("direct"));
}

#[test]
fn a_count_is_a_number_between_its_bounds() {
    let kind = Kind::Count { min: 1, max: 100 };
    assert!(accepts(kind, "1") && accepts(kind, "100"));
    for bad in ["", "0", "101", "-1", "1.5", "many"] {
        assert!(!accepts(kind, bad), "{bad}");
    }
    assert_eq!(kind.expected(), "a number from 1 to 100");
}

#[test]
fn an_id_may_be_any_printable_name() {
    for good in ["personal", "arbeit äöü", "仕事", "a.b", "x@y"] {
        assert!(accepts(Kind::Id, good), "{good}");
    }
    for bad in ["", " ", "a ", "\ta", "a\nb", "a\u{7}b", &"x".repeat(129)] {
        assert!(!accepts(Kind::Id, bad), "{bad:?}");
    }
}

#[test]
fn what_goes_into_a_header_is_visible_ascii() {
    assert!(accepts(Kind::Header, "vscode/1.95.0 (x)"));
    assert!(accepts(Kind::Secret, "tid=1;exp=2:sig"));
    for bad in ["", " ", "a\r\nX-Evil: 1", "ä", "a\u{7f}", " a"] {
        assert!(!accepts(Kind::Header, bad), "{bad:?}");
        assert!(!accepts(Kind::Secret, bad), "{bad:?}");
    }
    assert!(!accepts(Kind::Secret, "Bearer sk-1"));
}

#[test]
fn a_word_that_resembles_no_valid_one_is_not_repeated() {
    let kind = Kind::OneOf(&["user", "agent", "auto"]);
    let near = kind.parse("agnet").err().unwrap();
    assert_eq!(
        near.message,
        "must be one of `user`, `agent`, `auto`, not `agnet`"
    );
    let far = kind.parse("sk-secret").err().unwrap();
    assert_eq!(far.message, "must be one of `user`, `agent`, `auto`");
}
