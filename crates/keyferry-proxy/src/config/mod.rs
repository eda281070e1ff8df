//! What can be set about a proxy before it starts, one small struct a concern.

mod access;
mod credential_problem;
mod credentials;
mod dotenv;
mod error;
mod limits;
mod listen;
mod sealing;
mod source;

use std::sync::Arc;

use keyferry_core::provider::ProviderSet;

pub use access::{AccessKey, AccessKeys, InvalidAccessKeys};
pub use credential_problem::CredentialProblem;
pub use credentials::Credentials;
pub(crate) use credentials::variables as credential_variables;
pub use dotenv::{DotEnv, DotEnvError};
pub use error::ConfigError;
pub use limits::Limits;
pub use listen::{DEFAULT_LISTEN, Listen};
pub use sealing::{InvalidSealingKey, SealingKey, SealingKeys};
pub use source::SourceError;

/// Everything that [`Proxy::bind`](crate::Proxy::bind) needs to know.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// Where it listens, and for whom.
    pub listen: Listen,
    /// The providers it knows.
    pub providers: Arc<ProviderSet>,
    /// The clients it is registered as.
    pub credentials: Credentials,
    /// Who may use it; empty lets in whoever reaches it.
    pub access: AccessKeys,
    /// What refresh tokens are sealed with on their way out; none hands them out as the provider made them.
    pub sealing: Option<SealingKeys>,
    /// How much, and how long.
    pub limits: Limits,
}

// === impl ProxyConfig ===

impl ProxyConfig {
    /// A proxy on loopback at its usual port, with no credentials yet.
    #[must_use]
    pub fn new(providers: Arc<ProviderSet>) -> Self {
        Self {
            listen: Listen::default(),
            providers,
            credentials: Credentials::default(),
            access: AccessKeys::default(),
            sealing: None,
            limits: Limits::default(),
        }
    }

    /// Reads the `KEYFERRY_PROXY_…` variables and the providers' credentials through `lookup`, which is handed in: nothing here
    /// looks at the environment of the process. An empty value counts as none.
    ///
    /// # Errors
    /// [`ConfigError`] for a variable that can't be understood. Credentials that are incomplete are no error, since the other
    /// providers work without them: see [`Credentials::problems`].
    pub fn from_environment(
        providers: Arc<ProviderSet>,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            listen: Listen::from_environment(&lookup)?,
            credentials: Credentials::from_environment(&providers, &lookup),
            access: AccessKeys::from_environment(&lookup)?,
            sealing: SealingKeys::from_environment(&lookup)?,
            limits: Limits::default(),
            providers,
        })
    }
}
