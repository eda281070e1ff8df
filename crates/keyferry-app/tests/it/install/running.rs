//! What an installed server does: runs, answers, stops, comes back, goes.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::plain;
use crate::support::{TestApp, boot_in};

#[tokio::test]
async fn a_server_runs_answers_and_is_gone_after_its_uninstall() {
    let app = TestApp::start().await;
    let install = app.install(&plain("echo", &["echo"])).await;
    assert!(install["tools"].as_array().unwrap().contains(&json!("echo")), "{install}");
    assert_eq!(install["command"], "keyferry echo");
    let names: Vec<_> =
        install["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["delivery", "start", "tools"]);
    assert!(install["steps"].as_array().unwrap().iter().all(|step| step["state"] == "done"));

    let (_, server) = app.get("/api/v1/servers/echo").await;
    assert_eq!(
        (&server["state"], &server["wanted"], &server["runtime"]),
        (&json!("running"), &json!(true), &json!("process"))
    );
    let (_, tools) = app.get("/api/v1/servers/echo/tools").await;
    assert!(tools["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "echo"));
    let (status, result) = app.post("/api/v1/servers/echo/tools/echo", json!({ "say": "hello" })).await;
    assert_eq!(status, StatusCode::OK, "{result}");
    assert!(result["content"][0]["text"].as_str().unwrap().contains("hello"), "{result}");
    let (_, logs) = app.get("/api/v1/servers/echo/logs?lines=5").await;
    assert!(!logs["lines"].as_array().unwrap().is_empty());

    let (status, report) = app.delete("/api/v1/servers/echo").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&report["was_running"], &report["connection"]), (&json!(true), &Value::Null));
    assert_eq!(app.get("/api/v1/servers/echo").await.0, StatusCode::NOT_FOUND);
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_was_stopped_stays_so_until_it_is_started() {
    let app = TestApp::start().await;
    app.install(&plain("echo", &["echo"])).await;
    let (_, server) = app.post("/api/v1/servers/echo/stop", json!({})).await;
    assert_eq!((&server["state"], &server["wanted"]), (&json!("stopped"), &json!(false)));
    let (status, body) = app.post("/api/v1/servers/echo/tools/echo", json!({})).await;
    assert_eq!((status, &body["error"]), (StatusCode::CONFLICT, &json!("server_not_running")));
    let folder = app.shutdown().await;

    let app = boot_in(folder).await;
    assert_eq!(app.get("/api/v1/servers/echo").await.1["state"], "stopped");
    let (_, server) = app.post("/api/v1/servers/echo/start", json!({})).await;
    assert_eq!(server["state"], "running");
    let folder = app.shutdown().await;

    let app = boot_in(folder).await;
    let (status, _) = app.get("/api/v1/servers/echo/tools").await;
    assert_eq!(status, StatusCode::OK);
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_ended_by_itself_is_started_by_the_next_call() {
    let app = TestApp::start().await;
    app.install(&plain("echo", &["echo"])).await;
    let (status, _) = app.post("/api/v1/servers/echo/tools/crash", json!({})).await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    let (status, result) = app.post("/api/v1/servers/echo/tools/echo", json!({ "say": "again" })).await;
    assert_eq!(status, StatusCode::OK, "{result}");
    app.shutdown().await;
}

#[tokio::test]
async fn settings_reach_the_server_and_sensitive_ones_stay_out_of_what_is_shown() {
    let app = TestApp::start().await;
    let mut manifest = plain("asks", &["echo"]);
    manifest["server"]["env"] = json!({ "SITE": "${user_config.site}", "KEY": "${user_config.key}" });
    manifest["user_config"] = json!({
        "site": { "type": "string", "title": "Site", "description": "Where", "required": true },
        "key": { "type": "string", "title": "Key", "description": "What", "sensitive": true, "required": true },
    });
    let request = json!({ "manifest": { "inline": manifest }, "settings": { "site": "here.example", "key": "canary-1234" } });
    let (_, install) = app.post("/api/v1/installs", request).await;
    let install = app.over(install).await;
    assert_eq!(install["state"], "done", "{install}");
    assert_eq!(install["command"], "KEY=[redacted] SITE=here.example keyferry echo");
    let (_, result) = app.post("/api/v1/servers/asks/tools/environment", json!({})).await;
    let environment: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!((&environment["SITE"], &environment["KEY"]), (&json!("here.example"), &json!("canary-1234")));
    for path in ["/api/v1/servers/asks", "/api/v1/servers/asks/logs", "/api/v1/status"] {
        assert!(!app.get(path).await.1.to_string().contains("canary"), "{path}");
    }
    app.shutdown().await;
}
