//! Where something listens: `HOST:PORT`, as every proxy writes it.
//!
//! A value of this type has no character that means anything in any configuration language: no quoting is needed.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A host and a port.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Address {
    host: Host,
    port: u16,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Host {
    Name(String),
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl Address {
    /// A port of this machine, seen by itself alone.
    #[must_use]
    pub fn loopback(port: u16) -> Self {
        Self { host: Host::V4(Ipv4Addr::LOCALHOST), port }
    }

    /// The host without brackets: a name or an IP address.
    #[must_use]
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::V4(address) => address.to_string(),
            Host::V6(address) => address.to_string(),
        }
    }

    /// The host as it stands in an address: IPv6 in brackets.
    #[must_use]
    pub fn bracketed_host(&self) -> String {
        match &self.host {
            Host::V6(address) => format!("[{address}]"),
            Host::Name(_) | Host::V4(_) => self.host(),
        }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the host is a name that must be looked up.
    #[must_use]
    pub fn is_name(&self) -> bool {
        matches!(self.host, Host::Name(_))
    }

    /// Whether only this machine can reach it, as far as the address says.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => name == "localhost",
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
        }
    }
}

/// `127.0.0.1:9001`, `[::1]:9001`, `app.internal:80`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::V4(address) => write!(f, "{address}:{}", self.port),
            Host::V6(address) => write!(f, "[{address}]:{}", self.port),
        }
    }
}

/// Why a text is no address.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write HOST:PORT, such as 127.0.0.1:9001, [::1]:9001 or app.internal:80")]
pub struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.strip_prefix("http://").map_or(text, |text| text.strip_suffix('/').unwrap_or(text));
        let (host, port) = text.rsplit_once(':').ok_or(NotAnAddress)?;
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or(NotAnAddress)?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(host) => Host::V6(host.parse().map_err(|_| NotAnAddress)?),
            None => host.parse().map(Host::V4).or_else(|_| name(host))?,
        };
        Ok(Self { host, port })
    }
}

/// Where `tierpress edge --mode decide` listens: an address, or a socket in the file system of the same machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decider {
    /// A host and a port.
    At(Address),
    /// The absolute path of a socket.
    Socket(String),
}

/// `127.0.0.1:9001`, `unix:/run/tierpress/edge.sock`.
impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(address) => address.fmt(f),
            Self::Socket(path) => write!(f, "unix:{path}"),
        }
    }
}

/// Why a text is no place of a decider.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write HOST:PORT, or unix:/PATH with letters, digits and `-._/` only")]
pub struct NoDecider;

impl FromStr for Decider {
    type Err = NoDecider;

    fn from_str(text: &str) -> Result<Self, NoDecider> {
        let Some(path) = text.strip_prefix("unix:") else { return text.parse().map(Self::At).map_err(|_| NoDecider) };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
        let good = path.starts_with('/') && !path.ends_with('/') && path.bytes().all(plain);
        good.then(|| Self::Socket(path.to_owned())).ok_or(NoDecider)
    }
}

/// A host name (RFC 1123, 2.1), with `_`, which container networks use.
fn name(host: &str) -> Result<Host, NotAnAddress> {
    let label = |label: &str| {
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        plain && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    // What looks like an IPv4 address and is none would be read in different ways.
    let number = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let good = host.len() <= 253 && !number && host.split('.').all(label);
    good.then(|| Host::Name(host.to_owned())).ok_or(NotAnAddress)
}
