//! The end: nothing that is under way is lost, and nothing holds the end up for ever.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::timeout,
};

use crate::support::{
    raw::{RawProvider, json},
    *,
};

#[tokio::test]
async fn a_request_under_way_is_answered_and_nobody_else_gets_in() {
    let (asked, mut asking) = mpsc::channel(1);
    let (open, opened) = tokio::sync::watch::channel(false);
    let provider = RawProvider::start(move |mut stream| {
        let (asked, mut opened) = (asked.clone(), opened.clone());
        async move {
            asked.send(()).await.unwrap();
            opened.wait_for(|open| *open).await.unwrap();
            let reply = json("200 OK", r#"{"access_token":"a"}"#);
            stream.write_all(reply.as_bytes()).await.ok().map(|()| stream)
        }
    })
    .await;
    let proxy = start(config(&[("acme", &provider.file(""))], "s")).await;
    let mut early = TcpStream::connect(proxy.address).await.unwrap();
    early.write_all(b"GET /ready HTTP/1.1\r\n").await.unwrap();
    let url = proxy.url("/oauth/token");
    let request = tokio::spawn(send(http().post(url).json(&refreshment("acme", "r"))));
    asking.recv().await.unwrap();
    proxy.stop.cancel();
    until(async || TcpStream::connect(proxy.address).await.is_err()).await;
    // Who had begun to ask hears that it should go elsewhere.
    early.write_all(b"host: x\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    timeout(SOON, early.read_to_string(&mut reply)).await.unwrap().unwrap();
    assert!(reply.starts_with("HTTP/1.1 503") && reply.contains("draining"), "{reply}");
    open.send(true).unwrap();
    assert_eq!(request.await.unwrap().status, 200);
    let mut proxy = proxy;
    timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_request_that_does_not_end_is_cut_at_the_limit() {
    let (asked, mut asking) = mpsc::channel(1);
    let provider = RawProvider::start(move |stream| {
        let asked = asked.clone();
        async move {
            asked.send(()).await.unwrap();
            tokio::time::sleep(SOON).await;
            Some(stream)
        }
    })
    .await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.limits.shutdown = Duration::from_millis(200);
    let mut proxy = start(config).await;
    let url = proxy.url("/oauth/token");
    let request = tokio::spawn(http().post(url).json(&refreshment("acme", "r")).send());
    asking.recv().await.unwrap();
    proxy.stop.cancel();
    timeout(Duration::from_secs(5), &mut proxy.server).await.unwrap().unwrap();
    assert!(request.await.unwrap().is_err());
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
