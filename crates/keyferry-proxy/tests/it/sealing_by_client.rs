//! Refresh tokens of a proxy whose operator has set no sealing key: sealed all the same, and none is ever lost for it.

use keyferry_core::{flow::client::ClientCredentials, id::ProviderName, secret::ClientSecret};
use keyferry_proxy::{AccessKeys, ProxyConfig, SealingKey, SealingKeys};
use serde_json::json;

use crate::support::{raw::RawProvider, *};

const BEFORE: &str = "the-earliest-client-secret-0123456789";
const FIRST: &str = "the-first-client-secret-0123456789";
const SECOND: &str = "the-second-client-secret-0123456789";

/// A provider that takes any secret and keeps its refresh tokens in force.
async fn provider() -> RawProvider {
    RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await
}

fn of(provider: &RawProvider, secret: &str) -> ProxyConfig {
    config(&[("acme", &provider.file(""))], secret)
}

/// The same with this secret as the one before.
fn with_previous(provider: &RawProvider, secret: &str, previous: &str) -> ProxyConfig {
    let mut config = of(provider, secret);
    config.credentials.insert_previous_secret(name(), ClientSecret::new(previous).unwrap());
    config
}

fn name() -> ProviderName {
    "acme".parse().unwrap()
}

/// The variables of a client with these secrets, now and before.
fn variables(secret: &str, previous: Option<&str>) -> impl Fn(&str) -> Option<String> {
    move |variable| match variable {
        "ACME_CLIENT_ID" => Some("keyferry-sandbox".to_owned()),
        "ACME_CLIENT_SECRET" => Some(secret.to_owned()),
        "ACME_PREVIOUS_CLIENT_SECRET" => previous.map(str::to_owned),
        _ => None,
    }
}

/// What a refresh at a proxy of this configuration brings for this token.
async fn refreshed(config: ProxyConfig, token: &str) -> Reply {
    start(config).await.token(&refreshment("acme", token)).await
}

/// The refresh token that the caller has from now on; none where the one that it has stays.
fn next(reply: &Reply) -> Option<String> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().get("refresh_token")?.as_str().map(str::to_owned)
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
    let again = next(&refreshed(with_previous(&provider, SECOND, FIRST), &sealed).await).unwrap();
    assert_eq!(next(&refreshed(of(&provider, SECOND), &again).await), None);
}

#[tokio::test]
async fn a_secret_that_changes_while_the_proxy_serves_still_opens_what_the_one_before_sealed() {
    let provider = provider().await;
    let proxy = keyferry_proxy::Proxy::bind(of(&provider, FIRST)).await.unwrap();
    let mut updates = proxy.updates();
    let proxy = serve(proxy);
    let sealed = proxy.token(&refreshment("acme", "bare")).await.field("refresh_token");
    let (log, _guard) = log::Captured::start();
    updates.reload(&of(&provider, FIRST).providers, variables(SECOND, None)).unwrap();
    assert!(log.text().contains("ACME_PREVIOUS_CLIENT_SECRET"), "{}", log.text());
    let again = next(&proxy.token(&refreshment("acme", &sealed)).await).unwrap();
    assert!(again.starts_with("kfr1.") && again != sealed);
    assert_eq!(next(&refreshed(of(&provider, SECOND), &again).await), None);
}

#[tokio::test]
async fn every_secret_before_opens_however_the_one_that_is_set_lags_behind() {
    let provider = provider().await;
    let earliest = next(&refreshed(of(&provider, BEFORE), "bare").await).unwrap();
    let sealed = next(&refreshed(of(&provider, FIRST), "bare").await).unwrap();
    // Still that of an earlier change, or already the new one.
    for (set, all) in [(BEFORE, &[&earliest, &sealed][..]), (SECOND, &[&sealed][..])] {
        let proxy = keyferry_proxy::Proxy::bind(with_previous(&provider, FIRST, set)).await.unwrap();
        let mut updates = proxy.updates();
        let proxy = serve(proxy);
        let (log, guard) = log::Captured::start();
        updates.reload(&of(&provider, FIRST).providers, variables(SECOND, Some(set))).unwrap();
        drop(guard);
        assert!(log.text().contains("ACME_PREVIOUS_CLIENT_SECRET"), "{set}: {}", log.text());
        for token in all {
            let again = next(&proxy.token(&refreshment("acme", token)).await).unwrap();
            assert_eq!(next(&refreshed(of(&provider, SECOND), &again).await), None, "{set}");
        }
    }
}

