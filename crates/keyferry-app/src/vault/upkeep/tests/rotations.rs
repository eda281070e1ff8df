use super::*;
use crate::vault::{
    keys::MasterKey,
    schema,
    seal::{Sealer, sealed_by},
    sealed::SEALED,
};

fn to_the_end(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The key ids of every sealed value.
fn seals(folder: &TempDir) -> Vec<String> {
    let database = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    let mut ids = Vec::new();
    for (table, column) in SEALED.iter().map(crate::vault::sealed::SealedColumn::name) {
        let query = format!("SELECT {column} FROM {table} WHERE {column} IS NOT NULL");
        let mut found = database.prepare(&query).unwrap();
        let values = found.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        ids.extend(values.map(|value| sealed_by(&value.unwrap()).unwrap().to_string()));
    }
    ids
}

#[test]
fn every_blob_of_the_schema_is_known_to_a_rotation() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    let database = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    let mut found = database
        .prepare("SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'BLOB' ORDER BY 1, 2")
        .unwrap();
    let rows = found.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let blobs: Vec<(String, String)> = rows.map(Result::unwrap).collect();
    let mut known: Vec<_> = SEALED.iter().map(crate::vault::sealed::SealedColumn::name).collect();
    // They are the key's own, and change with it.
    known.extend(["proof", "retired"].map(|column| ("vault".to_owned(), column.to_owned())));
    // A hash of what is no secret.
    known.push(("audit".to_owned(), "hash".to_owned()));
    known.sort();
    assert_eq!(blobs, known, "a rotation would leave a column behind");
}

#[tokio::test]
async fn after_a_rotation_the_old_key_opens_nothing_and_what_is_derived_is_the_same() {
    for access in [KeyAccess::to_files(), under(WORDS)] {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open_at(folder.path(), &access, &Entropy::system()).unwrap();
        vault.add_connection(&record(1, CANARY)).await.unwrap();
        vault.add_connection(&record(2, "other-access-token")).await.unwrap();
        let derived = vault.derive("test");
        drop(vault);
        let (before, old) = (key_id(&folder), upkeep(&folder, access.clone()).unlock().unwrap().key);
        let mut seen = Vec::new();
        let rotated = upkeep(&folder, access.clone())
            .rotate(&mut |progress| {
                seen.push(progress.done);
                to_the_end(progress)
            })
            .unwrap();
        assert_eq!(rotated, Rotated { resealed: 8, finished: true, stuck: vec![] });
        assert!(seen.is_sorted() && seen.last() == Some(&8), "{seen:?}");
        assert_ne!(key_id(&folder), before);
        assert!(seals(&folder).iter().all(|id| *id == key_id(&folder)));
        assert!(!upkeep(&folder, access.clone()).stores().at(access.place.unwrap()).holds(old.id()).unwrap());
        assert_whole(&folder, &access).await;
        let again = Vault::open_at(folder.path(), &access, &Entropy::system()).unwrap();
        assert_eq!(again.derive("test"), derived);
        drop(again);
        let bytes = fs::read(folder.path().join(DATABASE)).unwrap();
        let (database, head) = schema::open(&folder.path().join(DATABASE)).unwrap();
        assert!(!head.rotating && head.prove(&Sealer::new(&old, Entropy::system()), folder.path()).is_err());
        drop(database);
        assert!(
            !bytes.windows(4).any(|window| window == old.id().0),
            "nothing of the old key is in the file"
        );
    }
}

#[tokio::test]
async fn a_rotation_that_is_broken_off_anywhere_loses_nothing_and_the_next_start_ends_it() {
    let mut points = 0;
    for point in 0.. {
        let folder = vault().await;
        let mut calls = 0;
        let rotated = upkeep(&folder, KeyAccess::to_files())
            .rotate(&mut |_| {
                calls += 1;
                if calls > point { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .unwrap();
        if rotated.finished {
            points = point;
            break;
        }
        let told = status(folder.path(), &KeyAccess::to_files(), &Entropy::system()).unwrap().unwrap();
        let left = seals(&folder).iter().filter(|id| **id != told.key_id).count() as u64;
        assert_eq!(told.rotation.map(|rotation| rotation.left), Some(left));
        assert_eq!(left, 8 - rotated.resealed);
        if point % 2 == 0 {
            // The command goes on, and begins no second one.
            let rotated = upkeep(&folder, KeyAccess::to_files()).rotate(&mut to_the_end).unwrap();
            assert_eq!((rotated.resealed, rotated.finished), (left, true));
            assert_eq!(key_id(&folder), told.key_id);
        }
        assert_whole(&folder, &KeyAccess::to_files()).await;
        let told = status(folder.path(), &KeyAccess::to_files(), &Entropy::system()).unwrap().unwrap();
        assert!(told.rotation.is_none(), "broken off at {point}");
        assert_eq!(fs::read_to_string(folder.path().join(KEY)).unwrap().lines().count(), 1);
    }
    assert!(points > 6, "{points}");
}

#[tokio::test]
async fn a_new_key_that_no_vault_names_yet_harms_nothing() {
    let folder = vault().await;
    let before = key_id(&folder);
    {
        let upkeep = upkeep(&folder, KeyAccess::to_files());
        upkeep.stores().at(KeyPlace::File).put(&MasterKey::draw(&Entropy::system())).unwrap();
    }
    assert_whole(&folder, &KeyAccess::to_files()).await;
    assert_eq!(key_id(&folder), before);
    assert!(upkeep(&folder, KeyAccess::to_files()).rotate(&mut to_the_end).unwrap().finished);
    assert_whole(&folder, &KeyAccess::to_files()).await;
}

#[tokio::test]
async fn the_old_key_is_kept_while_a_value_that_it_should_open_does_not() {
    let folder = vault().await;
    let damaged = record(2, "x").id;
    meddle(
        &folder,
        &format!("UPDATE connections SET access_token = substr(access_token, 1, 40) WHERE id = '{damaged}'"),
    );
    let rotated = upkeep(&folder, KeyAccess::to_files()).rotate(&mut to_the_end).unwrap();
    assert_eq!((rotated.resealed, rotated.finished, rotated.stuck.len()), (7, false, 1));
    assert!(rotated.stuck[0].contains(damaged.as_str()), "{:?}", rotated.stuck);
    let vault = open(&folder).unwrap();
    assert!(vault.connection(&record(1, "x").id).await.unwrap().is_some(), "the start goes on");
    vault
        .remove_connection(
            &damaged,
            (crate::vault::Event::Revoked { outcome: "unreadable" }, record(1, "x").created_at),
        )
        .await
        .unwrap();
    drop(vault);
    let rotated = upkeep(&folder, KeyAccess::to_files()).rotate(&mut to_the_end).unwrap();
    assert!(rotated.finished);
}

#[tokio::test]
async fn a_key_is_moved_in_the_middle_of_a_rotation() {
    let folder = vault().await;
    let mut calls = 0;
    let broken_off = &mut |_| {
        calls += 1;
        if calls > 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    assert!(!upkeep(&folder, KeyAccess::to_files()).rotate(broken_off).unwrap().finished);
    upkeep(&folder, under(WORDS)).move_key(KeyPlace::Passphrase).unwrap();
    assert!(!folder.path().join(KEY).exists(), "the old key is not left there either");
    assert_whole(&folder, &under(WORDS)).await;
    let told = status(folder.path(), &under(WORDS), &Entropy::system()).unwrap().unwrap();
    assert!(told.rotation.is_none());
}
