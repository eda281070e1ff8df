//! Authorization codes: issued once, redeemed once (RFC 6749 §4.1.2, §4.1.3; RFC 7636 §4.6).

use super::{
    GrantError, Grants, TokenSet, after,
    store::{Access, Code, Family, Refresh, Spent, Store},
};
use crate::{
    mint::Kind,
    people::Person,
    pkce::{self, Verifier},
    scope::Scopes,
    secret::{Fingerprint, SandboxSecret},
};

/// What a code is bound to.
#[derive(Debug)]
pub(crate) struct NewCode {
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) code_challenge: String,
    pub(crate) scopes: Scopes,
    pub(crate) person: Person,
}

/// A code on its way back, with what proves that it is the client's.
#[derive(Debug)]
pub(crate) struct Redemption<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: &'a str,
    pub(crate) verifier: Verifier<'a>,
}

// === impl Grants ===

impl Grants {
    /// Issues a code.
    pub(crate) fn issue_code(&self, new: NewCode) -> Result<SandboxSecret, GrantError> {
        let now = self.clock.now();
        let mut store = self.lock();
        store.room_for_code(now)?;
        let code = self.mint.make(Kind::Code)?;
        let NewCode { client_id, redirect_uri, code_challenge, scopes, person } = new;
        let expires_at = after(now, self.lifetimes.code);
        let record =
            Code { client_id, redirect_uri, code_challenge, scopes, person, expires_at, spent: None };
        store.codes.insert(code.fingerprint(), record);
        Ok(code)
    }

    /// Redeems a code for tokens: found, checked and consumed under one lock.
    ///
    /// A second redemption revokes what the first one issued. A wrong redirect URI or verifier burns the code:
    /// whoever holds a stolen one gets a single guess.
    pub(crate) fn redeem(&self, request: &Redemption<'_>) -> Result<TokenSet, GrantError> {
        let now = self.clock.now();
        let mut store = self.lock();
        let fingerprint = Fingerprint::of(request.code);
        let code = store.codes.get_mut(&fingerprint).filter(|code| code.client_id == request.client_id);
        let code = code.ok_or(GrantError::Code)?;
        match code.spent {
            Some(Spent::Redeemed(family)) => {
                self.counters.code_reused();
                self.end_family(&mut store, family);
                return Err(GrantError::CodeReused);
            }
            Some(Spent::Burnt) => return Err(GrantError::Code),
            None if now >= code.expires_at => return Err(GrantError::Code),
            None => {}
        }
        if code.redirect_uri != request.redirect_uri {
            code.spent = Some(Spent::Burnt);
            return Err(GrantError::RedirectUri);
        }
        if !pkce::s256_fits(&request.verifier, &code.code_challenge) {
            code.spent = Some(Spent::Burnt);
            return Err(GrantError::Verifier);
        }
        self.spend(&mut store, fingerprint)
    }

    /// Turns a code that passed every check into a family and its first tokens.
    fn spend(&self, store: &mut Store, code: Fingerprint) -> Result<TokenSet, GrantError> {
        let now = self.clock.now();
        store.room_for_tokens(now)?;
        let Some(record) = store.codes.get(&code) else { return Err(GrantError::Code) };
        let (client_id, person, scopes) = (record.client_id.clone(), record.person, record.scopes.clone());
        let (access_token, refresh_token) = (self.mint_access()?, self.mint_refresh(&scopes)?);
        let expires_at = after(now, self.lifetimes.refresh_token);
        let family = store.add_family(Family {
            client_id,
            person,
            scopes: scopes.clone(),
            expires_at,
            revoked: false,
        });
        if let Some(record) = store.codes.get_mut(&code) {
            record.spent = Some(Spent::Redeemed(family));
        }
        let access = Access::new(family, scopes.clone(), after(now, self.lifetimes.access_token));
        store.access_tokens.insert(access_token.fingerprint(), access);
        if let Some(token) = &refresh_token {
            store.refresh_tokens.insert(token.fingerprint(), Refresh { family, spent_at: None });
        }
        Ok(TokenSet { access_token, refresh_token, scopes, expires_in: self.lifetimes.access_token })
    }
}
