//! Endpoints, in which a value that the person was asked for may stand: `https://{config.subdomain}.zendesk.com/oauth/tokens`.
//!
//! A value can't leave its place. In the host it is checked to be a part of a host name and never an address, elsewhere it is percent-encoded; the URL
//! that results is parsed anew, and its host must be, to the letter, the text that the template makes of it.

use std::{borrow::Cow, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{config::ConfigField, host::HostRule};
use crate::{
    delivery::{InvalidTemplate, Part, Template, Values, Word},
    id::FactName,
    url::{Endpoint, InvalidUrl},
};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An endpoint of a provider file.
#[derive(Clone)]
pub struct EndpointTemplate {
    text: String,
    form: Form,
}

#[derive(Clone)]
enum Form {
    Fixed(Endpoint),
    Open { scheme: &'static str, host: Template, rest: Template },
}

/// Why a text is no endpoint of a provider file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not a URL that is called.
    #[error("the URL can't be used: {0}")]
    Url(#[from] InvalidUrl),
    /// Not a template.
    #[error("{0}")]
    Template(#[from] InvalidTemplate),
    /// A word that can't stand in the host.
    #[error("`{{{0}}}` can't stand in a host: only what the person was asked for can, as {{config.NAME}}")]
    HostWord(Word),
    /// A word that can't stand in a URL.
    #[error("`{{{0}}}` can't stand in a URL")]
    Word(Word),
}

/// Why an endpoint can't be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnresolvedEndpoint {
    /// A value is missing.
    #[error("the URL needs a value for {{{0}}}")]
    Missing(Word),
    /// A value that is no part of a host name, or makes another host of it.
    #[error(
        "the value of {{{0}}} is no host name or part of one, such as git.acme.example; an address is none"
    )]
    Host(Word),
    /// A value that would change the path.
    #[error("the value of {{{0}}} can't stand in a path")]
    Path(Word),
    /// The URL as a whole can't be used.
    #[error("the URL can't be used: {0}")]
    Url(#[from] InvalidUrl),
}

impl EndpointTemplate {
    /// Reads an endpoint. What is fixed in it keeps the rules of [`Endpoint`].
    ///
    /// # Errors
    /// [`InvalidEndpoint`].
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        if !text.contains(['{', '}']) {
            let endpoint = Endpoint::parse(text)?;
            return Ok(Self { text: text.to_owned(), form: Form::Fixed(endpoint) });
        }
        let (scheme, after) = if let Some(after) = text.strip_prefix("https://") {
            ("https", after)
        } else if let Some(after) = text.strip_prefix("http://") {
            ("http", after)
        } else {
            return Err(InvalidUrl::Insecure.into());
        };
        let (host, rest) = after.split_at(after.find(['/', '?', '#']).unwrap_or(after.len()));
        let (host, rest) = (Template::parse(host)?, Template::parse(rest)?);
        if let Some(word) = host.words().find(|word| !matches!(word, Word::Config(_))) {
            return Err(InvalidEndpoint::HostWord(word.clone()));
        }
        let fits = |word: &&Word| {
            matches!(word, Word::Config(_) | Word::Metadata(_) | Word::Account | Word::ClientId)
        };
        if let Some(word) = rest.words().find(|word| !fits(word)) {
            return Err(InvalidEndpoint::Word(word.clone()));
        }
        // With a letter for each value the whole must be a good endpoint: so its fixed parts are.
        let sample = |template: &Template| -> String {
            template
                .parts()
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Word(_) => "x",
                })
                .collect()
        };
        Endpoint::parse(&format!("{scheme}://{}{}", sample(&host), sample(&rest)))?;
        Ok(Self { text: text.to_owned(), form: Form::Open { scheme, host, rest } })
    }

    /// The text as it stands in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The endpoint, where no value is needed for it.
    #[must_use]
    pub fn fixed(&self) -> Option<&Endpoint> {
        match &self.form {
            Form::Fixed(endpoint) => Some(endpoint),
            Form::Open { .. } => None,
        }
    }

    /// The query as it stands in the file.
    #[must_use]
    pub fn query(&self) -> &str {
        self.text.split_once('?').map_or("", |(_, query)| query)
    }

    /// Every word in it.
    #[must_use]
    pub fn words(&self) -> Vec<&Word> {
        match &self.form {
            Form::Fixed(_) => Vec::new(),
            Form::Open { host, rest, .. } => host.words().chain(rest.words()).collect(),
        }
    }

    /// The names of the values that stand in the host.
    #[must_use]
    pub fn host_names(&self) -> Vec<&FactName> {
        let Form::Open { host, .. } = &self.form else { return Vec::new() };
        let mut names = Vec::new();
        for word in host.words() {
            if let Word::Config(name) = word {
                names.push(name);
            }
        }
        names
    }

    /// Which hosts its host can become, given the fields that its values come from.
    #[must_use]
    pub fn host_rule<'f>(&self, field: impl Fn(&FactName) -> Option<&'f ConfigField>) -> HostRule {
        match &self.form {
            Form::Fixed(endpoint) => HostRule::fixed(endpoint),
            Form::Open { host, .. } => HostRule::of(host.parts(), field),
        }
    }

    /// The endpoint with its values in place.
    ///
    /// # Errors
    /// [`UnresolvedEndpoint`], which holds no value.
    pub fn resolve(&self, values: &Values<'_>) -> Result<Cow<'_, Endpoint>, UnresolvedEndpoint> {
        let (scheme, host, rest) = match &self.form {
            Form::Fixed(endpoint) => return Ok(Cow::Borrowed(endpoint)),
            Form::Open { scheme, host, rest } => (scheme, host, rest),
        };
        let host = fill_host(host, values)?;
        let url = format!("{scheme}://{host}{}", fill_rest(rest, values)?);
        let endpoint = Endpoint::parse(&url)?;
        let parsed = endpoint.url();
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        if format!("{}{port}", parsed.host_str().unwrap_or_default()) != host.to_ascii_lowercase() {
            return Err(InvalidUrl::NotAbsolute.into());
        }
        Ok(Cow::Owned(endpoint))
    }
}

