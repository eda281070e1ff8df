//! What all routes share.

use std::{net::SocketAddr, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    authorize::pending::{CONSENT_LIFETIME, PendingConsents},
    client::Client,
    clock::Clock,
    counters::Counters,
    faults::Faults,
    grants::Grants,
    mint::Mint,
    notes::store::Notes,
    recorder::Recorder,
    secret::Fingerprint,
};

/// The state of one running sandbox.
#[derive(Debug)]
pub(crate) struct SandboxState {
    pub(crate) address: SocketAddr,
    /// `http://HOST:PORT`, without a slash at the end; the issuer identifier too.
    pub(crate) base_url: String,
    pub(crate) client: Client,
    pub(crate) clock: Clock,
    pub(crate) mint: Mint,
    pub(crate) pending: PendingConsents,
    pub(crate) grants: Grants,
    pub(crate) notes: Notes,
    pub(crate) faults: Faults,
    pub(crate) counters: Arc<Counters>,
    pub(crate) recorder: Recorder,
    pub(crate) control_key: Fingerprint,
}

// === impl SandboxState ===

impl SandboxState {
    /// When a consent page shown now goes stale.
    pub(crate) fn consent_deadline(&self) -> Timestamp {
        let life = SignedDuration::try_from(CONSENT_LIFETIME).unwrap_or(SignedDuration::MAX);
        self.clock.now().checked_add(life).unwrap_or(Timestamp::MAX)
    }
}
