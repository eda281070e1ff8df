//! A vault that does not take what a provider gave.

use keyferry_app::{
    connections::{ConnectionError, Revocation, SignInRequest},
    pages::SignInPage,
    vault::ConnectionState,
};
use keyferry_sandbox::{Fault, Target};

use super::World;

/// The vault's file refuses to be written, as on a full disk.
const FULL: &str = "CREATE TRIGGER full BEFORE UPDATE ON connections BEGIN SELECT RAISE(ABORT, 'full'); END";
/// Room for a word, and none for tokens.
const NO_ROOM: &str =
    "CREATE TRIGGER full BEFORE UPDATE OF access_token ON connections BEGIN SELECT RAISE(ABORT, 'full'); END";
const ROOM: &str = "DROP TRIGGER full";

fn is_of_the_vault(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::Vault(_))
}

#[tokio::test]
async fn no_refresh_token_is_spent_while_the_vault_can_not_be_written() {
    let world = World::start().await;
    let id = world.connect().await;
    world.meddle(FULL);
    let error = world.connections.refresh(&id).await.unwrap_err();
    assert!(is_of_the_vault(&error), "{error:?}");
    assert_eq!(world.sandbox.counters().refresh_requests, 0);
    world.meddle(ROOM);
    assert_eq!(world.connections.refresh(&id).await.unwrap().generation, 1);
    world.end().await;
}

#[tokio::test]
async fn tokens_that_the_database_does_not_take_are_kept_in_the_journal_used_and_saved_by_the_next_use() {
    let world = World::start().await;
    let id = world.connect().await;
    world.meddle(NO_ROOM);
    let kept = world.connections.refresh(&id).await.unwrap();
    assert!(world.works(kept.tokens.access_token.expose_secret()).await);
    for _ in 0..3 {
        // There is no other one to be had before these are saved.
        world.connections.refresh(&id).await.unwrap();
        let fresh = world.connections.fresh(&id).await.unwrap();
        assert_eq!(fresh.tokens().access_token.expose_secret(), kept.tokens.access_token.expose_secret());
        assert_eq!(fresh.connection.generation, 1);
    }
    assert_eq!(world.record(&id).await.generation, 0);
    world.pass(3500);
    assert!(is_of_the_vault(&world.connections.fresh(&id).await.unwrap_err()), "nothing more is spent");
    world.meddle(ROOM);
    let fresh = world.connections.fresh(&id).await.unwrap();
    assert!(world.works(fresh.tokens().access_token.expose_secret()).await);
    assert_eq!(world.record(&id).await.generation, 2);
    let counts = world.sandbox.counters();
    assert_eq!((counts.refresh_requests, counts.refresh_tokens_reused), (2, 0));
    world.end().await;
}

#[tokio::test]
async fn tokens_that_the_database_did_not_take_outlive_the_process() {
    let world = World::start().await;
    let id = world.connect().await;
    world.meddle(NO_ROOM);
    let kept = world.connections.refresh(&id).await.unwrap();
    world.meddle(ROOM);
    // Another process over the same folder, for the first was killed.
    let fresh = world.another_process().refresh(&id).await.unwrap();
    assert_eq!(fresh.tokens.access_token.expose_secret(), kept.tokens.access_token.expose_secret());
    let events = world.vault.history(&id, 10).await.unwrap();
    let events: Vec<_> = events.iter().map(|line| line.event.as_str()).collect();
    assert_eq!(events, ["connected", "recovered"]);
    assert_eq!(world.another_process().refresh(&id).await.unwrap().generation, 2, "and the grant lives on");
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    world.end().await;
}

#[tokio::test]
async fn a_revocation_ends_tokens_that_could_not_be_saved() {
    let world = World::start().await;
    let id = world.connect().await;
    world.meddle(NO_ROOM);
    world.connections.refresh(&id).await.unwrap();
    assert!(is_of_the_vault(&world.connections.revoke(&id).await.unwrap_err()));
    world.meddle(ROOM);
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_program_that_ends_waits_for_a_refresh_under_way_and_saves_what_was_left() {
    let world = World::start().await;
    let (id, other) = (world.connect().await, world.connect().await);
    world.meddle(NO_ROOM);
    world.connections.refresh(&other).await.unwrap();
    world.meddle(ROOM);
    world.sandbox.faults().once(Target::Token, Fault::Slow { milliseconds: 300 });
    let refreshing = tokio::spawn({
        let (connections, id) = (world.connections.clone(), id.clone());
        async move { connections.refresh(&id).await }
    });
    while world.sandbox.counters().refresh_requests < 2 {
        assert!(!refreshing.is_finished(), "it never asked");
        tokio::task::yield_now().await;
    }
    refreshing.abort();
    world.connections.finish().await;
    assert_eq!((world.record(&id).await.generation, world.record(&other).await.generation), (1, 1));
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_that_could_not_be_saved_is_no_success() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let query = World::allowed(&sign_in).await;
    world.meddle("CREATE TRIGGER full BEFORE INSERT ON connections BEGIN SELECT RAISE(ABORT, 'full'); END");
    assert_eq!(world.receive(&query).await, SignInPage::Failed);
    assert!(is_of_the_vault(&sign_in.wait().await.unwrap_err()));
    assert!(world.vault.connections().await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_takes_the_place_of_a_connection_that_is_being_revoked_at_no_moment() {
    let world = World::start().await;
    let id = world.connect().await;
    let sign_in = world
        .connections
        .begin_sign_in(SignInRequest::new(&"sandbox".parse().unwrap()).renewing(&id))
        .await
        .unwrap();
    let query = World::allowed(&sign_in).await;
    world.sandbox.faults().once(Target::Revoke, Fault::Status { status: 503, retry_after: None });
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Pending);
    assert_eq!(world.receive(&query).await, SignInPage::Failed);
    let error = sign_in.wait().await.unwrap_err();
    assert!(matches!(error, ConnectionError::Unknown(_)), "{error:?}");
    assert_eq!(world.record(&id).await.state, ConnectionState::RevocationPending);
    world.end().await;
}
