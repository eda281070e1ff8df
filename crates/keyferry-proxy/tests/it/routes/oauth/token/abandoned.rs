//! Callers that hang up, and providers that are slow to many.

use crate::support::{
    raw::{RawProvider, json},
    *,
};

#[tokio::test]
async fn an_exchange_ends_once_although_its_caller_has_gone() {
    let (provider, gate) = RawProvider::gated().await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    let url = proxy.url("/oauth/token");
    let caller = tokio::spawn(send(http().post(url).json(&refreshment("acme", "r1"))));
    gate.asked().await;
    caller.abort();
    let gone = "keyferry_proxy_requests_total{route=\"/oauth/token\",outcome=\"caller_gone\"}";
    until(async || proxy.metric(gone).await == 1).await;
    let ended = "keyferry_proxy_exchanges_total{provider=\"acme\",grant=\"refresh_token\",outcome=\"ok\"}";
    assert_eq!(proxy.metric(ended).await, 0);
    gate.open.add_permits(1);
    until(async || proxy.metric(ended).await == 1).await;
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn a_provider_that_is_busy_is_503_and_takes_no_other_with_it() {
    let (slow, gate) = RawProvider::gated().await;
    let fast = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    let mut config = config(&[("acme", &slow.file("")), ("other", &fast.file(""))], "s");
    config.limits.exchanges_per_provider = 1;
    let proxy = start(config).await;
    let url = proxy.url("/oauth/token");
    let first = tokio::spawn(send(http().post(url).json(&refreshment("acme", "r1"))));
    gate.asked().await;
    let second = proxy.token(&refreshment("acme", "r2")).await;
    assert_eq!(second.error(), error(503, "temporarily_unavailable"));
    assert_eq!(second.header("retry-after"), Some("1"));
    assert_eq!(proxy.token(&refreshment("other", "r3")).await.status, 200);
    gate.open.add_permits(2);
    assert_eq!(first.await.unwrap().status, 200);
    assert_eq!(proxy.token(&refreshment("acme", "r2")).await.status, 200);
}
