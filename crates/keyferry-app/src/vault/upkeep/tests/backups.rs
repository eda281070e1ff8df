use jiff::Timestamp;
use keyferry_core::secret::SecretText;

use super::*;
use crate::vault::upkeep::container;

fn words(text: &str) -> SecretText {
    SecretText::new(text).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

fn back_up(folder: &TempDir) -> (TempDir, PathBuf) {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("backup");
    let done = upkeep(folder, KeyAccess::to_files()).backup(&file, &words(WORDS), now()).unwrap();
    assert_eq!((&done.file, done.bytes), (&file, file.metadata().unwrap().len()));
    (elsewhere, file)
}

fn restore(folder: &TempDir, access: KeyAccess, file: &Path, force: bool) -> Result<Restored, UpkeepError> {
    upkeep(folder, access).restore(file, || Ok(words(WORDS)), force, now())
}

/// Every file of a folder with its bytes.
fn files(folder: &TempDir) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file() && entry.file_name() != "app.lock")
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_backup_is_one_private_file_and_holds_nothing_readable() {
    let folder = vault().await;
    let (elsewhere, file) = back_up(&folder);
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    let bytes = fs::read(&file).unwrap();
    for telltale in ["canary", "ada@example.org", "acme", "SQLite"] {
        assert!(!bytes.windows(telltale.len()).any(|window| window == telltale.as_bytes()), "{telltale}");
    }
    assert!(!files(&folder).iter().any(|(name, _)| name.contains("copy")), "no copy is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = upkeep(&folder, KeyAccess::to_files()).backup(&file, &words(WORDS), now()).unwrap_err();
    assert_eq!((again.code(), fs::read(&file).unwrap() == bytes), ("exists", true));
}

#[tokio::test]
async fn a_backup_put_into_an_empty_folder_is_a_vault_of_its_own() {
    let folder = vault().await;
    let derived = open(&folder).unwrap().derive("test");
    let (_elsewhere, file) = back_up(&folder);
    let other = tempfile::tempdir().unwrap();
    let restored = restore(&other, under(WORDS), &file, false).unwrap();
    let expected = Restored { made_at: now(), key_place: KeyPlace::Passphrase, stuck: vec![], kept: None };
    assert_eq!(restored, expected);
    assert_whole(&other, &under(WORDS)).await;
    assert_whole(&folder, &KeyAccess::to_files()).await;
    assert_ne!(key_id(&folder), key_id(&other), "a key in the keychain must not have two owners");
    let vault = Vault::open_at(other.path(), &under(WORDS), &Entropy::system()).unwrap();
    assert_eq!(vault.derive("test"), derived);
}

#[tokio::test]
async fn a_vault_that_is_there_is_replaced_by_force_alone_and_kept_whole() {
    let folder = vault().await;
    let (_elsewhere, file) = back_up(&folder);
    let later = open(&folder).unwrap();
    later
        .remove_connection(
            &record(2, "x").id,
            (crate::vault::Event::Revoked { outcome: "revoked" }, record(2, "x").created_at),
        )
        .await
        .unwrap();
    drop(later);
    let before = files(&folder);
    let refused = restore(&folder, KeyAccess::to_files(), &file, false).unwrap_err();
    assert!(refused.hint().contains("--force"), "{refused:?}");
    assert_eq!(files(&folder), before);

    let restored = restore(&folder, KeyAccess::to_files(), &file, true).unwrap();
    assert_whole(&folder, &KeyAccess::to_files()).await;
    assert_eq!(fs::read_to_string(folder.path().join(KEY)).unwrap().lines().count(), 1);
    let kept = Vault::open_at(&restored.kept.unwrap(), &KeyAccess::to_files(), &Entropy::system()).unwrap();
    assert_eq!(kept.connections().await.unwrap().len(), 1, "what was there opens as it did");
}

#[tokio::test]
async fn a_damaged_vault_and_one_without_its_key_are_replaced_by_force() {
    for name in [KEY, DATABASE] {
        let folder = vault().await;
        let (_elsewhere, file) = back_up(&folder);
        private_file::write(&folder.path().join(name), b"scribbled over").unwrap();
        let restored = restore(&folder, KeyAccess::to_files(), &file, true).unwrap();
        assert_eq!(fs::read(restored.kept.unwrap().join(name)).unwrap(), b"scribbled over");
        assert_whole(&folder, &KeyAccess::to_files()).await;
    }
}

#[tokio::test]
async fn a_backup_that_is_damaged_foreign_or_newer_harms_nothing() {
    let folder = vault().await;
    let (elsewhere, file) = back_up(&folder);
    let whole = fs::read(&file).unwrap();
    let before = files(&folder);
    let bad = elsewhere.path().join("bad");
    let refused = |bytes: &[u8]| {
        fs::write(&bad, bytes).unwrap();
        let error = restore(&folder, KeyAccess::to_files(), &bad, true).unwrap_err();
        assert_eq!(files(&folder), before, "{error}");
        error
    };
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(refused(&changed), UpkeepError::Sealed(_)));
    assert!(matches!(refused(&whole[..whole.len() - 100]), UpkeepError::Sealed(_)));
    assert!(matches!(refused(&whole[..40]), UpkeepError::NotABackup(_)));
    for foreign in ["", "SQLite format 3\0", "keyferry vault backup x\n{}\n", "keyferry vault backup 1\n{}\n"]
    {
        assert!(matches!(refused(foreign.as_bytes()), UpkeepError::NotABackup(_)), "{foreign:?}");
    }
    assert!(matches!(refused(b"keyferry vault backup 2\n{}\n"), UpkeepError::NewerBackup(_)));
    let missing = restore(&folder, KeyAccess::to_files(), &elsewhere.path().join("none"), true);
    assert_eq!(missing.unwrap_err().code(), "file_unusable");
    let wrong = upkeep(&folder, KeyAccess::to_files())
        .restore(&file, || Ok(words("another horse")), true, now())
        .unwrap_err();
    assert!(wrong.hint().contains("passphrase") && files(&folder) == before);

    // A whole backup of a newer database, and one of another file.
    let mut contents = container::open(&file, &whole, &words(WORDS)).unwrap();
    let meddled = tempfile::tempdir().unwrap();
    for (statement, code) in
        [("PRAGMA user_version = 99", "newer"), ("PRAGMA application_id = 7", "not a backup")]
    {
        private_file::write(&meddled.path().join(DATABASE), &contents.database).unwrap();
        meddle(&meddled, statement);
        let database = fs::read(meddled.path().join(DATABASE)).unwrap();
        let kept = std::mem::replace(&mut contents.database, zeroize::Zeroizing::new(database));
        let sealed = container::seal(&contents, &words(WORDS), &Entropy::system()).unwrap();
        contents.database = kept;
        assert!(refused(&sealed).to_string().contains(code), "{code}");
    }
}

#[tokio::test]
async fn a_backup_made_in_the_middle_of_a_rotation_is_whole() {
    let folder = vault().await;
    let mut calls = 0;
    let broken_off = &mut |_| {
        calls += 1;
        if calls > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(!upkeep(&folder, KeyAccess::to_files()).rotate(broken_off).unwrap().finished);
    let (_elsewhere, file) = back_up(&folder);
    let other = tempfile::tempdir().unwrap();
    restore(&other, KeyAccess::to_files(), &file, false).unwrap();
    assert_whole(&other, &KeyAccess::to_files()).await;
}
