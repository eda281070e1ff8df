//! A remote server's URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    LaunchError, LaunchText, Surroundings,
    fill::{Unset, Values},
};
use crate::{
    manifest::{
        model::Remote,
        settings::Settings,
        template::{Piece, Template},
    },
    url::Endpoint,
};

/// Everything but the `unreserved` set of RFC 3986 §2.3: a value in a path or query is one segment or one value, whatever it holds.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Remote {
    /// Fills the URL and checks it: https, or http on loopback.
    ///
    /// A setting that begins the URL is the person's own and is taken as it is. Before the first `/` after the host a value may hold
    /// letters, digits, `-` and `.`; behind it, it is percent-encoded.
    ///
    /// # Errors
    /// [`LaunchError`], when a value is missing, can't stand where it would, or makes a URL that may not be called.
    pub fn endpoint(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Endpoint, LaunchError> {
        let values = Values { settings, surroundings };
        let mut url = String::new();
        for piece in self.url.pieces() {
            match piece {
                Piece::Text(text) => url.push_str(text),
                Piece::Word(_) => {}
                Piece::Setting(key) => {
                    let alone = Template::only(key.clone());
                    let parts = values
                        .fill(&alone, "the URL")?
                        .map_err(|Unset(key)| LaunchError::Unset { place: "URL", key })?;
                    let value: String = parts.iter().map(|part| part.text.as_str()).collect();
                    let value =
                        escape(&url, &value).ok_or_else(|| LaunchError::UrlValue { key: key.clone() })?;
                    url.push_str(&value);
                }
            }
        }
        Ok(Endpoint::parse(&url)?)
    }

    /// Fills the headers. One whose setting has no value is left out.
    ///
    /// # Errors
    /// [`LaunchError`], when a value is too long.
    pub fn headers(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Vec<(String, LaunchText)>, LaunchError> {
        let values = Values { settings, surroundings };
        let mut headers = Vec::new();
        for (name, template) in &self.headers {
            let place = format!("the header {name}");
            if let Ok(parts) = values.fill(template, &place)? {
                headers.push((name.clone(), LaunchText::join(&parts, &place)?));
            }
        }
        Ok(headers)
    }
}

/// The value as it may follow `before`.
fn escape(before: &str, value: &str) -> Option<String> {
    if before.is_empty() {
        return Some(value.to_owned());
    }
    let behind_host = before.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']));
    if behind_host {
        let only_dots = value.bytes().all(|byte| byte == b'.');
        return (!only_dots).then(|| utf8_percent_encode(value, COMPONENT).to_string());
    }
    let host = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.');
    host.then(|| value.to_owned())
}
