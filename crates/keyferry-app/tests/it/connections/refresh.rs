use keyferry_app::{connections::SignInRequest, vault::ConnectionState};
use keyferry_sandbox::{Fault, GrantType, Rotation, SandboxConfig, Switch, Target};
use serde_json::json;

use super::{World, needs_sign_in};

#[tokio::test]
async fn a_token_near_its_end_is_refreshed_before_it_is_given() {
    let world = World::start().await;
    let id = world.connect().await;
    let before = world.record(&id).await;
    world.connections.fresh(&id).await.unwrap();
    assert_eq!(world.sandbox.counters().refresh_requests, 0, "not before it is due");
    world.pass(3500);
    let fresh = world.connections.fresh(&id).await.unwrap();
    assert_ne!(fresh.tokens().access_token.expose_secret(), before.tokens.access_token.expose_secret());
    let kept = world.record(&id).await;
    assert_eq!(kept.generation, before.generation + 1);
    let refresh_token =
        |record: &keyferry_app::vault::ConnectionRecord| record.tokens.refresh_token.clone().unwrap();
    assert_ne!(
        refresh_token(&kept).expose_secret(),
        refresh_token(&before).expose_secret(),
        "it was rotated"
    );
    assert!(world.works(kept.tokens.access_token.expose_secret()).await);
    world.end().await;
}

