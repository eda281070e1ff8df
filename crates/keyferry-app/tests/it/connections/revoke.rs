use keyferry_app::{
    connections::{ConnectionError, Revocation},
    vault::ConnectionState,
};
use keyferry_sandbox::{Fault, SandboxConfig, Target};

use super::{World, is_ending};

#[tokio::test]
async fn a_revocation_ends_the_grant_at_the_provider_and_here() {
    let world = World::start().await;
    let id = world.connect().await;
    let token = world.record(&id).await.tokens.access_token.expose_secret().to_owned();
    assert!(world.works(&token).await);
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
    assert!(!world.works(&token).await);
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    let error = world.connections.revoke(&id).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Unknown(_)), "{error:?}");
    world.end().await;
}

#[tokio::test]
async fn a_revocation_that_the_provider_did_not_hear_is_no_success_and_is_tried_again() {
    for fault in [
        Fault::Status { status: 503, retry_after: Some("5".to_owned()) },
        Fault::Status { status: 500, retry_after: None },
        Fault::DropBefore,
    ] {
        let world = World::start().await;
        let id = world.connect().await;
        let token = world.record(&id).await.tokens.access_token.expose_secret().to_owned();
        world.sandbox.faults().once(Target::Revoke, fault.clone());
        assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Pending, "{fault:?}");
        assert_eq!(world.record(&id).await.state, ConnectionState::RevocationPending);
        assert!(is_ending(&world.connections.fresh(&id).await.unwrap_err()), "it is unusable here at once");
        assert!(is_ending(&world.connections.refresh(&id).await.unwrap_err()), "nothing refreshes after");
        assert_eq!(world.sandbox.counters().refresh_requests, 0);
        assert!(world.works(&token).await, "the provider was not told");
        world.pass(60);
        assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
        assert!(!world.works(&token).await);
        assert!(world.vault.connection(&id).await.unwrap().is_none());
        world.end().await;
    }
}

#[tokio::test]
async fn a_revocation_during_a_refresh_wins() {
    let world = World::start().await;
    let id = world.connect().await;
    world.sandbox.faults().once(Target::Token, Fault::Slow { milliseconds: 200 });
    let refreshing = tokio::spawn({
        let (connections, id) = (world.connections.clone(), id.clone());
        async move { connections.refresh(&id).await }
    });
    while world.sandbox.counters().refresh_requests == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
    let refreshed = refreshing.await.unwrap().unwrap();
    assert!(!world.works(refreshed.tokens.access_token.expose_secret()).await, "the whole grant is gone");
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_can_not_revoke_is_told_apart_and_the_tokens_go_here() {
    let without = |text: String| text.split_once("[revocation]").unwrap().0.to_owned();
    let world = World::start_of(SandboxConfig::default(), (None, None), without).await;
    let id = world.connect().await;
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Unsupported);
    assert_eq!(world.sandbox.counters().revocation_requests, 0);
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_provider_file_that_names_another_service_gets_none_of_the_old_ones_tokens() {
    let world = World::start().await;
    let id = world.connect().await;
    let before = world.sandbox.counters().token_requests();
    let moved = world.with_provider_file(|text| {
        let (head, tail) = text.split_once("[token]").unwrap();
        let tail = tail.replacen("/token\"", "/elsewhere\"", 1);
        format!("{head}[token]{tail}")
    });
    let error = moved.refresh(&id).await.unwrap_err();
    assert!(matches!(error, ConnectionError::Moved(_)), "{error:?}");
    assert_eq!(moved.revoke(&id).await.unwrap(), Revocation::Unsupported);
    assert_eq!(world.sandbox.counters().token_requests(), before);
    assert_eq!(world.sandbox.counters().revocation_requests, 0);
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    world.end().await;
}

/// A world whose provider revokes access tokens alone.
async fn by_access_token() -> World {
    let file = |text: String| text.replace("/revoke\"", "/revoke\"\ntoken = \"access_token\"");
    World::start_of(SandboxConfig::default(), (None, None), file).await
}

#[tokio::test]
async fn a_provider_that_takes_access_tokens_alone_gets_one_that_lives() {
    for (passed, refreshes) in [(0, 0), (1_000_000, 1)] {
        let world = by_access_token().await;
        let id = world.connect().await;
        let token = world.record(&id).await.tokens.access_token.expose_secret().to_owned();
        world.pass(passed);
        assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
        let counters = world.sandbox.counters();
        assert_eq!((counters.refresh_requests, counters.revocation_requests), (refreshes, 1), "{passed}");
        assert_eq!(world.works(&token).await, refreshes == 1, "the new token is what was revoked");
        assert!(world.vault.connection(&id).await.unwrap().is_none());
        world.end().await;
    }
}

#[tokio::test]
async fn a_dead_access_token_is_not_taken_for_the_end_of_its_grant() {
    let world = by_access_token().await;
    let id = world.connect().await;
    let before = world.record(&id).await.generation;
    world.pass(1_000_000);
    world.sandbox.faults().once(Target::Token, Fault::Status { status: 500, retry_after: None });
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Pending);
    assert_eq!(world.sandbox.counters().revocation_requests, 0, "a dead token ends nothing");
    // Renewed, and then not revoked: what came back is kept, and is for the next try alone.
    world.sandbox.faults().once(Target::Revoke, Fault::Status { status: 500, retry_after: None });
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Pending);
    let record = world.record(&id).await;
    assert_eq!((record.state, record.generation), (ConnectionState::RevocationPending, before + 1));
    assert!(is_ending(&world.connections.fresh(&id).await.unwrap_err()));
    let token = record.tokens.access_token.expose_secret().to_owned();
    assert!(world.works(&token).await);
    world.pass(60);
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
    assert!(!world.works(&token).await);
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_grant_that_the_provider_calls_dead_needs_no_revocation() {
    let world = by_access_token().await;
    let id = world.connect().await;
    world.pass(1_000_000);
    world.sandbox.faults().once(Target::Token, Fault::ErrorForm { error: "invalid_grant".to_owned() });
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
    assert_eq!(world.sandbox.counters().revocation_requests, 0);
    assert!(world.vault.connection(&id).await.unwrap().is_none());
    world.end().await;
}

#[tokio::test]
async fn a_provider_that_takes_refresh_tokens_alone_gets_no_access_token() {
    let file = |text: String| text.replace("/revoke\"", "/revoke\"\ntoken = \"refresh_token\"");
    let world = World::start_of(SandboxConfig::default(), (None, None), file).await;
    let id = world.connect().await;
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Revoked);
    assert_eq!(world.sandbox.counters().revocation_requests, 1);
    world.end().await;
}
