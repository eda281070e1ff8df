//! Settings and the report for whoever helps, through the API.

use std::fs;

use keyferry_app::settings::{Key, Origin};
use keyferry_core::{secret::SecretText, url::Endpoint};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    install::plain,
    support::{Listener, TestApp, World, allow, client},
};

async fn setting(app: &TestApp, key: &str) -> Value {
    let (status, list) = app.get("/api/v1/settings").await;
    assert_eq!(status, StatusCode::OK, "{list}");
    list["settings"].as_array().unwrap().iter().find(|one| one["key"] == key).unwrap().clone()
}

#[tokio::test]
async fn every_setting_is_told_with_who_said_so_and_a_secret_is_not() {
    let app = TestApp::start_with(|settings| {
        settings.proxy_access_key = Some(SecretText::new("canary-access-key").unwrap());
        settings
            .origins
            .insert(Key::ProxyAccessKey, Origin::Variable("KEYFERRY_PROXY_ACCESS_KEY".to_owned()));
    })
    .await;
    let (_, list) = app.get("/api/v1/settings").await;
    assert_eq!(list["settings"].as_array().unwrap().len(), Key::ALL.len());
    assert!(!list.to_string().contains("canary"), "{list}");
    let key = setting(&app, "proxy_access_key").await;
    assert_eq!((&key["is_set"], &key["is_secret"]), (&json!(true), &json!(true)));
    assert_eq!(key["origin"], "KEYFERRY_PROXY_ACCESS_KEY");
    let proxy = setting(&app, "proxy_url").await;
    assert_eq!(proxy["values"], json!(["http://127.0.0.1:7666"]));
    assert_eq!((&proxy["origin"], &proxy["changeable"]), (&Value::Null, &json!(true)));
    assert_eq!(setting(&app, "vault.key").await["changeable"], false);
    app.shutdown().await;
}

#[tokio::test]
async fn a_setting_is_written_into_the_file_and_holds_from_the_next_start_on() {
    let app = TestApp::start().await;
    let mut listener = Listener::of(&app.app, "?kind=settings", None).await.unwrap();
    assert_eq!(listener.next().await.unwrap().name, "ready");
    let path = "/api/v1/settings/server_call_limit";
    let (status, changed) = app.patch(path, json!({ "value": "5m" })).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert_eq!((&changed["values"], &changed["pending"]), (&json!(["120s"]), &json!(["300s"])));
    assert_eq!(listener.next().await.unwrap().name, "settings");
    let file = app.data_folder().join("keyferry.toml");
    assert_eq!(fs::read_to_string(&file).unwrap(), "server_call_limit = \"5m\"\n");
    let (_, changed) = app.patch(path, json!({ "value": null })).await;
    assert_eq!(changed["pending"], Value::Null);
    assert_eq!(fs::read_to_string(&file).unwrap(), "");

    let table = [
        ("server_call_limit", json!({ "value": "never" }), StatusCode::UNPROCESSABLE_ENTITY, "bad_setting"),
        (
            "proxy_url",
            json!({ "value": "http://a.example" }),
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_setting",
        ),
        ("vault.key", json!({ "value": "file" }), StatusCode::CONFLICT, "setting_not_changeable"),
        ("providers", json!({ "value": "/x" }), StatusCode::CONFLICT, "setting_not_changeable"),
        ("nothing", json!({ "value": "x" }), StatusCode::NOT_FOUND, "bad_name"),
        ("open_browser", json!({}), StatusCode::OK, ""),
        ("open_browser", json!({ "value": true }), StatusCode::BAD_REQUEST, "bad_body"),
    ];
    for (key, body, status, code) in table {
        let (found, answer) = app.patch(&format!("/api/v1/settings/{key}"), body).await;
        assert_eq!((found, answer["error"].as_str().unwrap_or_default()), (status, code), "{key}: {answer}");
    }
    fs::write(&file, "nonsense = 1").unwrap();
    let (status, problem) = app.get("/api/v1/settings").await;
    assert_eq!((status, &problem["error"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("bad_setting")));
    app.shutdown().await;
}

#[tokio::test]
async fn a_proxy_is_tried_and_our_key_goes_to_no_other_than_its_own() {
    let world = World::start().await;
    let (status, tried) = world.app.post("/api/v1/settings/proxy-test", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{tried}");
    assert_eq!(tried["works"], true, "{tried}");
    assert!(tried["configured"].as_array().unwrap().contains(&json!("sandbox")), "{tried}");
    let (_, away) =
        world.app.post("/api/v1/settings/proxy-test", json!({ "url": "http://127.0.0.1:1" })).await;
    assert_eq!((&away["works"], &away["problem"]["error"]), (&json!(false), &json!("proxy_unreachable")));
    let insecure = world.app.post("/api/v1/settings/proxy-test", json!({ "url": "http://a.example" })).await;
    assert_eq!((insecure.0, &insecure.1["error"]), (StatusCode::BAD_REQUEST, &json!("bad_url")));

    let thief = Thief::start().await;
    let app = TestApp::start_with(|settings| {
        settings.proxy_access_key = Some(SecretText::new("canary-access-key").unwrap());
        settings.proxy_url = Endpoint::parse("http://127.0.0.1:1").unwrap();
    })
    .await;
    let (_, tried) = app.post("/api/v1/settings/proxy-test", json!({ "url": thief.url })).await;
    assert_eq!(tried["works"], false, "{tried}");
    let heard = thief.heard.await.unwrap();
    assert!(heard.starts_with("get /oauth/providers") && !heard.contains("authorization"), "{heard}");
    app.shutdown().await;
    world.end().await;
}

/// Whoever hears one request, and answers it with nothing.
struct Thief {
    url: String,
    heard: tokio::task::JoinHandle<String>,
}

impl Thief {
    async fn start() -> Self {
        use tokio::io::AsyncReadExt as _;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = Vec::new();
            while !heard.ends_with(b"\r\n\r\n") {
                heard.push(stream.read_u8().await.unwrap());
            }
            String::from_utf8(heard).unwrap().to_lowercase()
        });
        Self { url, heard }
    }
}

