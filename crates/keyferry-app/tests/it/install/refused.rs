//! Installs that end without a server, and leave nothing.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::plain;
use crate::support::TestApp;

fn with_settings() -> Value {
    let mut manifest = plain("asks", &["echo"]);
    manifest["user_config"] = json!({
        "url": { "type": "string", "title": "URL", "description": "Where", "required": true },
        "port": { "type": "number", "title": "Port", "description": "Which", "min": 1, "max": 9 },
        "folder": { "type": "directory", "title": "Folder", "description": "What" },
    });
    manifest
}

#[tokio::test]
async fn a_request_that_can_not_work_is_refused_before_anything_exists() {
    let app = TestApp::start().await;
    let inline = |manifest: Value| json!({ "manifest": { "inline": manifest } });
    let asking = |settings: Value| json!({ "manifest": { "inline": with_settings() }, "settings": settings });
    let account = |provider: &str| {
        let mut manifest = plain("account", &["echo"]);
        manifest["archestra_config"] = json!({ "oauth": { "provider": provider, "required": true } });
        manifest
    };
    let table = [
        (
            json!({ "manifest": { "name": "sandbox-note" } }),
            404,
            "unknown_manifest",
            "did you mean `sandbox-notes`?",
        ),
        (inline(json!({ "name": "../x" })), 422, "bad_manifest", "keyferry catalog check"),
        (inline(json!("text")), 422, "bad_manifest", ""),
        (asking(json!({})), 422, "bad_settings", "--set url=VALUE"),
        (asking(json!({ "url": "x", "port": "many" })), 422, "bad_settings", ""),
        (asking(json!({ "url": "x", "port": 10 })), 422, "bad_settings", ""),
        (asking(json!({ "url": "x", "ulr": "y" })), 422, "bad_settings", "did you mean url?"),
        (asking(json!({ "url": "x", "folder": "relative" })), 422, "bad_settings", "from the root"),
        (
            asking(json!({ "url": "x", "folder": "/nonexistent/folder" })),
            422,
            "bad_settings",
            "that is there",
        ),
        (inline(account("jirra")), 422, "unknown_provider", "`jira`"),
        (
            json!({ "manifest": { "inline": plain("x", &["echo"]) }, "connection": "aaaaaaaaaaaa" }),
            422,
            "connection_not_needed",
            "",
        ),
        (
            json!({ "manifest": { "inline": account("jira") }, "connection": "aaaaaaaaaaaa" }),
            422,
            "unknown_connection",
            "connections list",
        ),
        (
            json!({ "manifest": { "inline": account("jira") }, "auth": "browser" }),
            422,
            "sign_in_not_offered",
            "",
        ),
        (
            json!({ "manifest": { "inline": plain("x", &["echo"]) }, "auth": "oauth" }),
            422,
            "sign_in_not_offered",
            "",
        ),
        (
            json!({ "manifest": { "inline": plain("x", &["echo"]), "folder": "relative" } }),
            422,
            "bad_folder",
            "",
        ),
    ];
    for (request, status, code, hint) in table {
        let (found, body) = app.post("/api/v1/installs", request.clone()).await;
        assert_eq!(found.as_u16(), status, "{request}: {body}");
        assert_eq!(body["error"], code, "{request}: {body}");
        assert!(body["hint"].as_str().unwrap_or_default().contains(hint), "{request}: {body}");
    }
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_does_not_start_is_explained_and_leaves_nothing() {
    let app =
        TestApp::start_with(|settings| settings.server_start_limit = std::time::Duration::from_secs(2)).await;
    let missing =
        json!({ "name": "missing", "server": { "type": "local", "command": "no-such-program-here" } });
    let table = [
        (missing, "command_not_found"),
        (plain("garbage", &["garbage-then-end"]), "server_not_mcp"),
        (plain("dies", &["no-such-part"]), "server_died_at_start"),
        (plain("deaf", &["sleep"]), "server_never_answered"),
    ];
    for (manifest, code) in table {
        let (status, install) = app.begin(&manifest).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{install}");
        let install = app.over(install).await;
        assert_eq!(install["state"], "failed", "{install}");
        assert_eq!(install["error"]["error"], code, "{install}");
        assert!(install["error"]["hint"].is_string(), "{install}");
        assert_eq!(install["steps"].as_array().unwrap().last().unwrap()["state"], "failed");
    }
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_is_installed_once() {
    let app = TestApp::start().await;
    app.install(&plain("once", &["echo"])).await;
    let (status, body) = app.begin(&plain("Once", &["echo"])).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(body["error"], "already_installed");
    assert!(body["hint"].as_str().unwrap().contains("keyferry uninstall once"));
    app.shutdown().await;
}

#[tokio::test]
async fn an_install_that_is_cancelled_leaves_nothing() {
    let app = TestApp::start().await;
    let (_, install) = app.begin(&plain("slow", &["sleep"])).await;
    let path = format!("/api/v1/installs/{}", install["id"].as_str().unwrap());
    let revision = install["revision"].as_u64().unwrap() + 100;
    let waiting = format!("{path}?after={revision}&wait=5");
    let slow = plain("slow", &["sleep"]);
    let (_, (status, again)) = tokio::join!(app.get(&waiting), app.begin(&slow));
    assert_eq!((status, &again["error"]), (StatusCode::CONFLICT, &json!("install_under_way")));
    let (status, install) = app.delete(&path).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&install["state"], &install["error"]["error"]), (&json!("failed"), &json!("cancelled")));
    nothing_left(&app).await;
    app.install(&plain("slow", &["echo"])).await;
    app.shutdown().await;
}

#[tokio::test]
async fn an_install_that_nobody_waits_for_makes_room_for_the_next_try() {
    let app = TestApp::start().await;
    let (_, forgotten) = app.begin(&plain("slow", &["sleep"])).await;
    app.install(&plain("slow", &["echo"])).await;
    let (_, forgotten) = app.get(&format!("/api/v1/installs/{}", forgotten["id"].as_str().unwrap())).await;
    assert_eq!(forgotten["error"]["error"], "cancelled", "{forgotten}");
    app.shutdown().await;
}

async fn nothing_left(app: &TestApp) {
    let (_, servers) = app.get("/api/v1/servers").await;
    assert_eq!(servers["servers"], json!([]));
    let folders = std::fs::read_dir(app.data_folder().join("servers")).map(Iterator::count).unwrap_or(0);
    assert_eq!(folders, 0);
    let logs = std::fs::read_dir(app.data_folder().join("logs")).map(Iterator::count).unwrap_or(0);
    assert_eq!(logs, 0);
}
