//! Opening the person's own browser. OAuth never runs in a window of ours (RFC 8252 §8.12).

use std::{fmt, sync::Arc};

use keyferry_core::url::AuthorizationUrl;

/// Opens a checked URL. A test hands in one that records.
#[derive(Clone)]
pub struct Opener(Arc<Open>);

type Open = dyn Fn(&AuthorizationUrl) -> std::io::Result<()> + Send + Sync;

impl Opener {
    /// The system's browser.
    #[must_use]
    pub fn system() -> Self {
        Self::new(open_in_browser)
    }

    /// An opener of one's own.
    #[must_use]
    pub fn new(open: impl Fn(&AuthorizationUrl) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(open))
    }

    /// Opens a URL.
    ///
    /// # Errors
    /// What the operating system says, when there is no browser to start.
    pub fn open(&self, url: &AuthorizationUrl) -> std::io::Result<()> {
        (self.0)(url)
    }

    /// Opens a URL beside what goes on. Without a browser the person still has the address, which whoever waits for the sign-in shows.
    pub(crate) fn open_beside(&self, url: &AuthorizationUrl) {
        let (opener, url) = (self.clone(), url.clone());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = opener.open(&url) {
                tracing::warn!(%error, "the browser could not be opened");
            }
        });
    }
}

/// Hands a URL to the system's browser, as one argument and without a shell. The type says that it was checked: https or loopback, no
/// user, nothing that a shell or an option parser could read otherwise.
///
/// # Errors
/// What the operating system says.
pub fn open_in_browser(url: &AuthorizationUrl) -> std::io::Result<()> {
    open::that_detached(url.as_str())
}

impl fmt::Debug for Opener {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Opener")
    }
}
