//! URLs that were checked once. Each keeps its original text, for comparison is exact (RFC 9700 §2.1).

use std::{fmt, net::SocketAddr};

use url::{Host, Url};

use crate::id::ProviderName;

/// Why a URL can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// Not an absolute URL with a host.
    #[error("it is not an absolute URL with a host")]
    NotAbsolute,
    /// Another scheme than https, or plain http to a host that is not loopback.
    #[error("it must begin with https:// (plain http is accepted for loopback hosts alone)")]
    Insecure,
    /// `user:password@` before the host.
    #[error("it must not hold a user name or password")]
    UserInfo,
    /// A `#fragment`.
    #[error("it must not have a fragment (#…)")]
    Fragment,
    /// A character that URL parsers read differently.
    #[error(
        "it has a space, a backslash, a control or a non-ASCII character; percent-encode it (a host: in punycode)"
    )]
    Character,
    /// More than 2,000 characters.
    #[error("it is longer than 2,000 characters")]
    TooLong,
    /// Not a redirect URI of this app.
    #[error(
        "it is not http://127.0.0.1:PORT/oauth/callback/PROVIDER or http://[::1]:PORT/oauth/callback/PROVIDER"
    )]
    NotLoopbackRedirect,
}

/// The longest URL that is read.
const LONGEST: usize = 2_000;

/// Parses without trimming or repairing: parsers disagree on exactly the characters that are refused here, and the one that
/// decides must be the one that connects.
fn strict(text: &str) -> Result<Url, InvalidUrl> {
    if text.len() > LONGEST {
        return Err(InvalidUrl::TooLong);
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(InvalidUrl::Character);
    }
    let url = Url::parse(text).map_err(|_| InvalidUrl::NotAbsolute)?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err(InvalidUrl::NotAbsolute);
    }
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err(InvalidUrl::UserInfo);
    }
    Ok(url)
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

fn secure(url: &Url) -> Result<(), InvalidUrl> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        _ => Err(InvalidUrl::Insecure),
    }
}

/// Whether the host is a loopback address or `localhost`, compared as a parsed host.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether the host is this machine to a browser: a loopback address, `localhost`, or a name below it, which browsers resolve to loopback
/// themselves (RFC 6761 §6.3). Other programs ask a resolver, which may say anything.
#[must_use]
pub fn is_loopback_in_browser(url: &Url) -> bool {
    is_loopback(url) || matches!(url.host(), Some(Host::Domain(name)) if name.ends_with(".localhost"))
}

macro_rules! checked_url {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name {
            text: String,
            url: Url,
        }

        impl $name {
            /// The text as it was given.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.text
            }

            /// The parsed form.
            #[must_use]
            pub fn url(&self) -> &Url {
                &self.url
            }
        }
    };
}

checked_url! {
    /// An endpoint of a provider or of the proxy: https, or http on loopback; no user, no fragment (RFC 6749 §3.1, §3.2).
    Endpoint
}

