//! An answer that came to the proxy, for it to send on to the app that waits for it on the person's own machine.
//!
//! Where to stands in the `state`, and is one of three forms, of which a port is the only part that varies: nothing in an answer can
//! send a code anywhere else, and a forged port leads to nobody but the person's own machine, where an unknown state is refused.

use std::fmt;

use url::form_urlencoded;

use crate::{
    flow::error::ErrorCode,
    id::ProviderName,
    provider::OAuth,
    secret::{SecretText, State},
};

/// Longest query that is sent on, in bytes.
const LONGEST_QUERY: usize = 32 * 1024;
/// Lowest port: those below belong to the system's own services.
const LOWEST_PORT: u16 = 1_024;
/// The address of an app that has the scheme to itself.
const SCHEME: &str = "keyferry://oauth-callback";
/// What of an answer every provider may send (RFC 6749 §4.1.2, RFC 9207).
const STANDARD: [&str; 5] = ["state", "iss", "error", "error_description", "error_uri"];

/// Where the app waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnTo {
    /// `http://127.0.0.1:PORT`
    Ipv4(u16),
    /// `http://[::1]:PORT`
    Ipv6(u16),
    /// `keyferry://oauth-callback`
    App,
}

/// An answer on its way to the app.
#[derive(Debug)]
pub struct SentOn {
    /// Where the app waits.
    pub to: ReturnTo,
    /// That address with the answer. It holds a code.
    pub url: SecretText,
}

// === impl ReturnTo ===

impl From<u16> for ReturnTo {
    fn from(port: u16) -> Self {
        Self::Ipv4(port)
    }
}

impl fmt::Display for ReturnTo {
    /// As it stands in a `state`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(port) => write!(out, "{port}"),
            Self::Ipv6(port) => write!(out, "v6.{port}"),
            Self::App => out.write_str("app"),
        }
    }
}

impl ReturnTo {
    /// Reads the end of a `state`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "app" {
            return Some(Self::App);
        }
        match text.strip_prefix("v6.") {
            Some(digits) => port(digits).map(Self::Ipv6),
            None => port(text).map(Self::Ipv4),
        }
    }

    /// The address, with the provider's own path, so that one provider's answer can't pass for another's.
    fn address(self, provider: &ProviderName) -> String {
        match self {
            Self::Ipv4(port) => format!("http://127.0.0.1:{port}/oauth/callback/{provider}"),
            Self::Ipv6(port) => format!("http://[::1]:{port}/oauth/callback/{provider}"),
            Self::App => format!("{SCHEME}/{provider}"),
        }
    }
}

fn port(digits: &str) -> Option<u16> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let port = digits.parse().ok().filter(|port| *port >= LOWEST_PORT);
    port.filter(|_| plain)
}

/// The answer as it goes on: what belongs to it, as it came, and nothing else. None without one `state` that says where to.
#[must_use]
pub fn send_on(provider: &ProviderName, oauth: &OAuth, query: &str) -> Option<SentOn> {
    if query.len() > LONGEST_QUERY || !query.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let state = State::new(only(query, "state")?).ok()?;
    let to = state.return_to()?;
    let mut url = to.address(provider);
    let mut mark = '?';
    for pair in query.split('&').filter(|pair| belongs(oauth, pair)) {
        url.push(mark);
        url.push_str(pair);
        mark = '&';
    }
    Some(SentOn { to, url: SecretText::new(url).ok()? })
}

/// The provider's error in an answer that goes nowhere, as one of a closed set.
#[must_use]
pub fn told_error(query: &str) -> Option<ErrorCode> {
    let error = only(query.get(..LONGEST_QUERY).unwrap_or(query), "error")?;
    Some(ErrorCode::from_provider(&error))
}

/// The value of a parameter that stands once.
fn only(query: &str, name: &str) -> Option<String> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) => Some(value.into_owned()),
        _ => None,
    }
}

