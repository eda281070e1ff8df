//! How often one code or token may be presented.

use std::{num::NonZeroU32, time::Duration};

use keyferry_core::idempotency_key::IdempotencyKey;

use crate::support::*;

#[tokio::test]
async fn a_flood_with_one_token_is_429_and_others_go_on() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.limits.credential_burst = NonZeroU32::new(2).unwrap();
    config.limits.credential_pause = Duration::from_secs(600);
    let proxy = start(config).await;
    for _ in 0..2 {
        assert_eq!(proxy.token(&refreshment("sandbox", "one")).await.error(), error(400, "invalid_grant"));
    }
    let reply = proxy.token(&refreshment("sandbox", "one")).await;
    assert_eq!(reply.error(), error(429, "temporarily_unavailable"));
    let wait: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=600).contains(&wait), "{wait}");
    assert_eq!(sandbox.counters().refresh_requests, 2);
    assert_eq!(proxy.token(&refreshment("sandbox", "two")).await.error(), error(400, "invalid_grant"));
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_no_further_attempt() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.limits.credential_burst = NonZeroU32::MIN;
    config.limits.credential_pause = Duration::from_secs(600);
    let proxy = start(config).await;
    let key = IdempotencyKey::from_entropy([1; 32]);
    let ask = async || {
        let request = http().post(proxy.url("/oauth/token")).json(&refreshment("sandbox", "one"));
        send(request.header("idempotency-key", key.expose_secret())).await
    };
    for _ in 0..5 {
        assert_eq!(ask().await.error(), error(400, "invalid_grant"));
    }
    assert_eq!(proxy.token(&refreshment("sandbox", "one")).await.status, 429);
}
