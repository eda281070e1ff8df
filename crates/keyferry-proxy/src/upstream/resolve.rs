//! Names to addresses, without those of the own network.
//!
//! The secret goes to a name, and whoever can change what the name leads to could send it, or the request, to a neighbour of the proxy. The
//! addresses that are looked at here are the very ones that are connected to.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use arc_swap::ArcSwap;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use keyferry_core::provider::HostPattern;
use tower::Service;
use url::Url;

use super::lookups::Lookups;

/// Looks names up.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    inner: GaiResolver,
    lookups: Lookups,
    near: Near,
}

/// The hosts that may be in the own network. They may change while connections are made.
pub(super) type Near = Arc<ArcSwap<Vec<HostPattern>>>;

/// All addresses of a name are of the own network.
#[derive(Debug, thiserror::Error)]
#[error("{host} leads into the own network; list it in KEYFERRY_PROXY_PRIVATE_HOSTS if it belongs there")]
struct OwnNetwork {
    host: String,
}

// === impl Resolver ===

impl Resolver {
    pub(super) fn new(near: Near) -> Self {
        Self { inner: GaiResolver::new(), lookups: Lookups::default(), near }
    }

    fn may_be_near(&self, host: &str) -> bool {
        let listed = |url: &Url| self.near.load().iter().any(|pattern| pattern.matches(url));
        // An endpoint with this name is one of this machine, by what a provider file may say at all.
        host == "localhost" || Url::parse(&format!("https://{host}/")).is_ok_and(|url| listed(&url))
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let near = self.may_be_near(name.as_str());
        let host = name.as_str().to_owned();
        let (lookups, mut inner) = (self.lookups.clone(), self.inner.clone());
        Box::pin(async move {
            let found = lookups.find(&host, || inner.call(name)).await?;
            choose(found.iter().copied(), near, host).map(Vec::into_iter)
        })
    }
}

fn choose(found: impl Iterator<Item = SocketAddr>, near: bool, host: String) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<_> = found.collect();
    let none = found.is_empty();
    let chosen: Vec<_> = found.into_iter().filter(|address| near || !is_near(address.ip())).collect();
    if chosen.is_empty() && !none {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, OwnNetwork { host }));
    }
    Ok(chosen)
}

/// Whether an address is of no network but the own: loopback, private, link-local with the clouds' metadata service, and the like.
fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.is_documentation()
                || a == 0
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (18..20).contains(&b))
                || a >= 240
        }
        IpAddr::V6(v6) => {
            let [first, second, ..] = v6.segments();
            let embedded = |at: u32| {
                IpAddr::from(std::net::Ipv4Addr::from_bits(
                    u32::try_from(v6.to_bits() >> at & 0xffff_ffff).unwrap_or(0),
                ))
            };
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
                || (first == 0x2001 && second == 0xdb8)
                || (first & 0xffc0) == 0xfec0
                // What a translator makes of an IPv4 address (RFC 6052, RFC 3056).
                || (first == 0x64 && second == 0xff9b && is_near(embedded(0)))
                || (first == 0x2002 && is_near(embedded(80)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_the_own_network_is_known_in_every_form() {
        for near in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "fec0::1",
            "ff02::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:0a00:0001::1",
            "2001:db8::1",
        ] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in [
            "8.8.8.8",
            "172.32.0.1",
            "100.128.0.1",
            "192.1.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }

    #[test]
    fn only_a_listed_name_may_lead_into_the_own_network() {
        let addresses = |texts: &[&str]| {
            texts.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 443)).collect::<Vec<_>>()
        };
        let choose =
            |found: &[&str], near| choose(addresses(found).into_iter(), near, "a.example".to_owned());
        assert_eq!(choose(&["8.8.8.8", "10.0.0.1"], false).unwrap(), addresses(&["8.8.8.8"]));
        assert_eq!(choose(&["10.0.0.1"], true).unwrap(), addresses(&["10.0.0.1"]));
        let error = choose(&["10.0.0.1", "::1"], false).unwrap_err().to_string();
        assert!(error.contains("KEYFERRY_PROXY_PRIVATE_HOSTS") && !error.contains("10.0.0.1"), "{error}");
        let listed = ["git.corp.example", "*.b.example"].map(|host| HostPattern::listed(host).unwrap());
        let resolver = Resolver::new(Near::new(ArcSwap::from_pointee(listed.to_vec())));
        for (host, near) in [
            ("git.corp.example", true),
            ("x.b.example", true),
            ("localhost", true),
            ("corp.example", false),
            ("evil.test", false),
        ] {
            assert_eq!(resolver.may_be_near(host), near, "{host}");
        }
    }
}
