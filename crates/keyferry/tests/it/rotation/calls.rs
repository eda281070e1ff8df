//! Clients of the gateway that call without a pause.

use std::time::{Duration, Instant};

use rmcp::{
    ServiceExt as _,
    model::CallToolRequestParams,
    transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig},
};
use serde_json::json;
use tokio::task::JoinSet;

use super::scene::Scene;

/// Clients that call at once.
pub(super) const CLIENTS: usize = 16;

/// A call.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) began: Instant,
    pub(super) took: Duration,
    pub(super) failed: Option<String>,
}

/// Every call that they made until the time was up.
pub(super) async fn called(scene: &Scene, time: Duration) -> Vec<Call> {
    let token = std::fs::read_to_string(scene.world.path("data/api-token")).unwrap();
    let mut sessions = Vec::new();
    for number in 0..CLIENTS {
        // Half of them reach the server among all, half of them alone.
        let (path, tool) = match number % 2 {
            0 => ("/mcp", "sandbox-notes__whoami"),
            _ => ("/mcp/sandbox-notes", "whoami"),
        };
        let config = StreamableHttpClientTransportConfig::with_uri(format!("{}{path}", scene.app.url));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let transport = StreamableHttpClientTransport::with_client(http, config.auth_header(token.trim()));
        sessions.push((().serve(transport).await.unwrap(), tool));
    }
    let end = Instant::now() + time;
    let mut clients = JoinSet::new();
    for (session, tool) in sessions {
        clients.spawn(async move {
            let mut calls = Vec::new();
            while Instant::now() < end {
                let began = Instant::now();
                let called = session.call_tool(CallToolRequestParams::new(tool)).await;
                let took = began.elapsed();
                let good = called.as_ref().is_ok_and(|result| {
                    json!(result)["content"][0]["text"].as_str().is_some_and(|text| text.contains("ada"))
                });
                let failed = (!good).then(|| format!("{called:?}"));
                calls.push(Call { began, took, failed });
            }
            session.cancel().await.unwrap();
            calls
        });
    }
    clients.join_all().await.into_iter().flatten().collect()
}
