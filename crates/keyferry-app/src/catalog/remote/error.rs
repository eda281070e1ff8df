//! Why a list at a URL could not be had.

use keyferry_core::catalog_index::InvalidIndex;

/// Why it could not be had. Holds no text of whoever answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FetchError {
    /// No connection, or no answer in time.
    #[error("it does not answer")]
    Unreachable,
    /// Its certificate can't be trusted, or the like.
    #[error("no secure connection to it can be made")]
    Insecure,
    /// It leads elsewhere.
    #[error("it answers with a redirect ({0}), and none is followed")]
    Redirect(u16),
    /// It says no.
    #[error("it answers {0}")]
    Status(u16),
    /// Larger than anything of the kind.
    #[error("it is larger than {0} bytes")]
    TooLarge(usize),
    /// All of it takes too long, or is too much.
    #[error("all of its manifests together are more than {0} bytes")]
    TooMuch(usize),
    /// Not text.
    #[error("it is not UTF-8")]
    NotText,
    /// Not an index.
    #[error("{0}")]
    Index(InvalidIndex),
    /// Not what the index says.
    #[error("it is not the file that the index means: its SHA-256 is another")]
    Digest,
    /// The data folder does not take it.
    #[error("it can't be kept in the data folder")]
    NotKept,
}

impl FetchError {
    /// A stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "catalog_unreachable",
            Self::Insecure => "catalog_insecure",
            Self::Redirect(_) => "catalog_redirects",
            Self::Status(_) => "catalog_refused",
            Self::TooLarge(_) | Self::TooMuch(_) => "catalog_too_large",
            Self::NotText | Self::Index(_) => "bad_catalog",
            Self::Digest => "catalog_changed",
            Self::NotKept => "catalog_not_kept",
        }
    }

    /// What the person can do next.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable => "check the address and the network; it is tried again by itself",
            Self::Insecure => "check the address; its certificate must be one that this system trusts",
            Self::Redirect(_) => "add the address that it leads to, if you trust that one",
            Self::Status(_) => "check the address; a catalog is fetched without any account",
            Self::TooLarge(_) | Self::TooMuch(_) => "ask its author for a smaller one",
            Self::NotText | Self::Index(_) => "docs/hosting-a-catalog.md says what such a list looks like",
            Self::Digest => "ask its author: the index and the file beside it do not belong together",
            Self::NotKept => "check that the data folder can be written and its disk has room",
        }
    }
}

impl From<&reqwest::Error> for FetchError {
    fn from(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(found) = cause {
            // Of a chain that names no type in public, the words of TLS are all there is.
            let said = found.to_string();
            if said.contains("certificate") || said.contains("tls") || said.contains("TLS") {
                return Self::Insecure;
            }
            cause = found.source();
        }
        Self::Unreachable
    }
}
