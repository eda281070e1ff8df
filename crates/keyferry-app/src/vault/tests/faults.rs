//! A disk that is full, a folder that can't be written, a file that is held or torn: nothing is lost, and the message says what to do.

use rusqlite::Connection;

use super::*;

async fn kept(vault: &Vault) -> usize {
    vault.connections().await.unwrap().into_iter().filter(Result::is_ok).count()
}

/// Lets the database grow no further.
async fn fill_up(vault: &Vault) {
    let full = vault.run(|database, _| {
        let pages: i64 = database.pragma_query_value(None, "page_count", |row| row.get(0))?;
        database.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
        Ok(())
    });
    full.await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    vault.add_connection(&record(1, CANARY)).await.unwrap();
    fill_up(&vault).await;
    let mut added = 1;
    let error = loop {
        match vault.add_connection(&record(added + 1, &"x".repeat(4000))).await {
            Ok(()) => added += 1,
            Err(error) => break error,
        }
    };
    assert!(error.hint().contains("free some space"), "{error:?}");
    assert_eq!(kept(&vault).await, usize::from(added), "what was kept is all there");
    drop(vault);
    let vault = open(&folder).unwrap();
    assert_eq!(kept(&vault).await, usize::from(added));
    vault.add_connection(&record(added + 1, "x")).await.unwrap();
}

#[tokio::test]
async fn a_rotation_on_a_full_disk_stops_no_start_and_goes_on_later() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap().add_connection(&record(1, CANARY)).await.unwrap();
    let entropy = Entropy::system();
    let access = KeyAccess::to_files();
    let stores = Stores { folder: folder.path(), access: &access, entropy: &entropy };
    let mut unlocked = unlock(&folder.path().join(DATABASE), &stores, None).unwrap();
    let broken_off = rotation::rotate(&mut unlocked, &stores, &mut |_| ControlFlow::Break(())).unwrap();
    assert!(!broken_off.finished);
    // As a disk does that takes no more: each write fails.
    unlocked.database.execute_batch("PRAGMA query_only = true").unwrap();
    go_on(&mut unlocked);
    let pending = vault_row::retired(&unlocked.database, &unlocked.sealer).unwrap();
    assert!(pending.is_some(), "the old key is kept");
    drop(unlocked);
    let vault = open(&folder).unwrap();
    assert_eq!(kept(&vault).await, 1);
    drop(vault);
    let unlocked = unlock(&folder.path().join(DATABASE), &stores, None).unwrap();
    assert!(unlocked.sealer.previous_key().is_none());
}

#[tokio::test]
async fn a_vault_that_another_program_holds_is_told_and_waits_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    vault.add_connection(&record(1, CANARY)).await.unwrap();
    vault.run(|database, _| Ok(database.busy_timeout(std::time::Duration::from_millis(50))?)).await.unwrap();
    let other = Connection::open(folder.path().join(DATABASE)).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = vault.add_connection(&record(2, "x")).await.unwrap_err();
    assert!(error.hint().contains("another program holds the vault open"), "{error:?}");
    assert_eq!(kept(&vault).await, 1);
    other.execute_batch("ROLLBACK").unwrap();
    vault.add_connection(&record(2, "x")).await.unwrap();
}

#[tokio::test]
async fn a_vault_that_was_cut_short_or_scribbled_over_is_refused_unharmed() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    for seed in 1..20 {
        vault.add_connection(&record(seed, &"x".repeat(4000))).await.unwrap();
    }
    drop(vault);
    let path = folder.path().join(DATABASE);
    let whole = fs::read(&path).unwrap();
    let mut scribbled = whole.clone();
    // The page with the tree of the first table, after the header of the first page.
    scribbled[4096..4096 * 3].fill(0xa5);
    for torn in [&whole[..whole.len() / 2], &whole[..whole.len() - 4096], &whole[..100], &scribbled] {
        private_file::write(&path, torn).unwrap();
        let error = open(&folder).unwrap_err();
        assert!(matches!(error, VaultError::Torn(_) | VaultError::Foreign(_)), "{error:?}");
        assert!(error.hint().contains("restore"), "{error:?}");
        assert_eq!(fs::read(&path).unwrap(), torn, "it is left as it is");
        for beside in ["-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(folder.path().join(format!("{DATABASE}{beside}")));
        }
    }
    private_file::write(&path, &whole).unwrap();
    assert_eq!(kept(&open(&folder).unwrap()).await, 19);
}

#[test]
fn a_folder_that_takes_no_key_gets_no_database() {
    let folder = tempfile::tempdir().unwrap();
    // A folder in the key's place stops every user, the superuser too.
    fs::create_dir(folder.path().join("vault.key")).unwrap();
    let error = open(&folder).unwrap_err();
    assert!(matches!(error, VaultError::Exposed { .. } | VaultError::File { .. }), "{error:?}");
    assert!(!folder.path().join(DATABASE).exists());
    fs::remove_dir(folder.path().join("vault.key")).unwrap();
    drop(open(&folder).unwrap());
}

#[cfg(unix)]
#[tokio::test]
async fn a_database_that_can_not_be_written_is_told_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    vault.add_connection(&record(1, CANARY)).await.unwrap();
    vault.run(|database, _| Ok(database.pragma_update(None, "query_only", true)?)).await.unwrap();
    let error = vault.add_connection(&record(2, "x")).await.unwrap_err();
    assert!(error.hint().contains("writable"), "{error:?}");
    assert_eq!(kept(&vault).await, 1);
}

#[cfg(unix)]
#[test]
fn neither_a_key_nor_a_database_is_used_that_is_a_link_or_another_users() {
    use std::os::unix::fs::{chown, symlink};
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    let aside = folder.path().join("aside");
    for name in ["vault.key", DATABASE] {
        let path = folder.path().join(name);
        let refused = |what: &str| {
            let error = open(&folder).unwrap_err();
            assert!(matches!(error, VaultError::Exposed { .. }), "{name}, {what}: {error:?}");
            assert!(error.hint().contains("plain file of your own"), "{}", error.hint());
        };
        fs::hard_link(&path, &aside).unwrap();
        refused("a second name");
        fs::remove_file(&path).unwrap();
        symlink(&aside, &path).unwrap();
        refused("a link");
        fs::rename(&aside, &path).unwrap();
        if rustix::process::geteuid().is_root() {
            chown(&path, Some(12_345), None).unwrap();
            refused("another user's");
            chown(&path, Some(0), None).unwrap();
        }
        drop(open(&folder).unwrap());
    }
}
