//! Bearer tokens in files, such as `api-token`: what a program of this person shows the local API.

use std::{fs, io::Read as _, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use keyferry_core::secret::SecretText;
use sha2::{Digest as _, Sha256};

use super::{DataFolder, HomeError, folder};
use crate::vault::private_file;

const FILE_NAME: &str = "api-token";

/// 256 bits in base64url.
const LENGTH: usize = 43;

/// A bearer token (RFC 6750): 256 random bits in a file of mode 0600. Each data folder has one for its local API, and each client one for
/// the gateway.
#[derive(Clone, Debug)]
pub struct ApiToken(SecretText);

impl ApiToken {
    /// The data folder's token; a folder without one gets one of this entropy.
    pub(crate) fn open_or_create(folder: &DataFolder, entropy: [u8; 32]) -> Result<Self, HomeError> {
        let path = folder.path().join(FILE_NAME);
        match fs::symlink_metadata(&path) {
            Ok(_) => Self::read_file(&path),
            Err(_) => Self::create_file(&path, entropy),
        }
    }

    /// A new token in a file of its own.
    pub(crate) fn create_file(path: &Path, entropy: [u8; 32]) -> Result<Self, HomeError> {
        private_file::write(path, URL_SAFE_NO_PAD.encode(entropy).as_bytes()).map_err(|error| {
            let folder = path.parent().unwrap_or(path).to_owned();
            HomeError::NotWritable { path: folder, source: std::io::Error::other(error) }
        })?;
        Self::read_file(path)
    }

    /// The token in this data folder, refused when other users may have read or written its file.
    pub(super) fn read(folder: &Path) -> Result<Self, HomeError> {
        Self::read_file(&folder.join(FILE_NAME))
    }

    /// The token in this file, refused when other users may have read or written it.
    pub(crate) fn read_file(path: &Path) -> Result<Self, HomeError> {
        let unreadable = |source| HomeError::Unreadable { path: path.to_owned(), source };
        folder::check(path, &fs::symlink_metadata(path).map_err(unreadable)?, folder::Kind::File)?;
        let file = fs::File::open(path).map_err(unreadable)?;
        folder::check(path, &file.metadata().map_err(unreadable)?, folder::Kind::File)?;
        let mut text = String::new();
        file.take(LENGTH as u64 + 2).read_to_string(&mut text).map_err(unreadable)?;
        let bad = || HomeError::BadToken(path.to_owned());
        if URL_SAFE_NO_PAD.decode(text.trim_end()).map_err(|_| bad())?.len() != 32 {
            return Err(bad());
        }
        SecretText::new(text.trim_end()).map(Self).map_err(|_| bad())
    }

    /// The token, for the one header that carries it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether this is the token. Digests are compared, and all of their bytes: the time taken says nothing about how much
    /// of a guess was right.
    pub(crate) fn matches(&self, presented: &[u8]) -> bool {
        let ours = Sha256::digest(self.expose_secret());
        let theirs = Sha256::digest(presented);
        ours.iter().zip(&theirs).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
    }
}
