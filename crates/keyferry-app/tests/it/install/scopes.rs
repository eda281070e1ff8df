//! A manifest that needs more than the connection was asked for.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::with_account;
use crate::support::{World, allow, deny};

/// A world whose provider file asks for reading alone.
async fn reading() -> World {
    World::with_file(|file| {
        let asked = r#"scopes = ["notes:read", "notes:write", "offline_access"]"#;
        assert!(file.contains(asked), "{file}");
        file.replace(asked, r#"scopes = ["notes:read", "offline_access"]"#)
    })
    .await
}

/// A manifest that needs to write, too.
fn writing(name: &str) -> Value {
    let mut manifest = with_account(name, &["echo"]);
    manifest["archestra_config"]["oauth"]["scopes"] = json!(["notes:write"]);
    manifest
}

async fn begin_with(world: &World, manifest: &Value, connection: &Value) -> Value {
    let request = json!({ "manifest": { "inline": manifest }, "connection": connection });
    let (status, install) = world.app.post("/api/v1/installs", request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{install}");
    world.app.waiting_for_person(install).await
}

async fn only_connection(world: &World) -> Value {
    let (_, list) = world.app.get("/api/v1/connections").await;
    assert_eq!(list["connections"].as_array().unwrap().len(), 1, "{list}");
    list["connections"][0].clone()
}

#[tokio::test]
async fn scopes_that_grew_lead_to_a_new_consent_that_keeps_the_old_grant_until_the_new_one_is_in() {
    let world = reading().await;
    let (_, install) = world.app.begin(&with_account("reader", &["echo"])).await;
    let install = world.app.waiting_for_person(install).await;
    allow(install["authorization_url"].as_str().unwrap()).await;
    assert_eq!(world.app.over(install).await["state"], "done");
    let before = only_connection(&world).await;
    assert_eq!(before["scopes"], json!(["notes:read", "offline_access"]));

    // Denied: the old grant is what it was.
    let install = begin_with(&world, &writing("writer"), &before["id"]).await;
    let text = install["steps"][0]["text"].as_str().unwrap();
    assert!(text.contains("more access") && text.contains("stays until then"), "{text}");
    deny(install["authorization_url"].as_str().unwrap()).await;
    assert_eq!(world.app.over(install).await["state"], "failed");
    assert_eq!(only_connection(&world).await, before);

    // Allowed: one connection serves both, and the first server goes on with it.
    let install = begin_with(&world, &writing("writer"), &before["id"]).await;
    let asked = install["authorization_url"].as_str().unwrap();
    assert!(
        asked.contains("notes%3Aread") && asked.contains("notes%3Awrite"),
        "what there was is asked for again"
    );
    allow(asked).await;
    assert_eq!(world.app.over(install).await["state"], "done");
    let after = only_connection(&world).await;
    assert_eq!(after["id"], before["id"]);
    assert_eq!(after["servers"], json!(["reader", "writer"]));
    assert_eq!(after["scopes"], json!(["notes:read", "notes:write", "offline_access"]));
    for server in ["reader", "writer"] {
        let path = format!("/api/v1/servers/{server}/tools/environment");
        let (status, _) = world.app.post(&path, json!({})).await;
        assert_eq!(status, StatusCode::OK, "{server}");
    }

    // What a server needs is asked for by whoever signs in again.
    let (_, sign_in) = world.app.post("/api/v1/sign-ins", json!({ "connection": after["id"] })).await;
    assert!(sign_in["authorization_url"].as_str().unwrap().contains("notes%3Awrite"), "{sign_in}");
    world.end().await;
}

#[tokio::test]
async fn a_connection_that_has_all_that_a_manifest_needs_is_used_without_a_question() {
    let world = reading().await;
    let (_, install) = world.app.begin(&writing("writer")).await;
    let install = world.app.waiting_for_person(install).await;
    allow(install["authorization_url"].as_str().unwrap()).await;
    assert_eq!(world.app.over(install).await["state"], "done");
    let connection = only_connection(&world).await;
    let request = json!({
        "manifest": { "inline": writing("another") }, "connection": connection["id"]
    });
    let (_, install) = world.app.post("/api/v1/installs", request).await;
    assert_eq!(world.app.over(install).await["state"], "done");
    world.end().await;
}

#[tokio::test]
async fn a_delivery_is_in_the_history_of_its_connection() {
    let world = World::start().await;
    let (_, install) = world.app.begin(&with_account("notes", &["echo"])).await;
    let install = world.app.waiting_for_person(install).await;
    allow(install["authorization_url"].as_str().unwrap()).await;
    world.app.over(install).await;
    let id = only_connection(&world).await["id"].as_str().unwrap().to_owned();
    let (_, history) = world.app.get(&format!("/api/v1/connections/{id}/history")).await;
    let last = history["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["event"], &last["detail"]), (&json!("delivered"), &json!("notes")));
    world.end().await;
}