impl Endpoint {
    /// Checks a URL.
    ///
    /// # Errors
    /// [`InvalidUrl`] with what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let url = strict(text)?;
        secure(&url)?;
        if url.fragment().is_some() {
            return Err(InvalidUrl::Fragment);
        }
        Ok(Self { text: text.to_owned(), url })
    }

    /// Checks a URL that only a browser opens.
    ///
    /// # Errors
    /// As [`Endpoint::parse`]; but plain http is accepted for names below `localhost`, too.
    pub fn parse_for_browser(text: &str) -> Result<Self, InvalidUrl> {
        match Self::parse(text) {
            Err(InvalidUrl::Insecure) => {
                let url = strict(text)?;
                let fits = url.scheme() == "http" && is_loopback_in_browser(&url) && url.fragment().is_none();
                if fits { Ok(Self { text: text.to_owned(), url }) } else { Err(InvalidUrl::Insecure) }
            }
            parsed => parsed,
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Endpoint({})", self.text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

checked_url! {
    /// An issuer identifier (RFC 8414 §2). Compared by its text, unnormalised (RFC 9207 §2.4).
    Issuer
}

impl Issuer {
    /// Checks an issuer: an endpoint without a query.
    ///
    /// # Errors
    /// [`InvalidUrl`] with what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let Endpoint { text, url } = Endpoint::parse(text)?;
        if url.query().is_some() {
            return Err(InvalidUrl::NotAbsolute);
        }
        Ok(Self { text, url })
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Issuer({})", self.text)
    }
}

checked_url! {
    /// A redirect URI on the loopback interface (RFC 8252 §7.3), with a path of its own for each provider, so that one
    /// provider's answer can't be passed off as another's.
    RedirectUri
}

impl RedirectUri {
    /// The redirect URI of a provider on the app's own listener.
    ///
    /// # Errors
    /// [`InvalidUrl::NotLoopbackRedirect`] when the address is not loopback.
    pub fn loopback(address: SocketAddr, provider: &ProviderName) -> Result<Self, InvalidUrl> {
        Self::parse_loopback(&format!("http://{address}/oauth/callback/{provider}"), provider)
    }

    /// Checks that a text is exactly a loopback redirect URI of this provider. Nothing but the port may vary (RFC 8252 §7.3),
    /// and it is above 1023.
    ///
    /// # Errors
    /// [`InvalidUrl::NotLoopbackRedirect`] otherwise.
    pub fn parse_loopback(text: &str, provider: &ProviderName) -> Result<Self, InvalidUrl> {
        let refused = InvalidUrl::NotLoopbackRedirect;
        if !Self::is_loopback(text, provider) {
            return Err(refused);
        }
        let url = strict(text).map_err(|_| refused)?;
        Ok(Self { text: text.to_owned(), url })
    }

    /// Whether [`RedirectUri::parse_loopback`] takes a text. All of it but the port is known to the letter, so it needs no parser.
    #[must_use]
    pub fn is_loopback(text: &str, provider: &ProviderName) -> bool {
        let rest = text.strip_prefix("http://127.0.0.1:").or_else(|| text.strip_prefix("http://[::1]:"));
        let Some((port, path)) = rest.and_then(|rest| rest.split_once('/')) else { return false };
        let plain = !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit());
        plain
            && port.parse::<u16>().is_ok_and(|port| port >= 1024)
            && path.strip_prefix("oauth/callback/") == Some(provider.as_str())
    }
}

impl RedirectUri {
    /// Checks that a text is a redirect URI of this provider at a proxy: https, or http on loopback, with the provider's own path.
    ///
    /// # Errors
    /// [`InvalidUrl`] otherwise.
    pub fn parse_public(text: &str, provider: &ProviderName) -> Result<Self, InvalidUrl> {
        let Endpoint { text, url } = Endpoint::parse(text)?;
        let own = url.path().ends_with(&format!("/oauth/callback/{provider}")) && url.query().is_none();
        if own { Ok(Self { text, url }) } else { Err(InvalidUrl::NotLoopbackRedirect) }
    }
}

impl fmt::Debug for RedirectUri {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RedirectUri({})", self.text)
    }
}

checked_url! {
    /// The full authorization URL of one sign-in (RFC 6749 §4.1.1), safe to hand to the system's browser. It carries `state`,
    /// so its `Debug` shows the endpoint alone.
    AuthorizationUrl
}

impl AuthorizationUrl {
    /// Checks a URL that is about to be opened.
    ///
    /// # Errors
    /// [`InvalidUrl`] for anything but an https or loopback URL with a host and without user, control or shell-active text.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        if text.len() > 16 * 1024 {
            return Err(InvalidUrl::TooLong);
        }
        let (endpoint, rest) = text.split_at(text.find(['?', '#']).unwrap_or(text.len()));
        let url = strict(endpoint)?;
        secure(&url)?;
        if !rest.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"'`<>$(){}|^".contains(&byte)) {
            return Err(InvalidUrl::Character);
        }
        let url = Url::parse(text).map_err(|_| InvalidUrl::NotAbsolute)?;
        Ok(Self { text: text.to_owned(), url })
    }
}

