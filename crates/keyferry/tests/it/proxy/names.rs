//! A provider whose name is asked for at a resolver that never answers.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use super::{
    raw::{self, RawProvider},
    stage::{Kept, Stage, client},
};
use crate::support::in_own_network;

const RESOLVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);
/// Who asks for that provider: as many as are taken for one at once.
const CALLERS: usize = 256;
/// How the system looks names up in there: by the resolver, and nobody else.
const FILES: &str = "mount -t tmpfs none /mnt; echo '127.0.0.1 localhost' > /mnt/hosts; \
     echo 'hosts: files dns' > /mnt/nsswitch.conf; echo 'nameserver 127.0.0.53' > /mnt/resolv.conf; \
     for name in hosts nsswitch.conf resolv.conf; do mount --bind /mnt/$name /etc/$name; done";

/// A resolver that takes questions and says nothing. Counts those for the provider.
async fn silent() -> Arc<AtomicUsize> {
    let socket = UdpSocket::bind((RESOLVER, 53)).await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        let mut question = [0; 512];
        while let Ok(length) = socket.recv(&mut question).await {
            let asked = question[..length].windows(12).any(|part| part == b"hung\x07example");
            counted.fetch_add(usize::from(asked), Ordering::Relaxed);
        }
    });
    count
}

/// A provider by a name that the system knows, and to which each exchange needs a connection, so that the name is looked up each time.
async fn with_both() -> Stage {
    let stage =
        Stage::before(RawProvider::answering_once(raw::json("200 OK", r#"{"access_token":"a"}"#)).await);
    let stage = stage.await;
    let known = stage.provider.file("").replace("http://127.0.0.1", "http://localhost");
    std::fs::write(stage.world.path("providers/acme.toml"), &known).unwrap();
    let own = format!("http://localhost:{}", stage.provider.address.port());
    let hung = known.replace(&own, "https://hung.example");
    std::fs::write(stage.world.path("providers/hung.toml"), hung).unwrap();
    stage
}

async fn ask(client: &reqwest::Client, url: &str, n: usize) -> (u16, Value, Duration) {
    let begun = Instant::now();
    let body = json!({ "provider": "hung", "grant_type": "refresh_token", "refresh_token": format!("h{n}") });
    let reply = client.post(format!("{url}/oauth/token")).json(&body).send().await.unwrap();
    (reply.status().as_u16(), reply.json().await.unwrap(), begun.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_whose_name_is_never_answered_for_holds_up_only_those_who_ask_for_it() {
    let this = concat!(
        module_path!(),
        "::a_provider_whose_name_is_never_answered_for_holds_up_only_those_who_ask_for_it"
    );
    if !in_own_network(this, FILES) {
        return;
    }
    let (questions, stage) = (silent().await, with_both().await);
    let proxy = stage.proxy(&[("HUNG_CLIENT_ID", "me"), ("HUNG_CLIENT_SECRET", "a-secret-of-the-hung")]);
    let (client, url) = (client().build().unwrap(), proxy.url.clone());
    let hung = tokio::spawn(async move { join_all((0..CALLERS).map(|n| ask(&client, &url, n))).await });
    let mut other = Kept::to(&proxy).await;
    let (mut n, mut slowest) = (0, Duration::ZERO);
    while !hung.is_finished() {
        let begun = Instant::now();
        assert_eq!(other.refresh(&format!("r{n}")).await.0, 200);
        (n, slowest) = (n + 1, slowest.max(begun.elapsed()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("{n} exchanges with the other provider meanwhile, the slowest in {slowest:?}");
    assert!(n > 20 && slowest < Duration::from_secs(2), "{n}, {slowest:?}");
    for (status, reply, took) in hung.await.unwrap() {
        assert_eq!((status, &reply["error"]), (502, &json!("temporarily_unavailable")), "{reply}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
    assert!(questions.load(Ordering::Relaxed) > 0, "nobody asked the resolver");
    let counted = "keyferry_proxy_exchanges_total{provider=\"hung\",grant=\"refresh_token\",outcome=\"provider_unreachable\"}";
    assert_eq!(other.metric(counted).await, CALLERS as u64);
    // Threads that wait for the resolver still do, for as long as the system lets them.
    let begun = Instant::now();
    stage.end(proxy).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "the end waited {:?}", begun.elapsed());
}
