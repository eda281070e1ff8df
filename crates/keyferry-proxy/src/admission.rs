//! Who calls: the check of the access key.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use http::{HeaderMap, header};
use keyferry_core::id::ProviderName;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{
    config::{AccessKeys, Rate},
    error::ProxyError,
    limits::{CallerLimit, Store},
};

/// Who calls, by the name of the access key; empty for a proxy without keys.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    name: Arc<str>,
    providers: Option<Arc<[ProviderName]>>,
    limit: Option<Arc<CallerLimit>>,
}

/// Lets callers in.
pub(crate) struct Admission {
    keys: ArcSwap<Keys>,
    /// What applies to keys without a rate of their own.
    per_key: Option<Rate>,
    store: Option<Arc<Store>>,
    anyone: Caller,
}

/// The keys as they are now.
#[derive(Debug)]
struct Keys {
    /// Whether a key is asked for. A proxy that once had keys never becomes one without: whose last key was revoked is out.
    wanted: bool,
    known: Vec<Known>,
}

/// A key and its holder.
#[derive(Debug)]
struct Known {
    digest: [u8; 32],
    caller: Caller,
}

// === impl Caller ===

impl Caller {
    fn nobody() -> Self {
        Self { name: "".into(), providers: None, limit: None }
    }

    /// The key's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The key's name, shared.
    pub(crate) fn label(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// That the key is good for this provider. One that it is not good for is as unknown as one that does not exist.
    pub(crate) fn may_use(&self, provider: &ProviderName) -> Result<(), ProxyError> {
        match &self.providers {
            Some(providers) if !providers.contains(provider) => Err(ProxyError::UnknownProvider),
            _ => Ok(()),
        }
    }

    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_test(name: &str) -> Self {
        Self { name: name.into(), ..Self::nobody() }
    }
}

// === impl Admission ===

impl Admission {
    pub(crate) fn new(keys: &AccessKeys, per_key: Option<Rate>, store: Option<Arc<Store>>) -> Self {
        let keys = Keys { wanted: !keys.is_empty(), known: known(keys, per_key, store.as_ref(), &[]) };
        Self { keys: ArcSwap::from_pointee(keys), per_key, store, anyone: Caller::nobody() }
    }

    /// Lets in the holders of these keys from now on. Whose key is gone is out with the next request.
    pub(crate) fn replace(&self, keys: &AccessKeys) {
        let before = self.keys.load();
        let wanted = before.wanted || !keys.is_empty();
        let known = known(keys, self.per_key, self.store.as_ref(), &before.known);
        self.keys.store(Arc::new(Keys { wanted, known }));
    }

    /// Whether it asks for keys.
    pub(crate) fn wants_keys(&self) -> bool {
        self.keys.load().wanted
    }

    /// The caller, by the bearer token (RFC 6750 §2.1) of the one `Authorization` header.
    pub(crate) async fn admit(&self, headers: &HeaderMap) -> Result<Caller, ProxyError> {
        let caller = self.holder(headers)?;
        if let Some(limit) = &caller.limit {
            limit.check().await?;
        }
        Ok(caller)
    }

    /// Whether a request is one of a key's holder; nobody's is where no keys are asked for. Counts for no limit.
    pub(crate) fn knows(&self, headers: &HeaderMap) -> bool {
        self.wants_keys() && self.holder(headers).is_ok()
    }