/// Fills a host. Each value is one or more labels or parts of them (RFC 1123 §2.1), and never an address.
fn fill_host(host: &Template, values: &Values<'_>) -> Result<String, UnresolvedEndpoint> {
    let mut filled = String::new();
    let mut last = None;
    for part in host.parts() {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Word(word) => {
                let value = values.text(word).ok_or_else(|| UnresolvedEndpoint::Missing(word.clone()))?;
                if !is_host_text(&value) {
                    return Err(UnresolvedEndpoint::Host(word.clone()));
                }
                filled.push_str(&value);
                last = Some(word);
            }
        }
    }
    let name = filled.split(':').next().unwrap_or_default();
    match last {
        Some(word) if !is_name(name) => Err(UnresolvedEndpoint::Host(word.clone())),
        _ => Ok(filled),
    }
}

/// Letters, digits, hyphens, and dots between labels.
fn is_host_text(text: &str) -> bool {
    (1..=253).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        && text.split('.').all(|label| !label.is_empty())
}

/// A name, and no address: labels, of which the last is no number. It may be one of the own network alone; who sends a secret there
/// asks [`Destinations`](super::Destinations) before.
pub(crate) fn is_name(text: &str) -> bool {
    let label =
        |label: &str| (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-');
    let top = text.rsplit('.').next().unwrap_or_default();
    is_host_text(text)
        && text.split('.').all(label)
        && top.starts_with(|first: char| first.is_ascii_alphabetic())
        && !top.eq_ignore_ascii_case("arpa")
}

/// A name of at least two labels that can be one of the world: it is none of this machine or network alone.
pub(crate) fn is_host_name(text: &str) -> bool {
    let top = text.rsplit_once('.').map(|(_, top)| top.to_ascii_lowercase());
    let own = ["localhost", "local", "internal", "localdomain", "lan", "home"];
    is_name(text) && top.is_some_and(|top| !own.contains(&&*top))
}

/// Fills path and query: each value is one component, whatever stands in it.
fn fill_rest(rest: &Template, values: &Values<'_>) -> Result<String, UnresolvedEndpoint> {
    let mut filled = String::new();
    let mut last = None;
    for part in rest.parts() {
        match part {
            Part::Text(text) => filled.push_str(text),
            Part::Word(word) => {
                let value = values.text(word).ok_or_else(|| UnresolvedEndpoint::Missing(word.clone()))?;
                filled.extend(utf8_percent_encode(&value, COMPONENT));
                last = Some(word);
            }
        }
    }
    let path = filled.split(['?', '#']).next().unwrap_or_default();
    match last {
        Some(word) if path.split('/').any(is_step) => Err(UnresolvedEndpoint::Path(word.clone())),
        _ => Ok(filled),
    }
}

/// Whether a parser takes a part of a path for a step to itself or up. A value can make one together with the text beside it.
fn is_step(part: &str) -> bool {
    matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")
}

impl fmt::Debug for EndpointTemplate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "EndpointTemplate({})", self.text)
    }
}

impl fmt::Display for EndpointTemplate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
