//! Codes, tokens and the families they belong to: one store, one lock, every check-and-consume in one step.
//!
//! A family is one grant of one person: the code it began with and all tokens that came of it. Revoking the
//! family ends them all at once.

mod code;
mod refresh;
mod store;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

pub(crate) use code::{NewCode, Redemption};
pub(crate) use refresh::Renewal;
use store::{FamilyId, Store};

use crate::{
    clock::Clock,
    config::{Limits, Rotation},
    counters::Counters,
    mint::{Kind, Mint, MintError},
    people::Person,
    scope::{SandboxScope, Scopes},
    secret::{Fingerprint, SandboxSecret},
};

/// All grants of the sandbox.
#[derive(Debug)]
pub(crate) struct Grants {
    store: Mutex<Store>,
    mint: Mint,
    clock: Clock,
    lifetimes: Lifetimes,
    rotation: Rotation,
    counters: Arc<Counters>,
}

/// How long codes and tokens live.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetimes {
    pub(crate) code: Duration,
    pub(crate) access_token: Duration,
    pub(crate) refresh_token: Duration,
}

/// What a token request earns.
#[derive(Debug)]
pub(crate) struct TokenSet {
    pub(crate) access_token: SandboxSecret,
    pub(crate) refresh_token: Option<SandboxSecret>,
    pub(crate) scopes: Scopes,
    pub(crate) expires_in: Duration,
}

/// Whom a live access token speaks for.
#[derive(Debug, Clone)]
pub(crate) struct Bearer {
    pub(crate) person: Person,
    pub(crate) scopes: Scopes,
}

/// When an access token was issued, and between when it was used at the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenUse {
    /// When it was issued.
    pub issued: Instant,
    /// When the API was first asked with it, successfully.
    pub first: Option<Instant>,
    /// When it was last.
    pub last: Option<Instant>,
}

/// Why a grant was not honoured. The text is for `error_description` and holds nothing of the request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("the authorization code is unknown, expired, already used, or not yours")]
    Code,
    #[error("the authorization code was already used; its tokens are revoked")]
    CodeReused,
    #[error("redirect_uri is not the one of the authorization request")]
    RedirectUri,
    #[error("code_verifier does not fit the code_challenge")]
    Verifier,
    #[error("the refresh token is unknown, expired, revoked, or not yours")]
    RefreshToken,
    #[error("the refresh token was already used; the grant is revoked")]
    RefreshTokenReused,
    #[error("the scope exceeds what was granted")]
    Scope,
    #[error("the sandbox is full")]
    Full,
    #[error(transparent)]
    Mint(#[from] MintError),
}

// === impl Grants ===

impl Grants {
    pub(crate) fn new(
        mint: Mint,
        clock: Clock,
        lifetimes: Lifetimes,
        rotation: Rotation,
        limits: &Limits,
        counters: Arc<Counters>,
    ) -> Self {
        Self { store: Mutex::new(Store::new(limits)), mint, clock, lifetimes, rotation, counters }
    }

    /// Whom this access token speaks for; `None` when it is unknown, expired or revoked.
    pub(crate) fn bearer(&self, access_token: &str) -> Option<Bearer> {
        let now = self.clock.now();
        let store = &mut *self.lock();
        let token = store.access_tokens.get_mut(&Fingerprint::of(access_token))?;
        let family = store.families.get(&token.family).filter(|family| !family.revoked)?;
        if now >= token.expires_at {
            return None;
        }
        let at = Instant::now();
        token.used.first.get_or_insert(at);
        token.used.last = Some(at);
        Some(Bearer { person: family.person, scopes: token.scopes.clone() })
    }

    /// The use of every access token that is remembered, in the order of their issue.
    pub(crate) fn uses(&self) -> Vec<TokenUse> {
        let mut uses: Vec<_> = self.lock().access_tokens.values().map(|token| token.used).collect();
        uses.sort_by_key(|used| used.issued);
        uses
    }

    /// Revokes a token of this client (RFC 7009 §2.1); a refresh token takes its family along.
    ///
    /// An unknown token is no error (RFC 7009 §2.2), and another client's stays untouched.
    pub(crate) fn revoke(&self, client_id: &str, token: &str) {
        let token = Fingerprint::of(token);
        let mut store = self.lock();
        let access = store.access_tokens.get(&token).map(|access| access.family);
        let refresh = store.refresh_tokens.get(&token).map(|refresh| refresh.family);
        let Some(family) = access.or(refresh) else { return };
        if store.families.get(&family).is_none_or(|family| family.client_id != client_id) {
            return;
        }
        if access.is_some() {
            store.access_tokens.remove(&token);
        } else {
            self.end_family(&mut store, family);
        }
    }

    fn end_family(&self, store: &mut Store, family: FamilyId) {
        if store.revoke_family(family) {
            self.counters.family_revoked();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mint_access(&self) -> Result<SandboxSecret, MintError> {
        self.mint.make(Kind::AccessToken)
    }

    fn mint_refresh(&self, scopes: &Scopes) -> Result<Option<SandboxSecret>, MintError> {
        scopes.contains(SandboxScope::OfflineAccess).then(|| self.mint.make(Kind::RefreshToken)).transpose()
    }
}

/// `start` plus `life`, or the end of time.
fn after(start: Timestamp, life: Duration) -> Timestamp {
    let life = SignedDuration::try_from(life).unwrap_or(SignedDuration::MAX);
    start.checked_add(life).unwrap_or(Timestamp::MAX)
}
