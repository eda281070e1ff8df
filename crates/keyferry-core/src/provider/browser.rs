//! `[browser]`: sign-in without OAuth, in a window that may go to listed places only.

mod collect;
mod judge;
mod place;

use url::{Host, Url};

use super::{
    config::Pattern,
    endpoint::{is_host_name, is_name},
};
use crate::{id::FactName, url::Endpoint};

pub use collect::{Collected, LONGEST_VALUE};
pub use judge::{Refusal, RefusedFor};
pub use place::Place;

/// How one signs in in a browser window.
#[derive(Debug, Clone)]
pub struct Browser {
    /// Where the window begins.
    pub login_url: Endpoint,
    /// The only hosts that it may go to.
    pub allow_hosts: Vec<Place>,
    /// The page on which the tokens are read.
    pub extract_on: UrlPattern,
    /// What is read.
    pub tokens: Vec<BrowserToken>,
}

/// A host, or all hosts below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    domain: String,
    below: bool,
}

/// A page: an exact origin, and a path that may end in `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPattern {
    text: String,
    origin: Place,
    path: String,
    open: bool,
}

/// One value that is read from the page.
#[derive(Debug, Clone)]
pub struct BrowserToken {
    /// `access_token`, `refresh_token`, or the name of a fact.
    pub name: FactName,
    /// Where it stands.
    pub source: BrowserSource,
    /// What it must be.
    pub pattern: Option<Pattern>,
    /// Whether the sign-in waits for it.
    pub required: bool,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BrowserSource {
    /// An entry of local storage.
    LocalStorage(String),
    /// An entry of session storage.
    SessionStorage(String),
    /// A cookie, HttpOnly ones too.
    Cookie(String),
    /// The result of a script.
    Script(String),
}

impl HostPattern {
    /// Reads `host.example` or `*.host.example`. A pattern that takes in a whole top-level domain is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (domain, below) = match text.strip_prefix("*.") {
            Some(domain) => (domain, true),
            None => (text, false),
        };
        (is_domain(domain) && is_host_name(domain)).then(|| Self { domain: domain.to_owned(), below })
    }

    /// Reads a host of an operator's list: as [`HostPattern::parse`], and a single name of the own network, such as `git.local`.
    #[must_use]
    pub fn listed(text: &str) -> Option<Self> {
        let own = is_domain(text) && is_name(text);
        Self::parse(text).or_else(|| own.then(|| Self { domain: text.to_owned(), below: false }))
    }

    /// Whether a parsed URL is at such a host: https, default port, no user.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        let plain = url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        plain && url.host_str().is_some_and(|host| self.has(host))
    }

    fn has(&self, host: &str) -> bool {
        match (self.below, host.strip_suffix(self.domain.as_str())) {
            (false, rest) => rest == Some(""),
            (true, rest) => rest.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }

    /// The pattern as it stands in the file.
    #[must_use]
    pub fn text(&self) -> String {
        if self.below { format!("*.{}", self.domain) } else { self.domain.clone() }
    }
}

/// Whether a URL's parser takes the text for a host's name, as it stands.
fn is_domain(text: &str) -> bool {
    let url = Url::parse(&format!("https://{text}/")).ok();
    matches!(url.as_ref().and_then(Url::host), Some(Host::Domain(host)) if host == text)
}

impl UrlPattern {
    /// Reads `https://host/path` or `https://*.host/path*`; on this machine `http://localhost:8080/path`, too.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let begin = text.find("://")? + "://".len();
        let (origin, path) = text.split_at(begin + text.get(begin..)?.find('/')?);
        let origin = match origin.strip_prefix("https://") {
            Some(host) => Place::Host(HostPattern::parse(host)?),
            None => Place::parse(origin)?,
        };
        let (path, open) = match path.strip_suffix('*') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && !b"*?#\\%".contains(&byte));
        plain.then(|| Self { text: text.to_owned(), origin, path: path.to_owned(), open })
    }

    /// Whether a parsed URL is such a page. Only host and path count, never query or fragment.
    #[must_use]
    pub fn matches(&self, url: &Url) -> bool {
        let path = url.path();
        let fits = if self.open { path.starts_with(&self.path) } else { path == self.path };
        self.origin.matches(url) && fits
    }

    /// Whether its host is among `hosts`.
    #[must_use]
    pub fn is_within(&self, places: &[Place]) -> bool {
        let covers = |place: &Place| match (place, &self.origin) {
            (Place::Host(host), Place::Host(origin)) => host.has(&origin.domain),
            _ => false,
        };
        places.iter().any(|place| *place == self.origin || covers(place))
    }

    /// The pattern as it stands in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}
