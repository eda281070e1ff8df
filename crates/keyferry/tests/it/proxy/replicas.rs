//! Three proxies behind a real nginx, one of which is killed, or each of which is replaced.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    load::{Load, Outcome},
    nginx::Nginx,
    redis::Redis,
    stage::{Kept, Stage, address, asked, redeemed, slow, until},
};
use crate::support::{Service, kill, terminate};

/// Callers, each of whom has one request under way at a time.
const CALLERS: usize = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_replica_that_is_killed_only_what_was_under_way_there_fails() {
    // Each has a provider of its own, which tells what was under way where. The first one's takes its time.
    let stage = Stage::new(Duration::from_millis(300)).await;
    let second = slow(Duration::from_millis(10)).await;
    let third = slow(Duration::from_millis(10)).await;
    let start = |listen: &str, at: usize| {
        let provider = [&stage.provider, &second, &third][at];
        let folder = stage.world.path(&format!("providers-{at}"));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("acme.toml"), provider.file("")).unwrap();
        let mut command = stage.command(listen, &[]);
        Service::start({
            command.env("KEYFERRY_PROVIDERS", folder);
            command
        })
    };
    let mut proxies: Vec<_> = (0..3).map(|at| start("127.0.0.1:0", at)).collect();
    let addresses: Vec<_> = proxies.iter().map(address).collect();
    let Some(nginx) = Nginx::before(&addresses).await else { return };
    let load = Load::start(nginx.url("").trim_end_matches('/'), CALLERS, true, false);
    until("there is load", async || {
        load.done() > 60 && stage.provider.requests().len() > 5 && asked(&second).len() > 5
    })
    .await;
    kill(proxies[0].pid());
    let killed_code = proxies.remove(0).wait(&stage.world);
    // Until the system has taken all of it away, connections to it come about, and end at once.
    let killed = Instant::now();
    let reached = load.done();
    until("the others serve on", async || load.done() > reached + 150).await;
    // It comes back where it was, and gets its share of requests again.
    let heard = stage.asked().len();
    proxies.insert(0, start(&addresses[0].to_string(), 0));
    until("it serves again", async || stage.asked().len() > heard + 5).await;
    let all = load.end().await;

    assert_eq!(killed_code, -1);
    let elsewhere: BTreeSet<_> = asked(&second).into_iter().chain(asked(&third)).collect();
    let (good, failed): (Vec<_>, Vec<_>) =
        all.iter().partition(|request| request.outcome == Outcome::Answered(200));
    println!("{} answered, {} were under way at the killed one", good.len(), failed.len());
    assert!((1..=2 * CALLERS).contains(&failed.len()), "{failed:?}");
    for request in failed {
        // nginx says 502, and does not send elsewhere what may have been read.
        assert_eq!(request.outcome, Outcome::Answered(502), "{request:?}");
        assert!(request.begun < killed, "asked afterwards: {request:?}");
        assert!(!elsewhere.contains(&request.token), "under way at another: {request:?}");
    }
    let heard: Vec<_> = elsewhere.iter().cloned().chain(stage.asked()).collect();
    assert_eq!(heard.len(), heard.iter().collect::<BTreeSet<_>>().len(), "a token was sent twice");
    drop(nginx);
    for proxy in proxies {
        assert_eq!(proxy.end(&stage.world), 0);
    }
    stage.world.end().await;
}

/// Waits until a proxy has served some of the load, and counts in the store that all share.
async fn serves(proxy: &Service) {
    let mut own = Kept::to(proxy).await;
    let good =
        "keyferry_proxy_exchanges_total{provider=\"acme\",grant=\"authorization_code\",outcome=\"ok\"}";
    until("it serves", async || {
        own.metric(good).await > 30 && own.metric("keyferry_proxy_store_up").await == 1
    })
    .await;
}

/// As an orchestrator does it: the next one is ended once the one before has its successor. That one ends is told to it and to the web
/// server at the same time, so that it must serve on until the latter knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_processes_that_are_replaced_one_after_the_other_under_load_none_fails_an_exchange() {
    let Some(redis) = Redis::start().await else { return };
    let stage = Stage::new(Duration::from_millis(10)).await;
    let variables = [
        ("KEYFERRY_PROXY_STORE_URL", &*redis.url()),
        ("KEYFERRY_PROXY_TRUSTED_PROXIES", "127.0.0.1"),
        ("KEYFERRY_PROXY_RATE_PER_ADDRESS", "1000000/h"),
        ("KEYFERRY_PROXY_DRAIN", "2"),
    ];
    let start = || Service::start(stage.command("127.0.0.1:0", &variables));
    let addresses = |proxies: &[Service]| proxies.iter().map(address).collect::<Vec<_>>();
    let mut proxies: Vec<_> = (0..3).map(|_| start()).collect();
    let Some(nginx) = Nginx::before(&addresses(&proxies)).await else { return };
    let load = Load::of_codes(nginx.url("").trim_end_matches('/'), CALLERS);
    for _ in 0..3 {
        for proxy in &proxies {
            serves(proxy).await;
        }
        let old = proxies.remove(0);
        terminate(old.pid());
        nginx.send_to(&addresses(&proxies)).await;
        assert_eq!(old.wait(&stage.world), 0);
        proxies.push(start());
        nginx.send_to(&addresses(&proxies)).await;
    }
    for proxy in &proxies {
        serves(proxy).await;
    }
    let all = load.end().await;

    let failed: Vec<_> = all.iter().filter(|request| request.outcome != Outcome::Answered(200)).collect();
    assert!(failed.is_empty(), "{failed:?} of {}", all.len());
    let (asked, mut heard) = (all.iter().map(|request| request.token.clone()), redeemed(&stage.provider));
    heard.sort_unstable();
    assert_eq!(heard, Vec::from_iter(BTreeSet::from_iter(asked)), "not each code was sent, or one twice");
    println!("{} exchanges, none of which failed", all.len());
    drop(nginx);
    for proxy in proxies {
        assert_eq!(proxy.end(&stage.world), 0);
    }
    stage.world.end().await;
}
