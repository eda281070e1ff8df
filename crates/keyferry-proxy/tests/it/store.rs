//! Limits that several proxies share, in a real store; and what holds when it is away.

use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use keyferry_core::secret::SecretText;
use keyferry_proxy::{AccessKeys, Callers, ProxyConfig};
use tokio::time::sleep;

use crate::support::{log::Captured, redis::Redis, *};

/// What is logged when the store goes away.
const AWAY: &str = "the store for limits is away";
const ADA: &str = "the-access-key-of-ada-0123456789";

fn sharing(redis: &Redis, rate: &str) -> ProxyConfig {
    let mut config = config(&[], "s");
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.callers =
        Callers { trusted_proxies, per_address: Some(rate.parse().unwrap()), ..Callers::default() };
    config.outside.store = Some(SecretText::new(redis.url()).unwrap());
    config
}

async fn ask(proxy: &TestProxy, address: &str) -> u16 {
    send(http().get(proxy.url("/oauth/providers")).header("x-forwarded-for", address)).await.status
}

async fn passed(proxies: &[TestProxy], address: &str, each: usize) -> usize {
    let asked = proxies.iter().flat_map(|proxy| (0..each).map(move |_| ask(proxy, address)));
    join_all(asked).await.into_iter().filter(|status| *status == 200).count()
}

async fn three(config: &ProxyConfig) -> [TestProxy; 3] {
    [start(config.clone()).await, start(config.clone()).await, start(config.clone()).await]
}

/// Waits for the connection, so that all of what follows is counted there.
async fn connected(proxies: &[TestProxy]) {
    for proxy in proxies {
        until(|| async {
            ask(proxy, "198.51.100.1").await;
            proxy.metric("keyferry_proxy_store_up").await == 1
        })
        .await;
    }
}

#[tokio::test]
async fn three_proxies_have_one_limit() {
    let Some(redis) = Redis::start().await else { return };
    let proxies = three(&sharing(&redis, "100/h")).await;
    connected(&proxies).await;
    assert_eq!(passed(&proxies, "192.0.2.1", 60).await, 100);
    assert_eq!(passed(&proxies, "192.0.2.2", 10).await, 30);
    assert_eq!(passed(&proxies, "192.0.2.1", 1).await, 0);
}

#[tokio::test]
async fn the_holders_of_a_key_have_one_limit_at_all_proxies() {
    let Some(redis) = Redis::start().await else { return };
    let mut config = sharing(&redis, "100000/h");
    config.access = AccessKeys::parse(&format!("ada={ADA}")).unwrap();
    config.callers.per_key = Some("10/h".parse().unwrap());
    let proxies = three(&config).await;
    connected(&proxies).await;
    let mut passed = 0;
    for proxy in proxies.iter().cycle().take(30) {
        let reply = send(http().get(proxy.url("/oauth/providers")).bearer_auth(ADA)).await;
        passed += usize::from(reply.status == 200);
        assert!([200, 429].contains(&reply.status));
        assert_eq!(reply.header("retry-after").is_some(), reply.status == 429);
    }
    assert_eq!(passed, 10);
}

#[tokio::test]
async fn a_store_that_is_away_stops_nobody_and_each_proxy_counts_for_itself() {
    let Some(mut redis) = Redis::start().await else { return };
    let (log, _guard) = Captured::start();
    let proxies = three(&sharing(&redis, "20/h")).await;
    connected(&proxies).await;
    assert_eq!(passed(&proxies, "192.0.2.1", 20).await, 20);
    redis.kill().await;
    // Each proxy finds it out with its next request, which is answered all the same.
    for proxy in &proxies {
        assert_eq!(ask(proxy, "192.0.2.9").await, 200);
        assert_eq!(proxy.metric("keyferry_proxy_store_up").await, 0);
        assert!(proxy.metric("keyferry_proxy_store_failures_total").await > 0);
    }
    assert_eq!(passed(&proxies, "192.0.2.2", 30).await, 60, "each of the three has a limit of its own");
    assert_eq!(log.text().matches(AWAY).count(), 3, "each of the three says it once");
    redis.back().await;
    connected(&proxies).await;
    assert_eq!(log.text().matches(AWAY).count(), 3);
    assert_eq!(passed(&proxies, "192.0.2.3", 20).await, 20, "one limit again");
}

