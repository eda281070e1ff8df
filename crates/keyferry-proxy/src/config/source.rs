//! A secret from a variable, or from the file that `…_FILE` names (as container platforms mount them).

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use keyferry_core::secret::SecretText;
use zeroize::Zeroizing;

/// Longest file that is read for a secret, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

/// Why a secret can't be had. Holds its variable and path, never the secret.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The variable and its `_FILE` twin are both set.
    #[error("{variable} and {variable}_FILE are both set; keep one")]
    Both {
        /// The variable.
        variable: String,
    },
    /// The file can't be read.
    #[error("{variable}_FILE names {path}, which can't be read: {error}")]
    File {
        /// The variable.
        variable: String,
        /// The file.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// The value holds a NUL or is far too long.
    #[error("{variable} holds no usable text")]
    Text {
        /// The variable.
        variable: String,
    },
}

/// A secret and where it was.
pub(super) struct Found {
    pub(super) text: SecretText,
    /// The file, when every user of the machine may read it.
    pub(super) readable_by_all: Option<String>,
}

// === impl Found ===

impl Found {
    /// The text. That every user of the machine may read its file is told in the log.
    pub(super) fn told(self) -> SecretText {
        if let Some(path) = self.readable_by_all {
            tracing::warn!("every user of this machine may read {path}; chmod 600 it");
        }
        self.text
    }
}

/// Reads `variable`, or the file that `{variable}_FILE` names without the newline at its end.
pub(super) fn secret(
    lookup: &impl Fn(&str) -> Option<String>,
    variable: &str,
) -> Result<Option<Found>, SourceError> {
    let found = |name: &str| lookup(name).filter(|text| !text.is_empty());
    let text =
        |text: String| SecretText::new(text).map_err(|_| SourceError::Text { variable: variable.to_owned() });
    match (found(variable), found(&format!("{variable}_FILE"))) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(SourceError::Both { variable: variable.to_owned() }),
        (Some(value), None) => Ok(Some(Found { text: text(value)?, readable_by_all: None })),
        (None, Some(path)) => {
            let (value, open) = read(Path::new(&path)).map_err(|error| SourceError::File {
                variable: variable.to_owned(),
                path: path.clone(),
                error,
            })?;
            Ok(Some(Found { text: text(value)?, readable_by_all: open.then_some(path) }))
        }
    }
}

fn read(path: &Path) -> io::Result<(String, bool)> {
    let file = File::open(path)?;
    let open = readable_by_all(&file)?;
    let mut text = Zeroizing::new(String::new());
    file.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(io::Error::other("it is longer than 64 KiB"));
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok((text.strip_suffix('\r').unwrap_or(text).to_owned(), open))
}

#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<Option<Found>, SourceError> {
        let lookup = |name: &str| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        };
        secret(&lookup, "ACME_CLIENT_SECRET")
    }

    #[test]
    fn a_file_gives_its_text_without_the_last_newline() {
        let folder = tempfile::tempdir().unwrap();
        for (content, expected) in [("a b", "a b"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n")] {
            let path = folder.path().join("secret");
            std::fs::write(&path, content).unwrap();
            let found = from(&[("ACME_CLIENT_SECRET_FILE", path.to_str().unwrap())]).unwrap().unwrap();
            assert_eq!(found.text.expose_secret(), expected);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_all_may_read_is_noticed() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "x").unwrap();
        for (mode, noticed) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = from(&[("ACME_CLIENT_SECRET_FILE", path.to_str().unwrap())]).unwrap().unwrap();
            assert_eq!(found.readable_by_all.is_some(), noticed, "{mode:o}");
        }
    }

    #[test]
    fn what_can_not_be_read_is_named_without_the_secret() {
        assert!(from(&[]).unwrap().is_none());
        assert!(from(&[("ACME_CLIENT_SECRET", "")]).unwrap().is_none());
        let both = from(&[("ACME_CLIENT_SECRET", "canary"), ("ACME_CLIENT_SECRET_FILE", "/x")]);
        let missing = from(&[("ACME_CLIENT_SECRET_FILE", "/does/not/exist")]);
        let nul = from(&[("ACME_CLIENT_SECRET", "canary\0")]);
        for (result, part) in [(both, "both set"), (missing, "/does/not/exist"), (nul, "no usable text")] {
            let error = result.err().unwrap();
            assert!(error.to_string().contains(part) && !format!("{error} {error:?}").contains("canary"));
        }
    }
}
