//! Which redirect URIs a client registered (RFC 9700 §2.1: exact strings; RFC 8252 §7.3: the loopback port is free).

/// One registered redirect URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedirectRule {
    /// This string and no other.
    Exact(String),
    /// `http://127.0.0.1:PORT{path}` or `http://[::1]:PORT{path}` with any port, or none; everything else is exact.
    Loopback {
        /// The path, from its `/` to the end of the URI.
        path: String,
    },
}

/// The only hosts whose port is free. `localhost` is no literal and may resolve elsewhere (RFC 8252 §8.3).
const LOOPBACK_PREFIXES: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

// === impl RedirectRule ===

impl RedirectRule {
    /// Whether this redirect URI is the registered one.
    ///
    /// The string is compared as it came: no parsing, no decoding, no normalising, so nothing that merely
    /// parses to the same place can match.
    #[must_use]
    pub fn admits(&self, redirect_uri: &str) -> bool {
        match self {
            Self::Exact(registered) => registered == redirect_uri,
            Self::Loopback { path } => LOOPBACK_PREFIXES
                .iter()
                .filter_map(|prefix| redirect_uri.strip_prefix(prefix)?.strip_suffix(path.as_str()))
                .any(is_port),
        }
    }
}

/// Nothing, or `:` and a port number written in one way only.
fn is_port(text: &str) -> bool {
    let Some(digits) = text.strip_prefix(':') else { return text.is_empty() };
    !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback() -> RedirectRule {
        RedirectRule::Loopback { path: "/oauth/callback/sandbox".to_owned() }
    }

    #[test]
    fn only_the_port_of_a_loopback_redirect_is_free() {
        for redirect_uri in [
            "http://127.0.0.1:7667/oauth/callback/sandbox",
            "http://127.0.0.1:65535/oauth/callback/sandbox",
            "http://127.0.0.1/oauth/callback/sandbox",
            "http://[::1]:49152/oauth/callback/sandbox",
        ] {
            assert!(loopback().admits(redirect_uri), "{redirect_uri}");
        }
    }

    #[test]
    fn a_redirect_that_is_not_exactly_registered_is_refused() {
        for redirect_uri in [
            "",
            "/oauth/callback/sandbox",
            "http://127.0.0.1:7667",
            "http://127.0.0.1:7667/",
            "http://127.0.0.1:7667/oauth/callback/sandbox/",
            "http://127.0.0.1:7667/oauth/callback/sandbox2",
            "http://127.0.0.1:7667/oauth/callback/Sandbox",
            "http://127.0.0.1:7667/oauth/callback/jira",
            "http://127.0.0.1:7667/oauth/callback/sandbox?a=1",
            "http://127.0.0.1:7667/oauth/callback/sandbox#a",
            "http://127.0.0.1:7667/oauth/callback/x/..%2Fsandbox",
            "http://127.0.0.1:7667/x/../oauth/callback/sandbox",
            "http://127.0.0.1:7667/oauth/callback/%73andbox",
            "http://127.0.0.1:7667/oauth/callback/%2573andbox",
            "http://127.0.0.1:7667/..;/oauth/callback/sandbox",
            "http://127.0.0.1:7667//oauth/callback/sandbox",
            "http://127.0.0.1:7667\\oauth/callback/sandbox",
            "http://127.0.0.1:7667\t/oauth/callback/sandbox",
            "http://127.0.0.1:7667@evil.test/oauth/callback/sandbox",
            "http://127.0.0.1@evil.test/oauth/callback/sandbox",
            "http://user@127.0.0.1:7667/oauth/callback/sandbox",
            "http://127.0.0.1.evil.test/oauth/callback/sandbox",
            "http://evil.test/http://127.0.0.1:7667/oauth/callback/sandbox",
            "http://127.0.0.1:0/oauth/callback/sandbox",
            "http://127.0.0.1:07667/oauth/callback/sandbox",
            "http://127.0.0.1:+7667/oauth/callback/sandbox",
            "http://127.0.0.1:65536/oauth/callback/sandbox",
            "http://127.0.0.1:/oauth/callback/sandbox",
            "http://127.1:7667/oauth/callback/sandbox",
            "http://localhost:7667/oauth/callback/sandbox",
            "http://[::2]:7667/oauth/callback/sandbox",
            "https://127.0.0.1:7667/oauth/callback/sandbox",
            "HTTP://127.0.0.1:7667/oauth/callback/sandbox",
            " http://127.0.0.1:7667/oauth/callback/sandbox",
        ] {
            assert!(!loopback().admits(redirect_uri), "{redirect_uri}");
        }
    }

    #[test]
    fn an_exact_redirect_has_no_free_port() {
        let rule = RedirectRule::Exact("https://proxy.example/oauth/callback/sandbox".to_owned());
        assert!(rule.admits("https://proxy.example/oauth/callback/sandbox"));
        assert!(!rule.admits("https://proxy.example:443/oauth/callback/sandbox"));
    }
}
