//! What a value may be, and why it is refused.

use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;

use crate::account::OwnProxy;
use crate::{nearest, splice, url};

/// What the value of a key may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Bool,
    /// A TCP port; 0 lets the system pick.
    Port,
    /// A length of time of at most a day.
    Seconds {
        /// The shortest.
        min: i64,
    },
    /// A number of bytes.
    Bytes {
        /// The fewest.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A number of things.
    Count {
        /// The fewest.
        min: i64,
        /// The most.
        max: i64,
    },
    /// A moment, in seconds since 1970.
    UnixSeconds,
    /// A name that a person gives.
    Id,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A credential that is sent in a header.
    Secret,
    /// The value of a header.
    Header,
    /// An `https` URL, or an `http` one on loopback.
    Url,
    /// The URL of a proxy, which may hold a password.
    ProxyUrl,
    /// The URL of a proxy, which may hold a password, or `direct` for none.
    OwnProxy,
    /// An address or host name to listen on.
    Host,
    /// `github.com` or `SUB.ghe.com`.
    GithubHost,
    /// A list of names, `.suffixes`, addresses and CIDR blocks.
    Hosts,
    /// An absolute path, or one that begins with `~/`.
    Path,
}

/// A value, of the few shapes that the configuration file needs. It has no `Debug`, as it may be a
/// secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Integer(i64),
    /// A string.
    String(String),
    /// A list of strings.
    Strings(Vec<String>),
}

/// Why a value is refused; it never holds the value of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Words that follow the name of the key, as in "must be true or false, not a string".
    pub message: String,
    /// The valid value that was most likely meant.
    pub nearest: Option<String>,
}

impl Kind {
    /// Reads a value from plain text, as the command line has it.
    pub fn parse(self, text: &str) -> Result<Value, Refusal> {
        let value = match self {
            Self::Bool => text.parse().map(Value::Bool).ok(),
            Self::Hosts => Some(Value::Strings(vec![text.to_owned()])),
            _ if self.range().is_some() => text.parse().map(Value::Integer).ok(),
            _ => Some(Value::String(text.to_owned())),
        };
        self.accept(value.ok_or_else(|| self.refuse(""))?)
    }

    /// Accepts a value, in its one right spelling, or says why not.
    pub fn accept(self, value: Value) -> Result<Value, Refusal> {
        match (self, value) {
            (Self::Bool, Value::Bool(value)) => Ok(Value::Bool(value)),
            (Self::Hosts, Value::Strings(hosts)) => {
                match hosts.iter().all(|host| is_host_pattern(host)) {
                    true => Ok(Value::Strings(hosts)),
                    false => Err(self.refuse("")),
                }
            }
            (Self::Bool | Self::Hosts, other) => Err(self.refuse(other.shape())),
            (_, Value::Integer(number)) => match self.range() {
                Some((min, max)) if (min..=max).contains(&number) => Ok(Value::Integer(number)),
                Some(_) => Err(self.refuse(&number.to_string())),
                None => Err(self.refuse("an integer")),
            },
            (_, Value::String(text)) if self.range().is_none() => {
                self.accept_text(text).map(Value::String)
            }
            (_, other) => Err(self.refuse(other.shape())),
        }
    }

    /// What the value must be, in words.
    pub fn expected(self) -> String {
        match self {
            Self::Bool => "true or false".to_owned(),
            Self::Port => "a port from 0 to 65535".to_owned(),
            Self::Seconds { min } => format!("a number of seconds from {min} to {DAY}"),
            Self::Bytes { min, max } => format!("a number of bytes from {min} to {max}"),
            Self::Count { min, max } => format!("a number from {min} to {max}"),
            Self::UnixSeconds => "a moment in seconds since 1970".to_owned(),
            Self::OneOf(words) => match words {
                [word] => format!("`{word}`"),
                _ => format!("one of `{}`", words.join("`, `")),
            },
            Self::Id => "a name".to_owned(),
            Self::Secret | Self::Header => "a string".to_owned(),
            Self::Url | Self::ProxyUrl => "a URL".to_owned(),
            Self::OwnProxy => format!("`{}` or a proxy's URL", OwnProxy::DIRECT),
            Self::Host => "an address or a host name".to_owned(),
            Self::GithubHost => "`github.com` or `SUBDOMAIN.ghe.com`".to_owned(),
            Self::Hosts => "a list of host names, `.suffixes`, addresses or CIDR blocks".to_owned(),
            Self::Path => "an absolute path, or one that begins with `~/`".to_owned(),
        }
    }

    /// Says that the value must be something else than `found`, which may be empty.
    pub(crate) fn refuse(self, found: &str) -> Refusal {
        let mut message = format!("must be {}", self.expected());
        if !found.is_empty() {
            message.push_str(", not ");
            message.push_str(found);
        }
        Refusal {
            message,
            nearest: None,
        }
    }

    pub(crate) const fn is_secret(self) -> bool {
        matches!(self, Self::Secret) || self.is_proxy()
    }

    /// Whether a value names a proxy, and so is a secret only with a password.
    pub(crate) const fn is_proxy(self) -> bool {
        matches!(self, Self::ProxyUrl | Self::OwnProxy)
    }

