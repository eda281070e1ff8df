//! `/metrics`

use std::time::Duration;

use keyferry_proxy::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::*;

#[tokio::test]
async fn requests_and_exchanges_are_counted_without_anything_that_was_sent() {
    let (sandbox, proxy) = pair().await;
    let tokens = proxy.token(&redemption(&code(&sandbox).await)).await;
    assert_eq!(tokens.status, 200);
    proxy.token(&redemption("a-canary-code")).await;
    proxy.get("/oauth/providers/canary").await;
    proxy.get("/canary").await;
    let text = proxy.get("/metrics").await.text();
    for line in [
        "keyferry_proxy_requests_total{route=\"/oauth/token\",outcome=\"ok\"} 1",
        "keyferry_proxy_requests_total{route=\"/oauth/token\",outcome=\"provider_refused\"} 1",
        "keyferry_proxy_requests_total{route=\"/oauth/providers/{name}\",outcome=\"unknown_provider\"} 1",
        "keyferry_proxy_requests_total{route=\"none\",outcome=\"no_route\"} 1",
        "keyferry_proxy_exchanges_total{provider=\"sandbox\",grant=\"authorization_code\",outcome=\"ok\"} 1",
        "keyferry_proxy_panics_total 0",
        "# EOF",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("canary"));
    assert!(sandbox.ledger().iter().all(|secret| !text.contains(secret)));
}

#[tokio::test]
async fn an_address_of_its_own_takes_them_off_the_api() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.listen.metrics = Some("127.0.0.1:0".parse().unwrap());
    let proxy = start(config).await;
    let own = proxy.metrics_address.unwrap();
    assert_ne!(own, proxy.address);
    assert_eq!(proxy.get("/metrics").await.status, 404);
    assert_eq!(send(http().get(format!("http://{own}/metrics"))).await.status, 200);
    for path in ["/oauth/token", "/oauth/providers", "/openapi.json"] {
        assert_eq!(send(http().get(format!("http://{own}{path}"))).await.status, 404, "{path}");
    }
    for path in ["/oauth/token", "/oauth/revoke"] {
        let reply = send(http().post(format!("http://{own}{path}")).form(&[("provider", "sandbox")])).await;
        assert_eq!(reply.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_address_of_its_own_takes_few_connections_and_none_of_the_apis() {
    let mut config = config(&[], "s");
    config.listen.metrics = Some("127.0.0.1:0".parse().unwrap());
    config.limits =
        Limits { connections: 1, connections_per_peer: 1, metrics_connections: 2, ..config.limits };
    let proxy = start(config).await;
    let own = proxy.metrics_address.unwrap();
    let mut kept = [TcpStream::connect(own).await.unwrap(), TcpStream::connect(own).await.unwrap()];
    for stream in &mut kept {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        stream.read_u8().await.unwrap();
    }
    let third = TcpStream::connect(own).await.unwrap();
    let mut third = tokio::spawn(asked(third));
    assert_eq!(proxy.get("/health").await.status, 200);
    assert!(timeout(Duration::from_millis(300), &mut third).await.is_err(), "a third one was served");
    drop(kept);
    assert!(timeout(SOON, third).await.unwrap().unwrap().starts_with("HTTP/1.1 200"));
}

async fn asked(mut stream: TcpStream) -> String {
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[tokio::test]
async fn a_proxy_that_strangers_reach_shows_none() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.listen.address = "0.0.0.0:0".parse().unwrap();
    config.listen.open = true;
    let mut proxy = start(config).await;
    proxy.address.set_ip("127.0.0.1".parse().unwrap());
    assert_eq!(proxy.metrics_address, None);
    assert_eq!(proxy.get("/metrics").await.status, 404);
    assert_eq!(proxy.get("/health").await.status, 200);
}
