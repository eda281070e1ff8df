//! Three proxies behind a real nginx, one of which is killed.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    load::{Load, Outcome},
    nginx::Nginx,
    stage::{Stage, address, asked, slow, until},
};
use crate::support::{Service, kill};

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
