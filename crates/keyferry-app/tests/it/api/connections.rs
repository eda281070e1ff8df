//! Connections through the API: signed in to, shown, renamed, signed in to again, and what the log says of it.

use keyferry_sandbox::{Fault, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{World, allow, deny};

/// A sign-in that the person allows.
async fn signed_in(world: &World, request: Value) -> Value {
    let (status, sign_in) = world.app.post("/api/v1/sign-ins", request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{sign_in}");
    assert_eq!(sign_in["state"], "waiting_for_person");
    let page = allow(sign_in["authorization_url"].as_str().unwrap()).await;
    assert!(page.contains("Connected"), "{page}");
    over(world, &sign_in).await
}

async fn over(world: &World, sign_in: &Value) -> Value {
    let (_, sign_in) =
        world.app.get(&format!("/api/v1/sign-ins/{}?wait=30", sign_in["id"].as_str().unwrap())).await;
    sign_in
}

async fn connection(world: &World, id: &str) -> Value {
    let (status, connection) = world.app.get(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(status, StatusCode::OK, "{connection}");
    connection
}

/// What happened to it, in words.
async fn events(world: &World, id: &str) -> Vec<String> {
    let (_, history) = world.app.get(&format!("/api/v1/connections/{id}/history")).await;
    let events = history["events"].as_array().unwrap().iter();
    events.map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_account_is_added_shown_named_and_signed_in_to_again() {
    let world = World::start().await;
    let done = signed_in(&world, json!({ "provider": "sandbox" })).await;
    assert_eq!(done["state"], "done", "{done}");
    assert!(done.get("authorization_url").is_none(), "its `state` lives no longer than the wait");
    let id = done["connection"].as_str().unwrap().to_owned();

    let shown = connection(&world, &id).await;
    assert_eq!((&shown["health"], &shown["state"]), (&json!("good"), &json!("active")));
    assert!(shown["next_attempt_at"].is_string() && shown.get("refreshed_at").is_none(), "{shown}");
    assert!(shown.get("failure").is_none() && shown.get("label").is_none(), "{shown}");

    let path = format!("/api/v1/connections/{id}");
    let (status, named) = world.app.patch(&path, json!({ "label": "  work " })).await;
    assert_eq!((status, &named["label"]), (StatusCode::OK, &json!("work")));
    let (status, refused) = world.app.patch(&path, json!({ "label": "a\nb" })).await;
    assert_eq!((status, &refused["error"]), (StatusCode::BAD_REQUEST, &json!("bad_label")));

    let again = signed_in(&world, json!({ "connection": id })).await;
    assert_eq!((&again["state"], &again["connection"]), (&json!("done"), &json!(id)));
    let shown = connection(&world, &id).await;
    assert_eq!(shown["label"], "work", "the name stays");
    assert!(shown["refreshed_at"].is_string(), "{shown}");
    let (_, unnamed) = world.app.patch(&path, json!({ "label": null })).await;
    assert!(unnamed.get("label").is_none(), "{unnamed}");

    assert_eq!(events(&world, &id).await, ["connected", "relabelled", "connected_again", "relabelled"]);
    let (_, report) = world.app.get("/api/v1/audit").await;
    assert_eq!(report, json!({ "whole": true, "lines": 4 }));
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_that_is_denied_or_cancelled_changes_nothing() {
    let world = World::start().await;
    let id = signed_in(&world, json!({ "provider": "sandbox" })).await["connection"].clone();
    let before = connection(&world, id.as_str().unwrap()).await;

    let (_, sign_in) = world.app.post("/api/v1/sign-ins", json!({ "connection": id })).await;
    deny(sign_in["authorization_url"].as_str().unwrap()).await;
    let denied = over(&world, &sign_in).await;
    assert_eq!((&denied["state"], &denied["error"]["error"]), (&json!("failed"), &json!("sign_in_refused")));

    let (_, sign_in) = world.app.post("/api/v1/sign-ins", json!({ "connection": id })).await;
    let (_, cancelled) =
        world.app.delete(&format!("/api/v1/sign-ins/{}", sign_in["id"].as_str().unwrap())).await;
    assert_eq!((&cancelled["state"], &cancelled["error"]["error"]), (&json!("failed"), &json!("cancelled")));
    let page = allow(sign_in["authorization_url"].as_str().unwrap()).await;
    assert!(!page.contains("Connected"), "an answer to a cancelled sign-in finds nothing: {page}");

    assert_eq!(connection(&world, id.as_str().unwrap()).await, before);
    world.end().await;
}

#[tokio::test]
async fn what_can_not_be_signed_in_to_is_told_before_anybody_is_asked() {
    let world = World::start().await;
    for (request, status, code) in [
        (json!({}), StatusCode::BAD_REQUEST, "bad_body"),
        (json!({ "provider": "sandbox", "connection": "aaaaaaaaaaaa" }), StatusCode::BAD_REQUEST, "bad_body"),
        (json!({ "provider": "nowhere" }), StatusCode::CONFLICT, "unknown_provider"),
        (json!({ "connection": "aaaaaaaaaaaa" }), StatusCode::NOT_FOUND, "unknown_connection"),
        (json!({ "provider": "sandbox", "config": { "x": "y" } }), StatusCode::CONFLICT, "provider_config"),
        (
            json!({ "provider": "sandbox", "config": { "X!": "y" } }),
            StatusCode::BAD_REQUEST,
            "provider_config",
        ),
    ] {
        let (given, answer) = world.app.post("/api/v1/sign-ins", request.clone()).await;
        assert_eq!((given, &answer["error"]), (status, &json!(code)), "{request}: {answer}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_connection_that_was_refused_says_so_and_how_it_is_mended() {
    let world = World::start().await;
    let done = signed_in(&world, json!({ "provider": "sandbox" })).await;
    let id = done["connection"].as_str().unwrap().to_owned();
    world.sandbox.faults().once(Target::Token, Fault::OkFalse { error: "invalid_grant".to_owned() });
    let (status, problem) = world.app.post(&format!("/api/v1/connections/{id}/refresh"), json!({})).await;
    assert_eq!((status, &problem["error"]), (StatusCode::CONFLICT, &json!("needs_sign_in")));
    assert!(problem["hint"].as_str().unwrap().contains(&format!("keyferry connections sign-in {id}")));

    let shown = connection(&world, &id).await;
    assert_eq!((&shown["health"], &shown["state"]), (&json!("needs_sign_in"), &json!("needs_sign_in")));
    assert_eq!((&shown["failure"]["class"], &shown["failure"]["count"]), (&json!("definite"), &json!(1)));
    assert_eq!(signed_in(&world, json!({ "connection": id })).await["state"], "done");
    let shown = connection(&world, &id).await;
    assert_eq!(shown["health"], "good");
    assert!(shown.get("failure").is_none(), "{shown}");
    assert_eq!(events(&world, &id).await, ["connected", "sign_in_needed", "connected_again"]);
    world.end().await;
}

#[tokio::test]
async fn the_history_outlives_its_connection() {
    let world = World::start().await;
    let done = signed_in(&world, json!({ "provider": "sandbox" })).await;
    let id = done["connection"].as_str().unwrap();
    world.app.delete(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(events(&world, id).await, ["connected", "revoked"]);
    let (_, last) = world.app.get(&format!("/api/v1/connections/{id}/history?lines=1")).await;
    assert_eq!(last["events"].as_array().unwrap().len(), 1, "{last}");
    world.end().await;
}
