//! Refreshing: rotation and the detection of reuse (RFC 6749 §6, RFC 9700 §4.14.2).

use std::time::Duration;

use jiff::Timestamp;

use super::{
    GrantError, Grants, TokenSet, after,
    store::{Access, FamilyId, Refresh, Store},
};
use crate::{config::Rotation, scope::Scopes, secret::Fingerprint};

/// A refresh token on its way back.
#[derive(Debug)]
pub(crate) struct Renewal<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) refresh_token: &'a str,
    /// What is asked for; `None` asks for all that was granted.
    pub(crate) scopes: Option<Scopes>,
}

// === impl Grants ===

impl Grants {
    /// Renews an access token: the refresh token is found, checked and retired under one lock.
    ///
    /// A retired token that comes back after the grace revokes its family. A request that asks for too much
    /// does not retire anything.
    pub(crate) fn refresh(&self, request: Renewal<'_>) -> Result<TokenSet, GrantError> {
        let now = self.clock.now();
        let mut store = self.lock();
        let fingerprint = Fingerprint::of(request.refresh_token);
        let token = store.refresh_tokens.get(&fingerprint).ok_or(GrantError::RefreshToken)?;
        let (id, spent_at) = (token.family, token.spent_at);
        let family = store.families.get(&id).ok_or(GrantError::RefreshToken)?;
        if family.client_id != request.client_id || family.revoked || now >= family.expires_at {
            return Err(GrantError::RefreshToken);
        }
        if spent_at.is_some_and(|spent_at| self.is_reuse(spent_at, now)) {
            self.counters.refresh_token_reused();
            self.end_family(&mut store, id);
            return Err(GrantError::RefreshTokenReused);
        }
        let scopes = match request.scopes {
            Some(asked) if !asked.is_within(&family.scopes) => return Err(GrantError::Scope),
            Some(asked) => asked,
            None => family.scopes.clone(),
        };
        self.renew(&mut store, fingerprint, id, scopes)
    }

    fn is_reuse(&self, spent_at: Timestamp, now: Timestamp) -> bool {
        match self.rotation {
            Rotation::Rotate { grace } => grace == Duration::ZERO || now >= after(spent_at, grace),
            Rotation::Keep => false,
        }
    }

    fn renew(
        &self,
        store: &mut Store,
        spent: Fingerprint,
        family: FamilyId,
        scopes: Scopes,
    ) -> Result<TokenSet, GrantError> {
        let now = self.clock.now();
        store.room_for_tokens(now)?;
        let granted = store.families.get(&family).ok_or(GrantError::RefreshToken)?.scopes.clone();
        let access_token = self.mint_access()?;
        let refresh_token = match self.rotation {
            Rotation::Rotate { .. } => self.mint_refresh(&granted)?,
            Rotation::Keep => None,
        };
        if let Some(next) = &refresh_token {
            store.refresh_tokens.insert(next.fingerprint(), Refresh { family, spent_at: None });
            if let Some(token) = store.refresh_tokens.get_mut(&spent) {
                token.spent_at.get_or_insert(now);
            }
        }
        let access = Access::new(family, scopes.clone(), after(now, self.lifetimes.access_token));
        store.access_tokens.insert(access_token.fingerprint(), access);
        Ok(TokenSet { access_token, refresh_token, scopes, expires_in: self.lifetimes.access_token })
    }
}
