//! The one judgement of where the window may go. Every navigation, redirect, new window and frame is put to it before its request leaves.

use std::fmt;

use url::Url;

use super::{Browser, Place};

/// The longest URL that is looked at, in bytes. A sign-in's own redirects carry whole SAML requests.
const LONGEST_URL: usize = 64 * 1024;

/// The longest host that is shown. No real one is longer (RFC 1035 §2.3.4).
const LONGEST_SHOWN: usize = 253;

/// A place that the window may not go to. It holds the host alone: the rest of a URL may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The host, as it is asked for: in punycode, with its port where that is not https's own. Of a URL without one, its scheme.
    pub host: String,
    /// What is wrong with it.
    pub reason: RefusedFor,
}

/// What is wrong with a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusedFor {
    /// The provider file does not list the host.
    NotListed,
    /// It is listed, and asked for without https.
    NotHttps,
    /// It is listed, and asked for at another port.
    Port,
    /// A user name stands before the host, where it can pass for it.
    UserInfo,
    /// It is no URL with a host.
    NoHost,
}

impl Browser {
    /// Whether the window may go to a URL: https, default port, no user name, and a listed host, whole or below one. Only what was parsed
    /// counts, so that the host that is compared is the host that is connected to.
    ///
    /// # Errors
    /// [`Refusal`] with the host and the reason.
    pub fn judge(&self, url: &str) -> Result<(), Refusal> {
        let parsed = Some(url).filter(|url| url.len() <= LONGEST_URL).and_then(|url| Url::parse(url).ok());
        let Some(parsed) = parsed else {
            return Err(Refusal { host: "an address that is none".to_owned(), reason: RefusedFor::NoHost });
        };
        if self.allow_hosts.iter().any(|place| place.matches(&parsed)) {
            return Ok(());
        }
        Err(Refusal { host: shown(&parsed), reason: self.reason(&parsed) })
    }

    fn reason(&self, url: &Url) -> RefusedFor {
        let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return RefusedFor::NoHost };
        if !url.username().is_empty() || url.password().is_some() {
            return RefusedFor::UserInfo;
        }
        let listed = self.allow_hosts.iter().any(|place| match place {
            Place::Host(listed) => listed.has(host),
            Place::Loopback(_) => false,
        });
        match (listed, url.scheme() == "https") {
            (false, _) => RefusedFor::NotListed,
            (true, false) => RefusedFor::NotHttps,
            (true, true) => RefusedFor::Port,
        }
    }
}

/// The host and, where it is not https's own, its port.
fn shown(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let text = match url.host_str().filter(|host| !host.is_empty()) {
        Some(host) => format!("{host}{port}"),
        None => format!("{}:", url.scheme()),
    };
    text.chars().take(LONGEST_SHOWN).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({})", self.host, self.reason)
    }
}

impl fmt::Display for RefusedFor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotListed => "allow_hosts does not list it",
            Self::NotHttps => "it is asked for without https",
            Self::Port => "it is asked for at another port than https's own",
            Self::UserInfo => "a user name stands before the host",
            Self::NoHost => "it is no page of a host",
        })
    }
}

impl RefusedFor {
    /// A stable word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotListed => "not_listed",
            Self::NotHttps => "not_https",
            Self::Port => "port",
            Self::UserInfo => "user_info",
            Self::NoHost => "no_host",
        }
    }
}

#[cfg(test)]
mod tests;
