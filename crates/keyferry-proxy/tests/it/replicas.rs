//! Three proxies behind a real nginx: one is replaced after the other under load, and nobody notices.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use keyferry_core::secret::SecretText;
use keyferry_proxy::{AccessKeys, Callers, ProxyConfig};
use tokio::time::{interval, sleep};

use crate::support::{
    nginx::Nginx,
    raw::{RawProvider, json},
    redis::Redis,
    *,
};

const ADA: &str = "the-access-key-of-ada-0123456789";

async fn three(config: &ProxyConfig) -> Vec<TestProxy> {
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(start(config.clone()).await);
    }
    proxies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_behind_nginx_have_one_limit() {
    let Some(redis) = Redis::start().await else { return };
    let mut config = config(&[], "s");
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.callers =
        Callers { trusted_proxies, per_address: Some("200/h".parse().unwrap()), ..Callers::default() };
    config.outside.store = Some(SecretText::new(redis.url()).unwrap());
    let proxies = three(&config).await;
    for proxy in &proxies {
        until(|| async {
            let ask = http().get(proxy.url("/oauth/providers")).header("x-forwarded-for", "198.51.100.1");
            send(ask).await;
            proxy.metric("keyferry_proxy_store_up").await == 1
        })
        .await;
    }
    let addresses: Vec<_> = proxies.iter().map(|proxy| proxy.address).collect();
    let Some(nginx) = Nginx::before(&addresses).await else { return };
    let client = http();
    let mut passed = 0;
    for _ in 0..20 {
        let batch = (0..25).map(|_| send(client.get(nginx.url("/oauth/providers"))));
        passed += join_all(batch).await.iter().filter(|reply| reply.status == 200).count();
    }
    assert!((190..=210).contains(&passed), "{passed} of 500 passed a limit of 200");
}

/// Waits until a proxy counts in the store.
async fn counts_there(proxy: &TestProxy) {
    until(|| async {
        send(http().get(proxy.url("/oauth/providers")).bearer_auth(ADA)).await;
        proxy.metric("keyferry_proxy_store_up").await == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_caller_gets_of_three_replicas_together_what_its_rate_allows() {
    let Some(redis) = Redis::start().await else { return };
    let mut config = config(&[], "s");
    config.access = AccessKeys::parse(&format!("ada={ADA}")).unwrap();
    config.callers.per_key = Some("100/s".parse().unwrap());
    config.outside.store = Some(SecretText::new(redis.url()).unwrap());
    let proxies = three(&config).await;
    for proxy in &proxies {
        counts_there(proxy).await;
    }
    let addresses: Vec<_> = proxies.iter().map(|proxy| proxy.address).collect();
    let Some(nginx) = Nginx::before(&addresses).await else { return };
    // What was asked above is forgotten by then.
    sleep(Duration::from_millis(500)).await;
    // 250 a second, whatever becomes of them, for four seconds.
    let (client, begun) = (http(), Instant::now());
    let allowed = || 100.0 + 100.0 * begun.elapsed().as_secs_f64();
    let (mut asked, mut pace) = (Vec::new(), interval(Duration::from_millis(4)));
    for _ in 0..1_000 {
        pace.tick().await;
        asked.push(tokio::spawn(send(client.get(nginx.url("/oauth/providers")).bearer_auth(ADA))));
    }
    // The last one was counted somewhen between these two.
    let least = allowed();
    let replies = join_all(asked).await.into_iter().map(|reply| reply.unwrap().status);
    let most = allowed();
    let (passed, refused): (Vec<_>, Vec<_>) = replies.partition(|status| *status == 200);
    assert!(refused.iter().all(|status| *status == 429), "{refused:?}");
    for proxy in &proxies {
        assert_eq!(proxy.metric("keyferry_proxy_store_failures_total").await, 0, "one counted for itself");
        let own = "keyferry_proxy_requests_total{route=\"/oauth/providers\",outcome=\"too_many\"}";
        assert!(proxy.metric(own).await > 50, "one had nothing to do");
    }
    let passed = f64::from(u32::try_from(passed.len()).unwrap());
    println!("{passed} passed where the rate allows {least:.0} to {most:.0}");
    let allowed = 0.95 * least..=1.05 * most;
    assert!(allowed.contains(&passed), "{passed} passed where the rate allows {least:.0} to {most:.0}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_after_the_other_is_replaced_under_load_and_no_exchange_fails() {
    let provider = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    let config = config(&[("acme", &provider.file(""))], "s");
    let mut proxies = three(&config).await;
    let addresses: Vec<_> = proxies.iter().map(|proxy| proxy.address).collect();
    let Some(nginx) = Nginx::before(&addresses).await else { return };
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (url, over, done) = (nginx.url("/oauth/token"), Arc::clone(&over), Arc::clone(&done));
            tokio::spawn(async move {
                // nginx closes kept connections when it is told of a change, and whoever just uses one would blame it on the proxies.
                let client =
                    reqwest::Client::builder().no_proxy().tls_certs_only([]).pool_max_idle_per_host(0);
                let client = client.build().unwrap();
                let mut failed = Vec::new();
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let reply =
                        send(client.post(&url).json(&refreshment("acme", &format!("r{caller}-{n}")))).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    if reply.status != 200 {
                        failed.push((reply.status, reply.text()));
                    }
                }
                failed
            })
        })
        .collect();
    let more = async |than: usize| {
        until(|| async { done.load(Ordering::Relaxed) > than }).await;
        done.load(Ordering::Relaxed)
    };
    let mut reached = more(30).await;
    for at in 0..3 {
        let mut old = proxies.remove(at);
        nginx.send_to(&proxies.iter().map(|proxy| proxy.address).collect::<Vec<_>>()).await;
        old.stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), &mut old.server).await.unwrap().unwrap();
        reached = more(reached + 30).await;
        let mut again = config.clone();
        again.listen.address = old.address;
        proxies.insert(at, start(again).await);
        nginx.send_to(&addresses).await;
        reached = more(reached + 30).await;
    }
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), [], "of {reached}");
    }
}
