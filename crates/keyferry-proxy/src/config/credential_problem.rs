//! Credentials that are there, but not all there.

use keyferry_core::id::ProviderName;

use super::SourceError;

/// Why a provider is not configured although something was set for it, or is configured carelessly. Listed at start.
#[derive(Debug, thiserror::Error)]
pub enum CredentialProblem {
    /// An id without its secret.
    #[error("{provider}: {id} is set, {secret} is not; set it, or {secret}_FILE")]
    SecretMissing {
        /// The provider.
        provider: ProviderName,
        /// The variable of the id.
        id: String,
        /// The variable of the secret.
        secret: String,
    },
    /// A secret without its id.
    #[error("{provider}: {secret} is set, {id} is not; set it")]
    IdMissing {
        /// The provider.
        provider: ProviderName,
        /// The variable of the id.
        id: String,
        /// The variable of the secret.
        secret: String,
    },
    /// A further variable that the provider file asks for.
    #[error("{provider}: {variable} is not set, and the provider requires it; set it")]
    Required {
        /// The provider.
        provider: ProviderName,
        /// The variable.
        variable: String,
    },
    /// A value that can't be what it should.
    #[error("{provider}: {variable} can't be used: {why}")]
    Invalid {
        /// The provider.
        provider: ProviderName,
        /// The variable.
        variable: String,
        /// What is wrong with it.
        why: String,
    },
    /// A secret that can't be had.
    #[error("{provider}: {error}")]
    Source {
        /// The provider.
        provider: ProviderName,
        /// Why.
        error: SourceError,
    },
    /// A value of an example. The provider counts as configured, and refuses it.
    #[error("{provider}: {variable} still has the value of an example; put the service's own in its place")]
    Placeholder {
        /// The provider.
        provider: ProviderName,
        /// The variable.
        variable: String,
    },
    /// A file with a secret that every user of the machine may read. The provider works.
    #[error("{provider}: every user of this machine may read {path}; chmod 600 it")]
    ReadableByAll {
        /// The provider.
        provider: ProviderName,
        /// The file.
        path: String,
    },
}

// === impl CredentialProblem ===

impl CredentialProblem {
    /// The provider that has it.
    pub(crate) fn provider(&self) -> &ProviderName {
        match self {
            Self::SecretMissing { provider, .. }
            | Self::IdMissing { provider, .. }
            | Self::Required { provider, .. }
            | Self::Invalid { provider, .. }
            | Self::Source { provider, .. }
            | Self::Placeholder { provider, .. }
            | Self::ReadableByAll { provider, .. } => provider,
        }
    }

    /// Whether something that was set for the provider can't be used, such as its client.
    pub(crate) fn takes_away(&self) -> bool {
        !matches!(self, Self::Placeholder { .. } | Self::ReadableByAll { .. })
    }
}
