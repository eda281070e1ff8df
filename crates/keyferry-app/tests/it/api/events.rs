//! Word of what changes, as pages and programs hear it.

use reqwest::StatusCode;
use serde_json::json;

use crate::{
    install::plain,
    support::{Listener, TestApp, World, allow},
};

#[tokio::test]
async fn whoever_listens_hears_of_a_server_from_its_install_to_its_uninstall() {
    let app = TestApp::start().await;
    let mut listener = Listener::of(&app.app, "", None).await.unwrap();
    assert_eq!(listener.next().await.unwrap().name, "ready");

    let install = app.install(&plain("echo", &["echo"])).await;
    let told = listener.about("install", install["id"].as_str().unwrap()).await;
    assert_eq!(told.data, json!({ "kind": "install", "name": install["id"] }));
    listener.about("server", "echo").await;

    app.post("/api/v1/servers/echo/stop", json!({})).await;
    // Whatever was still told of the start comes before.
    while app.get("/api/v1/servers/echo").await.1["state"] != "stopped" {}
    let stopped = listener.about("server", "echo").await;

    app.delete("/api/v1/servers/echo").await;
    let gone = listener.about("server", "echo").await;
    assert_ne!(gone.id, stopped.id);
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_listens_hears_of_a_sign_in_and_of_what_becomes_of_its_connection() {
    let world = World::start().await;
    let mut listener = Listener::of(&world.app.app, "?kind=connection", None).await.unwrap();
    let mut sign_ins = Listener::of(&world.app.app, "?kind=sign_in", None).await.unwrap();
    assert_eq!(listener.next().await.unwrap().name, "ready");
    let (_, sign_in) = world.app.post("/api/v1/sign-ins", json!({ "provider": "sandbox" })).await;
    sign_ins.about("sign_in", sign_in["id"].as_str().unwrap()).await;
    allow(sign_in["authorization_url"].as_str().unwrap()).await;
    sign_ins.about("sign_in", sign_in["id"].as_str().unwrap()).await;

    let added = listener.next().await.unwrap();
    assert_eq!(added.name, "connection", "of nothing else was to be told");
    let id = added.data["name"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/connections/{id}");
    // Each of these is heard of on its own.
    world.app.patch(&path, json!({ "label": "work" })).await;
    assert_eq!(listener.next().await.unwrap().data["name"], id);
    let (status, _) = world.app.post(&format!("{path}/refresh"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(listener.next().await.unwrap().data["name"], id);
    world.app.delete(&path).await;
    assert_eq!(listener.next().await.unwrap().data["name"], id);
    world.end().await;
}

#[tokio::test]
async fn whoever_comes_again_hears_what_was_missed_and_nothing_twice() {
    let app = TestApp::start().await;
    let mut listener = Listener::of(&app.app, "?kind=server", None).await.unwrap();
    let ready = listener.next().await.unwrap();
    drop(listener);
    app.install(&plain("one", &["echo"])).await;
    app.install(&plain("two", &["echo"])).await;

    let mut again = Listener::of(&app.app, "?kind=server", Some(&ready.id)).await.unwrap();
    assert_eq!(again.next().await.unwrap().name, "ready");
    let (one, two) = (again.next().await.unwrap(), again.next().await.unwrap());
    assert_eq!((&one.data["name"], &two.data["name"]), (&json!("one"), &json!("two")));

    let mut last = Listener::of(&app.app, "?kind=server&name=one", Some(&two.id)).await.unwrap();
    assert_eq!(last.next().await.unwrap().name, "ready");
    app.post("/api/v1/servers/two/stop", json!({})).await;
    app.post("/api/v1/servers/one/stop", json!({})).await;
    assert_eq!(last.next().await.unwrap().data["name"], "one");
    app.shutdown().await;
}

#[tokio::test]
async fn whoever_knows_another_apps_events_is_told_to_ask_for_everything() {
    let app = TestApp::start().await;
    let ready = Listener::of(&app.app, "", None).await.unwrap().next().await.unwrap();
    let later = format!("{}9", ready.id);
    for id in ["0000000000000000-0", "x", "", "+1", &later] {
        let mut listener = Listener::of(&app.app, "", Some(id)).await.unwrap();
        let told = listener.next().await.unwrap();
        assert_eq!(told.name, "reload", "{id}");
        let mut again = Listener::of(&app.app, "", Some(&told.id)).await.unwrap();
        assert_eq!(again.next().await.unwrap().name, "ready", "from there it goes on");
    }
    assert_eq!(Listener::of(&app.app, "?kind=nothing", None).await.err(), Some(StatusCode::BAD_REQUEST));
    app.shutdown().await;
}

#[tokio::test]
async fn listeners_are_bounded_and_a_place_is_free_when_one_goes() {
    let app = TestApp::start().await;
    let mut listeners = Vec::new();
    let refused = loop {
        match Listener::of(&app.app, "", None).await {
            Ok(listener) => listeners.push(listener),
            Err(status) => break status,
        }
        assert!(listeners.len() < 100);
    };
    assert_eq!(refused, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(app.get("/api/v1/status").await.0, StatusCode::OK, "the others are served");
    drop(listeners.pop());
    // It is seen to have gone when the app reads from its connection.
    while Listener::of(&app.app, "", None).await.is_err() {}
    app.shutdown().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_app() {
    let app = TestApp::start().await;
    let mut listener = Listener::of(&app.app, "", None).await.unwrap();
    assert_eq!(listener.next().await.unwrap().name, "ready");
    let began = std::time::Instant::now();
    app.shutdown().await;
    assert!(listener.next().await.is_none());
    assert!(began.elapsed() < std::time::Duration::from_secs(4), "it held up the end");
}
