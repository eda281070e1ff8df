//! Which URLs may be plain http: those on this machine.

use url::{Host, Url};

/// Whether this is http on a loopback address or on `localhost`, compared as a parsed host.
pub(crate) fn is_plain_loopback(url: &Url) -> bool {
    url.scheme() == "http"
        && match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (url, loopback) in [
            ("http://127.0.0.1:1/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://localhost:7668/", true),
            ("https://127.0.0.1/", false),
            ("http://localhost.example/", false),
            ("http://127.0.0.1.example/", false),
            ("http://127.0.0.1@example.com/", false),
            ("http://0.0.0.0/", false),
            ("http://[::ffff:10.0.0.1]/", false),
            ("file:///127.0.0.1", false),
        ] {
            assert_eq!(is_plain_loopback(&Url::parse(url).unwrap()), loopback, "{url}");
        }
    }
}