/// Asks as fast as it can for a while. Answers how long each waited.
async fn waits(proxy: &TestProxy) -> Vec<Duration> {
    let (begun, mut waits) = (Instant::now(), Vec::new());
    while begun.elapsed() < Duration::from_millis(2_500) {
        let asked = Instant::now();
        assert_eq!(ask(proxy, "192.0.2.1").await, 200);
        waits.push(asked.elapsed());
    }
    waits
}

#[tokio::test]
async fn a_store_that_hangs_holds_up_one_request_a_second_for_its_deadline_and_no_other() {
    let Some(redis) = Redis::start().await else { return };
    let (log, _guard) = Captured::start();
    let proxy = start(sharing(&redis, "100000/h")).await;
    connected(std::slice::from_ref(&proxy)).await;
    let failures = async || proxy.metric("keyferry_proxy_store_failures_total").await;
    let (before, begun) = (failures().await, Instant::now());
    redis.signal("-STOP");
    let mut waits = waits(&proxy).await;
    let (tried, seconds) = (failures().await - before, begun.elapsed().as_secs());
    redis.signal("-CONT");
    assert!(waits[0] >= Duration::from_millis(200), "the first one did not wait: {:?}", waits[0]);
    // Each try ended, and each but the first came after a second of peace.
    assert!((2..=seconds + 1).contains(&tried), "{tried} tries in {seconds} s");
    waits.sort_unstable();
    assert!(waits[waits.len() / 2] < Duration::from_millis(200), "{waits:?}");
    assert!(waits.len() > 50, "only {} were answered", waits.len());
    assert_eq!(proxy.metric("keyferry_proxy_store_up").await, 0);
    assert_eq!(log.text().matches(AWAY).count(), 1);
    connected(std::slice::from_ref(&proxy)).await;
}

#[tokio::test]
async fn a_store_that_is_there_and_can_not_count_is_as_good_as_away() {
    let table = [
        ("out of memory", "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
        ("a replica that only reads", "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
    ];
    for (what, broken, mended) in table {
        let Some(redis) = Redis::start().await else { return };
        let (log, _guard) = Captured::start();
        let proxies = three(&sharing(&redis, "20/h")).await;
        connected(&proxies).await;
        redis.told(broken).await;
        assert_eq!(passed(&proxies, "192.0.2.1", 30).await, 60, "{what}: each has a limit of its own");
        // Long enough for it to be tried again, and to fail again.
        for n in 0..2 {
            sleep(Duration::from_millis(1_100)).await;
            assert_eq!(passed(&proxies, "192.0.2.2", 1).await, 3, "{what} {n}");
        }
        for proxy in &proxies {
            assert_eq!(proxy.metric("keyferry_proxy_store_up").await, 0, "{what}");
            assert!(proxy.metric("keyferry_proxy_store_failures_total").await > 2, "{what}");
        }
        assert_eq!(log.text().matches(AWAY).count(), 3, "{what}: {}", log.text());
        redis.told(mended).await;
        connected(&proxies).await;
        assert_eq!(passed(&proxies, "192.0.2.3", 20).await, 20, "{what}: one limit again");
    }
}

#[tokio::test]
async fn a_store_whose_clock_was_set_back_keeps_nobody_out() {
    let Some(redis) = Redis::start().await else { return };
    let proxies = three(&sharing(&redis, "20/h")).await;
    connected(&proxies).await;
    assert_eq!(passed(&proxies, "192.0.2.1", 10).await, 20);
    // As a clock that was five hours ahead when it was counted has left it.
    let ahead = SystemTime::UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(5 * 3_600);
    redis.told(&format!("SET keyferry:address:192.0.2.1 {}", ahead.as_micros())).await;
    assert_eq!(passed(&proxies, "192.0.2.1", 10).await, 20, "the limit as for one who has not asked yet");
    assert_eq!(passed(&proxies, "192.0.2.1", 1).await, 0);
}

#[tokio::test]
async fn a_proxy_starts_and_serves_without_its_store() {
    let Some(mut redis) = Redis::start().await else { return };
    redis.kill().await;
    let proxy = start(sharing(&redis, "3/h")).await;
    assert_eq!(passed(&[proxy], "192.0.2.1", 10).await, 3);
}
