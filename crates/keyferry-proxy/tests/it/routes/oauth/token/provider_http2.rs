//! Providers that speak HTTP/2: one connection for all, and nothing that a provider may have read is sent again.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::Body, http::Version, response::Response};
use futures_util::future::{join, join_all};
use http_body_util::BodyExt;
use hyper::{Request, body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyferry_proxy::ProxyConfig;
use tokio::{net::TcpListener, sync::Barrier, time::timeout};

use crate::support::{
    authority::Authority,
    frames::{FrameProvider, LAST_WORDS, Then, answered, go_away, reset},
    log::Captured,
    *,
};

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;
/// Exchanges at once.
const MANY: usize = 100;

/// For a proxy before a provider at this port.
fn config_before(authority: &Authority, port: u16) -> ProxyConfig {
    let file = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://localhost:{port}/token\"\n"
    );
    let mut config = config(&[("acme", &file)], "s");
    authority.vouch(&mut config);
    config
}

async fn before(authority: &Authority, port: u16) -> TestProxy {
    start(config_before(authority, port)).await
}

async fn refresh(proxy: &TestProxy, token: &str) -> (u16, String) {
    proxy.token(&refreshment("acme", token)).await.error()
}

#[tokio::test]
async fn many_exchanges_go_over_one_connection_and_each_is_sent_once() {
    let authority = Authority::new();
    let tls = authority.server("localhost", 2090, &["h2", "http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let bodies = Arc::new(std::sync::Mutex::new(Vec::new()));
    // All of them must be under way before the first is answered.
    let all = Arc::new(Barrier::new(MANY));
    let (count, kept) = (Arc::clone(&connections), Arc::clone(&bodies));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (tls, all, count, kept) =
                (tls.clone(), Arc::clone(&all), Arc::clone(&count), Arc::clone(&kept));
            tokio::spawn(async move {
                let stream = tls.accept(stream).await.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let service = service_fn(move |request: Request<Incoming>| {
                    let (all, kept) = (Arc::clone(&all), Arc::clone(&kept));
                    async move {
                        assert_eq!(request.version(), Version::HTTP_2);
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        let body = String::from_utf8(body.to_vec()).unwrap();
                        let is_first = body.contains("=first");
                        kept.lock().unwrap().push(body);
                        if !is_first {
                            all.wait().await;
                        }
                        Ok::<_, Infallible>(Response::new(Body::from(r#"{"access_token":"a"}"#)))
                    }
                });
                let server = http2::Builder::new(TokioExecutor::new());
                server.serve_connection(TokioIo::new(stream), service).await
            });
        }
    });
    let proxy = before(&authority, port).await;
    assert_eq!(refresh(&proxy, "first").await.0, 200);
    let many = join_all((0..MANY).map(|n| {
        let proxy = &proxy;
        async move { refresh(proxy, &format!("r{n}")).await }
    }));
    assert!(many.await.iter().all(|reply| reply.0 == 200));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let bodies = bodies.lock().unwrap();
    assert_eq!((bodies.len(), bodies.iter().collect::<BTreeSet<_>>().len()), (MANY + 1, MANY + 1));
}

#[tokio::test]
async fn what_a_stream_or_a_connection_that_ends_had_of_a_request_is_not_sent_again() {
    let (log, _guard) = Captured::start();
    let broken = || error(502, "temporarily_unavailable");
    // What comes of the first request, what the caller is told, and how many connections there are after the next one.
    type Script = fn(u32) -> Then;
    let table: [(&str, Script, (u16, String), usize); 8] = [
        ("refused", |stream| Then::Frames(reset(stream, REFUSED_STREAM)), broken(), 1),
        ("failed", |stream| Then::Frames(reset(stream, INTERNAL_ERROR)), broken(), 1),
        ("cancelled", |stream| Then::Frames(reset(stream, CANCEL)), broken(), 1),
        ("left out", |_| Then::Ends(go_away(0, NO_ERROR)), broken(), 2),
        ("calmed", |_| Then::Ends(go_away(0, ENHANCE_YOUR_CALM)), broken(), 2),
        ("no answer", |_| Then::Ends(Vec::new()), broken(), 2),
        (
            "the last one",
            |stream| Then::Frames([go_away(stream, NO_ERROR), answered(stream)].concat()),
            error(200, ""),
            2,
        ),
        (
            "answered before the end",
            |stream| Then::Ends([answered(stream), go_away(stream, NO_ERROR)].concat()),
            error(200, ""),
            2,
        ),
    ];
    for (what, script, expected, connections) in table {
        let authority = Authority::new();
        let provider = FrameProvider::start(authority.server("localhost", 2090, &["h2"]), {
            move |number, stream| if number == 0 { script(stream) } else { Then::Frames(answered(stream)) }
        });
        let provider = provider.await;
        let proxy = before(&authority, provider.address.port()).await;
        assert_eq!(refresh(&proxy, "one").await, expected, "{what}");
        assert_eq!(refresh(&proxy, "two").await.0, 200, "{what}: the next one");
        let bodies = provider.bodies();
        assert_eq!(bodies.len(), 2, "{what}: {bodies:?}");
        assert!(bodies[0].contains("=one") && bodies[1].contains("=two"), "{what}: {bodies:?}");
        assert_eq!(provider.connections(), connections, "{what}");
    }
    // The library tells all frames, at a level that nobody has by default; the program keeps it silent.
    let told: Vec<_> =
        log.text().lines().filter(|line| line.contains("keyferry_proxy")).map(str::to_owned).collect();
    assert!(told.iter().any(|line| line.contains("the connection to the provider broke")));
    assert!(told.iter().all(|line| !line.contains(LAST_WORDS)), "{told:?}");
}

#[tokio::test]
async fn one_stream_that_is_reset_takes_no_other_with_it() {
    let authority = Authority::new();
    let provider = FrameProvider::start(authority.server("localhost", 2090, &["h2"]), |number, stream| {
        match number {
            0 | 3 => Then::Frames(answered(stream)),
            1 => Then::Frames(Vec::new()),
            // The one before it is answered, and this one is not.
            _ => Then::Frames([reset(stream, CANCEL), answered(stream - 2)].concat()),
        }
    });
    let provider = provider.await;
    let proxy = before(&authority, provider.address.port()).await;
    assert_eq!(refresh(&proxy, "r0").await.0, 200);
    let early = tokio::spawn(send(http().post(proxy.url("/oauth/token")).json(&refreshment("acme", "r1"))));
    until(async || provider.bodies().len() == 2).await;
    assert_eq!(refresh(&proxy, "r2").await, error(502, "temporarily_unavailable"));
    assert_eq!(early.await.unwrap().status, 200);
    assert_eq!(refresh(&proxy, "r3").await.0, 200);
    assert_eq!((provider.connections(), provider.bodies().len()), (1, 4));
}

#[tokio::test]
async fn a_connection_that_went_silent_is_given_up_with_the_exchanges_that_were_under_way() {
    let authority = Authority::new();
    let provider = FrameProvider::start(authority.server("localhost", 2090, &["h2"]), |number, stream| {
        if number == 1 { Then::Silence } else { Then::Frames(answered(stream)) }
    });
    let provider = provider.await;
    let mut config = config_before(&authority, provider.address.port());
    // Not the deadline of the exchanges ends them.
    config.limits.exchange = Duration::from_secs(60);
    let proxy = start(config).await;
    assert_eq!(refresh(&proxy, "r0").await.0, 200);
    let under_way = timeout(SOON, join(refresh(&proxy, "r1"), refresh(&proxy, "r2"))).await.unwrap();
    let broken = || error(502, "temporarily_unavailable");
    assert_eq!(under_way, (broken(), broken()));
    assert_eq!(refresh(&proxy, "r3").await.0, 200);
    assert_eq!((provider.connections(), provider.bodies().len()), (2, 3));
}

#[tokio::test]
async fn a_connection_that_stood_still_for_some_seconds_goes_on() {
    // As TCP does when a packet is lost several times over.
    const STALL: Duration = Duration::from_millis(6_500);
    let authority = Authority::new();
    let provider = FrameProvider::start(authority.server("localhost", 2090, &["h2"]), |number, stream| {
        if number == 1 { Then::Late(STALL, answered(stream)) } else { Then::Frames(answered(stream)) }
    });
    let provider = provider.await;
    let proxy = before(&authority, provider.address.port()).await;
    assert_eq!(refresh(&proxy, "r0").await.0, 200);
    let (one, other) = join(refresh(&proxy, "r1"), refresh(&proxy, "r2")).await;
    assert_eq!((one.0, other.0), (200, 200), "{one:?} {other:?}");
    assert_eq!((provider.connections(), provider.bodies().len()), (1, 3));
}
