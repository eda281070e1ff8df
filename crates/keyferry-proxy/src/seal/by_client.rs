//! Keys that are made of client secrets, for a proxy whose operator has set no sealing key.
//!
//! Whoever can use a refresh token at its provider has the client's secret, and so the key: no start, no other replica and no other
//! machine with the same client can lack it. Only a change of the secret needs the one before for a while.

use std::collections::BTreeMap;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use keyferry_core::{
    delivery,
    flow::client::ClientCredentials,
    id::{ClientId, ProviderName},
    provider::ProviderSet,
    secret::ClientSecret,
};

use super::Key;
use crate::config::{Credentials, SealingKey, previous_variable};

/// Tells this use of HKDF from any other. Another text makes all that was sealed unopenable.
const SALT: &[u8] = b"keyferry refresh tokens under a client secret 1";
/// Fewest bytes of a secret that seals. A sealed token lets its holder try secrets; services draw theirs far longer than this.
const LEAST: usize = 20;

/// The keys of one provider's client.
#[derive(Clone)]
pub(super) struct ClientKeys {
    pub(super) current: Key,
    previous: Option<Key>,
    /// Whether new tokens are sealed: not where the provider file hands them to servers, which have no use for a sealed one.
    pub(super) seals: bool,
}

/// The keys of all.
pub(super) type ByProvider = BTreeMap<ProviderName, ClientKeys>;

// === impl ClientKeys ===

impl ClientKeys {
    /// All that open.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

/// The keys of these clients, beside those of others as they were. The key before stays one that opens until the next start, and the
/// operator is told that it has to be set for longer.
pub(super) fn renewed(before: &ByProvider, credentials: &Credentials, files: &ProviderSet) -> ByProvider {
    let mut keys = before.clone();
    for (provider, client) in credentials.iter() {
        let old = before.get(provider);
        let Some(current) = of(client) else { continue };
        let set = credentials.previous_secret(provider).and_then(|secret| made(&client.client_id, secret));
        let changed = old.map(|old| &old.current).filter(|old| old.id != current.id);
        if changed.is_some_and(|old| set.as_ref().is_none_or(|set| set.id != old.id)) {
            let variable = previous_variable(provider);
            tracing::warn!(
                "the client secret of {provider} has changed: set {variable} to the one before until every account was refreshed once"
            );
        }
        let held = || changed.cloned().or_else(|| old.and_then(|old| old.previous.clone()));
        let previous = set.or_else(held).filter(|previous| previous.id != current.id);
        let file = files.iter().find(|file| file.name == *provider);
        let seals = file.is_none_or(|file| delivery::with_refresh_token(file).is_empty());
        keys.insert(provider.clone(), ClientKeys { current, previous, seals });
    }
    keys
}

fn of(client: &ClientCredentials) -> Option<Key> {
    made(&client.client_id, client.client_secret.as_ref()?)
}

/// None for a secret that could be guessed, and if the library fails, which it does for outputs of a length that none here has.
fn made(client_id: &ClientId, secret: &ClientSecret) -> Option<Key> {
    let secret = secret.expose_secret().as_bytes();
    if secret.len() < LEAST {
        return None;
    }
    let prk = Salt::new(HKDF_SHA256, SALT).extract(secret);
    let mut bytes = [0; 32];
    prk.expand(&[client_id.as_str().as_bytes()], HKDF_SHA256).ok()?.fill(&mut bytes).ok()?;
    Some(Key { bound_to_caller: false, ..Key::new(&SealingKey::new(bytes)) })
}
