//! How often, and how much at once: what one caller or one dead provider may take from the others.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use keyferry_proxy::{AccessKeys, Callers, Rate};
use serde_json::json;
use tokio::time::sleep;

use crate::support::{raw::RawProvider, *};

const ADA: &str = "the-access-key-of-ada-0123456789";

fn few() -> Rate {
    "3/h".parse().unwrap()
}

/// Asks by way of a trusted proxy for this address.
async fn ask_for(proxy: &TestProxy, address: &str, path: &str) -> Reply {
    send(http().get(proxy.url(path)).header("x-forwarded-for", address)).await
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits_and_the_others_do_not() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.callers = Callers { trusted_proxies, per_address: Some(few()), ..Callers::default() };
    let proxy = start(config).await;
    for (one, same, other) in [
        ("192.0.2.1", "6.6.6.6, 192.0.2.1", "192.0.2.2"),
        ("2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"),
    ] {
        for _ in 0..3 {
            assert_eq!(ask_for(&proxy, one, "/oauth/providers").await.status, 200);
        }
        for address in [one, same] {
            let reply = ask_for(&proxy, address, "/oauth/providers").await;
            assert_eq!(reply.error(), error(429, "temporarily_unavailable"), "{address}");
            let wait: u64 = reply.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=1_201).contains(&wait), "{wait}");
        }
        assert_eq!(ask_for(&proxy, other, "/oauth/providers").await.status, 200);
        assert_eq!(ask_for(&proxy, one, "/health").await.status, 200, "who asks whether it lives is told");
    }
    let counted = "keyferry_proxy_requests_total{route=\"/oauth/providers\",outcome=\"too_many\"}";
    assert_eq!(proxy.metric(counted).await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_floods_the_proxy_costs_the_others_no_answer_and_little_time() {
    let mut config = config(&[], "s");
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.callers =
        Callers { trusted_proxies, per_address: Some("60/m".parse().unwrap()), ..Callers::default() };
    let proxy = start(config).await;
    let (over, begun) = (Arc::new(AtomicBool::new(false)), Instant::now());
    let flood: Vec<_> = (0..16)
        .map(|_| {
            let (client, url, over) = (http(), proxy.url("/oauth/providers"), Arc::clone(&over));
            tokio::spawn(async move {
                let (mut passed, mut refused) = (0, 0);
                while !over.load(Ordering::Relaxed) {
                    match send(client.get(&url).header("x-forwarded-for", "192.0.2.1")).await.status {
                        200 => passed += 1,
                        _ => refused += 1,
                    }
                }
                (passed, refused)
            })
        })
        .collect();
    let (client, mut waits) = (http(), Vec::new());
    for _ in 0..50 {
        sleep(Duration::from_millis(20)).await;
        let asked = Instant::now();
        let reply = send(client.get(proxy.url("/oauth/providers")).header("x-forwarded-for", "192.0.2.2"));
        assert_eq!(reply.await.status, 200);
        waits.push(asked.elapsed());
    }
    over.store(true, Ordering::Relaxed);
    let flooded: Vec<(usize, usize)> =
        join_all(flood).await.into_iter().map(|ended| ended.unwrap()).collect();
    // Sixty at once, and one more a second.
    let most = 60 + usize::try_from(begun.elapsed().as_secs()).unwrap() + 5;
    let passed: usize = flooded.iter().map(|ended| ended.0).sum();
    let refused: usize = flooded.iter().map(|ended| ended.1).sum();
    waits.sort_unstable();
    println!("{refused} of a flood refused; half of the others' answers within {:?}", waits[25]);
    assert!((60..=most).contains(&passed) && refused > 100, "{passed} of {most} passed, {refused} refused");
    assert!(waits[25] < Duration::from_millis(250), "{waits:?}");
}

#[tokio::test]
async fn a_header_of_a_stranger_makes_no_new_address() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.callers.per_address = Some(few());
    config.callers.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let proxy = start(config).await;
    let mut refused = 0;
    for n in 0..8 {
        // The near end was written by the trusted proxy; the far one by whoever wants to look like many.
        let chain = format!("203.0.113.{n}, 192.0.2.9");
        refused += usize::from(ask_for(&proxy, &chain, "/oauth/providers").await.status == 429);
    }
    assert_eq!(refused, 5);
}

#[tokio::test]
async fn the_holders_of_a_key_share_its_limit_and_another_key_has_its_own() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    let keys = format!("ada={ADA} bob=the-access-key-of-bob-0123456789");
    config.access = AccessKeys::parse(&keys).unwrap();
    config.callers.per_key = Some(few());
    let proxy = start(config).await;
    let ask = async |key: &str| send(http().get(proxy.url("/oauth/providers")).bearer_auth(key)).await;
    for _ in 0..3 {
        assert_eq!(ask(ADA).await.status, 200);
    }
    let reply = ask(ADA).await;
    assert_eq!(reply.error(), error(429, "temporarily_unavailable"));
    assert!(reply.header("retry-after").is_some());
    assert_eq!(ask("the-access-key-of-bob-0123456789").await.status, 200);
}

#[tokio::test]
async fn what_is_too_much_at_once_is_refused_before_it_is_read() {
    let (provider, gate) = RawProvider::gated().await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.requests = 2;
    let proxy = start(config).await;
    let [one, two] = ["r1", "r2"].map(|token| {
        let (url, body) = (proxy.url("/oauth/token"), refreshment("acme", token));
        tokio::spawn(async move { send(http().post(url).json(&body)).await.status })
    });
    gate.asked().await;
    gate.asked().await;
    let reply = proxy.token(&refreshment("acme", "r3")).await;
    assert_eq!(reply.error(), error(503, "temporarily_unavailable"));
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(proxy.get("/health").await.status, 200);
    gate.open.add_permits(2);
    assert_eq!((one.await.unwrap(), two.await.unwrap()), (200, 200));
    gate.open.add_permits(1);
    assert_eq!(proxy.token(&refreshment("acme", "r3")).await.status, 200);
}

#[tokio::test]
async fn a_provider_that_can_not_be_reached_is_left_in_peace() {
    let provider = RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await;
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let dead = provider.file("").replace(&provider.address.to_string(), &gone.to_string());
    let mut config = config(&[("dead", &dead), ("acme", &provider.file(""))], "s");
    config.limits = short_limits();
    config.limits.credential_burst = NonZeroU32::new(1_000).unwrap();
    let proxy = start(config).await;
    let ask = async |name: &str, n: usize| proxy.token(&refreshment(name, &format!("r{n}"))).await;
    for n in 0..10 {
        assert_eq!(ask("dead", n).await.status, 502);
    }
    let reply = ask("dead", 10).await;
    assert_eq!(reply.error(), error(503, "temporarily_unavailable"));
    assert!(reply.header("retry-after").is_some(), "{}", reply.text());
    assert_eq!(ask("acme", 0).await.status, 200, "a dead provider is no matter of another");
    let counted = "keyferry_proxy_exchanges_total{provider=\"dead\",grant=\"refresh_token\",outcome=\"provider_unreachable\"}";
    assert_eq!(proxy.metric(counted).await, 10);
    assert_eq!(reply.json()["reason"], json!(null));
}
