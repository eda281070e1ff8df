//! Who calls: the check of the access key.

use std::sync::Arc;

use http::{HeaderMap, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{config::AccessKeys, error::ProxyError};

/// Who calls, by the name of the access key; empty for a proxy without keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller(Arc<str>);

/// Lets callers in.
#[derive(Debug)]
pub(crate) struct Admission {
    keys: AccessKeys,
    anyone: Caller,
}

// === impl Caller ===

impl Caller {
    /// The key's name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn of_test(name: &str) -> Self {
        Self(name.into())
    }
}

// === impl Admission ===

impl Admission {
    pub(crate) fn new(keys: AccessKeys) -> Self {
        Self { keys, anyone: Caller("".into()) }
    }

    /// The caller, by the bearer token (RFC 6750 §2.1) of the one `Authorization` header.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<Caller, ProxyError> {
        if self.keys.is_empty() {
            return Ok(self.anyone.clone());
        }
        let mut presented = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(only), None) = (presented.next(), presented.next()) else {
            return Err(ProxyError::AccessKey);
        };
        let key = bearer(only.as_bytes()).ok_or(ProxyError::AccessKey)?;
        let digest: [u8; 32] = Sha256::digest(key).into();
        // All keys are compared, each in constant time: how long it takes says nothing of how much of a key is right.
        let mut found = None;
        for known in self.keys.iter() {
            if known.digest().ct_eq(&digest).into() {
                found = Some(Caller(Arc::clone(known.caller())));
            }
        }
        found.ok_or(ProxyError::AccessKey)
    }
}

fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = header.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "an-access-key-of-the-tests-1";

    fn admit(keys: &str, headers: &[&str]) -> Option<String> {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        let admission = Admission::new(AccessKeys::parse(keys).unwrap());
        admission.admit(&map).ok().map(|caller| caller.name().to_owned())
    }

    #[test]
    fn only_a_whole_key_lets_in() {
        let keys = format!("ada={KEY} bob=an-access-key-of-the-tests-2 ada=an-access-key-of-the-tests-3");
        let good = format!("Bearer {KEY}");
        assert_eq!(admit(&keys, &[&good]).as_deref(), Some("ada"));
        assert_eq!(admit(&keys, &["bearer an-access-key-of-the-tests-2"]).as_deref(), Some("bob"));
        assert_eq!(admit(&keys, &["BEARER an-access-key-of-the-tests-3"]).as_deref(), Some("ada"));
        let bad: [&[&str]; 8] = [
            &[],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Bearer an-access-key-of-the-tests-"],
            &["Bearer an-access-key-of-the-tests-11"],
            &["Basic an-access-key-of-the-tests-1"],
            &[&good, &good],
        ];
        for headers in bad {
            assert_eq!(admit(&keys, headers), None, "{headers:?}");
        }
    }

    #[test]
    fn without_keys_whoever_calls_is_nobody_in_particular() {
        assert_eq!(admit("", &[]).as_deref(), Some(""));
        assert_eq!(admit("", &["Bearer x"]).as_deref(), Some(""));
    }
}
