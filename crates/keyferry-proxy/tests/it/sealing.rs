//! Sealed refresh tokens: each is good for the caller and the provider that it was issued to (RFC 6749 §10.4).

use keyferry_proxy::{AccessKeys, ProxyConfig, SealingKey, SealingKeys};
use keyferry_sandbox::Sandbox;
use serde_json::json;

use crate::support::{raw::RawProvider, *};

const ADA: &str = "the-access-key-of-ada-0123456789";
const BOB: &str = "the-access-key-of-bob-0123456789";

/// A proxy with two callers and two names for one sandbox.
fn sealing(sandbox: &Sandbox, current: u8, previous: Option<u8>) -> ProxyConfig {
    let file = sandbox.provider_file();
    let secret = sandbox.client_secret().expose_secret();
    let mut config = config(&[("sandbox", &file), ("twin", &file)], secret);
    let key = |byte| SealingKey::new([byte; 32]);
    config.sealing =
        Some(SealingKeys { current: key(current), previous: previous.map(key), bare_until: None });
    config.access = AccessKeys::parse(&format!("ada={ADA} bob={BOB}")).unwrap();
    config
}

async fn sign_in(sandbox: &Sandbox, proxy: &TestProxy) -> String {
    let body = redemption(&code(sandbox).await);
    proxy.post_as(ADA, "/oauth/token", &body).await.field("refresh_token")
}

#[tokio::test]
async fn a_sealed_token_serves_its_owner_and_is_refused_to_others_before_the_provider_is_asked() {
    let sandbox = sandbox().await;
    let proxy = start(sealing(&sandbox, 1, None)).await;
    let sealed = sign_in(&sandbox, &proxy).await;
    assert!(sealed.starts_with("kfr1."));
    assert!(sandbox.ledger().iter().all(|secret| !sealed.contains(secret)));
    let refresh = async |key: &str, provider: &str, token: &str| {
        proxy.post_as(key, "/oauth/token", &refreshment(provider, token)).await
    };
    let altered = format!("{}A", &sealed[..sealed.len() - 2]);
    let bare = sandbox.ledger().pop().unwrap();
    for (key, provider, token) in [
        (BOB, "sandbox", &sealed),
        (ADA, "twin", &sealed),
        (ADA, "sandbox", &altered),
        (ADA, "sandbox", &bare),
    ] {
        assert_eq!(refresh(key, provider, token).await.error(), error(400, "invalid_grant"));
    }
    assert_eq!(sandbox.counters().refresh_requests, 0);
    let next = refresh(ADA, "sandbox", &sealed).await.field("refresh_token");
    assert!(next.starts_with("kfr1.") && next != sealed);
    assert_eq!(refresh(ADA, "sandbox", &next).await.status, 200);
}

#[tokio::test]
async fn nobody_revokes_anothers_token() {
    let sandbox = sandbox().await;
    let proxy = start(sealing(&sandbox, 1, None)).await;
    let sealed = sign_in(&sandbox, &proxy).await;
    let revoke = async |key: &str, provider: &str| {
        let body = json!({ "provider": provider, "token": sealed });
        proxy.post_as(key, "/oauth/revoke", &body).await
    };
    assert_eq!(revoke(BOB, "sandbox").await.error(), error(400, "invalid_grant"));
    assert_eq!(revoke(ADA, "twin").await.error(), error(400, "invalid_grant"));
    assert_eq!(sandbox.counters().revocation_requests, 0);
    assert_eq!(revoke(ADA, "sandbox").await.status, 200);
    let refresh = proxy.post_as(ADA, "/oauth/token", &refreshment("sandbox", &sealed)).await;
    assert_eq!(refresh.error(), error(400, "invalid_grant"));
    assert_eq!(sandbox.counters().families_revoked, 1);
}

#[tokio::test]
async fn a_key_is_replaced_without_signing_anyone_out_and_a_lost_one_is_the_operators_to_bring_back() {
    let sandbox = sandbox().await;
    let first = start(sealing(&sandbox, 1, None)).await;
    let sealed = sign_in(&sandbox, &first).await;
    let third = start(sealing(&sandbox, 3, Some(2))).await;
    let refused = third.post_as(ADA, "/oauth/token", &refreshment("sandbox", &sealed)).await;
    assert_eq!(refused.error(), error(400, "unauthorized_client"));
    let mut without = sealing(&sandbox, 1, None);
    without.sealing = None;
    let without = start(without).await;
    let refused = without.post_as(ADA, "/oauth/token", &refreshment("sandbox", &sealed)).await;
    assert_eq!(refused.error(), error(400, "unauthorized_client"));
    assert_eq!(sandbox.counters().refresh_requests, 0);
    let second = start(sealing(&sandbox, 2, Some(1))).await;
    let next = second.post_as(ADA, "/oauth/token", &refreshment("sandbox", &sealed)).await;
    let next = next.field("refresh_token");
    assert_eq!(third.post_as(ADA, "/oauth/token", &refreshment("sandbox", &next)).await.status, 200);
}

#[tokio::test]
async fn tokens_from_before_there_was_a_key_are_sealed_as_they_come_and_refused_later() {
    let sandbox = sandbox().await;
    let mut bare = sealing(&sandbox, 1, None);
    bare.sealing = None;
    bare.sealing_by_client.seals = false;
    let token = sign_in(&sandbox, &start(bare).await).await;
    assert!(!token.starts_with("kfr1."));
    let until = |text: &str| {
        let mut config = sealing(&sandbox, 1, None);
        config.sealing.as_mut().unwrap().bare_until = Some(text.parse().unwrap());
        config
    };
    let refresh = async |config, token: &str| {
        start(config).await.post_as(ADA, "/oauth/token", &refreshment("sandbox", token)).await
    };
    assert_eq!(refresh(until("2020-01-01T00:00:00Z"), &token).await.error(), error(400, "invalid_grant"));
    let sealed = refresh(until("2100-01-01T00:00:00Z"), &token).await.field("refresh_token");
    assert!(sealed.starts_with("kfr1."));
    assert_eq!(refresh(sealing(&sandbox, 1, None), &sealed).await.status, 200);
}

#[tokio::test]
async fn a_token_that_the_provider_keeps_in_force_comes_back_under_the_newer_key() {
    let provider = RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await;
    let proxy_of = async |current: u8, previous: Option<u8>, bare: bool| {
        let mut config = config(&[("acme", &provider.file(""))], "s");
        let key = |byte| SealingKey::new([byte; 32]);
        let bare_until = bare.then(|| "2100-01-01T00:00:00Z".parse().unwrap());
        config.sealing = Some(SealingKeys { current: key(current), previous: previous.map(key), bare_until });
        start(config).await
    };
    let refresh = async |proxy: TestProxy, token: &str| {
        proxy.token(&refreshment("acme", token)).await.json()["refresh_token"].as_str().map(str::to_owned)
    };
    let first = refresh(proxy_of(1, None, true).await, "bare").await.unwrap();
    assert_eq!(refresh(proxy_of(1, None, false).await, &first).await, None, "nothing has changed");
    let second = refresh(proxy_of(2, Some(1), false).await, &first).await.unwrap();
    assert_eq!(refresh(proxy_of(2, None, false).await, &second).await, None);
    assert!(provider.requests().iter().all(|request| request.contains("refresh_token=bare")));
    assert_eq!(provider.requests().len(), 4);
}