    pub(crate) const fn is_list(self) -> bool {
        matches!(self, Self::Hosts)
    }

    /// The least and the most that a number may be.
    pub(crate) const fn range(self) -> Option<(i64, i64)> {
        match self {
            Self::Port => Some((0, u16::MAX as i64)),
            Self::Seconds { min } => Some((min, DAY)),
            Self::Bytes { min, max } | Self::Count { min, max } => Some((min, max)),
            Self::UnixSeconds => Some((0, END_OF_9999)),
            _ => None,
        }
    }

    fn accept_text(self, text: String) -> Result<String, Refusal> {
        let must = |what: &str| Refusal {
            message: format!("must {what}"),
            nearest: None,
        };
        match self {
            Self::OneOf(words) if words.contains(&text.as_str()) => Ok(text),
            Self::OneOf(words) => Err(match nearest::nearest(&text, words.iter().copied()) {
                Some(word) => Refusal {
                    nearest: Some(word.to_owned()),
                    ..self.refuse(&format!("`{text}`"))
                },
                // What resembles no valid word is not repeated: it may be a key on a wrong line.
                None => self.refuse(""),
            }),
            Self::Id => match text.trim() {
                "" => Err(must("not be empty")),
                trimmed if trimmed != text => Err(must("not begin or end with a space")),
                _ if text.chars().any(char::is_control) => Err(must("not hold control characters")),
                _ if text.chars().count() > 128 => Err(must("not be longer than 128 characters")),
                _ => Ok(text),
            },
            Self::Secret if text.is_empty() => Err(must("not be empty")),
            Self::Secret if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text),
            Self::Secret => Err(must("hold visible ASCII only, without spaces")),
            Self::Header if text.trim_matches([' ', '\t']).is_empty() => Err(must("not be empty")),
            Self::Header if text.starts_with(' ') || text.ends_with(' ') => {
                Err(must("not begin or end with a space"))
            }
            Self::Header if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) => Ok(text),
            Self::Header => Err(must("hold visible ASCII only, as it is sent in a header")),
            Self::Url => url::upstream(&text).map_err(must).map(|()| text),
            Self::ProxyUrl => url::proxy(&text).map_err(must).map(|()| text),
            Self::OwnProxy if text == OwnProxy::DIRECT => Ok(text),
            Self::OwnProxy => match url::proxy(&text) {
                Ok(()) => Ok(text),
                Err(problem) => Err(Refusal {
                    message: format!("must be `{}`, or {problem}", OwnProxy::DIRECT),
                    nearest: nearest::nearest(&text, [OwnProxy::DIRECT]).map(str::to_owned),
                }),
            },
            Self::Host if text.parse::<Ipv6Addr>().is_ok() || url::is_host_name(&text) => Ok(text),
            Self::Host => {
                let bare = text
                    .strip_prefix('[')
                    .and_then(|host| host.strip_suffix(']'));
                let nearest = bare
                    .filter(|host| host.parse::<Ipv6Addr>().is_ok())
                    .map(str::to_owned);
                Err(Refusal {
                    nearest,
                    ..self.refuse("")
                })
            }
            Self::GithubHost => {
                let host = text.to_ascii_lowercase();
                if is_github_host(&host) {
                    return Ok(host);
                }
                let bare = host.trim_start_matches("https://").trim_end_matches('/');
                let nearest = is_github_host(bare).then(|| bare.to_owned());
                Err(Refusal {
                    nearest,
                    ..self.refuse("")
                })
            }
            Self::Path if text.contains('\0') => Err(self.refuse("")),
            Self::Path if Path::new(&text).is_absolute() || text.starts_with("~/") => Ok(text),
            _ => Err(self.refuse("")),
        }
    }
}

impl Value {
    /// The value as TOML writes it. It may be a secret.
    pub fn to_toml(&self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::String(text) => splice::string(text),
            Self::Strings(texts) => {
                let texts: Vec<_> = texts.iter().map(|text| splice::string(text)).collect();
                format!("[{}]", texts.join(", "))
            }
        }
    }

    /// The value's type, with its article.
    fn shape(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "an integer",
            Self::String(_) => "a string",
            Self::Strings(_) => "a list",
        }
    }
}

/// Exactly one label may stand before `.ghe.com`, else a token could be sent to a host that some
/// customer of GitHub controls.
fn is_github_host(host: &str) -> bool {
    let sub = host.strip_suffix(".ghe.com");
    host == "github.com" || sub.is_some_and(|sub| !sub.contains('.') && url::is_host_name(host))
}

fn is_host_pattern(host: &str) -> bool {
    if let Some((address, bits)) = host.split_once('/') {
        let most = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return false,
        };
        return bits.parse::<u8>().is_ok_and(|bits| bits <= most);
    }
    if host == "*" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = host.strip_prefix('*').unwrap_or(host);
    let name = name.strip_prefix('.').unwrap_or(name);
    let name = match name.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => name,
    };
    url::is_host_name(name)
}

/// A wait of more than a day is a slip, such as milliseconds.
const DAY: i64 = 86_400;
/// Anything later is a slip, such as milliseconds, and no clock library takes it.
const END_OF_9999: i64 = 253_402_300_799;

#[cfg(test)]
mod tests;
