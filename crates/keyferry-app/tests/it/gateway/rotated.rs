//! What clients notice of a server whose tokens change under it: nothing, unless the server shows something else.

use std::time::Duration;

use keyferry_sandbox::SandboxConfig;
use rmcp::ServiceError;
use serde_json::{Value, json};

use super::{
    super::install::with_account,
    client::{Person, TestClient},
};
use crate::support::{World, allow};

const CHANGED: &str = "notifications/tools/list_changed";

async fn install(world: &World, part: &[&str]) {
    let (_, install) = world.app.begin(&with_account("alpha", part)).await;
    let install = world.app.waiting_for_person(install).await;
    allow(install["authorization_url"].as_str().unwrap()).await;
    let install = world.app.over(install).await;
    assert_eq!(install["state"], "done", "{install}");
}

async fn pid(world: &World) -> Value {
    world.app.get("/api/v1/servers/alpha").await.1["pid"].clone()
}

/// Refreshes the account's tokens, and waits until another process of the server has them.
async fn rotate(world: &World) {
    let old = pid(world).await;
    let (_, list) = world.app.get("/api/v1/connections").await;
    let id = list["connections"][0]["id"].as_str().unwrap();
    world.app.post(&format!("/api/v1/connections/{id}/refresh"), json!({})).await;
    let replaced = async { while pid(world).await == old {} };
    tokio::time::timeout(Duration::from_secs(20), replaced).await.unwrap();
}

#[tokio::test]
async fn a_client_is_not_told_of_a_replacement_that_shows_the_same() {
    let world = World::start().await;
    install(&world, &["everything", "alpha"]).await;
    let one = TestClient::new(&world.app, "/mcp/alpha").await;
    let all = TestClient::connect(&world.app, "/mcp", Person::named("Bob")).await;
    rotate(&world).await;
    rotate(&world).await;
    // What is told after it arrives after it.
    one.call("change", json!({})).await;
    for client in [&one, &all] {
        client.person.hears(|told| told["method"] == CHANGED).await;
        assert_eq!(client.person.heard(CHANGED).len(), 1, "{:?}", client.person.told);
        assert!(client.person.heard("notifications/resources/list_changed").is_empty());
    }
    // The new one lacks what the old one added.
    rotate(&world).await;
    one.call("log", json!({ "level": "error", "data": "after it" })).await;
    one.person.hears(|told| told["method"] == "notifications/message").await;
    assert_eq!(one.person.heard(CHANGED).len(), 2, "{:?}", one.person.told);
    assert!(!one.tools().await.contains(&"added".to_owned()));
    one.leave().await;
    all.leave().await;
    world.end().await;
}

#[tokio::test]
async fn a_client_is_told_of_a_replacement_that_has_other_tools() {
    let world = World::start().await;
    install(&world, &["everything", "alpha", "numbered"]).await;
    let client = TestClient::new(&world.app, "/mcp/alpha").await;
    let numbered = |tools: Vec<String>| tools.into_iter().find(|tool| tool.starts_with("process-")).unwrap();
    let before = numbered(client.tools().await);
    rotate(&world).await;
    client.person.hears(|told| told["method"] == CHANGED).await;
    assert_ne!(numbered(client.tools().await), before);
    client.leave().await;
    world.end().await;
}

#[tokio::test]
async fn a_server_that_can_not_be_given_new_tokens_is_not_started_for_every_call() {
    let short = Duration::from_secs(1);
    let config = SandboxConfig { access_token_lifetime: short, ..SandboxConfig::default() };
    let world = World::start_with(config, true).await;
    let needed = world.app.folder.path().join("needed");
    std::fs::write(&needed, "").unwrap();
    install(&world, &["only-while", needed.to_str().unwrap()]).await;
    let client = TestClient::new(&world.app, "/mcp/alpha").await;
    std::fs::remove_file(&needed).unwrap();
    let told = async {
        loop {
            if let Err(ServiceError::McpError(error)) = client.try_call("echo", json!({})).await
                && error.message.contains("rests for")
            {
                return error.message;
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), told).await.unwrap();
    assert!(told.contains("it could not be given its new tokens; alpha failed 2 times in a row"), "{told}");
    // What was missing is there again.
    std::fs::write(&needed, "").unwrap();
    let served = async { while client.try_call("echo", json!({})).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(30), served).await.unwrap();
    client.leave().await;
    world.end().await;
}
