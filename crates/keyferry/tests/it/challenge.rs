//! A token that its provider ended early, under a server that works with it.

use crate::support::World;

/// Ends the newest access token at the provider, and nothing else.
async fn end_access(world: &World) {
    let ledger = world.sandbox.ledger();
    let token = ledger.iter().rfind(|secret| secret.starts_with("sbx_at_")).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{}/revoke", world.sandbox.base_url()));
    let secret = world.sandbox.client_secret().expose_secret();
    let request = request.basic_auth(world.sandbox.client_id(), Some(secret)).form(&[("token", token)]);
    assert!(request.send().await.unwrap().status().is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_only_reads_is_made_again_with_another_token_and_one_that_writes_is_not() {
    let world = World::new().await;
    let (proxy, app) = (world.proxy(), world.app());
    world.install().await;
    assert_eq!(world.run(&["call", "sandbox-notes", "whoami"]).code, 0);
    let before = world.sandbox.counters().refresh_requests;

    end_access(&world).await;
    let ran = world.run(&["call", "sandbox-notes", "add_note", "{\"text\":\"x\"}"]);
    assert!(ran.stdout.contains("401") || ran.stderr.contains("401"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(world.sandbox.counters().refresh_requests, before, "who writes must not write twice");

    let ran = world.run(&["call", "sandbox-notes", "whoami"]);
    assert!(ran.code == 0 && ran.stdout.contains("ada"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(world.sandbox.counters().refresh_requests, before + 1);
    assert_eq!(world.run(&["call", "sandbox-notes", "add_note", "{\"text\":\"x\"}"]).code, 0);

    // A provider that goes on ending tokens is not asked for another all the time.
    end_access(&world).await;
    let ran = world.run(&["call", "sandbox-notes", "whoami"]);
    assert!(ran.stdout.contains("401") || ran.stderr.contains("401"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(world.sandbox.counters().refresh_requests, before + 1);
    app.end(&world);
    proxy.end(&world);
    world.end().await;
}
