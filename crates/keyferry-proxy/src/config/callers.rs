//! Who calls, as far as their address and their page say it, and how often they may.

use std::num::NonZeroU32;

use http::{HeaderName, HeaderValue, header::FORWARDED};
use url::Url;

use super::{ConfigError, Network, Rate};

const TRUSTED: &str = "KEYFERRY_PROXY_TRUSTED_PROXIES";
const FORWARDED_HEADER: &str = "KEYFERRY_PROXY_FORWARDED_HEADER";
const PER_ADDRESS: &str = "KEYFERRY_PROXY_RATE_PER_ADDRESS";
const PER_KEY: &str = "KEYFERRY_PROXY_RATE_PER_KEY";
const ORIGINS: &str = "KEYFERRY_PROXY_ORIGINS";

/// The usual header of proxies.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What is known of callers, and allowed to them.
#[derive(Debug, Clone)]
pub struct Callers {
    /// Proxies whose word on a caller's address counts. Nobody's does unless it is in here, for whoever writes the header could
    /// otherwise choose an address anew for each request.
    pub trusted_proxies: Vec<Network>,
    /// The one header in which they say it. One and no other: a proxy that writes the one often hands on the other as it came.
    pub forwarded: HeaderName,
    /// How often one address may ask; none for as often as it likes. An IPv6 address stands for all of its /64.
    pub per_address: Option<Rate>,
    /// How often the holders of one access key may ask together, unless the key has a rate of its own.
    pub per_key: Option<Rate>,
    /// Whose pages may call (CORS); empty for none.
    pub origins: Vec<HeaderValue>,
}

// === impl Callers ===

impl Default for Callers {
    fn default() -> Self {
        Self {
            trusted_proxies: Vec::new(),
            forwarded: X_FORWARDED_FOR,
            per_address: Some(Rate::per_minute(NonZeroU32::MIN.saturating_add(599))),
            per_key: None,
            origins: Vec::new(),
        }
    }
}

impl Callers {
    pub(super) fn from_environment(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let found = |variable: &str| {
            lookup(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let list = |variable: &str| {
            let text = found(variable).unwrap_or_default();
            text.split([',', ' ', '\t', '\r', '\n'])
                .filter(|entry| !entry.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let rate = |variable: &'static str, unset: Option<Rate>| match found(variable).as_deref() {
            None => Ok(unset),
            Some("0") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| ConfigError::Limit {
                variable,
                rule: "a number in a time, such as 20/s, 600/m or 1000/h; 0 for no limit",
            }),
        };
        let defaults = Self::default();
        let trusted = list(TRUSTED).iter().map(|text| text.parse()).collect::<Result<_, _>>();
        let forwarded = match found(FORWARDED_HEADER).map(|name| name.to_ascii_lowercase()).as_deref() {
            None | Some("x-forwarded-for") => X_FORWARDED_FOR,
            Some("forwarded") => FORWARDED,
            Some(_) => {
                return Err(ConfigError::Limit {
                    variable: FORWARDED_HEADER,
                    rule: "X-Forwarded-For or Forwarded",
                });
            }
        };
        Ok(Self {
            trusted_proxies: trusted.map_err(|_| ConfigError::Limit {
                variable: TRUSTED,
                rule: "addresses and networks, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8, with commas between them",
            })?,
            forwarded,
            per_address: rate(PER_ADDRESS, defaults.per_address)?,
            per_key: rate(PER_KEY, defaults.per_key)?,
            origins: list(ORIGINS).iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
        })
    }
}

/// An origin to the letter, as browsers send it. No wildcard, and never `null`, which every sandboxed page has.
fn origin(text: &str) -> Result<HeaderValue, ConfigError> {
    let refused = || ConfigError::Limit {
        variable: ORIGINS,
        rule: "origins such as https://app.example, with commas between them",
    };
    let url = Url::parse(text).map_err(|_| refused())?;
    let web = ["https", "http"].contains(&url.scheme());
    if !web || text.contains('*') || url.origin().ascii_serialization() != text {
        return Err(refused());
    }
    HeaderValue::try_from(text).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variable: &str, value: &str) -> Result<Callers, ConfigError> {
        Callers::from_environment(&|name: &str| (name == variable).then(|| value.to_owned()))
    }

    #[test]
    fn nobody_is_trusted_and_no_page_may_call_unless_said() {
        let callers = read("X", "").unwrap();
        assert!(
            callers.trusted_proxies.is_empty() && callers.origins.is_empty() && callers.per_key.is_none()
        );
        assert_eq!(callers.forwarded, X_FORWARDED_FOR);
        assert_eq!(callers.per_address.unwrap().to_string(), "600/m");
    }

    #[test]
    fn every_variable_is_read() {
        assert_eq!(read(TRUSTED, "10.0.0.0/8, ::1").unwrap().trusted_proxies.len(), 2);
        assert_eq!(read(FORWARDED_HEADER, "Forwarded").unwrap().forwarded, FORWARDED);
        assert_eq!(read(PER_ADDRESS, "0").unwrap().per_address, None);
        assert_eq!(read(PER_ADDRESS, "5/s").unwrap().per_address.unwrap().to_string(), "5/s");
        assert_eq!(read(PER_KEY, "5/s").unwrap().per_key.unwrap().to_string(), "5/s");
        assert_eq!(read(ORIGINS, "https://a.example,http://127.0.0.1:3000").unwrap().origins.len(), 2);
    }

    #[test]
    fn a_value_that_makes_no_sense_names_its_variable() {
        let table = [
            (TRUSTED, "proxy.example"),
            (FORWARDED_HEADER, "X-Real-IP"),
            (PER_ADDRESS, "many"),
            (PER_KEY, "5"),
            (ORIGINS, "*"),
            (ORIGINS, "null"),
            (ORIGINS, "https://a.example/"),
            (ORIGINS, "https://*.a.example"),
            (ORIGINS, "file:///x"),
        ];
        for (variable, value) in table {
            let result = read(variable, value).map(|callers| callers.origins);
            assert!(
                result.as_ref().is_err_and(|error| error.to_string().starts_with(variable)),
                "{value} {result:?}"
            );
        }
    }
}
