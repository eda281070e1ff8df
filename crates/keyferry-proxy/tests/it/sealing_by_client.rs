//! Refresh tokens of a proxy whose operator has set no sealing key: sealed all the same, and none is ever lost for it.

use keyferry_core::secret::ClientSecret;
use keyferry_proxy::{AccessKeys, ProxyConfig, SealingKey, SealingKeys};
use serde_json::json;

use crate::support::{raw::RawProvider, *};

const FIRST: &str = "the-first-client-secret-0123456789";
const SECOND: &str = "the-second-client-secret-0123456789";

/// A provider that takes any secret and keeps its refresh tokens in force.
async fn provider() -> RawProvider {
    RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await
}

fn of(provider: &RawProvider, secret: &str) -> ProxyConfig {
    config(&[("acme", &provider.file(""))], secret)
}

/// What a refresh at a proxy of this configuration brings for this token.
async fn refreshed(config: ProxyConfig, token: &str) -> Reply {
    start(config).await.token(&refreshment("acme", token)).await
}

/// The refresh token that the caller has from now on; none where the one that it has stays.
fn next(reply: &Reply) -> Option<String> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["refresh_token"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn without_a_key_a_token_is_of_no_use_elsewhere_and_of_use_at_every_proxy_of_the_same_client() {
    let sandbox = sandbox().await;
    let of_sandbox = || {
        let file = sandbox.provider_file();
        config(&[("sandbox", &file), ("twin", &file)], sandbox.client_secret().expose_secret())
    };
    let first = start(of_sandbox()).await;
    let sealed = first.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    assert!(sealed.starts_with("kfr1.") && sandbox.ledger().iter().all(|secret| !sealed.contains(secret)));
    let twin = first.token(&refreshment("twin", &sealed)).await;
    assert_eq!(twin.error(), error(400, "invalid_grant"));
    assert_eq!(sandbox.counters().refresh_requests, 0);
    // Another start, on which there are access keys now.
    let mut keyed = of_sandbox();
    keyed.access = AccessKeys::parse("ada=the-access-key-of-ada-0123456789").unwrap();
    let second = start(keyed).await;
    let ask = async |token: &str| {
        second
            .post_as("the-access-key-of-ada-0123456789", "/oauth/token", &refreshment("sandbox", token))
            .await
    };
    let next = ask(&sealed).await.field("refresh_token");
    assert!(next.starts_with("kfr1.") && next != sealed);
    let revoked = json!({ "provider": "sandbox", "token": next });
    assert_eq!(start(of_sandbox()).await.post("/oauth/revoke", &revoked).await.status, 200);
    assert_eq!(sandbox.counters().families_revoked, 1);
}

#[tokio::test]
async fn a_token_from_before_is_taken_and_sealed_until_the_operator_says_otherwise() {
    let provider = provider().await;
    let sealed = next(&refreshed(of(&provider, FIRST), "bare").await).unwrap();
    assert!(sealed.starts_with("kfr1."));
    let mut closed = of(&provider, FIRST);
    closed.sealing_by_client.bare_until = Some("2020-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(refreshed(closed.clone(), "bare").await.error(), error(400, "invalid_grant"));
    assert_eq!(next(&refreshed(closed, &sealed).await), None);
    let mut off = of(&provider, FIRST);
    off.sealing_by_client.seals = false;
    assert_eq!(next(&refreshed(off.clone(), &sealed).await).as_deref(), Some("bare"));
    assert_eq!(next(&refreshed(off, "bare").await), None);
    assert!(provider.requests().iter().all(|request| request.contains("refresh_token=bare")));
    assert_eq!(provider.requests().len(), 4);
}

#[tokio::test]
async fn a_client_secret_is_changed_without_signing_anyone_out() {
    let provider = provider().await;
    let sealed = next(&refreshed(of(&provider, FIRST), "bare").await).unwrap();
    let forgotten = refreshed(of(&provider, SECOND), &sealed).await;
    assert_eq!(forgotten.error(), error(400, "unauthorized_client"), "the grant lives");
    assert!(forgotten.text().contains("_PREVIOUS_CLIENT_SECRET"), "{}", forgotten.text());
    assert_eq!(provider.requests().len(), 1);
    let mut both = of(&provider, SECOND);
    both.credentials.insert_previous_secret("acme".parse().unwrap(), ClientSecret::new(FIRST).unwrap());
    let again = next(&refreshed(both, &sealed).await).unwrap();
    assert_eq!(next(&refreshed(of(&provider, SECOND), &again).await), None);
}

#[tokio::test]
async fn a_secret_that_changes_while_the_proxy_serves_still_opens_what_the_one_before_sealed() {
    let provider = provider().await;
    let proxy = keyferry_proxy::Proxy::bind(of(&provider, FIRST)).await.unwrap();
    let mut updates = proxy.updates();
    let proxy = serve(proxy);
    let sealed = proxy.token(&refreshment("acme", "bare")).await.field("refresh_token");
    let lookup = |name: &str| match name {
        "ACME_CLIENT_ID" => Some("keyferry-sandbox".to_owned()),
        "ACME_CLIENT_SECRET" => Some(SECOND.to_owned()),
        _ => None,
    };
    let (log, _guard) = log::Captured::start();
    updates.reload(&of(&provider, FIRST).providers, lookup).unwrap();
    assert!(log.text().contains("ACME_PREVIOUS_CLIENT_SECRET"), "{}", log.text());
    let again = next(&proxy.token(&refreshment("acme", &sealed)).await).unwrap();
    assert!(again.starts_with("kfr1.") && again != sealed);
    assert_eq!(next(&refreshed(of(&provider, SECOND), &again).await), None);
}

#[tokio::test]
async fn a_token_sealed_so_opens_where_the_operator_has_set_a_key_since() {
    let provider = provider().await;
    let sealed = next(&refreshed(of(&provider, FIRST), "bare").await).unwrap();
    let mut keyed = of(&provider, FIRST);
    keyed.sealing = Some(SealingKeys { current: SealingKey::new([1; 32]), previous: None, bare_until: None });
    let again = next(&refreshed(keyed.clone(), &sealed).await).unwrap();
    assert_eq!(next(&refreshed(keyed, &again).await), None);
    let gone = refreshed(of(&provider, FIRST), &again).await;
    assert_eq!(gone.error(), error(400, "unauthorized_client"));
}

#[tokio::test]
async fn what_a_server_is_handed_and_what_a_weak_secret_would_seal_stays_bare() {
    let provider = provider().await;
    let handed = provider.file("[env]\nACME_REFRESH_TOKEN = \"{refresh_token}\"\n");
    assert_eq!(next(&refreshed(config(&[("acme", &handed)], FIRST), "bare").await), None);
    assert_eq!(next(&refreshed(of(&provider, "short-secret"), "bare").await), None);
    assert!(next(&refreshed(of(&provider, FIRST), "bare").await).is_some());
}

#[tokio::test]
async fn a_token_too_long_to_be_sealed_is_not_lost() {
    let provider = provider().await;
    let mut config = of(&provider, FIRST);
    config.limits.body = 64 * 1024;
    let long = "r".repeat(30_000);
    assert_eq!(next(&refreshed(config, &long).await), Some(long));
}
