//! What is remembered of codes, tokens and families, and how much.

use std::{collections::HashMap, time::Instant};

use jiff::Timestamp;

use super::{GrantError, TokenUse};
use crate::{config::Limits, people::Person, scope::Scopes, secret::Fingerprint};

/// A family's number; never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FamilyId(u64);

#[derive(Debug)]
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) scopes: Scopes,
    pub(super) person: Person,
    pub(super) expires_at: Timestamp,
    pub(super) spent: Option<Spent>,
}

/// How a code ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum Spent {
    /// It was redeemed; this family came of it.
    Redeemed(FamilyId),
    /// It was presented with a wrong redirect URI or verifier.
    Burnt,
}

#[derive(Debug)]
pub(super) struct Family {
    pub(super) client_id: String,
    pub(super) person: Person,
    pub(super) scopes: Scopes,
    pub(super) expires_at: Timestamp,
    pub(super) revoked: bool,
}

#[derive(Debug)]
pub(super) struct Access {
    pub(super) family: FamilyId,
    pub(super) scopes: Scopes,
    pub(super) expires_at: Timestamp,
    pub(super) used: TokenUse,
}

#[derive(Debug)]
pub(super) struct Refresh {
    pub(super) family: FamilyId,
    pub(super) spent_at: Option<Timestamp>,
}

/// The tables. Spent refresh tokens stay as long as their family, or reuse could not be recognised.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) codes: HashMap<Fingerprint, Code>,
    pub(super) families: HashMap<FamilyId, Family>,
    pub(super) access_tokens: HashMap<Fingerprint, Access>,
    pub(super) refresh_tokens: HashMap<Fingerprint, Refresh>,
    next_family: u64,
    most_codes: usize,
    most_tokens: usize,
}

// === impl Access ===

impl Access {
    /// One that is issued now.
    pub(super) fn new(family: FamilyId, scopes: Scopes, expires_at: Timestamp) -> Self {
        let used = TokenUse { issued: Instant::now(), first: None, last: None };
        Self { family, scopes, expires_at, used }
    }
}

// === impl Store ===

impl Store {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            codes: HashMap::new(),
            families: HashMap::new(),
            access_tokens: HashMap::new(),
            refresh_tokens: HashMap::new(),
            next_family: 0,
            most_codes: limits.codes,
            most_tokens: limits.tokens,
        }
    }

    pub(super) fn add_family(&mut self, family: Family) -> FamilyId {
        let id = FamilyId(self.next_family);
        self.next_family += 1;
        self.families.insert(id, family);
        id
    }

    /// Ends a family; false when it had ended before.
    pub(super) fn revoke_family(&mut self, id: FamilyId) -> bool {
        self.families.get_mut(&id).is_some_and(|family| !std::mem::replace(&mut family.revoked, true))
    }

    /// Makes room for one more code.
    pub(super) fn room_for_code(&mut self, now: Timestamp) -> Result<(), GrantError> {
        if self.codes.len() >= self.most_codes {
            self.codes.retain(|_, code| now < code.expires_at);
        }
        if self.codes.len() < self.most_codes { Ok(()) } else { Err(GrantError::Full) }
    }

    /// Makes room for one more access token, refresh token and family.
    pub(super) fn room_for_tokens(&mut self, now: Timestamp) -> Result<(), GrantError> {
        if self.access_tokens.len() >= self.most_tokens {
            self.access_tokens.retain(|_, access| now < access.expires_at);
        }
        if self.refresh_tokens.len() >= self.most_tokens || self.families.len() >= self.most_tokens {
            let live = |family: &Family| !family.revoked && now < family.expires_at;
            self.families.retain(|_, family| live(family));
            self.refresh_tokens.retain(|_, refresh| self.families.contains_key(&refresh.family));
        }
        let fullest = self.access_tokens.len().max(self.refresh_tokens.len()).max(self.families.len());
        if fullest < self.most_tokens { Ok(()) } else { Err(GrantError::Full) }
    }
}
