//! What the sandbox has been asked and has done, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::faults::GrantType;

/// A snapshot of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Counts {
    /// Requests to the token endpoint with `grant_type=authorization_code`, faulted ones too.
    pub code_requests: u64,
    /// Requests to the token endpoint with `grant_type=refresh_token`, faulted ones too.
    pub refresh_requests: u64,
    /// Requests to the token endpoint with any other grant type, or none.
    pub other_token_requests: u64,
    /// Requests to the revocation endpoint, faulted ones too.
    pub revocation_requests: u64,
    /// Requests to the notes API, faulted ones too.
    pub api_requests: u64,
    /// Codes that were presented a second time after they had earned tokens.
    pub codes_reused: u64,
    /// Retired refresh tokens that came back.
    pub refresh_tokens_reused: u64,
    /// Families revoked, for reuse or on request.
    pub families_revoked: u64,
}

/// The live counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    code_requests: AtomicU64,
    refresh_requests: AtomicU64,
    other_token_requests: AtomicU64,
    revocation_requests: AtomicU64,
    api_requests: AtomicU64,
    codes_reused: AtomicU64,
    refresh_tokens_reused: AtomicU64,
    families_revoked: AtomicU64,
}

// === impl Counts ===

impl Counts {
    /// All requests to the token endpoint.
    #[must_use]
    pub fn token_requests(&self) -> u64 {
        self.code_requests + self.refresh_requests + self.other_token_requests
    }
}

// === impl Counters ===

impl Counters {
    pub(crate) fn token_request(&self, grant: Option<GrantType>) {
        add_one(match grant {
            Some(GrantType::AuthorizationCode) => &self.code_requests,
            Some(GrantType::RefreshToken) => &self.refresh_requests,
            None => &self.other_token_requests,
        });
    }

    pub(crate) fn revocation_request(&self) {
        add_one(&self.revocation_requests);
    }

    pub(crate) fn api_request(&self) {
        add_one(&self.api_requests);
    }

    pub(crate) fn code_reused(&self) {
        add_one(&self.codes_reused);
    }

    pub(crate) fn refresh_token_reused(&self) {
        add_one(&self.refresh_tokens_reused);
    }

    pub(crate) fn family_revoked(&self) {
        add_one(&self.families_revoked);
    }

    pub(crate) fn snapshot(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            code_requests: read(&self.code_requests),
            refresh_requests: read(&self.refresh_requests),
            other_token_requests: read(&self.other_token_requests),
            revocation_requests: read(&self.revocation_requests),
            api_requests: read(&self.api_requests),
            codes_reused: read(&self.codes_reused),
            refresh_tokens_reused: read(&self.refresh_tokens_reused),
            families_revoked: read(&self.families_revoked),
        }
    }
}

fn add_one(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