impl fmt::Debug for AuthorizationUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let endpoint = self.text.split('?').next().unwrap_or_default();
        write!(out, "AuthorizationUrl({endpoint}?[redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_https_or_loopback() {
        for good in
            ["https://a.example/token", "http://127.0.0.1:80/t", "http://localhost:1/t", "http://[::1]/t"]
        {
            assert_eq!(Endpoint::parse(good).unwrap().as_str(), good);
        }
        let table = [
            ("http://a.example/token", InvalidUrl::Insecure),
            ("http://localhost.evil.test/", InvalidUrl::Insecure),
            ("http://127.0.0.1.nip.io/", InvalidUrl::Insecure),
            ("ftp://a.example/", InvalidUrl::Insecure),
            ("file:///etc/passwd", InvalidUrl::NotAbsolute),
            ("javascript:alert(1)", InvalidUrl::NotAbsolute),
            ("smb://host/share", InvalidUrl::Insecure),
            ("token", InvalidUrl::NotAbsolute),
            ("https://u:p@a.example/", InvalidUrl::UserInfo),
            ("https://@a.example/", InvalidUrl::UserInfo),
            ("https://127.0.0.1@evil.test/", InvalidUrl::UserInfo),
            ("https://a.example/#f", InvalidUrl::Fragment),
            ("https://a.example/ x", InvalidUrl::Character),
            ("https://a.example\\@b.example/", InvalidUrl::Character),
            ("https://a.example/\t", InvalidUrl::Character),
            ("https://аtlassian.com/", InvalidUrl::Character),
        ];
        for (bad, why) in table {
            assert_eq!(Endpoint::parse(bad).unwrap_err(), why, "{bad}");
        }
        assert_eq!(
            Endpoint::parse(&format!("https://a.example/{}", "a".repeat(2_000))).unwrap_err(),
            InvalidUrl::TooLong
        );
    }

    #[test]
    fn only_the_port_of_a_redirect_uri_may_vary() {
        let jira: ProviderName = "jira".parse().unwrap();
        for good in ["http://127.0.0.1:1024/oauth/callback/jira", "http://[::1]:65535/oauth/callback/jira"] {
            assert_eq!(RedirectUri::parse_loopback(good, &jira).unwrap().as_str(), good);
        }
        let bad = [
            "http://127.0.0.1:80/oauth/callback/jira",
            "http://127.0.0.1:65536/oauth/callback/jira",
            "http://127.0.0.1:07667/oauth/callback/jira",
            "http://127.0.0.1:+7667/oauth/callback/jira",
            "http://127.0.0.1/oauth/callback/jira",
            "http://127.0.0.1:7667/oauth/callback/github",
            "http://127.0.0.1:7667/oauth/callback/jira/",
            "http://127.0.0.1:7667/oauth/callback/jira?x=1",
            "http://127.0.0.1:7667/oauth/callback/jira#f",
            "http://127.0.0.1:7667/oauth/callback/../callback/jira",
            "http://127.0.0.1:7667/oauth/callback/..%2Fcallback/jira",
            "http://127.0.0.1:7667/oauth/callback/%6aira",
            "http://127.0.0.1:7667/oauth/callback/%256aira",
            "http://127.0.0.1:7667/oauth;/..;/callback/jira",
            "http://127.0.0.1:7667/oauth/callback/JIRA",
            "HTTP://127.0.0.1:7667/oauth/callback/jira",
            "https://127.0.0.1:7667/oauth/callback/jira",
            "http://localhost:7667/oauth/callback/jira",
            "http://127.0.0.1:7667@evil.test/oauth/callback/jira",
            "http://u@127.0.0.1:7667/oauth/callback/jira",
            "http://127.0.0.1:7667\\@evil.test/oauth/callback/jira",
            "http://127.0.0.1:7667/oauth/callback/jira\t",
            " http://127.0.0.1:7667/oauth/callback/jira",
            "http://127.0.0.1.evil.test:7667/oauth/callback/jira",
            "http://127.1:7667/oauth/callback/jira",
            "http://0.0.0.0:7667/oauth/callback/jira",
            "http://evil.test/?http://127.0.0.1:7667/oauth/callback/jira",
        ];
        for text in bad {
            assert!(RedirectUri::parse_loopback(text, &jira).is_err(), "{text}");
        }
        assert!(RedirectUri::loopback("0.0.0.0:7667".parse().unwrap(), &jira).is_err());
        let made = RedirectUri::loopback("[::1]:7667".parse().unwrap(), &jira).unwrap();
        assert_eq!(made.as_str(), "http://[::1]:7667/oauth/callback/jira");
    }

    #[test]
    fn a_url_that_a_shell_or_a_browser_could_misread_is_never_opened() {
        for bad in [
            "javascript:alert(1)",
            "file:///etc/passwd",
            "smb://host/x",
            "$(calc)",
            "--flag",
            "-x",
            "https://a@b.example/",
            "https://a.example/?x=\r\nSet-Cookie",
            "https://a.example/?x=\0",
            "https://a.example/?x=$(calc)",
            "https://a.example/?x=\"&calc",
            "http://a.example/",
            "",
        ] {
            assert!(AuthorizationUrl::parse(bad).is_err(), "{bad:?}");
        }
        let good = AuthorizationUrl::parse("https://a.example/authorize?state=abc&scope=a%20b").unwrap();
        assert_eq!(format!("{good:?}"), "AuthorizationUrl(https://a.example/authorize?[redacted])");
    }
}
