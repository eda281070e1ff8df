//! Where a passphrase comes from. The engine has no terminal and no environment: who starts it hands in whom to ask.

use std::{fmt, path::PathBuf, sync::Arc};

use keyferry_core::secret::SecretText;
use zeroize::Zeroizing;

use crate::vault::private_file;

/// The longest passphrase file that is read, in bytes.
const LONGEST: u64 = 4096;

/// What a passphrase is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The one that was set before.
    Known,
    /// A new one, which the person is to give twice.
    New,
}

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// There is no terminal, and no file was named.
    #[error("the vault's key is wrapped under a passphrase, and there is no terminal to ask for it")]
    Nobody,
    /// The person gave none, or not the same one twice.
    #[error("no passphrase was given: {0}")]
    NotGiven(String),
    /// The file that should hold it can't be used.
    #[error("the passphrase file {path} can't be used: {reason}")]
    File {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A new one that is too short.
    #[error("the passphrase is shorter than {} characters", Passphrases::SHORTEST)]
    TooShort,
    /// It opens nothing.
    #[error("the passphrase is not the right one, or what it wraps is damaged")]
    Wrong,
}

impl PassphraseError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Nobody => {
                "run the command in a terminal, or write the passphrase into a file that you alone can read, and name it in KEYFERRY_VAULT_PASSPHRASE_FILE"
            }
            Self::NotGiven(_) => "try again",
            Self::File { .. } => {
                "put the passphrase on its first line, and make the file yours alone: chmod 600"
            }
            Self::TooShort => "take a few words that you can remember; nothing was changed",
            Self::Wrong => {
                "try again; nothing was changed. Without the passphrase the tokens can't be read: sign in again, or restore a backup"
            }
        }
    }
}

/// Gives passphrases.
#[derive(Clone)]
pub struct Passphrases(Arc<dyn Fn(Ask) -> Result<SecretText, PassphraseError> + Send + Sync>);

impl Passphrases {
    /// The fewest characters of a new passphrase.
    pub const SHORTEST: usize = 12;

    /// Asks in this way.
    #[must_use]
    pub fn new(ask: impl Fn(Ask) -> Result<SecretText, PassphraseError> + Send + Sync + 'static) -> Self {
        Self(Arc::new(ask))
    }

    /// Nobody to ask.
    #[must_use]
    pub fn nobody() -> Self {
        Self::new(|_| Err(PassphraseError::Nobody))
    }

    /// Reads the first line of a file that nobody else can read.
    #[must_use]
    pub fn in_file(path: PathBuf) -> Self {
        Self::new(move |_| {
            let refused = |reason: String| PassphraseError::File { path: path.display().to_string(), reason };
            let text = private_file::read(&path, LONGEST).map_err(|error| refused(error.to_string()))?;
            let text = Zeroizing::new(text);
            let line = text.lines().next().unwrap_or_default();
            if line.is_empty() {
                return Err(refused("its first line is empty".to_owned()));
            }
            SecretText::new(line).map_err(|error| refused(error.to_string()))
        })
    }

    /// Asks.
    ///
    /// # Errors
    /// [`PassphraseError`], for a new one that is too short too.
    pub fn ask(&self, what: Ask) -> Result<SecretText, PassphraseError> {
        let passphrase = (self.0)(what)?;
        let short = passphrase.expose_secret().chars().count() < Self::SHORTEST;
        if what == Ask::New && short { Err(PassphraseError::TooShort) } else { Ok(passphrase) }
    }
}

impl fmt::Debug for Passphrases {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Passphrases")
    }
}
