//! How the proxy reaches providers, and what keeps several of it together.

use std::path::PathBuf;

use http::Uri;
use keyferry_core::{provider::HostPattern, secret::SecretText};

use super::{
    ConfigError,
    source::{self, Found},
};

const CA: &str = "KEYFERRY_PROXY_CA_FILE";
const PRIVATE: &str = "KEYFERRY_PROXY_PRIVATE_HOSTS";
const EGRESS: &str = "KEYFERRY_PROXY_EGRESS_PROXY";
const STORE: &str = "KEYFERRY_PROXY_STORE_URL";

/// What lies beyond the proxy.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Certificate authorities in PEM that count beside the platform's.
    pub authorities: Option<PathBuf>,
    /// Hosts that may be in the own network. The name of any other one that leads there is refused, for whoever can change a name could
    /// otherwise lead the proxy to a neighbour of its own.
    pub private_hosts: Vec<HostPattern>,
    /// An HTTP proxy through which https goes out, by CONNECT. It then looks up the names.
    pub egress: Option<Uri>,
    /// A Redis or Valkey for limits that several proxies share. May hold a password.
    pub store: Option<SecretText>,
}

// === impl Outside ===

impl Outside {
    pub(super) fn from_environment(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let found = |variable: &str| {
            lookup(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let hosts = found(PRIVATE).unwrap_or_default();
        let hosts = hosts
            .split([',', ' '])
            .filter(|host| !host.is_empty())
            .map(HostPattern::listed)
            .collect::<Option<_>>();
        let egress = found(EGRESS).map(|text| {
            egress(&text).ok_or(ConfigError::Limit {
                variable: EGRESS,
                rule: "the address of an HTTP proxy, such as http://egress.example:3128",
            })
        });
        Ok(Self {
            authorities: found(CA).map(PathBuf::from),
            private_hosts: hosts.ok_or(ConfigError::Limit {
                variable: PRIVATE,
                rule: "hosts such as git.corp.example or *.corp.example, with commas between them",
            })?,
            egress: egress.transpose()?,
            store: source::secret(lookup, STORE)?.map(Found::told),
        })
    }
}

fn egress(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let plain = uri.scheme_str() == Some("http") && ["", "/"].contains(&uri.path()) && uri.query().is_none();
    let authority = uri.authority()?;
    (plain && !authority.as_str().contains('@')).then_some(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variable: &str, value: &str) -> Result<Outside, ConfigError> {
        Outside::from_environment(&|name: &str| (name == variable).then(|| value.to_owned()))
    }

    #[test]
    fn every_variable_is_read() {
        assert_eq!(read(CA, "/etc/ca.pem").unwrap().authorities.unwrap().to_str(), Some("/etc/ca.pem"));
        assert_eq!(read(PRIVATE, "git.corp.example, *.b.example").unwrap().private_hosts.len(), 2);
        assert_eq!(
            read(EGRESS, "http://egress.example:3128/").unwrap().egress.unwrap().port_u16(),
            Some(3128)
        );
        let outside = read(STORE, "redis://:canary@store:6379").unwrap();
        assert!(outside.store.is_some() && !format!("{outside:?}").contains("canary"));
    }

    #[test]
    fn a_value_that_makes_no_sense_names_its_variable() {
        for (variable, value) in [
            (PRIVATE, "10.0.0.1/8"),
            (EGRESS, "egress:3128"),
            (EGRESS, "https://e:1"),
            (EGRESS, "http://u:p@e:1"),
            (EGRESS, "http://e:1/x"),
        ] {
            let error = read(variable, value).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{value} {error}");
        }
    }
}
