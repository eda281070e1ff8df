//! The certificate that callers see, and its key.

use std::path::PathBuf;

use super::ConfigError;

const CERTIFICATE: &str = "KEYFERRY_PROXY_TLS_CERTIFICATE_FILE";
const KEY: &str = "KEYFERRY_PROXY_TLS_KEY_FILE";

/// Two files in PEM. Without them the proxy speaks plain HTTP, for loopback or for a web server in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead from it to its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

// === impl TlsFiles ===

impl TlsFiles {
    pub(crate) fn from_environment(
        lookup: &impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, ConfigError> {
        let found = |variable| lookup(variable).filter(|path| !path.is_empty()).map(PathBuf::from);
        match (found(CERTIFICATE), found(KEY)) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some(Self { certificate, key })),
            (Some(_), None) => {
                Err(ConfigError::Limit { variable: KEY, rule: "set too, beside the certificate" })
            }
            (None, Some(_)) => {
                Err(ConfigError::Limit { variable: CERTIFICATE, rule: "set too, beside the key" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_without_the_other_is_told() {
        let read = |set: &[&str]| {
            TlsFiles::from_environment(&|name: &str| set.contains(&name).then(|| format!("/{}", name.len())))
        };
        assert_eq!(read(&[]).unwrap(), None);
        assert!(read(&[CERTIFICATE, KEY]).unwrap().is_some());
        for (set, missing) in [(CERTIFICATE, KEY), (KEY, CERTIFICATE)] {
            assert!(read(&[set]).unwrap_err().to_string().starts_with(missing));
        }
    }
}
