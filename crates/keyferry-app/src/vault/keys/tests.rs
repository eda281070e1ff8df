use std::fs;

use keyferry_core::secret::SecretText;
use tempfile::TempDir;

use super::*;
use crate::vault::{Vault, private_file};

/// Access to a vault whose key is wrapped under this.
pub(in crate::vault) fn under(passphrase: &'static str) -> KeyAccess {
    let passphrases = Passphrases::new(move |_| Ok(SecretText::new(passphrase).unwrap()));
    KeyAccess { place: Some(KeyPlace::Passphrase), passphrases, ..KeyAccess::to_files() }
}

fn open(folder: &TempDir, access: &KeyAccess) -> Result<Vault, VaultError> {
    Vault::open_at(folder.path(), access, &Entropy::system())
}

#[test]
fn a_key_is_found_by_its_id_among_others_and_removed_without_them() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), Entropy::system());
    let access = under("correct horse battery");
    let stores = Stores { folder: folder.path(), access: &access, entropy: &entropy };
    for place in [KeyPlace::File, KeyPlace::Passphrase] {
        let (one, other) = (MasterKey::draw(&entropy), MasterKey::draw(&entropy));
        let store = stores.at(place);
        assert!(store.any().unwrap().is_none() && !store.holds(one.id()).unwrap());
        store.put(&one).unwrap();
        store.put(&other).unwrap();
        store.put(&one).unwrap();
        // Another program finds what this one wrote.
        let store = stores.at(place);
        assert_eq!(store.get(one.id()).unwrap().unwrap().expose_bytes(), one.expose_bytes(), "{place}");
        store.remove(one.id()).unwrap();
        store.remove(one.id()).unwrap();
        assert!(store.get(one.id()).unwrap().is_none());
        assert_eq!(store.get(other.id()).unwrap().unwrap().expose_bytes(), other.expose_bytes());
        store.put(&one).unwrap();
        store.forget_all_but(Some(one.id())).unwrap();
        assert!(store.holds(one.id()).unwrap() && !store.holds(other.id()).unwrap());
        store.forget_all_but(None).unwrap();
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no key, no file");
}

#[test]
fn a_wrapped_vault_opens_with_its_passphrase_alone_and_leaves_no_plain_key() {
    let folder = tempfile::tempdir().unwrap();
    let root = open(&folder, &under("correct horse battery")).unwrap().derive("test");
    assert!(!folder.path().join(KEY).exists());
    let again = open(&folder, &under("correct horse battery")).unwrap();
    assert_eq!((again.derive("test"), again.key_description()), (root, KeyPlace::Passphrase.description()));
    let wrapped = fs::read(folder.path().join(WRAPPED)).unwrap();
    assert!(matches!(
        open(&folder, &under("another horse")),
        Err(VaultError::Passphrase(PassphraseError::Wrong))
    ));
    let nobody = KeyAccess::to_files();
    let error = open(&folder, &nobody).unwrap_err();
    assert!(matches!(error, VaultError::Passphrase(PassphraseError::Nobody)), "{error:?}");
    assert!(error.hint().contains("KEYFERRY_VAULT_PASSPHRASE_FILE"));
    assert_eq!(fs::read(folder.path().join(WRAPPED)).unwrap(), wrapped, "a failure changes nothing");
    fs::remove_file(folder.path().join(WRAPPED)).unwrap();
    assert!(matches!(
        open(&folder, &under("correct horse battery")),
        Err(VaultError::KeyMissing { place: KeyPlace::Passphrase, .. })
    ));
    assert!(!folder.path().join(WRAPPED).exists(), "and no new key is made");
}

#[test]
fn the_person_is_asked_once_for_a_new_vault_and_once_at_each_start() {
    let (folder, asked) =
        (tempfile::tempdir().unwrap(), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
    let seen = asked.clone();
    let passphrases = Passphrases::new(move |what| {
        seen.lock().unwrap().push(what);
        Ok(SecretText::new("correct horse battery").unwrap())
    });
    let access = KeyAccess { passphrases, ..under("") };
    drop(open(&folder, &access).unwrap());
    drop(open(&folder, &access).unwrap());
    assert_eq!(*asked.lock().unwrap(), [Ask::New, Ask::Known]);
}

#[test]
fn a_setting_moves_no_key() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder, &KeyAccess::to_files()).unwrap());
    let vault = open(&folder, &under("correct horse battery")).unwrap();
    assert_eq!(vault.key_description(), KeyPlace::File.description());
    assert!(!folder.path().join(WRAPPED).exists());
}

#[test]
fn a_key_that_an_earlier_start_left_without_a_database_is_taken() {
    let (folder, entropy) = (tempfile::tempdir().unwrap(), Entropy::system());
    drop(open(&folder, &KeyAccess::to_files()).unwrap());
    let key = fs::read(folder.path().join(KEY)).unwrap();
    fs::remove_file(folder.path().join("vault.db")).unwrap();
    // No place is wished for: the key that is there decides, and no keychain is asked.
    let access = KeyAccess { place: None, keychain_limit: Duration::ZERO, ..KeyAccess::to_files() };
    drop(Vault::open_at(folder.path(), &access, &entropy).unwrap());
    assert_eq!(fs::read(folder.path().join(KEY)).unwrap(), key);
}

#[test]
fn a_short_new_passphrase_is_refused_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let error = open(&folder, &under("short")).unwrap_err();
    assert!(matches!(error, VaultError::Passphrase(PassphraseError::TooShort)), "{error:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_passphrase_file_is_the_persons_alone_and_its_first_line_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passphrase");
    let asked = || Passphrases::in_file(path.clone()).ask(Ask::Known);
    assert!(matches!(asked(), Err(PassphraseError::File { .. })), "none there");
    private_file::write(&path, b"the first line\r\nand another\n").unwrap();
    assert_eq!(asked().unwrap().expose_secret(), "the first line");
    private_file::write(&path, b"\nand another\n").unwrap();
    assert!(matches!(asked(), Err(PassphraseError::File { .. })), "an empty line");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        private_file::write(&path, b"the first line").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(asked().unwrap_err().to_string().contains("others can read"));
    }
}

#[test]
fn neither_a_key_nor_its_access_is_ever_printed() {
    let key = MasterKey::new([7; 32]);
    let printed = format!("{key:?} {:?}", under("correct horse battery"));
    assert!(
        !printed.contains("horse") && !printed.contains("BwcH") && !printed.contains("7, 7"),
        "{printed}"
    );
}
