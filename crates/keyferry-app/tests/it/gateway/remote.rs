//! Servers that run elsewhere: here, that is the gateway of another app.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::header::{AUTHORIZATION, HOST},
    response::Response,
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    app_with,
    client::{Person, TestClient},
};
use crate::support::{TestApp, World, allow};

fn manifest(url: &str) -> Value {
    json!({
        "name": "far",
        "user_config": { "token": { "type": "string", "title": "Token", "sensitive": true, "required": true } },
        "server": {
            "type": "remote", "url": url,
            "headers": { "Authorization": "Bearer ${user_config.token}", "X-Team": "notes" },
        },
    })
}

async fn install(near: &TestApp, url: &str, token: &str) -> Value {
    let request = json!({ "manifest": { "inline": manifest(url) }, "settings": { "token": token } });
    let (status, install) = near.post("/api/v1/installs", request).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{install}");
    near.over(install).await
}

#[tokio::test]
async fn a_remote_server_is_one_like_any_other() {
    let (near, far) = (TestApp::start().await, app_with(&["alpha"]).await);
    let token = far.app.api_token().expose_secret().to_owned();
    let installed = install(&near, &far.url("/mcp/alpha"), &token).await;
    assert_eq!(installed["state"], "done", "{installed}");
    assert_eq!(installed["command"], far.url("/mcp/alpha"));
    let client = TestClient::connect(&near, "/mcp", Person::named("Ann")).await;
    assert!(client.tools().await.contains(&"far__echo".to_owned()));
    assert_eq!(client.call("far__echo", json!({ "x": 1 })).await["arguments"], json!({ "x": 1 }));
    client.call("far__progress", json!({ "steps": 3 })).await;
    client.person.hears(|told| told["params"]["progress"] == json!(2.0)).await;
    let answer = client.call("far__elicit", json!({})).await;
    assert_eq!(answer["result"]["content"]["name"], "Ann", "{answer}");
    let (_, server) = near.get("/api/v1/servers/far").await;
    assert_eq!(
        (&server["state"], &server["pid"], &server["runtime"]),
        (&json!("running"), &Value::Null, &json!("remote"))
    );
    near.shutdown().await;
    far.shutdown().await;
}

#[tokio::test]
async fn a_remote_server_that_goes_and_comes_back_is_called_again() {
    let (near, far) = (TestApp::start().await, app_with(&["alpha"]).await);
    let token = far.app.api_token().expose_secret().to_owned();
    assert_eq!(install(&near, &far.url("/mcp/alpha"), &token).await["state"], "done");
    let address = far.app.address();
    let folder = far.shutdown().await;
    let client = TestClient::new(&near, "/mcp/far").await;
    let error = client.refused("echo", json!({})).await;
    assert!(error.message.contains("far"), "{error:?}");
    let mut settings = crate::support::settings(folder.path());
    settings.listen = address;
    let far = TestApp::boot(folder, settings, |_| {}).await;
    let begun = tokio::time::Instant::now();
    while client.try_call("echo", json!({})).await.is_err() {
        assert!(begun.elapsed() < std::time::Duration::from_secs(30));
    }
    near.shutdown().await;
    far.shutdown().await;
}

#[tokio::test]
async fn a_wrong_token_a_closed_port_and_a_redirect_are_told_and_the_token_goes_nowhere_else() {
    let (near, far) = (TestApp::start().await, app_with(&["alpha"]).await);
    let wrong = install(&near, &far.url("/mcp/alpha"), "canary-of-the-token").await;
    assert_eq!(wrong["error"]["error"], "server_refuses_token", "{wrong}");
    let nobody = install(&near, "http://127.0.0.1:9/mcp", "canary-of-the-token").await;
    assert_eq!(nobody["error"]["error"], "server_unreachable", "{nobody}");
    let other = axum::Router::new()
        .fallback(|| async { axum::response::Redirect::temporary("http://127.0.0.1:9/other") });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move { axum::serve(listener, other).await });
    let led = install(&near, &url, "canary-of-the-token").await;
    assert_eq!(led["error"]["error"], "server_unreachable", "{led}");
    serving.abort();
    for told in [wrong, nobody, led] {
        assert!(!told.to_string().contains("canary"), "{told}");
    }
    near.shutdown().await;
    far.shutdown().await;
}

/// A service in front of a server: it notes which token comes along, and passes the request on with the server's own.
#[derive(Clone)]
struct Service {
    server: String,
    own_token: String,
    came: Arc<Mutex<Vec<String>>>,
}

async fn pass_on(State(service): State<Service>, request: Request) -> Response {
    let token = request.headers()[AUTHORIZATION].to_str().unwrap().to_owned();
    service.came.lock().unwrap().push(token.strip_prefix("Bearer ").unwrap().to_owned());
    let (mut parts, body) = request.into_parts();
    parts.headers.remove(AUTHORIZATION);
    parts.headers.remove(HOST);
    let onward = crate::support::client().request(parts.method, &service.server).headers(parts.headers);
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let answer = onward.bearer_auth(&service.own_token).body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    response.headers_mut().unwrap().extend(answer.headers().clone());
    response.body(Body::from_stream(answer.bytes_stream())).unwrap()
}

#[tokio::test]
async fn a_remote_server_gets_the_accounts_access_token_and_the_newer_one_when_it_changes() {
    let (world, far) = (World::start().await, app_with(&["alpha"]).await);
    let service = Service {
        server: far.url("/mcp/alpha"),
        own_token: far.app.api_token().expose_secret().to_owned(),
        came: Arc::default(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let router = Router::new().fallback(pass_on).with_state(service.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let manifest = json!({
        "name": "far", "server": { "type": "remote", "url": url },
        "archestra_config": { "oauth": { "provider": "sandbox", "required": true } },
    });
    let (_, install) = world.app.begin(&manifest).await;
    let install = world.app.waiting_for_person(install).await;
    allow(install["authorization_url"].as_str().unwrap()).await;
    let install = world.app.over(install).await;
    assert_eq!(install["state"], "done", "{install}");
    let client = TestClient::new(&world.app, "/mcp/far").await;
    assert_eq!(client.call("echo", json!({ "x": 1 })).await["arguments"], json!({ "x": 1 }));
    let tokens = || service.came.lock().unwrap().clone();
    let first = tokens().pop().unwrap();
    let issued = world.sandbox.ledger();
    assert!(tokens().iter().all(|token| token.starts_with("sbx_at_") && issued.contains(token)));

    let (_, list) = world.app.get("/api/v1/connections").await;
    let id = list["connections"][0]["id"].as_str().unwrap();
    world.app.post(&format!("/api/v1/connections/{id}/refresh"), json!({})).await;
    let renewed = async {
        while tokens().pop().unwrap() == first {
            client.call("echo", json!({})).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), renewed).await.unwrap();
    let last = tokens().pop().unwrap();
    assert!(last.starts_with("sbx_at_") && world.sandbox.ledger().contains(&last));
    client.leave().await;
    serving.abort();
    world.end().await;
    far.shutdown().await;
}
