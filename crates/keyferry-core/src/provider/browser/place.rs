//! Where the window may go: a host of the internet, or one origin of this machine.

use url::{Host, Url};

use super::{HostPattern, is_name};
use crate::url::is_loopback_in_browser;

/// An entry of `allow_hosts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A host, or all hosts below it: https, on its default port.
    Host(HostPattern),
    /// One origin on this machine, such as `http://localhost:8080`. Plain http never leaves it.
    Loopback(String),
}

impl Place {
    /// Reads `service.example`, `*.service.example` or `http://localhost:8080`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !text.starts_with("http://") {
            return HostPattern::parse(text).map(Self::Host);
        }
        let url = Url::parse(text).ok()?;
        let origin = url.origin().ascii_serialization();
        let one = !matches!(url.host(), Some(Host::Domain(name)) if !is_name(name));
        // What a parser would repair, such as a path or a name in capitals, is not what stands there.
        (is_local(&url) && one && origin == text).then_some(Self::Loopback(origin))
    }

    /// Whether a parsed URL is there.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        match self {
            Self::Host(host) => host.matches(url),
            Self::Loopback(origin) => {
                let no_user = url.username().is_empty() && url.password().is_none();
                no_user && is_local(url) && url.origin().ascii_serialization() == *origin
            }
        }
    }

    /// The entry as it stands in the file.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Host(host) => host.text(),
            Self::Loopback(origin) => origin.clone(),
        }
    }
}

/// Plain http to this machine.
fn is_local(url: &Url) -> bool {
    url.scheme() == "http" && is_loopback_in_browser(url)
}
