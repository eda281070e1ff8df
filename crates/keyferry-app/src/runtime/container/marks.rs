//! Whose containers are whose.
//!
//! Each container carries the mark of its app's data folder, so that an app finds at its start what one before it left, and touches
//! nothing else. The mark is of the folder's own secret and its path: a copy of the folder is another app's.

use std::{io, path::Path};

use keyferry_core::id::ServerName;
use sha2::{Digest as _, Sha256};

use crate::{entropy::Entropy, vault::private_file};

/// The label that holds the mark.
pub(super) const APP: &str = "dev.keyferry.app";
/// The label that holds the server's name.
pub(super) const SERVER: &str = "dev.keyferry.server";

/// The file with the folder's own secret. It is there once containers were used.
const FILE: &str = "containers";

/// Whether an app of this folder has ever used containers.
pub(super) fn are_in(data_folder: &Path) -> bool {
    data_folder.join(FILE).exists()
}

/// The mark of this data folder.
pub(super) fn of(data_folder: &Path, entropy: &Entropy) -> io::Result<String> {
    let path = data_folder.join(FILE);
    let secret = match private_file::read(&path, 256) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let secret = hex(&entropy.bytes::<16>());
            private_file::write(&path, secret.as_bytes())?;
            secret
        }
        read => read?,
    };
    let folder = data_folder.canonicalize()?;
    let mut hash = Sha256::new();
    hash.update(secret.trim().as_bytes());
    hash.update([0]);
    hash.update(folder.as_os_str().as_encoded_bytes());
    Ok(hex(hash.finalize().get(..16).unwrap_or_default()))
}

/// A name that no other container has.
pub(super) fn container_name(server: &ServerName, entropy: &Entropy) -> String {
    let plain: String = server
        .as_str()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .take(40)
        .collect();
    format!("keyferry-{plain}-{}", hex(&entropy.bytes::<8>()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_mark_and_a_copy_has_another() {
        let (one, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let entropy = Entropy::system();
        assert!(!are_in(one.path()));
        let mark = of(one.path(), &entropy).unwrap();
        assert!(are_in(one.path()));
        assert_eq!(of(one.path(), &entropy).unwrap(), mark);
        std::fs::copy(one.path().join(FILE), copy.path().join(FILE)).unwrap();
        assert_ne!(of(copy.path(), &entropy).unwrap(), mark);
    }

    #[test]
    fn a_containers_name_is_one_that_engines_take_and_never_twice_the_same() {
        let server = "company__jira-mcp-server".parse().unwrap();
        let names: Vec<_> = (0..2).map(|_| container_name(&server, &Entropy::system())).collect();
        assert!(names[0].starts_with("keyferry-company--jira-mcp-server-"), "{names:?}");
        assert_ne!(names[0], names[1]);
    }
}
