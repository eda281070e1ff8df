//! Where manifests come from.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use keyferry_core::url::{Endpoint, InvalidUrl};
use sha2::{Digest as _, Sha256};

/// A source of manifests that the person named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A list at a URL.
    Url(Endpoint),
}

/// Why a text names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSource {
    /// Begins like a URL, and is none to connect to.
    #[error("{0}")]
    Url(InvalidUrl),
    /// An empty path, or one with a NUL.
    #[error("it is neither a URL nor the path of a folder")]
    Path,
}

/// By which a source is asked about: of its place alone, so that it stays the same from one start to the next.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceId(String);

/// A text that is no id of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of a catalog's source is 16 of 0-9 and a-f")]
pub(crate) struct InvalidSourceId;

// === impl Source ===

impl Source {
    /// Reads a URL or a path. A relative path is one below `base`.
    ///
    /// # Errors
    /// [`InvalidSource`].
    pub fn parse(text: &str, base: &Path) -> Result<Self, InvalidSource> {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        if scheme.is_some_and(|scheme| scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
            return Endpoint::parse(text).map(Self::Url).map_err(InvalidSource::Url);
        }
        if text.trim().is_empty() || text.contains('\0') {
            return Err(InvalidSource::Path);
        }
        Ok(Self::Folder(base.join(text)))
    }

    pub(crate) fn id(&self) -> SourceId {
        let digest = Sha256::digest(self.to_string().as_bytes());
        SourceId(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(out, "{}", path.display()),
            Self::Url(url) => write!(out, "{url}"),
        }
    }
}

// === impl SourceId ===

impl fmt::Display for SourceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::str::FromStr for SourceId {
    type Err = InvalidSourceId;

    fn from_str(text: &str) -> Result<Self, InvalidSourceId> {
        let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let valid = text.len() == 16 && text.bytes().all(hexadecimal);
        if valid { Ok(Self(text.to_owned())) } else { Err(InvalidSourceId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_and_a_folder_are_told_apart_and_no_insecure_url_is_taken() {
        let read = |text: &str| Source::parse(text, Path::new("/base"));
        for url in ["https://example.com/catalog.json", "http://127.0.0.1:8000/", "http://localhost/x"] {
            assert!(matches!(read(url), Ok(Source::Url(_))), "{url}");
        }
        for url in [
            "http://example.com/",
            "ftp://example.com/",
            "file:///etc",
            "https://a:b@example.com/",
            "https://",
        ] {
            assert!(matches!(read(url), Err(InvalidSource::Url(_))), "{url}");
        }
        assert_eq!(read("/a b"), Ok(Source::Folder("/a b".into())));
        assert_eq!(read("manifests"), Ok(Source::Folder("/base/manifests".into())));
        for nothing in ["", " ", "a\0"] {
            assert_eq!(read(nothing), Err(InvalidSource::Path), "{nothing:?}");
        }
    }

    #[test]
    fn an_id_is_of_the_place_alone_and_reads_back() {
        let read = |text: &str| Source::parse(text, Path::new("/base")).unwrap().id();
        let id = read("https://example.com/catalog.json");
        assert_eq!(id, read("https://example.com/catalog.json"));
        assert_ne!(id, read("https://example.com/catalog2.json"));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in ["", "0123456789abcdeF", "../0123456789abc", "0123456789abcdef0"] {
            assert_eq!(wrong.parse::<SourceId>(), Err(InvalidSourceId), "{wrong}");
        }
    }
}
