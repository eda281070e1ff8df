use super::{Stage, tally};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_revoked_is_dead_at_the_certified_provider() {
    let Some(mut stage) = Stage::set_up().await else { return };
    let id = stage.sign_in().await;
    assert_eq!(stage.caller().refresh(&id).await.0, 200);
    stage.provider.happened();
    let newest = |kind| stage.provider.issued(kind).last().copied().unwrap();
    let (access, refresh) = (newest("access_token"), newest("refresh_token"));
    assert!(stage.provider.opens(access).await);
    assert!(stage.provider.is_active(access).await && stage.provider.is_active(refresh).await);

    assert_eq!(stage.world.json(&["connections", "revoke", &id])["result"], "revoked");

    assert!(!stage.provider.opens(access).await);
    assert!(!stage.provider.is_active(access).await && !stage.provider.is_active(refresh).await);
    assert_eq!(stage.provider.spend(refresh).await, "invalid_grant");
    let happened = stage.provider.happened();
    let expected =
        [("grant.revoked", 1), ("token_request", 1), ("grant.error refresh_token invalid_grant", 1)];
    assert_eq!(happened, tally(&expected), "and Keyferry asked for no token");
    assert!(stage.world.json(&["connections", "list"])["connections"].as_array().unwrap().is_empty());
    stage.end().await;
}
