//! Reads a URL far enough to refuse one that would carry a credential in the clear.
//!
//! It accepts only the plain forms on which every URL parser agrees, so that the host that was
//! judged here is the host that is connected to later.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Accepts `https` URLs, and `http` ones on loopback; says why not, in words that follow "must".
pub(crate) fn upstream(text: &str) -> Result<(), &'static str> {
    let url = Url::split(text)?;
    if url.user.is_some() {
        return Err("not hold a user or a password");
    }
    if text.contains(['?', '#']) {
        return Err("not hold a query or a fragment");
    }
    match url.scheme.as_str() {
        "https" => Ok(()),
        "http" if is_loopback(url.host) => Ok(()),
        "http" => Err("begin with https://, as http:// is only for loopback addresses"),
        _ => Err("begin with https://"),
    }
}

/// Accepts the URL of a proxy; says why not, in words that follow "must".
pub(crate) fn proxy(text: &str) -> Result<(), &'static str> {
    let url = Url::split(text).map_err(|problem| match problem {
        "begin with https://" => PROXY_SCHEMES,
        other => other,
    })?;
    if !["http", "https", "socks5", "socks5h"].contains(&url.scheme.as_str()) {
        return Err(PROXY_SCHEMES);
    }
    match url.path {
        "" | "/" => Ok(()),
        _ => Err("end after the port"),
    }
}

/// A proxy's URL without its password, or without its user when that stands alone, as it may be a
/// token; `None` when there is nothing to hide.
pub(crate) fn without_password(text: &str) -> Option<String> {
    let user = Url::split(text).ok()?.user?;
    let (before, after) = text.split_once(user)?;
    let shown = match user.split_once(':') {
        Some((name, _)) => format!("{name}:***"),
        None => "***".to_owned(),
    };
    Some(format!("{before}{shown}{after}"))
}

/// Whether this host name or address is the machine itself.
pub(crate) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || host
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
}

/// Whether this is a host name or an IPv4 address.
pub(crate) fn is_host_name(host: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    host.len() <= 253
        && host
            .split('.')
            .all(|label| !label.is_empty() && label.chars().all(plain))
}

struct Url<'a> {
    scheme: String,
    user: Option<&'a str>,
    host: &'a str,
    path: &'a str,
}

impl<'a> Url<'a> {
    fn split(text: &'a str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("begin with https://")?;
        if !text
            .chars()
            .all(|c| c.is_ascii_graphic() && !r#""<>\^`{|}"#.contains(c))
        {
            return Err("hold visible ASCII only");
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) = match authority.split_once('@') {
            Some((_, host)) if host.contains('@') => return Err("write `@` in a password as %40"),
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let (host, port) = match host.strip_prefix('[') {
            Some(host) => {
                let (host, port) = host.split_once(']').ok_or(BAD_HOST)?;
                host.parse::<Ipv6Addr>().map_err(|_| BAD_HOST)?;
                (host, port)
            }
            None => {
                let (host, port) = host.split_at(host.find(':').unwrap_or(host.len()));
                is_host_name(host).then_some((host, port)).ok_or(BAD_HOST)?
            }
        };
        let good_port = match port.strip_prefix(':') {
            Some(digits) => {
                digits.bytes().all(|b| b.is_ascii_digit())
                    && digits.parse::<u16>().is_ok_and(|port| port > 0)
            }
            None => port.is_empty(),
        };
        if !good_port {
            return Err("have a port from 1 to 65535");
        }
        Ok(Self {
            scheme: scheme.to_ascii_lowercase(),
            user,
            host,
            path,
        })
    }
}

const PROXY_SCHEMES: &str = "begin with http://, https://, socks5:// or socks5h://";
const BAD_HOST: &str = "name a host";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn https_is_accepted_anywhere_and_http_on_loopback_only() {
        for good in [
            "https://api.z.ai/api/coding/paas/v4",
            "HTTPS://api.z.ai:8443/",
            "https://[2001:db8::1]:443/v4",
            "http://127.0.0.1:8080",
            "http://127.8.8.8",
            "http://localhost:1/x",
            "http://[::1]:9/x",
        ] {
            assert_eq!(upstream(good), Ok(()), "{good}");
        }
        for bad in [
            "http://api.z.ai",
            "http://127.0.0.1.evil.example",
            "http://127.0.0.1@evil.example",
            "http://localhost.evil.example",
            "http://evil.example#@127.0.0.1",
            "http://evil.example\\@127.0.0.1",
            "http://[::ffff:1.2.3.4]",
            "ftp://api.z.ai",
            "api.z.ai",
            "https://",
            "https://a..b",
            "https://user:password@api.z.ai",
            "https://api.z.ai/?key=1",
            "https://api.z.ai:0",
            "https://api.z.ai:99999",
            "https://api.z.ai:+1",
            "https://api.z.ai:",
            "https://b\u{fc}cher.example",
            "https://api.z.ai/a b",
            "",
        ] {
            assert!(upstream(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proxy_may_have_credentials_and_speak_socks() {
        for good in [
            "http://user:pass@proxy.example.com:8080",
            "socks5h://127.0.0.1:1080",
            "socks5://h/",
            "https://[::1]:3",
        ] {
            assert_eq!(proxy(good), Ok(()), "{good}");
        }
        for bad in [
            "proxy.example.com:8080",
            "socks4://h",
            "http://u:p@w@h:1",
            "http://h/path",
            "http://",
        ] {
            assert!(proxy(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*", tail in "[@:/\\[\\]?#.a0-9]{0,12}") {
            let _ = upstream(&text);
            let _ = proxy(&text);
            let _ = upstream(&format!("http://{tail}"));
            let _ = proxy(&format!("socks5://{tail}"));
        }
    }
}
