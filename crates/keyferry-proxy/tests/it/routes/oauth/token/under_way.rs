//! Equal requests at the same time: one at the provider, and its answer for all.

use std::{num::NonZeroU32, time::Duration};

use futures_util::future::join_all;
use keyferry_core::idempotency_key::IdempotencyKey;
use serde_json::Value;

use crate::support::{raw::RawProvider, *};

const JOINED: &str = "keyferry_proxy_replays_total{from=\"under_way\"}";

fn post(proxy: &TestProxy, body: &Value, key: Option<u8>) -> tokio::task::JoinHandle<Reply> {
    let request = http().post(proxy.url("/oauth/token")).json(body);
    let request = match key {
        Some(byte) => {
            let key = IdempotencyKey::from_entropy([byte; 32]);
            request.header("idempotency-key", key.expose_header().as_str())
        }
        None => request,
    };
    tokio::spawn(send(request))
}

async fn answers(requests: Vec<tokio::task::JoinHandle<Reply>>) -> Vec<Reply> {
    join_all(requests).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn one_refresh_token_64_times_at_once_is_one_request_and_one_answer() {
    for keys in [[None, None], [Some(1), Some(1)], [Some(1), Some(2)], [None, Some(1)]] {
        let (provider, gate) = RawProvider::gated().await;
        let mut config = config(&[("acme", &provider.file(""))], "s");
        // Who waits for another's exchange presents nothing, and takes no share.
        config.limits.credential_burst = NonZeroU32::MIN;
        config.limits.credential_pause = Duration::from_secs(600);
        config.limits.exchanges_per_provider = 1;
        let proxy = start(config).await;
        let body = refreshment("acme", "r");
        let requests = (0..64).map(|n| post(&proxy, &body, keys[n % 2])).collect();
        until(async || proxy.metric(JOINED).await == 63).await;
        gate.asked().await;
        gate.open.add_permits(1);
        let answers = answers(requests).await;
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
        assert_eq!(provider.requests().len(), 1, "{keys:?}");
        // What was kept is for those who have a key, and for each of them.
        let mut distinct: Vec<_> = keys.into_iter().flatten().collect();
        distinct.dedup();
        assert_eq!(proxy.metric("keyferry_proxy_kept_answers").await, distinct.len() as u64, "{keys:?}");
        for key in distinct {
            let again = post(&proxy, &body, Some(key)).await.unwrap();
            assert_eq!(again.header("idempotency-replayed"), Some("true"), "{keys:?}");
        }
        assert_eq!(post(&proxy, &body, None).await.unwrap().status, 429, "without a key nothing is kept");
    }
}

#[tokio::test]
async fn a_provider_that_punishes_reuse_never_sees_it() {
    let (sandbox, proxy) = pair().await;
    let token = proxy.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    let body = refreshment("sandbox", &token);
    let answers = answers((0..64).map(|_| post(&proxy, &body, Some(1))).collect()).await;
    let tokens: std::collections::BTreeSet<_> =
        answers.iter().map(|answer| answer.field("refresh_token")).collect();
    assert_eq!(tokens.len(), 1);
    assert_eq!((sandbox.counters().refresh_requests, sandbox.counters().families_revoked), (1, 0));
}

#[tokio::test]
async fn when_the_first_caller_goes_the_others_still_get_the_answer() {
    let (provider, gate) = RawProvider::gated().await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    let body = refreshment("acme", "r");
    let first = post(&proxy, &body, None);
    gate.asked().await;
    let second = post(&proxy, &body, None);
    until(async || proxy.metric(JOINED).await == 1).await;
    first.abort();
    let gone = "keyferry_proxy_requests_total{route=\"/oauth/token\",outcome=\"caller_gone\"}";
    until(async || proxy.metric(gone).await == 1).await;
    gate.open.add_permits(1);
    assert_eq!(second.await.unwrap().field("access_token"), "a");
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn different_tokens_and_providers_do_not_wait_for_each_other() {
    let (provider, gate) = RawProvider::gated().await;
    let file = provider.file("");
    let proxy = start(config(&[("acme", &file), ("twin", &file)], "s")).await;
    let bodies = [refreshment("acme", "r"), refreshment("acme", "s"), refreshment("twin", "r")];
    let requests = bodies.iter().map(|body| post(&proxy, body, None)).collect();
    for _ in 0..3 {
        tokio::time::timeout(SOON, gate.asked()).await.unwrap();
    }
    gate.open.add_permits(3);
    assert!(answers(requests).await.iter().all(|answer| answer.status == 200));
    assert_eq!(proxy.metric(JOINED).await, 0);
}