    fn holder(&self, headers: &HeaderMap) -> Result<Caller, ProxyError> {
        let keys = self.keys.load();
        if !keys.wanted {
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
        for known in &keys.known {
            if known.digest.ct_eq(&digest).into() {
                found = Some(&known.caller);
            }
        }
        found.cloned().ok_or(ProxyError::AccessKey)
    }
}

/// The keys and their holders. Keys of one name and rate share what they may do, and a limit that was there before counts on.
fn known(
    keys: &AccessKeys,
    per_key: Option<Rate>,
    store: Option<&Arc<Store>>,
    before: &[Known],
) -> Vec<Known> {
    let mut limits: HashMap<(String, String), Arc<CallerLimit>> = HashMap::new();
    for known in before {
        if let Some(limit) = &known.caller.limit {
            limits.insert((known.caller.name().to_owned(), limit.rate().to_string()), Arc::clone(limit));
        }
    }
    let mut limit = |name: &Arc<str>, rate: Rate| {
        let made = || Arc::new(CallerLimit::new(name, rate, store.cloned()));
        Arc::clone(limits.entry((name.to_string(), rate.to_string())).or_insert_with(made))
    };
    let entry = |key| {
        let (key, name): (&crate::config::AccessKey, &Arc<str>) = (key, key.caller());
        let caller = Caller {
            name: Arc::clone(name),
            providers: key.providers().map(Arc::from),
            limit: key.rate().or(per_key).map(|rate| limit(name, rate)),
        };
        Known { digest: *key.digest(), caller }
    };
    keys.iter().map(entry).collect()
}

fn bearer(header: &[u8]) -> Option<&[u8]> {
    let (scheme, key) = header.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "an-access-key-of-the-tests-1";

    async fn admit(keys: &str, headers: &[&str]) -> Option<String> {
        let mut map = HeaderMap::new();
        for value in headers {
            map.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        let admission = Admission::new(&AccessKeys::parse(keys).unwrap(), None, None);
        admission.admit(&map).await.ok().map(|caller| caller.name().to_owned())
    }

    #[tokio::test]
    async fn only_a_whole_key_lets_in() {
        let keys = format!("ada={KEY} bob=an-access-key-of-the-tests-2 ada=an-access-key-of-the-tests-3");
        let good = format!("Bearer {KEY}");
        assert_eq!(admit(&keys, &[&good]).await.as_deref(), Some("ada"));
        assert_eq!(admit(&keys, &["bearer an-access-key-of-the-tests-2"]).await.as_deref(), Some("bob"));
        assert_eq!(admit(&keys, &["BEARER an-access-key-of-the-tests-3"]).await.as_deref(), Some("ada"));
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
            assert_eq!(admit(&keys, headers).await, None, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn keys_come_and_go_and_none_lets_nobody_in() {
        let keys = |text: &str| AccessKeys::parse(text).unwrap();
        let (old, new) = (format!("ada={KEY}"), "ada=an-access-key-of-the-tests-9");
        let admission = Admission::new(&keys(&old), Some("2/h".parse().unwrap()), None);
        let as_bearer = async |key: &str| {
            let mut map = HeaderMap::new();
            map.insert(header::AUTHORIZATION, format!("Bearer {key}").parse().unwrap());
            admission.admit(&map).await.map(|caller| caller.name().to_owned())
        };
        assert_eq!(as_bearer(KEY).await.as_deref(), Ok("ada"));
        admission.replace(&keys(new));
        assert_eq!(as_bearer(KEY).await, Err(ProxyError::AccessKey));
        assert_eq!(as_bearer("an-access-key-of-the-tests-9").await.as_deref(), Ok("ada"));
        let third = as_bearer("an-access-key-of-the-tests-9").await;
        assert!(matches!(third, Err(ProxyError::TooMany { .. })), "a new key began to count anew");
        admission.replace(&AccessKeys::default());
        assert_eq!(as_bearer("an-access-key-of-the-tests-9").await, Err(ProxyError::AccessKey));
        let open = Admission::new(&AccessKeys::default(), None, None);
        assert!(open.admit(&HeaderMap::new()).await.is_ok());
        open.replace(&keys(new));
        assert_eq!(open.admit(&HeaderMap::new()).await.err(), Some(ProxyError::AccessKey));
    }

    #[tokio::test]
    async fn a_key_is_good_for_its_providers() {
        let entry =
            |providers| crate::config::AccessKey::entry("ada", KEY, providers, None).unwrap().to_string();
        for (providers, jira, slack) in
            [(None, true, true), (Some(vec!["jira".parse().unwrap()]), true, false)]
        {
            let admission = Admission::new(&AccessKeys::parse(&entry(providers)).unwrap(), None, None);
            let mut map = HeaderMap::new();
            map.insert(header::AUTHORIZATION, format!("Bearer {KEY}").parse().unwrap());
            let caller = admission.admit(&map).await.unwrap();
            assert_eq!(caller.may_use(&"jira".parse().unwrap()).is_ok(), jira);
            assert_eq!(caller.may_use(&"slack".parse().unwrap()).is_ok(), slack);
        }
    }

    #[tokio::test]
    async fn without_keys_whoever_calls_is_nobody_in_particular() {
        assert_eq!(admit("", &[]).await.as_deref(), Some(""));
        assert_eq!(admit("", &["Bearer x"]).await.as_deref(), Some(""));
    }
}
