//! The end: nothing that is under way is lost, and nothing holds the end up for ever.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::{log::Captured, raw::RawProvider, *};

#[tokio::test]
async fn a_request_under_way_is_answered_and_nobody_else_gets_in() {
    let (provider, gate) = RawProvider::gated().await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    let mut early = TcpStream::connect(proxy.address).await.unwrap();
    early.write_all(b"GET /ready HTTP/1.1\r\n").await.unwrap();
    let url = proxy.url("/oauth/token");
    let request = tokio::spawn(send(http().post(url).json(&refreshment("acme", "r"))));
    gate.asked().await;
    proxy.stop.cancel();
    until(async || TcpStream::connect(proxy.address).await.is_err()).await;
    // Who had begun to ask hears that it should go elsewhere.
    early.write_all(b"host: x\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    timeout(SOON, early.read_to_string(&mut reply)).await.unwrap().unwrap();
    assert!(reply.starts_with("HTTP/1.1 503") && reply.contains("draining"), "{reply}");
    gate.open.add_permits(1);
    assert_eq!(request.await.unwrap().status, 200);
    let mut proxy = proxy;
    timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_at_the_limit() {
    let (provider, gate) = RawProvider::gated().await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.shutdown = Duration::from_millis(200);
    let mut proxy = start(config).await;
    let url = proxy.url("/oauth/token");
    let request = tokio::spawn(http().post(url).json(&refreshment("acme", "r")).send());
    gate.asked().await;
    proxy.stop.cancel();
    timeout(Duration::from_secs(5), &mut proxy.server).await.unwrap().unwrap();
    assert!(request.await.unwrap().is_err());
}

#[tokio::test]
async fn an_exchange_whose_caller_was_cut_still_ends() {
    let (provider, gate) = RawProvider::gated().await;
    let (log, _guard) = Captured::start();
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.shutdown = Duration::from_millis(600);
    let mut proxy = start(config).await;
    let url = proxy.url("/oauth/token");
    let request = tokio::spawn(http().post(url).json(&refreshment("acme", "r")).send());
    gate.asked().await;
    proxy.stop.cancel();
    assert!(request.await.unwrap().is_err());
    gate.open.add_permits(1);
    timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
    assert!(log.text().contains("an exchange ended after its caller had gone"));
    assert!(!log.text().contains("exchanges with providers were still under way"));
}

#[tokio::test]
async fn an_idle_proxy_ends_at_once_and_its_address_is_free() {
    let (_sandbox, mut proxy) = pair().await;
    let client = http();
    assert_eq!(send(client.get(proxy.url("/health"))).await.status, 200);
    proxy.stop.cancel();
    timeout(Duration::from_secs(5), &mut proxy.server).await.unwrap().unwrap();
    tokio::net::TcpListener::bind(proxy.address).await.unwrap();
}

#[tokio::test]
async fn a_proxy_that_drains_says_so_and_serves_on_for_a_while() {
    let (provider, gate) = RawProvider::gated().await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.drain = Duration::from_secs(2);
    let mut proxy = start(config).await;
    assert_eq!(proxy.get("/ready").await.status, 200);
    proxy.stop.cancel();
    until(|| async { proxy.get("/ready").await.status == 503 }).await;
    gate.open.add_permits(1);
    let reply = proxy.token(&refreshment("acme", "r")).await;
    assert_eq!(
        (reply.status, reply.header("connection")),
        (200, Some("close")),
        "who keeps it asks into its end"
    );
    tokio::time::timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
}
