mod backups;
mod rotations;

use std::{fs, ops::ControlFlow};

use tempfile::TempDir;

use super::*;
use crate::vault::{
    Ask, Passphrases, Vault,
    keys::{KEY, WRAPPED, tests::under},
    private_file,
    tests::{CANARY, meddle, open, record},
};

const WORDS: &str = "correct horse battery";

/// Upkeep of a folder that is its owner's alone.
fn upkeep(folder: &TempDir, access: KeyAccess) -> Upkeep {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    }
    Upkeep::begin(folder.path(), access, Entropy::system()).unwrap()
}

/// A vault with two connections.
async fn vault() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    vault.add_connection(&record(1, CANARY)).await.unwrap();
    vault.add_connection(&record(2, "other-access-token")).await.unwrap();
    folder
}

/// All that was kept is there, and opens.
async fn assert_whole(folder: &TempDir, access: &KeyAccess) {
    let vault = Vault::open_at(folder.path(), access, &Entropy::system()).unwrap();
    let read = vault.connections().await.unwrap();
    let tokens: Vec<_> =
        read.iter().map(|kept| kept.as_ref().unwrap().tokens.access_token.expose_secret()).collect();
    assert_eq!(tokens, [CANARY, "other-access-token"]);
}

fn key_id(folder: &TempDir) -> String {
    status(folder.path(), &KeyAccess::to_files(), &Entropy::system()).unwrap().unwrap().key_id
}

#[tokio::test]
async fn a_key_is_moved_and_nothing_of_it_stays_behind() {
    let folder = vault().await;
    let derived = open(&folder).unwrap().derive("test");
    let access = under(WORDS);
    let moved = upkeep(&folder, access.clone()).move_key(KeyPlace::Passphrase).unwrap();
    assert_eq!(moved, Moved { from: KeyPlace::File, to: KeyPlace::Passphrase, left_behind: None });
    assert!(folder.path().join(WRAPPED).exists() && !folder.path().join(KEY).exists());
    assert_whole(&folder, &access).await;
    upkeep(&folder, access.clone()).move_key(KeyPlace::File).unwrap();
    assert!(!folder.path().join(WRAPPED).exists() && folder.path().join(KEY).exists());
    assert_whole(&folder, &access).await;
    assert_eq!(open(&folder).unwrap().derive("test"), derived);
    assert_ne!(open(&folder).unwrap().derive("another"), derived);
}

#[tokio::test]
async fn a_move_that_was_cut_off_leaves_a_vault_that_opens() {
    let folder = vault().await;
    let access = under(WORDS);
    {
        // Cut off before the vault names the new place: the key lies in both.
        let upkeep = upkeep(&folder, access.clone());
        let key = upkeep.unlock().unwrap().key;
        upkeep.stores().at(KeyPlace::Passphrase).put(&key).unwrap();
    }
    assert_whole(&folder, &access).await;
    assert_eq!(open(&folder).unwrap().key_description(), KeyPlace::File.description());
    let key = fs::read(folder.path().join(KEY)).unwrap();
    upkeep(&folder, access.clone()).move_key(KeyPlace::Passphrase).unwrap();
    // Cut off before the key is removed from the old place.
    private_file::write(&folder.path().join(KEY), &key).unwrap();
    assert_whole(&folder, &access).await;
}

#[tokio::test]
async fn a_move_whose_new_place_fails_changes_nothing() {
    let folder = vault().await;
    let before = fs::read(folder.path().join(KEY)).unwrap();
    let nobody = KeyAccess::to_files();
    let error = upkeep(&folder, nobody.clone()).move_key(KeyPlace::Passphrase).unwrap_err();
    assert!(error.hint().contains("in a terminal"), "{error:?}");
    assert_eq!(fs::read(folder.path().join(KEY)).unwrap(), before);
    assert!(!folder.path().join(WRAPPED).exists());
    assert_whole(&folder, &nobody).await;
}

#[tokio::test]
async fn moving_to_the_passphrase_again_sets_another_one() {
    let folder = vault().await;
    upkeep(&folder, under(WORDS)).move_key(KeyPlace::Passphrase).unwrap();
    let both = Passphrases::new(|what| {
        let words = if what == Ask::Known { WORDS } else { "staple after staple" };
        Ok(keyferry_core::secret::SecretText::new(words).unwrap())
    });
    let access = KeyAccess { passphrases: both, ..under(WORDS) };
    // The new one is asked for anew: a passphrase that is known must not be taken for it.
    let asked = upkeep(&folder, access).move_key(KeyPlace::Passphrase);
    assert!(asked.is_ok(), "{asked:?}");
    assert_whole(&folder, &under("staple after staple")).await;
    assert!(Vault::open_at(folder.path(), &under(WORDS), &Entropy::system()).is_err());
}

#[tokio::test]
async fn a_vault_in_use_is_not_touched() {
    let folder = vault().await;
    let first = upkeep(&folder, KeyAccess::to_files());
    // Another lock in the same process is another owner.
    let second = Upkeep::begin(folder.path(), KeyAccess::to_files(), Entropy::system()).unwrap_err();
    assert_eq!(second.code(), "already_running");
    assert!(second.hint().contains("stop it first"));
    drop(first);
    let empty = tempfile::tempdir().unwrap();
    let error = upkeep(&empty, KeyAccess::to_files()).rotate(&mut |_| ControlFlow::Continue(())).unwrap_err();
    assert_eq!(error.code(), "no_vault");
    assert!(!empty.path().join(DATABASE).exists() && !empty.path().join(KEY).exists());
}

#[tokio::test]
async fn the_status_tells_whether_the_key_is_there_and_changes_nothing() {
    let folder = vault().await;
    let access = KeyAccess::to_files();
    let told = || status(folder.path(), &access, &Entropy::system()).unwrap().unwrap();
    let status = told();
    assert!(
        matches!((&status.key, status.sealed_values, &status.rotation), (Reach::Found, 8, None)),
        "{status:?}"
    );
    let key = fs::read(folder.path().join(KEY)).unwrap();
    fs::remove_file(folder.path().join(KEY)).unwrap();
    assert!(matches!(told().key, Reach::Missing { .. }));
    assert!(!folder.path().join(KEY).exists());
    private_file::write(&folder.path().join(KEY), &key).unwrap();
    upkeep(&folder, under(WORDS)).move_key(KeyPlace::Passphrase).unwrap();
    assert!(matches!(told().key, Reach::Wrapped), "nobody was asked for it");
    let empty = tempfile::tempdir().unwrap();
    assert!(super::status(empty.path(), &access, &Entropy::system()).unwrap().is_none());
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}