#[tokio::test]
async fn the_secret_before_opens_at_a_client_that_seals_nothing_any_more() {
    let provider = provider().await;
    let sealed = next(&refreshed(of(&provider, FIRST), "bare").await).unwrap();
    let weak = with_previous(&provider, "short-secret", FIRST);
    let mut public = with_previous(&provider, FIRST, FIRST);
    let file = provider.file("client_auth = \"none\"");
    public.providers = config(&[("acme", &file)], FIRST).providers;
    let client =
        ClientCredentials { client_secret: None, ..public.credentials.get(&name()).unwrap().clone() };
    public.credentials.insert(name(), client);
    for config in [weak, public] {
        assert_eq!(next(&refreshed(config, &sealed).await).as_deref(), Some("bare"));
    }
}

#[tokio::test]
async fn a_client_whose_secret_becomes_weak_while_the_proxy_serves_seals_no_more_and_opens() {
    let provider = provider().await;
    let proxy = keyferry_proxy::Proxy::bind(of(&provider, FIRST)).await.unwrap();
    let mut updates = proxy.updates();
    let proxy = serve(proxy);
    let sealed = proxy.token(&refreshment("acme", "bare")).await.field("refresh_token");
    let (log, guard) = log::Captured::start();
    for _ in 0..2 {
        updates.reload(&of(&provider, FIRST).providers, variables("short-secret", None)).unwrap();
    }
    drop(guard);
    let told = log.text().matches("nothing more is sealed under the client secret of acme").count();
    assert_eq!((told, log.text().matches("ACME_PREVIOUS_CLIENT_SECRET").count()), (1, 1), "{}", log.text());
    assert_eq!(next(&proxy.token(&refreshment("acme", &sealed)).await).as_deref(), Some("bare"));
    assert_eq!(next(&proxy.token(&refreshment("acme", "bare")).await), None);
}

#[tokio::test]
async fn replicas_that_know_the_new_secret_as_the_one_before_open_what_it_seals() {
    let provider = provider().await;
    let of_the_new = next(&refreshed(with_previous(&provider, SECOND, FIRST), "bare").await).unwrap();
    let of_the_old = next(&refreshed(with_previous(&provider, FIRST, SECOND), &of_the_new).await);
    let back = next(&refreshed(with_previous(&provider, SECOND, FIRST), &of_the_old.unwrap()).await);
    assert!(back.is_some_and(|token| token.starts_with("kfr1.")));
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
    assert_eq!(next(&refreshed(config.clone(), &long).await).as_ref(), Some(&long));
    // It was handed out so, and has to be taken after the last day of those that could be sealed.
    config.sealing_by_client.bare_until = Some("2020-01-01T00:00:00Z".parse().unwrap());
    assert_eq!(next(&refreshed(config.clone(), &long).await), Some(long));
    // The longest that can be: with its nonce and tag, in base64, behind the prefix and the key's id.
    let sealed = next(&refreshed(of(&provider, FIRST), "bare").await).unwrap();
    let id = sealed.split('.').nth(1).unwrap().len();
    let longest = (32 * 1024 - "kfr1..".len() - id) * 3 / 4 - 12 - 16;
    let taken = async |length| refreshed(config.clone(), &"r".repeat(length)).await.status;
    assert_eq!((taken(longest).await, taken(longest + 1).await), (400, 200));
}
