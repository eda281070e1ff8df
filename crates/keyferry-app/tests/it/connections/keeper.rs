//! Connections that nobody asks for, kept by themselves.

use keyferry_app::{connections::Revocation, vault::ConnectionState};
use keyferry_core::id::ConnectionId;
use keyferry_sandbox::{Fault, Target};
use tokio_util::sync::CancellationToken;

use super::World;

/// Keeps the world's connections until what is expected has come about.
async fn keep_until(world: &World, come_about: impl AsyncFn() -> bool) {
    let (connections, ending) = (world.connections.clone(), CancellationToken::new());
    let keeping = tokio::spawn({
        let ending = ending.clone();
        async move { connections.keep_fresh(ending).await }
    });
    while !come_about().await {
        assert!(!keeping.is_finished());
        tokio::task::yield_now().await;
    }
    ending.cancel();
    keeping.await.unwrap();
}

async fn generation(world: &World, id: &ConnectionId) -> u64 {
    world.record(id).await.generation
}

#[tokio::test]
async fn a_connection_near_its_end_is_refreshed_by_itself_and_others_are_left_alone() {
    let world = World::start().await;
    let old = world.connect().await;
    world.pass(3500);
    let young = world.connect().await;
    keep_until(&world, async || generation(&world, &old).await == 1).await;
    assert_eq!(generation(&world, &young).await, 0);
    assert_eq!(world.sandbox.counters().refresh_requests, 1);
    world.end().await;
}

#[tokio::test]
async fn after_a_long_sleep_all_are_refreshed_a_few_at_a_time_and_each_once() {
    let world = World::start().await;
    let mut ids = Vec::new();
    for _ in 0..24 {
        ids.push(world.connect().await);
    }
    world.pass(1_000_000);
    let all = async || {
        for id in &ids {
            if generation(&world, id).await == 0 {
                return false;
            }
        }
        true
    };
    keep_until(&world, all).await;
    let counts = world.sandbox.counters();
    assert_eq!((counts.refresh_requests, counts.refresh_tokens_reused), (24, 0));
    world.end().await;
}

#[tokio::test]
async fn a_revocation_that_was_not_heard_is_told_again_by_itself() {
    let world = World::start().await;
    let id = world.connect().await;
    world.sandbox.faults().once(Target::Revoke, Fault::Status { status: 503, retry_after: None });
    assert_eq!(world.connections.revoke(&id).await.unwrap(), Revocation::Pending);
    assert_eq!(world.record(&id).await.state, ConnectionState::RevocationPending);
    world.pass(3_600);
    keep_until(&world, async || world.vault.connection(&id).await.unwrap().is_none()).await;
    let events: Vec<_> =
        world.vault.history(&id, 10).await.unwrap().into_iter().map(|line| line.event).collect();
    assert_eq!(events, ["connected", "revocation_pending", "revoked"]);
    world.end().await;
}

#[tokio::test]
async fn a_refresh_whose_reply_was_lost_is_taken_up_at_the_next_start() {
    let world = World::start().await;
    let id = world.connect().await;
    // Not yet due: only the journal says that something is to be done.
    world.sandbox.faults().once(Target::Token, Fault::DropBefore);
    world.connections.refresh(&id).await.unwrap_err();
    assert_eq!(world.vault.interrupted().await.unwrap(), std::slice::from_ref(&id));
    world.pass(60);
    // The journal is emptied a moment after the tokens are saved.
    let settled = async || world.vault.interrupted().await.unwrap().is_empty();
    keep_until(&world, async || generation(&world, &id).await == 1 && settled().await).await;
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    world.end().await;
}

#[tokio::test]
async fn a_clock_set_to_1970_ten_years_on_or_back_costs_one_refresh_each_and_makes_no_loop() {
    let world = World::start().await;
    let id = world.connect().await;
    let to_1970 = -world.start.as_second();
    let ten_years = 10 * 365 * 86_400;
    for (expected, jump) in [(1, to_1970), (2, -to_1970), (3, ten_years), (4, -ten_years)] {
        world.pass(jump);
        keep_until(&world, async || generation(&world, &id).await == expected).await;
        // Whoever looks again, in this process or another, finds nothing to do.
        for connections in [&world.connections, &world.another_process()] {
            connections.fresh(&id).await.unwrap();
        }
        assert_eq!(world.sandbox.counters().refresh_requests, expected);
    }
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    world.end().await;
}
