//! The limits of the listener.

use std::{io::Read as _, net::TcpStream};

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{TestApp, client};

#[tokio::test]
async fn a_body_above_the_limit_is_refused() {
    let app = TestApp::start().await;
    let large = "x".repeat(2 * 1024 * 1024);
    let (status, body) = app.post("/api/v1/installs", json!({ "manifest": { "name": large } })).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{body}");
    app.shutdown().await;
}

#[tokio::test]
async fn a_body_that_is_not_what_the_route_takes_is_named_without_being_repeated() {
    let app = TestApp::start().await;
    for body in [
        json!([]),
        json!({ "manifest": { "name": 1 } }),
        json!({ "manifest": {} }),
        json!({ "secret": "canary" }),
    ] {
        let (status, problem) = app.post("/api/v1/installs", body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(problem["error"], "bad_body");
        assert!(!problem.to_string().contains("canary"), "{problem}");
    }
    app.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_the_limit_are_turned_away_and_the_rest_are_served() {
    let app = TestApp::start().await;
    let idle: Vec<_> = (0..256).map(|_| TcpStream::connect(app.app.address()).unwrap()).collect();
    // The kernel takes connections before the app does: one of those further ones is turned away once the app has counted.
    let mut turned_away = false;
    for _ in 0..1_000 {
        let mut more = TcpStream::connect(app.app.address()).unwrap();
        more.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
        let mut reply = String::new();
        if more.read_to_string(&mut reply).is_ok() && reply.starts_with("HTTP/1.1 503") {
            turned_away = true;
            break;
        }
    }
    assert!(turned_away);
    drop(idle);
    let health = async || {
        client().get(app.url("/health")).send().await.is_ok_and(|reply| reply.status() == StatusCode::OK)
    };
    let mut served = false;
    for _ in 0..1_000 {
        if health().await {
            served = true;
            break;
        }
    }
    assert!(served);
    app.shutdown().await;
}

#[tokio::test]
async fn a_hundred_bad_requests_leave_no_install_behind() {
    let app = TestApp::start().await;
    for _ in 0..100 {
        let (status, _) = app.post("/api/v1/installs", json!({ "manifest": { "name": "none" } })).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    let (_, status) = app.get("/api/v1/status").await;
    assert_eq!(status["servers_installed"], 0);
    app.shutdown().await;
}
