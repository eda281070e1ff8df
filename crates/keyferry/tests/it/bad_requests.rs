//! What thousands of bad requests to the gateway leave behind in the app: nothing.

use std::fs;

use reqwest::{StatusCode, header};

use crate::support::World;

/// Requests before the memory is measured, and after.
const FIRST: usize = 1_000;
const THEN: usize = 5_000;
/// What allocators keep for later, and what a log line takes. A hundred bytes kept of each request would be found.
const SLACK: usize = 4 * 1024;

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}"#;
const PING: &str = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
const ROUND: &str = r#"{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"x__y","arguments":{},"requestState":"made-up","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}}}}"#;

/// The app's memory that is not a file's, in KiB.
fn memory(pid: u32) -> usize {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Sends so many bad requests of each kind in turn, none of which may succeed.
async fn send(url: &str, token: &str, count: usize) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for number in 0..count {
        let made_up = format!("{number:032x}");
        let (token, path, session, version, body) = match number % 8 {
            0 => (token, "mcp", None, None, "{\"jsonrpc\":"),
            1 => (token, "mcp", None, None, PING),
            2 => (token, "mcp", Some(made_up.as_str()), None, PING),
            3 => ("wrong", "mcp", None, None, INITIALIZE),
            4 => (token, "mcp/nothing", None, None, INITIALIZE),
            5 => (token, "mcp", None, Some("1999-01-01"), INITIALIZE),
            6 => (token, "mcp", Some(made_up.as_str()), None, INITIALIZE),
            _ => (token, "mcp", None, Some("2026-07-28"), ROUND),
        };
        let mut request = http.post(format!("{url}/{path}")).bearer_auth(token).body(body);
        request = request.header(header::ACCEPT, "application/json, text/event-stream");
        request = request.header(header::CONTENT_TYPE, "application/json");
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        if let Some(version) = version {
            request = request.header("mcp-protocol-version", version);
        }
        if body == ROUND {
            request = request.header("mcp-method", "tools/call").header("mcp-name", "x__y");
        }
        let answer = request.send().await.unwrap();
        assert!(!answer.headers().contains_key("mcp-session-id"), "{path} {body}");
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_client_error() || text.contains("\"error\""), "{path} {body}: {status} {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_bad_requests_to_the_gateway_leave_its_memory_flat() {
    let world = World::new().await;
    let mut command = world.command(&["app"]);
    // The log is kept by the test, and would only slow it down.
    command.env("KEYFERRY_LOG", "error");
    let app = crate::support::Service::start(command);
    let token = fs::read_to_string(world.path("data/api-token")).unwrap().trim().to_owned();
    let url = app.url.trim_end_matches('/').to_owned();
    send(&url, &token, FIRST).await;
    let before = memory(app.pid());
    send(&url, &token, THEN).await;
    let after = memory(app.pid());
    println!("{before} KiB before, {after} KiB after {THEN} bad requests");
    assert!(after <= before + SLACK, "{before} KiB before, {after} KiB after {THEN} bad requests");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{url}/mcp")).bearer_auth(&token).body(INITIALIZE);
    let request = request.header(header::ACCEPT, "application/json, text/event-stream");
    let opened = request.header(header::CONTENT_TYPE, "application/json").send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::OK);
    drop(opened);
    assert_eq!(app.end(&world), 0);
    world.end().await;
}
