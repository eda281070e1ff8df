//! Keys that are made of client secrets, for a proxy whose operator has set no sealing key.
//!
//! Whoever can use a refresh token at its provider has the client's secret, and so the key: no start, no other replica and no other
//! machine with the same client can lack it. Only a change of the secret needs the one before for a while. The key is as secret as the
//! client's secret is: where that is published, as in programs that many have, the seal protects nothing.

use std::collections::BTreeMap;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use keyferry_core::{
    delivery,
    id::{ClientId, ProviderName},
    provider::ProviderSet,
    secret::ClientSecret,
};
use zeroize::Zeroizing;

use super::Key;
use crate::config::{Credentials, SealingKey, previous_variable};

/// Tells this use of HKDF from any other. Another text makes all that was sealed unopenable.
const SALT: &[u8] = b"keyferry refresh tokens under a client secret 1";
/// Fewest bytes of a secret that seals. A sealed token lets its holder try secrets; services draw theirs far longer than this.
const LEAST: usize = 20;

/// The keys of one provider's client.
#[derive(Clone)]
pub(super) struct ClientKeys {
    /// None for a client without a secret, or with one that could be guessed: nothing more is sealed, and what was still opens.
    current: Option<Key>,
    /// Those that open alone: the one that is set, and all that this proxy had.
    previous: Vec<Key>,
    /// Whether new tokens are sealed: not where the provider file hands them to servers, which have no use for a sealed one.
    seals: bool,
}

/// The keys of all.
pub(super) type ByProvider = BTreeMap<ProviderName, ClientKeys>;

// === impl ClientKeys ===

impl ClientKeys {
    /// All that open.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        self.current.iter().chain(&self.previous)
    }

    /// The one that seals.
    pub(super) fn sealing(&self) -> Option<&Key> {
        self.current.as_ref().filter(|_| self.seals)
    }
}

/// The keys of these clients, beside those of others as they were. Those before stay ones that open until the next start, and the operator
/// is told that the last has to be set for longer: the one that is set may be that of an earlier change, or the new one already.
pub(super) fn renewed(before: &ByProvider, credentials: &Credentials, files: &ProviderSet) -> ByProvider {
    let mut keys = before.clone();
    for (provider, client) in credentials.iter() {
        let old = before.get(provider);
        let current = client.client_secret.as_ref().and_then(|secret| made(&client.client_id, secret));
        let set = credentials.previous_secret(provider).and_then(|secret| made(&client.client_id, secret));
        let is_current = |key: &Key| current.as_ref().is_some_and(|current| current.id == key.id);
        let changed = old.and_then(|old| old.current.as_ref()).filter(|key| !is_current(key));
        if current.is_none() && (changed.is_some() || (old.is_none() && set.is_some())) {
            tracing::warn!(
                "nothing more is sealed under the client secret of {provider}: there is none, or it has fewer than {LEAST} bytes"
            );
        }
        if changed.is_some_and(|old| set.as_ref().is_none_or(|set| set.id != old.id)) {
            let variable = previous_variable(provider);
            tracing::warn!(
                "the client secret of {provider} has changed: set {variable} to the one before until every account was refreshed once"
            );
        }
        let held = changed.into_iter().chain(old.into_iter().flat_map(|old| &old.previous));
        let mut previous = Vec::<Key>::new();
        for key in set.iter().chain(held).filter(|key| !is_current(key)) {
            if previous.iter().all(|other| other.id != key.id) {
                previous.push(key.clone());
            }
        }
        let file = files.iter().find(|file| file.name == *provider);
        let seals = file.is_none_or(|file| delivery::with_refresh_token(file).is_empty());
        keys.insert(provider.clone(), ClientKeys { current, previous, seals });
    }
    keys
}

/// None for a secret that could be guessed, and if the library fails, which it does for outputs of a length that none here has.
fn made(client_id: &ClientId, secret: &ClientSecret) -> Option<Key> {
    let secret = secret.expose_secret().as_bytes();
    if secret.len() < LEAST {
        return None;
    }
    let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
    let mut bytes = Zeroizing::new([0; 32]);
    prk.expand(&[client_id.as_str().as_bytes()], HKDF_SHA256).ok()?.fill(bytes.as_mut_slice()).ok()?;
    Some(Key { bound_to_caller: false, ..Key::new(&SealingKey::new(*bytes)) })
}
