//! The address of a caller: the connection's own, unless a trusted proxy says for whom it asks.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, header::FORWARDED};

use crate::config::Callers;

/// Most addresses that are read of a chain of proxies, from its near end.
const LONGEST_CHAIN: usize = 16;

/// The address that a limit counts for: who has one IPv6 address has all that share its first half.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        // Its first half would be no loopback any more.
        IpAddr::V6(address) if address.is_loopback() => address.into(),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        address => address,
    }
}

/// Who asks. A chain is read from its near end, as far as it is made of trusted proxies: what stands beyond was written by strangers.
pub(crate) fn caller(callers: &Callers, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: IpAddr| callers.trusted_proxies.iter().any(|network| network.contains(address));
    let mut address = peer.to_canonical();
    if !trusted(address) {
        return address;
    }
    // Each entry by itself: a stranger's part of a line may be of any bytes, and must not hide the part that a proxy wrote behind it.
    let values = headers.get_all(&callers.forwarded).iter().rev();
    let chain = values.flat_map(|value| value.as_bytes().rsplit(|byte| *byte == b','));
    for entry in chain.take(LONGEST_CHAIN) {
        let read = std::str::from_utf8(entry).ok().and_then(|entry| match callers.forwarded == FORWARDED {
            true => forwarded_for(entry),
            false => node(entry.trim()),
        });
        // What can't be read hides who asks: the proxy that wrote it stands for them.
        let Some(next) = read else { break };
        address = next;
        if !trusted(address) {
            break;
        }
    }
    address
}

/// The `for` of one element of `Forwarded` (RFC 7239 §4).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for").then(|| node(value.trim_matches('"')))?
    })
}

/// An address, with or without port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = plain
        .parse::<IpAddr>()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::X_FORWARDED_FOR;

    fn asked(header: &str, peer: &str, values: &[&str]) -> String {
        let callers = Callers {
            trusted_proxies: ["10.0.0.0/8", "fd00::1"].map(|text| text.parse().unwrap()).to_vec(),
            forwarded: if header == "forwarded" { FORWARDED } else { X_FORWARDED_FOR },
            ..Callers::default()
        };
        let mut headers = HeaderMap::new();
        for value in values {
            let value = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
            headers.append(http::HeaderName::try_from(header).unwrap(), value);
        }
        caller(&callers, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn a_stranger_can_not_choose_an_address() {
        let table: [(&str, &[&str], &str); 14] = [
            ("192.0.2.1", &["1.1.1.1"], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6", "1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6, 1.1.1.1, 10.2.2.2"], "1.1.1.1"),
            ("::ffff:10.0.0.1", &["1.1.1.1:8080"], "1.1.1.1"),
            ("fd00::1", &["[2001:db8::1]:443"], "2001:db8::1"),
            ("fd00::2", &["1.1.1.1"], "fd00::2"),
            ("10.0.0.1", &["1.1.1.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["1.1.1.1, unknown, 10.3.3.3"], "10.3.3.3"),
            ("10.0.0.1", &["10.4.4.4, 10.5.5.5"], "10.4.4.4"),
            ("10.0.0.1", &["\u{e9}, 1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["1.1.1.1, \u{e9}"], "10.0.0.1"),
        ];
        for (peer, values, expected) in table {
            assert_eq!(asked("x-forwarded-for", peer, values), expected, "{peer} {values:?}");
        }
        let table: [(&str, &[&str], &str); 5] = [
            ("10.0.0.1", &["for=1.1.1.1;proto=https"], "1.1.1.1"),
            ("10.0.0.1", &["for=6.6.6.6, By=x; FOR=\"[2001:db8::1]:80\""], "2001:db8::1"),
            ("10.0.0.1", &["for=6.6.6.6, for=_hidden"], "10.0.0.1"),
            ("10.0.0.1", &["proto=https"], "10.0.0.1"),
            ("192.0.2.1", &["for=1.1.1.1"], "192.0.2.1"),
        ];
        for (peer, values, expected) in table {
            assert_eq!(asked("forwarded", peer, values), expected, "{peer} {values:?}");
        }
    }

    #[test]
    fn a_header_that_was_not_chosen_says_nothing() {
        let callers = Callers { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Callers::default() };
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED, "for=6.6.6.6".parse().unwrap());
        headers.insert("x_forwarded_for", "6.6.6.6".parse().unwrap());
        headers.insert("x-real-ip", "6.6.6.6".parse().unwrap());
        assert_eq!(caller(&callers, "10.0.0.1".parse().unwrap(), &headers).to_string(), "10.0.0.1");
    }

    #[test]
    fn a_long_chain_is_read_to_a_bound() {
        let chain = vec!["10.1.1.1"; 10_000].join(",");
        assert_eq!(asked("x-forwarded-for", "10.0.0.1", &[&format!("6.6.6.6,{chain}")]), "10.1.1.1");
    }
}
