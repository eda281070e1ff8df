//! The catalog over the local API.

mod real;
mod sources;

use std::fs;

use keyferry_app::catalog::Source;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestApp;

/// An app with one folder of manifests beside the built-in ones.
async fn with_manifests(manifests: &[(&str, Value)]) -> TestApp {
    TestApp::start_with(|settings| {
        let folder = settings.data_folder.parent().unwrap().join("manifests");
        fs::create_dir(&folder).unwrap();
        for (file, manifest) in manifests {
            fs::write(folder.join(file), manifest.to_string()).unwrap();
        }
        settings.catalog_sources = vec![Source::Folder(folder)];
    })
    .await
}

#[tokio::test]
async fn the_built_in_manifests_are_listed_and_none_has_a_problem() {
    let app = TestApp::start().await;
    let (status, list) = app.get("/api/v1/catalog").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(list["problems"], json!([]));
    let notes =
        list["entries"].as_array().unwrap().iter().find(|entry| entry["name"] == "sandbox-notes").unwrap();
    assert_eq!(notes["source"], "built in");
    assert_eq!(notes["sign_in"]["provider"], "sandbox");
    assert_eq!(notes["installed"], false);
    assert_eq!(notes["not_installable"], Value::Null, "{notes}");
    app.shutdown().await;
}

#[tokio::test]
async fn what_can_not_be_installed_yet_is_listed_with_the_reason() {
    let oauth = |provider: Value| json!({ "oauth": { "provider": provider, "required": true } });
    let app = with_manifests(&[
        (
            "remote.json",
            json!({ "name": "remote", "server": { "type": "remote", "url": "https://mcp.example/mcp" } }),
        ),
        (
            "discovery.json",
            json!({ "name": "discovery", "archestra_config": oauth(Value::Null),
                "server": { "type": "remote", "url": "https://mcp.example/mcp" } }),
        ),
        (
            "slip.json",
            json!({ "name": "slip", "archestra_config": oauth("jirra".into()),
                "server": { "type": "local", "command": "npx", "args": ["a\u{202e}b"] } }),
        ),
        ("broken.json", json!({ "name": "../broken" })),
    ])
    .await;
    let (_, list) = app.get("/api/v1/catalog").await;
    let reason = |name: &str| {
        let entry = list["entries"].as_array().unwrap().iter().find(|entry| entry["name"] == name).unwrap();
        entry["not_installable"].clone()
    };
    assert_eq!(reason("remote"), Value::Null);
    assert_eq!(reason("discovery")["error"], "discovery_unsupported");
    assert_eq!(reason("slip")["error"], "unknown_provider");
    assert!(reason("slip")["hint"].as_str().unwrap().contains("`jira`"), "{}", reason("slip"));
    assert!(list["problems"][0]["message"].as_str().unwrap().contains("broken.json"), "{list}");
    for name in ["discovery", "slip"] {
        let (status, body) = app.post("/api/v1/installs", json!({ "manifest": { "name": name } })).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(body, reason(name));
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_manifest_shows_its_command_with_nothing_hidden_and_no_default_of_a_secret() {
    let manifest = json!({
        "name": "shown",
        "server": { "type": "local", "command": "npx", "args": ["-y", "a\u{202e}b\nc", "${user_config.key}"] },
        "user_config": {
            "key": { "type": "string", "title": "Key", "description": "A key", "sensitive": true, "default": "canary" },
            "count": { "type": "number", "title": "Count", "description": "How many", "min": 1, "max": 9, "default": 3 },
        },
    });
    let app = with_manifests(&[("shown.json", manifest)]).await;
    let (status, shown) = app.get("/api/v1/catalog/shown").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(shown["command"], "npx -y \"a\\u{202e}b\\nc\" ${user_config.key}");
    assert!(!shown.to_string().contains("canary"), "{shown}");
    let count = &shown["settings"].as_array().unwrap().iter().find(|field| field["key"] == "count").unwrap();
    assert_eq!(
        (&count["kind"], &count["default"], &count["max"]),
        (&json!("number"), &json!(3), &json!(9.0))
    );
    app.shutdown().await;
}
