//! Tokens that change under running servers, while clients call without a pause.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use keyferry_sandbox::SandboxConfig;
use rmcp::{
    ServiceExt as _,
    model::CallToolRequestParams,
    transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
};
use serde_json::json;
use tokio::{sync::Mutex, task::JoinSet};

use crate::support::World;

/// Clients that call at once.
const CLIENTS: usize = 16;

/// The life of an access token.
const LIFE: Duration = Duration::from_secs(2);

/// How long they call, unless `KEYFERRY_TEST_SECONDS` says otherwise.
const SECONDS: u64 = 8;

/// A call.
struct Call {
    began: Instant,
    took: Duration,
    failed: Option<String>,
}

fn seconds() -> Duration {
    let seconds = std::env::var("KEYFERRY_TEST_SECONDS").map_or(SECONDS, |text| text.parse().unwrap());
    Duration::from_secs(seconds)
}

/// Servers that have their tokens by this delivery are called until the time is up. No call may fail.
async fn rotated(delivery: &str, change: impl FnOnce(String) -> String) {
    let world =
        World::with(SandboxConfig { access_token_lifetime: LIFE, ..SandboxConfig::default() }, change).await;
    let proxy = world.proxy();
    let app = world.app();
    let ran = world.install().await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let before = world.sandbox.counters().refresh_requests;

    let token = std::fs::read_to_string(world.path("data/api-token")).unwrap();
    let mut sessions = Vec::new();
    for number in 0..CLIENTS {
        // Half of them reach the server among all, half of them alone.
        let (path, tool) = match number % 2 {
            0 => ("/mcp", "sandbox-notes__whoami"),
            _ => ("/mcp/sandbox-notes", "whoami"),
        };
        let config = StreamableHttpClientTransportConfig::with_uri(format!("{}{path}", app.url));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let transport = StreamableHttpClientTransport::with_client(http, config.auth_header(token.trim()));
        sessions.push((().serve(transport).await.unwrap(), tool));
    }
    let (calls, end) = (Arc::new(Mutex::new(Vec::new())), Instant::now() + seconds());
    let mut clients = JoinSet::new();
    for (session, tool) in sessions {
        let calls = Arc::clone(&calls);
        clients.spawn(async move {
            while Instant::now() < end {
                let began = Instant::now();
                let called = session.call_tool(CallToolRequestParams::new(tool)).await;
                let took = began.elapsed();
                let good = called.as_ref().is_ok_and(|result| {
                    json!(result)["content"][0]["text"].as_str().is_some_and(|text| text.contains("ada"))
                });
                let failed = (!good).then(|| format!("{called:?}"));
                calls.lock().await.push(Call { began, took, failed });
            }
            session.cancel().await.unwrap();
        });
    }
    clients.join_all().await;
    let rotations = world.sandbox.counters().refresh_requests - before;
    let calls = Arc::into_inner(calls).unwrap().into_inner();
    let failed: Vec<_> = calls.iter().filter_map(|call| call.failed.as_ref()).collect();
    let mut took: Vec<_> = calls.iter().map(|call| call.took).collect();
    took.sort();
    let at = |share: usize| took[(took.len() - 1) * share / 1000];
    println!(
        "{delivery}: {} calls of {CLIENTS} clients, {rotations} rotations, {} failed; p50 {:?}, p99 {:?}, p99.9 {:?}, longest {:?}",
        calls.len(),
        failed.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
    let first = calls.iter().map(|call| call.began).min().unwrap();
    for call in calls.iter().filter(|call| call.failed.is_some()).take(3) {
        println!("{:?} {:?} {:?}", call.began - first, call.took, call.failed);
    }
    let status = world.json(&["status", "sandbox-notes"]);
    assert_eq!(failed.len(), 0, "{:?}", failed.first());
    assert!(rotations as f64 >= seconds().as_secs_f64() / LIFE.as_secs_f64() - 1.0, "{rotations}");
    assert_eq!(status["restarts"], 0, "a new token is no restart: {status}");
    // A credential file lies open to its server, and to nobody once that is gone.
    assert_eq!(world.run(&["uninstall", "sandbox-notes"]).code, 0);
    app.end(&world);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_tokens_of_two_seconds_rotate_through_the_environment() {
    rotated("process, environment", |file| file).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_while_tokens_of_two_seconds_rotate_in_a_file() {
    let variable = "SANDBOX_ACCESS_TOKEN = \"{access_token}\"";
    rotated("process, file", |file| {
        assert!(file.contains(variable), "{file}");
        format!(
            "{}\n[[file]]\npath = \"~/.sandbox/token\"\ncontent = \"{{access_token}}\"\n",
            file.replace(variable, "")
        )
    })
    .await;
}
