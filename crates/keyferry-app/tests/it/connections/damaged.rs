//! Rows, journals and a vault's file that somebody has damaged, swapped or taken away: nothing is spent on them, and no other suffers.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::PathBuf,
};

use keyferry_app::{connections::ConnectionError, vault::VaultError};
use keyferry_core::id::ConnectionId;
use keyferry_sandbox::{Fault, Target};

use super::World;

fn journal(world: &World, id: &ConnectionId) -> PathBuf {
    world.folder.path().join("data/journal").join(id.as_str())
}

/// Leaves a journal that says that a refresh was cut off.
async fn cut_off(world: &World, id: &ConnectionId) {
    world.sandbox.faults().once(Target::Token, Fault::DropBefore);
    world.connections.refresh(id).await.unwrap_err();
    world.pass(60);
    assert!(fs::metadata(journal(world, id)).unwrap().len() > 0);
}

#[tokio::test]
async fn a_journal_that_is_scribbled_over_cut_or_anothers_stops_no_refresh() {
    let world = World::start().await;
    let (id, other) = (world.connect().await, world.connect().await);
    cut_off(&world, &other).await;
    let anothers = fs::read(journal(&world, &other)).unwrap();
    let long = vec![0xa5; 2_000_000];
    for bytes in [&b""[..], &[0; 4], &[0xff; 64], &[0; 20_000], &long, &anothers[..100], &anothers] {
        cut_off(&world, &id).await;
        fs::write(journal(&world, &id), bytes).unwrap();
        world.connections.refresh(&id).await.unwrap();
    }
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    world.end().await;
}

#[tokio::test]
async fn a_journal_that_leads_elsewhere_or_is_not_the_persons_alone_is_refused_and_nothing_is_spent() {
    let world = World::start().await;
    let id = world.connect().await;
    let (path, elsewhere) = (journal(&world, &id), world.folder.path().join("elsewhere"));
    let write = || fs::write(&path, "").unwrap();
    let mut planted: Vec<Box<dyn Fn()>> = vec![
        Box::new(|| symlink(&elsewhere, &path).unwrap()),
        Box::new(|| fs::hard_link(&elsewhere, &path).unwrap()),
        Box::new(|| fs::create_dir(&path).unwrap()),
        Box::new(|| {
            write();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        }),
    ];
    if rustix::process::geteuid().is_root() {
        planted.push(Box::new(|| {
            write();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            chown(&path, Some(12_345), None).unwrap();
        }));
    }
    fs::write(&elsewhere, "a letter").unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    for plant in planted {
        plant();
        let error = world.connections.refresh(&id).await.unwrap_err();
        assert!(matches!(error, ConnectionError::Vault(_)), "{error:?}");
        assert_eq!(world.sandbox.counters().refresh_requests, 0);
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "a letter");
        let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir(&path));
    }
    world.connections.refresh(&id).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn tokens_that_are_empty_cut_zeroed_or_anothers_are_not_sent_and_no_other_connection_suffers() {
    let world = World::start().await;
    let (id, other) = (world.connect().await, world.connect().await);
    world.meddle("CREATE TABLE kept AS SELECT * FROM connections");
    let anothers = format!("(SELECT refresh_token FROM kept WHERE id = '{other}')");
    let of = |what: &str| format!("(SELECT {what} FROM kept WHERE id = '{id}')");
    let cut = of("substr(refresh_token, 1, 40)");
    let zeroed = of("zeroblob(length(refresh_token))");
    for damage in ["x''", "x'00'", &cut, &zeroed, &anothers] {
        world.meddle(&format!("UPDATE connections SET refresh_token = {damage} WHERE id = '{id}'"));
        let sent = world.sandbox.counters().refresh_requests;
        let error = world.connections.refresh(&id).await.unwrap_err();
        assert!(matches!(error, ConnectionError::Vault(VaultError::Unsealable(_))), "{damage}: {error:?}");
        assert_eq!(world.sandbox.counters().refresh_requests, sent, "{damage}");
        assert!(error.hint().contains("revoke the connection and sign in again"), "{}", error.hint());
        world.connections.refresh(&other).await.unwrap();
    }
    world
        .meddle(&format!("UPDATE connections SET refresh_token = {} WHERE id = '{id}'", of("refresh_token")));
    world.connections.refresh(&id).await.unwrap();
    world.meddle("DROP TABLE kept");
    world.end().await;
}

#[tokio::test]
async fn a_vault_whose_file_was_taken_away_spends_nothing_until_it_is_back() {
    let world = World::start().await;
    let id = world.connect().await;
    let data = world.folder.path().join("data");
    let (vault, aside) = (data.join("vault.db"), data.join("aside"));
    fs::rename(&vault, &aside).unwrap();
    for replaced in [false, true] {
        if replaced {
            fs::copy(&aside, &vault).unwrap();
        }
        let error = world.connections.refresh(&id).await.unwrap_err();
        assert!(matches!(error, ConnectionError::Vault(VaultError::Gone(_))), "{error:?}");
        assert!(error.hint().contains("put it back"), "{}", error.hint());
        assert_eq!(world.sandbox.counters().refresh_requests, 0);
    }
    fs::rename(&aside, &vault).unwrap();
    world.connections.refresh(&id).await.unwrap();
    world.end().await;
}
