//! The refresh (RFC 6749 §6).

use keyferry_sandbox::{Rotation, Sandbox, SandboxConfig};
use serde_json::json;

use crate::support::*;

#[tokio::test]
async fn a_refresh_passes_the_rotated_token_on_and_the_old_one_is_dead() {
    let (sandbox, proxy) = pair().await;
    let first = proxy.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    let reply = proxy.token(&refreshment("sandbox", &first)).await;
    let second = reply.field("refresh_token");
    assert_ne!(first, second);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let reuse = proxy.token(&refreshment("sandbox", &first)).await;
    assert_eq!(reuse.error(), error(400, "invalid_grant"));
}

#[tokio::test]
async fn a_reply_without_a_refresh_token_stays_without_one() {
    let config = SandboxConfig { rotation: Rotation::Keep, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let proxy = start(config_for(&sandbox)).await;
    let token = proxy.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    for _ in 0..2 {
        let reply = proxy.token(&refreshment("sandbox", &token)).await;
        assert_eq!(reply.status, 200);
        assert!(reply.json().get("refresh_token").is_none());
    }
}

#[tokio::test]
async fn an_access_token_is_no_refresh_token() {
    let (sandbox, proxy) = pair().await;
    let token = proxy.token(&redemption(&code(&sandbox).await)).await.field("access_token");
    assert_eq!(proxy.token(&refreshment("sandbox", &token)).await.error(), error(400, "invalid_grant"));
}

#[tokio::test]
async fn a_refresh_asks_for_no_scope() {
    let (sandbox, proxy) = pair().await;
    let token = proxy.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    let mut body = refreshment("sandbox", &token);
    body["scope"] = json!("notes:read notes:admin");
    assert_eq!(proxy.token(&body).await.error(), error(400, "invalid_request"));
    assert_eq!(sandbox.counters().refresh_requests, 0);
    proxy.token(&refreshment("sandbox", &token)).await;
    assert_eq!(sandbox.recorded_token_requests().last().unwrap().field("scope"), None);
}