#[tokio::test]
async fn the_report_for_whoever_helps_holds_what_matters_and_no_secret() {
    let world = World::start().await;
    let (_, sign_in) = world.app.post("/api/v1/sign-ins", json!({ "provider": "sandbox" })).await;
    allow(sign_in["authorization_url"].as_str().unwrap()).await;
    let done =
        world.app.get(&format!("/api/v1/sign-ins/{}?wait=30", sign_in["id"].as_str().unwrap())).await.1;
    let id = done["connection"].as_str().unwrap();
    world.app.patch(&format!("/api/v1/connections/{id}"), json!({ "label": "canary-label" })).await;
    let mut manifest = plain("echo", &["echo"]);
    manifest["server"]["env"] = json!({ "KEY": "${user_config.key}" });
    manifest["user_config"] = json!({
        "key": { "type": "string", "title": "Key", "description": "A key", "sensitive": true, "required": true }
    });
    let body = json!({ "manifest": { "inline": manifest }, "settings": { "key": "canary-setting-value" } });
    let (status, install) = world.app.post("/api/v1/installs", body).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{install}");
    assert_eq!(world.app.over(install).await["state"], "done");

    let url = world.app.url("/api/v1/diagnostics");
    let response = client().request(Method::GET, url).bearer_auth(world.app.app.api_token().expose_secret());
    let response = response.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    let text = response.text().await.unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["servers"][0]["name"], "echo");
    assert_eq!(report["servers"][0]["state"], "running");
    assert!(!report["servers"][0]["log"].as_array().unwrap().is_empty());
    assert_eq!(
        (&report["connections"][0]["id"], &report["connections"][0]["health"]),
        (&json!(id), &json!("good"))
    );
    assert_eq!(report["proxy"]["works"], true);
    assert_eq!(report["settings"].as_array().unwrap().len(), Key::ALL.len());
    for secret in world.sandbox.ledger() {
        assert!(!text.contains(&secret), "a secret of the provider's is in it");
    }
    let own = world.app.app.api_token().expose_secret();
    for canary in ["canary", own] {
        assert!(!text.contains(canary), "{canary} is in it: {text}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_pasted_provider_file_is_checked_as_a_file_is_and_shown_as_understood() {
    let app = TestApp::start().await;
    let good = "display_name = \"Acme\"\n[authorization]\nendpoint = \"https://acme.example/authorize\"\n\
                [token]\nendpoint = \"https://acme.example/token\"\n[env]\nACME_TOKEN = \"{access_token}\"\n";
    let check = async |body: Value| app.post("/api/v1/providers/check", body).await;
    let (status, checked) = check(json!({ "name": "acme", "text": good })).await;
    assert_eq!(status, StatusCode::OK, "{checked}");
    assert_eq!((&checked["usable"], &checked["errors"]), (&json!(true), &json!(0)), "{checked}");
    assert_eq!(checked["provider"]["token_endpoint"], "https://acme.example/token");
    assert_eq!(checked["provider"]["environment"], json!(["ACME_TOKEN"]));

    let bad =
        good.replace("https://acme.example/token", "http://acme.example/token").replace("[env]", "[enf]");
    let (_, checked) = check(json!({ "name": "acme", "text": bad })).await;
    assert_eq!((&checked["usable"], &checked["provider"]), (&json!(false), &Value::Null));
    let findings = checked["findings"].as_array().unwrap();
    assert!(findings.iter().any(|one| one["line"] == 5 && one["severity"] == "error"), "{checked}");
    assert!(findings.iter().any(|one| one["hint"].as_str().unwrap_or_default().contains("env")), "{checked}");

    let (_, checked) = check(json!({ "name": "jira", "text": good })).await;
    assert!(checked["findings"].to_string().contains("takes its place"), "{checked}");
    assert_eq!(check(json!({ "name": "../x", "text": good })).await.0, StatusCode::BAD_REQUEST);
    let (status, checked) = check(json!({ "text": "x".repeat(500_000) })).await;
    assert_eq!((status, &checked["usable"]), (StatusCode::OK, &json!(false)));
    let (status, _) = check(json!({ "text": "x".repeat(2_000_000) })).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    let (_, jira) = app.get("/api/v1/providers/jira").await;
    assert!(jira["text"].as_str().unwrap().contains("auth.atlassian.com"));
    app.shutdown().await;
}
