//! A request that is made again with its `Idempotency-Key`: the provider, which rotates and punishes reuse, hears it once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use keyferry_core::idempotency_key::IdempotencyKey;
use keyferry_proxy::{AccessKeys, Clock, Limits};
use keyferry_sandbox::{Fault, Sandbox, Target};
use serde_json::Value;

use crate::support::{
    raw::{RawProvider, json},
    *,
};

const KEPT: &str = "keyferry_proxy_replays_total{from=\"kept\"}";

fn key(byte: u8) -> String {
    IdempotencyKey::from_entropy([byte; 32]).expose_secret().to_owned()
}

async fn ask(proxy: &TestProxy, key: &str, body: &Value) -> Reply {
    send(http().post(proxy.url("/oauth/token")).header("idempotency-key", key).json(body)).await
}

/// A clock that the test moves.
fn clock() -> (Clock, Arc<AtomicI64>) {
    let (passed, start) = (Arc::new(AtomicI64::new(0)), Timestamp::UNIX_EPOCH);
    let clock = Clock::new({
        let passed = Arc::clone(&passed);
        move || start + SignedDuration::from_secs(passed.load(Ordering::SeqCst))
    });
    (clock, passed)
}

/// A proxy with these limits for a sandbox, and a refresh token from it.
async fn signed_in(limits: Limits) -> (Sandbox, TestProxy, String, Arc<AtomicI64>) {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    let (clock, passed) = clock();
    (config.limits, config.clock) = (limits, clock);
    let proxy = start(config).await;
    let token = proxy.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    (sandbox, proxy, token, passed)
}

fn without_life(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut json = reply.json();
    json.as_object_mut().unwrap().remove("expires_in");
    json
}

#[tokio::test]
async fn a_refresh_whose_answer_was_lost_is_answered_again_and_the_provider_asked_once() {
    let (sandbox, proxy, token, _) = signed_in(Limits::default()).await;
    let body = refreshment("sandbox", &token);
    let lost = ask(&proxy, &key(1), &body).await;
    assert_eq!(lost.header("idempotency-replayed"), None);
    for quoted in [key(1), format!("\"{}\"", key(1))] {
        let again = ask(&proxy, &quoted, &body).await;
        assert_eq!(without_life(&again), without_life(&lost));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.header("cache-control"), Some("no-store"));
        assert_eq!(again.header("pragma"), Some("no-cache"));
    }
    assert_eq!(sandbox.counters().refresh_requests, 1);
    assert_eq!(proxy.metric(KEPT).await, 2);
    // And the family lives on.
    let next = refreshment("sandbox", &lost.field("refresh_token"));
    assert_eq!(ask(&proxy, &key(2), &next).await.status, 200);
    assert_eq!(sandbox.counters().refresh_tokens_reused, 0);
}

#[tokio::test]
async fn a_code_whose_answer_was_lost_is_answered_again_and_the_provider_asked_once() {
    let (sandbox, proxy) = pair().await;
    let body = redemption(&code(&sandbox).await);
    let lost = ask(&proxy, &key(1), &body).await;
    assert_eq!(without_life(&ask(&proxy, &key(1), &body).await), without_life(&lost));
    assert_eq!((sandbox.counters().code_requests, sandbox.counters().codes_reused), (1, 0));
}

