//! A second try after a failure.

use serde_json::json;

use super::with_account;
use crate::support::{World, allow};

#[tokio::test]
async fn a_retry_uses_the_account_that_the_person_has_just_allowed() {
    let world = World::start().await;
    let (_, first) = world.app.begin(&with_account("notes", &["garbage-then-end"])).await;
    let first = world.app.waiting_for_person(first).await;
    allow(first["authorization_url"].as_str().unwrap()).await;
    let first = world.app.over(first).await;
    assert_eq!(first["error"]["error"], "server_not_mcp", "{first}");
    assert_eq!(world.app.get("/api/v1/servers").await.1["servers"], json!([]));

    let second = world.app.install(&with_account("notes", &["echo"])).await;
    assert_eq!(second["steps"][0]["name"], "connection", "{second}");
    let (_, list) = world.app.get("/api/v1/connections").await;
    assert_eq!(list["connections"].as_array().unwrap().len(), 1);
    world.end().await;
}
