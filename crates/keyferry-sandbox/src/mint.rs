//! Where secrets are made: 256 bits from the operating system, a prefix that tells the kind, an entry in the ledger.

use std::{io, sync::Arc};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{ledger::Ledger, secret::SandboxSecret};

/// Makes secrets and notes each in the ledger before anyone sees it.
#[derive(Debug, Clone)]
pub(crate) struct Mint {
    ledger: Arc<Ledger>,
}

/// What a secret is for; it is legible in the secret's prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Code,
    AccessToken,
    RefreshToken,
    ClientSecret,
    ControlKey,
    Consent,
}

/// No secret could be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MintError {
    #[error("the operating system gave no randomness: {0}")]
    Entropy(getrandom::Error),
    #[error("the ledger could not be written: {0}")]
    Ledger(#[from] io::Error),
}

// === impl MintError ===

impl From<MintError> for io::Error {
    fn from(error: MintError) -> Self {
        match error {
            MintError::Ledger(error) => error,
            MintError::Entropy(_) => Self::other(error),
        }
    }
}

// === impl Mint ===

impl Mint {
    pub(crate) fn new(ledger: Arc<Ledger>) -> Self {
        Self { ledger }
    }

    /// A new secret of this kind.
    pub(crate) fn make(&self, kind: Kind) -> Result<SandboxSecret, MintError> {
        let mut entropy = [0_u8; 32];
        getrandom::fill(&mut entropy).map_err(MintError::Entropy)?;
        let secret = SandboxSecret::new(format!("{}{}", kind.prefix(), URL_SAFE_NO_PAD.encode(entropy)));
        self.ledger.record(&secret)?;
        Ok(secret)
    }

    /// Notes a secret that was given from outside.
    pub(crate) fn adopt(&self, secret: &SandboxSecret) -> io::Result<()> {
        self.ledger.record(secret)
    }
}

// === impl Kind ===

impl Kind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Code => "sbx_code_",
            Self::AccessToken => "sbx_at_",
            Self::RefreshToken => "sbx_rt_",
            Self::ClientSecret => "sbx_cs_",
            Self::ControlKey => "sbx_ctl_",
            Self::Consent => "sbx_consent_",
        }
    }
}
