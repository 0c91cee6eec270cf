//! Where the local API is, as an agent is told of it.

use std::net::IpAddr;

use config::Server;
use http::Uri;

use crate::env;
use crate::report::{Failure, Kind};
use crate::term::say;

/// The address of the local API.
#[derive(Debug, PartialEq)]
pub(crate) struct Address {
    /// Without a path, and without a slash at its end.
    root: String,
    /// A name or an address, that of IPv6 without its brackets.
    host: String,
}

impl Address {
    /// Where a server of this configuration can be reached from this machine.
    pub(super) fn configured(server: &Server) -> Result<Self, Failure> {
        if server.port == 0 {
            let failure = "the server picks a free port, so where it is cannot be told";
            return Err(Failure::of(Kind::Config, failure).hint(
                "say where it listens with --url, or give it a port with `tokn-router config \
                 set server.port N`",
            ));
        }
        let bare = server.host.trim_start_matches('[').trim_end_matches(']');
        // Who listens everywhere listens on loopback too.
        let host = match bare.parse::<IpAddr>() {
            Ok(ip) if ip.is_unspecified() => "127.0.0.1".to_owned(),
            _ => bare.to_owned(),
        };
        let named = match host.contains(':') {
            true => format!("[{host}]"),
            false => host.clone(),
        };
        let root = format!("http://{named}:{}", server.port);
        Ok(Self { root, host })
    }

    /// Where a person says that it is, with or without `/v1`.
    pub(super) fn parse(url: &str) -> Result<Self, Failure> {
        let wrong = || {
            let failure = format_args!("--url {url:?} is not the address of an API");
            Failure::of(Kind::Usage, failure).hint("say it as in http://127.0.0.1:4141")
        };
        let bare = url.trim().trim_end_matches('/');
        let bare = bare.strip_suffix("/v1").unwrap_or(bare);
        let uri: Uri = bare.parse().map_err(|_| wrong())?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let host = uri.host().unwrap_or_default();
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_web || host.is_empty() || authority.contains('@') || uri.query().is_some() {
            return Err(wrong());
        }
        Ok(Self {
            root: bare.trim_end_matches('/').to_owned(),
            host: host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
        })
    }

    /// What Anthropic's clients add `/v1/messages` to.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// What OpenAI's clients add `/chat/completions` to.
    pub(crate) fn v1(&self) -> String {
        format!("{}/v1", self.root)
    }

    fn is_loopback(&self) -> bool {
        let is_loopback = self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        is_loopback || self.host.eq_ignore_ascii_case("localhost")
    }

    /// What `NO_PROXY` must say, where the environment sends what goes to this machine to a
    /// proxy; `None` where all is well.
    pub(crate) fn no_proxy(&self) -> Option<String> {
        let is_set = |name: &str| env::read(name).is_some();
        if !self.is_loopback() || !env::PROXIES.into_iter().any(is_set) {
            return None;
        }
        let mut told: Vec<String> = env::NO_PROXY.into_iter().filter_map(env::text).collect();
        told.dedup();
        self.beside(&told)
    }

    /// What both spellings of it must say; `None` where each that is set says so already.
    fn beside(&self, told: &[String]) -> Option<String> {
        let is_host = |host: &str| host == "*" || host.eq_ignore_ascii_case(&self.host);
        let has_host = |told: &String| told.split(',').map(str::trim).any(is_host);
        if !told.is_empty() && told.iter().all(has_host) {
            return None;
        }
        let all = told.iter().chain([&self.host]);
        Some(all.map(String::as_str).collect::<Vec<_>>().join(","))
    }

    /// Says it where an agent would ask a proxy for this machine.
    pub(super) fn warn_of_proxies(&self) {
        if let Some(no_proxy) = self.no_proxy() {
            say(format_args!(
                "note: the environment names a proxy, which an agent would ask for {}\n\
                 hint: export NO_PROXY={}",
                self.host,
                super::shell::quoted(&no_proxy)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(host: &str) -> String {
        let text = format!("[server]\nhost = \"{host}\"\nport = 4242\n");
        let config = config::check(&text, "c".as_ref()).unwrap();
        Address::configured(&config.server).unwrap().root
    }

    #[test]
    fn who_listens_everywhere_is_reached_on_loopback() {
        assert_eq!(configured("127.0.0.1"), "http://127.0.0.1:4242");
        assert_eq!(configured("localhost"), "http://localhost:4242");
        assert_eq!(configured("0.0.0.0"), "http://127.0.0.1:4242");
        assert_eq!(configured("::"), "http://127.0.0.1:4242");
        assert_eq!(configured("::1"), "http://[::1]:4242");
    }

    #[test]
    fn an_address_is_taken_with_and_without_its_version() {
        for url in ["http://[::1]:1", "http://[::1]:1/", "http://[::1]:1/v1/"] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.root(), "http://[::1]:1");
            assert_eq!(address.v1(), "http://[::1]:1/v1");
            assert!(address.is_loopback());
        }
        for url in [
            "",
            "4141",
            "127.0.0.1:4141",
            "ftp://a",
            "http://",
            "http://a/?b",
            "http://u:p@a",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_host_is_named_once_beside_those_that_no_proxy_has() {
        let address = Address::parse("http://127.0.0.1:1").unwrap();
        let beside = |told: &[&str]| {
            let told: Vec<String> = told.iter().map(|told| (*told).to_owned()).collect();
            address.beside(&told)
        };
        assert_eq!(beside(&[]).as_deref(), Some("127.0.0.1"));
        assert_eq!(beside(&["a, b"]).as_deref(), Some("a, b,127.0.0.1"));
        assert_eq!(beside(&["a, 127.0.0.1"]), None);
        assert_eq!(beside(&["*"]), None);
        // Who reads the other spelling is not told by this one.
        let both = beside(&["127.0.0.1", "b"]);
        assert_eq!(both.as_deref(), Some("127.0.0.1,b,127.0.0.1"));
    }
}