#[tokio::test]
async fn a_provider_file_says_how_long_before_its_end_a_token_is_refreshed() {
    let late = |text: String| text.replacen("[token]", "[token]\nrefresh_margin = \"1m\"", 1);
    let world = World::start_of(SandboxConfig::default(), (None, None), late).await;
    let id = world.connect().await;
    for (seconds, refreshes) in [(3500, 0), (60, 1)] {
        world.pass(seconds);
        world.connections.fresh(&id).await.unwrap();
        assert_eq!(world.sandbox.counters().refresh_requests, refreshes, "after {seconds} s more");
    }
    world.end().await;
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_keeps_the_old_one() {
    let world =
        World::start_with(SandboxConfig { rotation: Rotation::Keep, ..SandboxConfig::default() }).await;
    let id = world.connect().await;
    let before = world.record(&id).await.tokens.refresh_token.unwrap();
    for _ in 0..2 {
        let after = world.connections.refresh(&id).await.unwrap();
        assert_eq!(after.tokens.refresh_token.unwrap().expose_secret(), before.expose_secret());
    }
    assert_eq!(world.sandbox.counters().refresh_requests, 2);
    world.end().await;
}

#[tokio::test]
async fn thirty_two_callers_at_once_spend_the_refresh_token_once() {
    let world = World::start().await;
    let id = world.connect().await;
    world.pass(3500);
    let callers: Vec<_> = (0..32)
        .map(|_| {
            let (connections, id) = (world.connections.clone(), id.clone());
            tokio::spawn(async move { connections.fresh(&id).await.unwrap().connection.generation })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), 1);
    }
    let counts = world.sandbox.counters();
    assert_eq!((counts.refresh_requests, counts.refresh_tokens_reused), (1, 0));
    world.end().await;
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_lose_the_rotated_token() {
    let world = World::start().await;
    let id = world.connect().await;
    world.sandbox.faults().once(Target::Token, Fault::Slow { milliseconds: 300 });
    let refreshing = tokio::spawn({
        let (connections, id) = (world.connections.clone(), id.clone());
        async move { connections.refresh(&id).await }
    });
    while world.sandbox.counters().refresh_requests == 0 {
        tokio::task::yield_now().await;
    }
    refreshing.abort();
    assert!(refreshing.await.is_err());
    // The next one waits for the first, and finds its tokens.
    let record = world.connections.refresh(&id).await.unwrap();
    assert_eq!(record.generation, 1);
    let counts = world.sandbox.counters();
    assert_eq!((counts.refresh_requests, counts.refresh_tokens_reused), (1, 0));
    world.end().await;
}

#[tokio::test]
async fn a_failure_that_may_pass_changes_nothing() {
    let world = World::start().await;
    let id = world.connect().await;
    let before = world.record(&id).await;
    let status = |status| Fault::Status { status, retry_after: None };
    let faults = [
        status(500),
        status(503),
        status(429),
        status(403),
        Fault::Html,
        Fault::NotUtf8,
        Fault::DropBefore,
        Fault::OkFalse { error: "something_new".to_owned() },
        Fault::HugeBody { bytes: 2 * 1024 * 1024 },
        Fault::Redirect { location: "http://127.0.0.1:9/".to_owned() },
    ];
    for fault in faults {
        world.sandbox.faults().once(Target::Token, fault.clone());
        let error = world.connections.refresh(&id).await.unwrap_err();
        assert!(!needs_sign_in(&error), "{fault:?}: {error:?}");
        let after = world.record(&id).await;
        assert_eq!(
            (after.state, after.generation),
            (ConnectionState::Active, before.generation),
            "{fault:?}"
        );
        world.sandbox.faults().clear();
    }
    world.connections.refresh(&id).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_token_that_still_lives_is_given_although_its_refresh_failed() {
    let world = World::start().await;
    let id = world.connect().await;
    world.pass(3500);
    world.sandbox.faults().once(Target::Token, Fault::Status { status: 503, retry_after: None });
    let fresh = world.connections.fresh(&id).await.unwrap();
    assert_eq!(fresh.connection.generation, 0);
    world.pass(200);
    world.sandbox.faults().once(Target::Token, Fault::Status { status: 503, retry_after: None });
    assert!(world.connections.fresh(&id).await.is_err(), "a dead token is not given");
    world.end().await;
}

#[tokio::test]
async fn a_reply_with_a_senseless_life_loses_no_rotated_token() {
    let world = World::start().await;
    let id = world.connect().await;
    for (generation, value) in [json!(-1), json!("soon"), json!(1e30), json!(null)].into_iter().enumerate() {
        let fault = Fault::ExpiresIn { value: Some(value.clone()) };
        assert!(
            world.sandbox.faults().add(Switch::times(Target::Token, fault, 1).only(GrantType::RefreshToken))
        );
        let record = world.connections.refresh(&id).await.unwrap();
        assert_eq!(record.generation, generation as u64 + 1, "{value}");
        assert_eq!(record.tokens.expires_at, None, "{value}");
    }
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    world.end().await;
}

#[tokio::test]
async fn a_definite_refusal_asks_for_a_sign_in_and_deletes_nothing() {
    let world = World::start().await;
    let id = world.connect().await;
    let before = world.record(&id).await;
    world.sandbox.faults().once(Target::Token, Fault::ErrorForm { error: "something_new".to_owned() });
    // An error that is in no list passes, and says nothing of the grant.
    assert!(!needs_sign_in(&world.connections.refresh(&id).await.unwrap_err()));
    world.sandbox.faults().once(Target::Token, Fault::OkFalse { error: "token_revoked".to_owned() });
    assert!(needs_sign_in(&world.connections.refresh(&id).await.unwrap_err()));
    let after = world.record(&id).await;
    assert_eq!(after.state, ConnectionState::NeedsSignIn);
    assert_eq!(after.tokens.access_token.expose_secret(), before.tokens.access_token.expose_secret());
    assert!(needs_sign_in(&world.connections.fresh(&id).await.unwrap_err()), "nothing is sent any more");
    assert_eq!(world.sandbox.counters().refresh_requests, 2);
    world.end().await;
}

#[tokio::test]
async fn a_new_sign_in_mends_the_connection_that_needed_it() {
    let world = World::start().await;
    let id = world.connect().await;
    world.sandbox.faults().once(Target::Token, Fault::OkFalse { error: "invalid_grant".to_owned() });
    assert!(needs_sign_in(&world.connections.refresh(&id).await.unwrap_err()));
    let sign_in = world
        .connections
        .begin_sign_in(SignInRequest::new(&"sandbox".parse().unwrap()).renewing(&id))
        .await
        .unwrap();
    let query = World::allowed(&sign_in).await;
    world.receive(&query).await;
    assert_eq!(sign_in.wait().await.unwrap(), id, "servers that use it need no change");
    let fresh = world.connections.fresh(&id).await.unwrap();
    assert_eq!(fresh.connection.state, ConnectionState::Active);
    assert!(world.works(fresh.tokens().access_token.expose_secret()).await);
    world.end().await;
}

#[tokio::test]
async fn the_redirect_uri_of_the_sign_in_is_repeated_where_the_service_wants_it() {
    for (lines, repeated) in [("", None), ("refresh_redirect_uri = true\n", Some(true))] {
        let file = |text: String| text.replace("[revocation]", &format!("{lines}[revocation]"));
        let world = World::start_of(SandboxConfig::default(), (None, None), file).await;
        let id = world.connect().await;
        world.connections.refresh(&id).await.unwrap();
        let sent = || {
            world.sandbox.recorded_token_requests().last().unwrap().field("redirect_uri").map(str::to_owned)
        };
        let own = "http://127.0.0.1:7667/oauth/callback/sandbox";
        assert_eq!(sent().map(|uri| uri == own), repeated);
        // A connection from before it was kept.
        world.meddle("UPDATE connections SET redirect_uri = NULL");
        world.connections.refresh(&id).await.unwrap();
        assert_eq!(sent(), None);
        world.end().await;
    }
}
