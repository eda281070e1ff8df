//! The one registered client: a confidential one, with the redirect URIs that it may use.

mod redirect;

pub use redirect::RedirectRule;

use crate::secret::{Fingerprint, SandboxSecret};

/// The client as the authorization server knows it.
#[derive(Debug)]
pub(crate) struct Client {
    id: String,
    name: String,
    secret: Fingerprint,
    redirects: Vec<RedirectRule>,
}

// === impl Client ===

impl Client {
    pub(crate) fn new(
        id: String,
        name: String,
        secret: &SandboxSecret,
        redirects: Vec<RedirectRule>,
    ) -> Self {
        Self { id, name, secret: secret.fingerprint(), redirects }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether these are the client's id and secret.
    pub(crate) fn is(&self, id: &str, secret: &str) -> bool {
        self.id == id && self.secret == Fingerprint::of(secret)
    }

    pub(crate) fn may_redirect_to(&self, redirect_uri: &str) -> bool {
        self.redirects.iter().any(|rule| rule.admits(redirect_uri))
    }
}