/// Whether a pair is a part of an answer. One that stands twice goes on twice: the app has to see it to refuse it.
fn belongs(oauth: &OAuth, pair: &str) -> bool {
    // A fragment would cut off what follows it.
    let mut read = form_urlencoded::parse(pair.as_bytes());
    let Some((name, _)) = read.next().filter(|_| !pair.contains('#')) else { return false };
    STANDARD.contains(&&*name)
        || name == oauth.callback.code
        || oauth.callback.metadata.iter().any(|kept| kept.as_str() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::ProviderFile;

    fn sent(query: &str) -> Option<(ReturnTo, String)> {
        let text = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\nredirect = \"proxy\"\n[callback]\ncode = \"auth_code\"\nmetadata = [\"realmId\"]\n[token]\nendpoint = \"https://a.example/t\"\n";
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", text).unwrap().file;
        let sent = send_on(&file.name, file.oauth().unwrap(), query)?;
        Some((sent.to, sent.url.expose_secret().to_owned()))
    }

    #[test]
    fn an_answer_goes_to_one_of_three_places() {
        let table = [
            (ReturnTo::Ipv4(7667), "http://127.0.0.1:7667/oauth/callback/acme"),
            (ReturnTo::Ipv6(65535), "http://[::1]:65535/oauth/callback/acme"),
            (ReturnTo::Ipv4(1024), "http://127.0.0.1:1024/oauth/callback/acme"),
            (ReturnTo::App, "keyferry://oauth-callback/acme"),
        ];
        for (to, address) in table {
            let state = State::returning_to(to, [1; 32]);
            assert_eq!(state.return_to(), Some(to));
            let query =
                format!("auth_code=c%2F1&state={}&iss=https%3A%2F%2Fa.example", state.expose_secret());
            assert_eq!(sent(&query), Some((to, format!("{address}?{query}"))));
        }
    }

    #[test]
    fn only_what_belongs_to_an_answer_goes_on() {
        let state = State::returning_to(7667, [1; 32]);
        let state = format!("state={}", state.expose_secret());
        let table = [
            (format!("x=1&auth_code=c&{state}&next=https://evil.test"), format!("auth_code=c&{state}")),
            (format!("{state}&realmId=7&realmId=8&code=c"), format!("{state}&realmId=7&realmId=8")),
            (
                format!("{state}&error=access_denied&error_description=no"),
                format!("{state}&error=access_denied&error_description=no"),
            ),
            (format!("auth_code=a#b&{state}"), state.clone()),
            (format!("&&{state}&=&auth_code"), format!("{state}&auth_code")),
            (format!("auth%5Fcode=c&{state}"), format!("auth%5Fcode=c&{state}")),
        ];
        for (query, expected) in table {
            let (_, url) = sent(&query).unwrap();
            assert_eq!(url.split_once('?').unwrap().1, expected, "{query}");
        }
    }

    #[test]
    fn an_answer_that_says_no_place_of_ours_goes_nowhere() {
        let plain = State::from_entropy([1; 32]);
        for tail in [
            "",
            "~",
            "~80",
            "~1023",
            "~65536",
            "~07667",
            "~+7667",
            "~7667~7667",
            "~7667.evil.test",
            "~v6.80",
            "~v6.07667",
            "~v4.7667",
            "~App",
            "~app.",
            "~v6.app",
        ] {
            assert_eq!(sent(&format!("code=c&state={}{tail}", plain.expose_secret())), None, "{tail}");
        }
        let state = State::returning_to(7667, [1; 32]);
        let state = state.expose_secret();
        for query in [
            format!("state={state}&state={state}"),
            format!("state={state} "),
            format!("state={state}&code={}", "c".repeat(40_000)),
            "state=short~7667".to_owned(),
            String::new(),
        ] {
            assert_eq!(sent(&query), None, "{query}");
        }
    }

    #[test]
    fn an_error_is_told_by_a_code_of_ours() {
        assert_eq!(told_error("error=access_denied"), Some(ErrorCode::AccessDenied));
        assert_eq!(told_error("error=%3Cscript%3E"), Some(ErrorCode::Unrecognized));
        assert_eq!(told_error("error=a&error=b"), None);
        assert_eq!(told_error("code=c"), None);
    }
}
