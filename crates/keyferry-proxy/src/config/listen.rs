//! Where the proxy listens, and for whom.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use keyferry_core::url::Endpoint;

use super::ConfigError;

/// Where the proxy listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7666);

const LISTEN: &str = "KEYFERRY_PROXY_LISTEN";
const METRICS: &str = "KEYFERRY_PROXY_METRICS_LISTEN";
const PUBLIC_URL: &str = "KEYFERRY_PROXY_PUBLIC_URL";
const OPEN: &str = "KEYFERRY_PROXY_OPEN";

/// The proxy's addresses.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The address of the API. Port 0 lets the kernel choose.
    pub address: SocketAddr,
    /// An address of its own for `/metrics`, which then is nowhere else. Without one, `/metrics` is beside the API when that is on
    /// loopback, and off when it is not: numbers about use are not for strangers. A proxy on loopback that a web server brings to
    /// the outside wants an address of its own here.
    pub metrics: Option<SocketAddr>,
    /// How the proxy is reached from outside. Makes `{public_url}/oauth/callback/{provider}` an accepted redirect URI.
    pub public_url: Option<Endpoint>,
    /// Whether anyone may use a proxy that is not on loopback. Without it and without access keys, such a proxy refuses to start:
    /// whoever reaches it could redeem codes under its client secrets (RFC 9700 §2.5).
    pub open: bool,
}

// === impl Listen ===

impl Default for Listen {
    fn default() -> Self {
        Self::from(DEFAULT_LISTEN)
    }
}

impl From<SocketAddr> for Listen {
    fn from(address: SocketAddr) -> Self {
        Self { address, metrics: None, public_url: None, open: false }
    }
}

impl Listen {
    pub(super) fn from_environment(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let found = |variable| lookup(variable).filter(|text| !text.trim().is_empty());
        let address = |variable: &'static str| {
            let parse = |text: String| text.trim().parse().map_err(|_| ConfigError::Address { variable });
            found(variable).map(parse).transpose()
        };
        let open = match found(OPEN).as_deref().map(str::trim) {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(ConfigError::Switch { variable: OPEN }),
        };
        Ok(Self {
            address: address(LISTEN)?.unwrap_or(DEFAULT_LISTEN),
            metrics: address(METRICS)?,
            public_url: found(PUBLIC_URL).map(|text| public_url(text.trim())).transpose()?,
            open,
        })
    }
}

fn public_url(text: &str) -> Result<Endpoint, ConfigError> {
    let refused = |why| ConfigError::PublicUrl { variable: PUBLIC_URL, why };
    let text = text.strip_suffix('/').unwrap_or(text);
    let url = Endpoint::parse(text).map_err(|_| refused("it is not an https URL"))?;
    if url.url().path() != "/" || url.url().query().is_some() {
        return Err(refused("it has a path or a query"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Listen, ConfigError> {
        Listen::from_environment(&|name: &str| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_not_set_is_loopback_and_closed() {
        let listen = read(&[(LISTEN, " ")]).unwrap();
        assert_eq!(listen.address, "127.0.0.1:7666".parse().unwrap());
        assert!(listen.metrics.is_none() && listen.public_url.is_none() && !listen.open);
    }

    #[test]
    fn every_variable_is_read() {
        let listen = read(&[
            (LISTEN, "0.0.0.0:80"),
            (METRICS, "[::1]:9000"),
            (PUBLIC_URL, "https://p.example/"),
            (OPEN, "true"),
        ])
        .unwrap();
        assert_eq!(listen.address.to_string(), "0.0.0.0:80");
        assert_eq!(listen.metrics.unwrap().to_string(), "[::1]:9000");
        assert_eq!(listen.public_url.unwrap().as_str(), "https://p.example");
        assert!(listen.open);
    }

    #[test]
    fn a_value_that_makes_no_sense_names_its_variable() {
        let table = [
            (LISTEN, "localhost:7666"),
            (LISTEN, "7666"),
            (METRICS, "127.0.0.1"),
            (OPEN, "yes"),
            (PUBLIC_URL, "http://p.example"),
            (PUBLIC_URL, "https://p.example/x"),
            (PUBLIC_URL, "https://u@p.example"),
        ];
        for (variable, value) in table {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{error}");
        }
    }
}
