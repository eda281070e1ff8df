//! Who reaches the gateway, and whose a session is.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::{app_with, two_clients};
use crate::support::{TestApp, client};

/// A request as a client without a library would send it.
async fn send(app: &TestApp, path: &str, headers: &[(&str, &str)], body: &str) -> reqwest::Response {
    let mut request = client()
        .post(app.url(path))
        .bearer_auth(app.app.api_token().expose_secret())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.to_owned()).send().await.unwrap()
}

fn initialize(version: &str) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" },
    } })
    .to_string()
}

/// The first message of an answer, whichever form it has.
fn message(text: &str) -> Value {
    let data = text
        .lines()
        .filter_map(|line| line.strip_prefix("data:"))
        .map(str::trim)
        .find(|data| !data.is_empty());
    serde_json::from_str(data.unwrap_or(text)).unwrap_or_else(|_| panic!("{text}"))
}

async fn open(app: &TestApp, path: &str) -> String {
    let response = send(app, path, &[], &initialize("2025-06-18")).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
}

const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;

#[tokio::test]
async fn without_the_token_or_from_a_page_nobody_reaches_the_gateway() {
    let app = app_with(&["alpha"]).await;
    for path in ["/mcp", "/mcp/alpha"] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let response =
                client().request(method, app.url(path)).body(initialize("2025-06-18")).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
            assert!(!response.headers().contains_key("access-control-allow-origin"));
        }
        for (name, value, status) in [
            ("host", "evil.test", StatusCode::MISDIRECTED_REQUEST),
            ("origin", "https://evil.test", StatusCode::FORBIDDEN),
            ("origin", "null", StatusCode::FORBIDDEN),
        ] {
            let response = send(&app, path, &[(name, value)], &initialize("2025-06-18")).await;
            assert_eq!(response.status(), status, "{name}: {value}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn every_version_that_begins_with_initialize_is_spoken() {
    let app = app_with(&["alpha"]).await;
    for version in ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"] {
        for path in ["/mcp", "/mcp/alpha"] {
            let answer = message(&send(&app, path, &[], &initialize(version)).await.text().await.unwrap());
            assert_eq!(answer["result"]["protocolVersion"], version);
        }
    }
    let answer = message(&send(&app, "/mcp", &[], &initialize("1999-01-01")).await.text().await.unwrap());
    assert_eq!(answer["result"]["protocolVersion"], "2025-11-25");
    app.shutdown().await;
}

#[tokio::test]
async fn a_session_is_good_only_where_it_was_opened_and_until_it_is_closed() {
    let app = app_with(&["alpha", "beta"]).await;
    let id = open(&app, "/mcp/alpha").await;
    let session = ("mcp-session-id", id.as_str());
    assert_eq!(send(&app, "/mcp/alpha", &[session], PING).await.status(), StatusCode::OK);
    for path in ["/mcp/beta", "/mcp"] {
        assert_eq!(send(&app, path, &[session], PING).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(
        send(&app, "/mcp/alpha", &[("mcp-session-id", "made-up")], PING).await.status(),
        StatusCode::NOT_FOUND
    );
    let closed = client()
        .delete(app.url("/mcp/alpha"))
        .bearer_auth(app.app.api_token().expose_secret())
        .header("mcp-session-id", &id)
        .send()
        .await
        .unwrap();
    assert_eq!(closed.status(), StatusCode::NO_CONTENT);
    assert_eq!(send(&app, "/mcp/alpha", &[session], PING).await.status(), StatusCode::NOT_FOUND);
    app.shutdown().await;
}

#[tokio::test]
async fn a_session_of_one_client_is_none_to_another() {
    let (app, cursor, gemini) = two_clients().await;
    let as_client = async |token: &str, session: Option<&str>, body: String| {
        let mut request = client().post(app.url("/mcp")).bearer_auth(token);
        request = request.header(header::ACCEPT, "application/json, text/event-stream");
        request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        request.send().await.unwrap()
    };
    let opened = as_client(&cursor, None, initialize("2025-06-18")).await;
    let id = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    assert_eq!(as_client(&cursor, Some(&id), PING.to_owned()).await.status(), StatusCode::OK);
    assert_eq!(as_client(&gemini, Some(&id), PING.to_owned()).await.status(), StatusCode::NOT_FOUND);
    let own = app.app.api_token().expose_secret();
    assert_eq!(as_client(own, Some(&id), PING.to_owned()).await.status(), StatusCode::NOT_FOUND);
    app.shutdown().await;
}

#[tokio::test]
async fn a_call_whose_connection_breaks_is_given_up_after_a_while() {
    let app = app_with(&["alpha"]).await;
    let id = open(&app, "/mcp/alpha").await;
    let wait = json!({ "jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": { "name": "wait", "arguments": {} } });
    let answer = send(&app, "/mcp/alpha", &[("mcp-session-id", &id)], &wait.to_string()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    drop(answer);
    let begun = tokio::time::Instant::now();
    loop {
        let (_, seen) = app.post("/api/v1/servers/alpha/tools/seen", json!({})).await;
        let seen: Value = serde_json::from_str(seen["content"][0]["text"].as_str().unwrap()).unwrap();
        if !seen["cancelled"].as_array().unwrap().is_empty() {
            break;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(30), "{seen}");
    }
    assert!(begun.elapsed() > std::time::Duration::from_secs(5), "it had no time to come back");
    app.shutdown().await;
}

#[tokio::test]
async fn of_thousands_of_sessions_the_idle_ones_make_room() {
    let app = app_with(&["alpha"]).await;
    let first = open(&app, "/mcp").await;
    let mut last = String::new();
    for _ in 0..300 {
        last = open(&app, "/mcp").await;
    }
    assert_eq!(send(&app, "/mcp", &[("mcp-session-id", &first)], PING).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(send(&app, "/mcp", &[("mcp-session-id", &last)], PING).await.status(), StatusCode::OK);
    app.shutdown().await;
}

#[tokio::test]
async fn what_a_client_sends_wrong_is_refused_and_opens_no_session() {
    let app = app_with(&["alpha"]).await;
    for body in [
        "",
        "{",
        "null",
        "[]",
        "\"x\"",
        "{\"jsonrpc\":\"1.0\"}",
        PING,
        "[1,2,3]",
        "{\"jsonrpc\":\"2.0\",\"id\":1}",
    ] {
        let response = send(&app, "/mcp", &[], body).await;
        assert!(response.status().is_client_error(), "{body}: {}", response.status());
        assert!(!response.headers().contains_key("mcp-session-id"), "{body}");
    }
    let huge = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":\"{}\"}}",
        "x".repeat(17 * 1024 * 1024)
    );
    assert_eq!(send(&app, "/mcp", &[], &huge).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        send(&app, "/mcp/nothing", &[], &initialize("2025-06-18")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        send(&app, "/mcp/..%2Fx", &[], &initialize("2025-06-18")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(app.get("/api/v1/status").await.0, StatusCode::OK);
    app.shutdown().await;
}