#[tokio::test]
async fn an_exchange_that_ended_after_its_caller_had_gone_is_kept_for_it() {
    let (provider, gate) = RawProvider::gated().await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    let body = refreshment("acme", "r1");
    let request = http().post(proxy.url("/oauth/token")).header("idempotency-key", key(1)).json(&body);
    let caller = tokio::spawn(send(request));
    gate.asked().await;
    caller.abort();
    gate.open.add_permits(1);
    until(async || proxy.metric("keyferry_proxy_kept_answers").await == 1).await;
    let again = ask(&proxy, &key(1), &body).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.field("access_token"), "a");
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn another_caller_with_the_same_key_gets_nothing_of_the_answer() {
    const ADA: &str = "the-access-key-of-ada-0123456789";
    const BOB: &str = "the-access-key-of-bob-0123456789";
    let provider = RawProvider::answering(json("200 OK", r#"{"access_token":"of-ada"}"#)).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.access = AccessKeys::parse(&format!("ada={ADA} bob={BOB}")).unwrap();
    let proxy = start(config).await;
    let ask = async |who: &str, token: &str| {
        let request = http().post(proxy.url("/oauth/token")).bearer_auth(who);
        send(request.header("idempotency-key", key(1)).json(&refreshment("acme", token))).await
    };
    assert_eq!(ask(ADA, "t").await.status, 200);
    for token in ["t", "u"] {
        // It is Bob's own first request with this key, or another one of his, and never Ada's.
        let reply = ask(BOB, token).await;
        assert_eq!(reply.header("idempotency-replayed"), None);
        assert_eq!(reply.status, if token == "t" { 200 } else { 422 });
    }
    assert_eq!(provider.requests().len(), 2);
    assert_eq!(ask(ADA, "t").await.header("idempotency-replayed"), Some("true"));
}

#[tokio::test]
async fn a_key_with_another_request_is_422_and_reaches_no_provider() {
    let sandbox = sandbox().await;
    let file = sandbox.provider_file();
    let secret = sandbox.client_secret().expose_secret();
    let proxy = start(config(&[("sandbox", &file), ("twin", &file)], secret)).await;
    let first = proxy.token(&redemption(&code(&sandbox).await)).await.field("refresh_token");
    assert_eq!(ask(&proxy, &key(1), &refreshment("sandbox", &first)).await.status, 200);
    let before = sandbox.counters().token_requests();
    let others =
        [refreshment("sandbox", "another"), refreshment("twin", &first), redemption(&code(&sandbox).await)];
    for body in others {
        assert_eq!(ask(&proxy, &key(1), &body).await.error(), error(422, "invalid_request"), "{body}");
    }
    assert_eq!(sandbox.counters().token_requests(), before);
}

#[tokio::test]
async fn a_key_that_is_none_is_400_and_reaches_no_provider() {
    let (sandbox, proxy) = pair().await;
    let body = refreshment("sandbox", "t");
    for bad in ["", "\"\"", "8e03978e-40d5-43e8-bc93-6894a57f9324", &key(1)[1..], &format!("\"{}", key(1))] {
        let reply = ask(&proxy, bad, &body).await;
        assert_eq!(reply.error(), error(400, "invalid_request"), "{bad}");
        assert!(reply.text().contains("32 random bytes"), "{bad}");
    }
    let twice = http().post(proxy.url("/oauth/token"));
    let twice = twice.header("idempotency-key", key(1)).header("idempotency-key", key(1)).json(&body);
    assert_eq!(send(twice).await.error(), error(400, "invalid_request"));
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn a_failure_that_may_pass_is_not_kept() {
    let (sandbox, proxy, token, _) = signed_in(Limits::default()).await;
    let body = refreshment("sandbox", &token);
    for status in [500, 503, 429] {
        let fault = Fault::Status { status, retry_after: None };
        sandbox.faults().once(Target::Token, fault);
        let failed = ask(&proxy, &key(1), &body).await;
        assert!(failed.status >= 429, "{}", failed.text());
        assert_eq!(failed.header("idempotency-replayed"), None);
    }
    assert_eq!(proxy.metric("keyferry_proxy_kept_answers").await, 0);
    assert_eq!(ask(&proxy, &key(1), &body).await.status, 200);
    assert_eq!(sandbox.counters().refresh_requests, 4);
}

#[tokio::test]
async fn a_refusal_stays_one() {
    let (sandbox, proxy) = pair().await;
    let body = refreshment("sandbox", "no-token-of-theirs");
    for replayed in [None, Some("true"), Some("true")] {
        let reply = ask(&proxy, &key(1), &body).await;
        assert_eq!(reply.error(), error(400, "invalid_grant"));
        assert_eq!(reply.header("idempotency-replayed"), replayed);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert_eq!(sandbox.counters().refresh_requests, 1);
}

#[tokio::test]
async fn an_answer_is_kept_its_time_and_its_life_counted_down() {
    let (sandbox, proxy, token, passed) = signed_in(Limits::default()).await;
    let body = refreshment("sandbox", &token);
    let life = ask(&proxy, &key(1), &body).await.json()["expires_in"].as_i64().unwrap();
    for seconds in [0, 100, 598] {
        passed.store(seconds, Ordering::SeqCst);
        let again = ask(&proxy, &key(1), &body).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        // The steady clock goes on beside the one that the test moves, by no more than a test takes.
        let left = again.json()["expires_in"].as_i64().unwrap();
        assert!((life - seconds - 20..=life - seconds).contains(&left), "{left} after {seconds}");
    }
    passed.store(600, Ordering::SeqCst);
    assert_eq!(proxy.metric("keyferry_proxy_kept_answers").await, 0);
    // To ask now is to ask anew, which this provider takes for a stolen token.
    assert_eq!(ask(&proxy, &key(1), &body).await.error(), error(400, "invalid_grant"));
    assert_eq!(sandbox.counters().refresh_tokens_reused, 1);
}

#[tokio::test]
async fn when_the_room_is_full_the_oldest_answer_goes() {
    let provider = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.replay_entries = 2;
    let proxy = start(config).await;
    for byte in [1, 2, 3] {
        ask(&proxy, &key(byte), &refreshment("acme", "t")).await;
    }
    assert_eq!(proxy.metric("keyferry_proxy_kept_answers").await, 2);
    assert!(proxy.metric("keyferry_proxy_kept_answer_bytes").await > 0);
    for (byte, replayed) in [(3, Some("true")), (2, Some("true")), (1, None)] {
        let again = ask(&proxy, &key(byte), &refreshment("acme", "t")).await;
        assert_eq!(again.header("idempotency-replayed"), replayed, "{byte}");
    }
}

#[tokio::test]
async fn a_proxy_that_keeps_nothing_asks_each_time() {
    let provider = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.replay_life = Duration::ZERO;
    let proxy = start(config).await;
    for _ in 0..2 {
        let reply = ask(&proxy, &key(1), &refreshment("acme", "t")).await;
        assert_eq!((reply.status, reply.header("idempotency-replayed")), (200, None));
    }
    assert_eq!(provider.requests().len(), 2);
}

#[tokio::test]
async fn a_sealed_refresh_token_comes_again_as_it_was() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    let current = keyferry_proxy::SealingKey::new([1; 32]);
    config.sealing = Some(keyferry_proxy::SealingKeys { current, previous: None, bare_until: None });
    let proxy = start(config).await;
    let body = redemption(&code(&sandbox).await);
    let first = ask(&proxy, &key(1), &body).await.field("refresh_token");
    assert!(first.starts_with("kfr1."));
    assert_eq!(ask(&proxy, &key(1), &body).await.field("refresh_token"), first);
    assert_eq!(ask(&proxy, &key(2), &refreshment("sandbox", &first)).await.status, 200);
}
