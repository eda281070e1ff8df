//! Manifests that others wrote, as they are: every one is listed, shown and explained.

use std::{fs, path::PathBuf};

use keyferry_app::catalog::Source;
use keyferry_core::manifest;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::TestApp;

/// The folder that `KEYFERRY_TEST_MANIFESTS` names. They are not ours, so no copy of them lies in the project.
fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("KEYFERRY_TEST_MANIFESTS").filter(|path| !path.is_empty());
    if named.is_none() {
        eprintln!("SKIPPED: KEYFERRY_TEST_MANIFESTS names no folder of real manifests");
    }
    named.map(|path| PathBuf::from(path).canonicalize().expect("KEYFERRY_TEST_MANIFESTS names a folder"))
}

async fn app(folder: PathBuf) -> TestApp {
    TestApp::start_with(|settings| settings.catalog_sources = vec![Source::Folder(folder)]).await
}

#[tokio::test]
async fn every_real_manifest_is_listed_shown_and_explained() {
    let Some(folder) = folder() else { return };
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 40, "{} files", files.len());
    let app = app(folder.clone()).await;
    let (_, list) = app.get("/api/v1/catalog").await;
    assert_eq!(list["problems"], json!([]));
    let place = folder.display().to_string();
    let entries: Vec<_> = list["entries"].as_array().unwrap().iter().collect();
    let real = entries.iter().filter(|entry| entry["source"].as_str().unwrap().starts_with(&place));
    assert_eq!(real.clone().count(), files.len());
    let (mut works, mut explained) = (0, 0);
    for entry in real {
        let name = entry["name"].as_str().unwrap();
        let (status, shown) = app.get(&format!("/api/v1/catalog/{name}")).await;
        assert_eq!(status, StatusCode::OK, "{name}");
        assert!(shown["needs"]["runs"]["place"].is_string(), "{name}");
        if let Some(account) = shown["needs"]["account"].as_object() {
            assert!(account["way"] == "discovery" || account["provider"].is_string(), "{name}: {account:?}");
        }
        let ways = shown["here"].as_array().unwrap();
        assert!(!ways.is_empty(), "{name}");
        for way in ways {
            let reason = way["problem"]["message"].as_str().unwrap_or_default();
            assert_eq!(way["works"] == true, reason.is_empty(), "{name}: {way}");
        }
        if shown["can_work"] == true { works += 1 } else { explained += 1 }
    }
    println!("{works} can work here as it is; of {explained} it is said why not");
    app.shutdown().await;
}

#[tokio::test]
async fn a_real_server_that_runs_elsewhere_says_what_it_is_and_what_it_waits_for() {
    let Some(folder) = folder() else { return };
    let app = app(folder).await;
    let (_, list) = app.get("/api/v1/catalog?needs=remote").await;
    let remote: Vec<_> = list["entries"].as_array().unwrap().iter().collect();
    assert!(remote.len() >= 6, "{list}");
    let mut by_discovery = 0;
    for entry in remote {
        let name = entry["name"].as_str().unwrap();
        assert!(entry["needs"]["runs"]["url"].as_str().unwrap().starts_with("http"), "{name}");
        let error = &entry["not_installable"]["error"];
        let discovery = entry["needs"]["account"]["way"] == "discovery";
        by_discovery += usize::from(discovery);
        match discovery {
            true => assert_eq!(error, "discovery_unsupported", "{name}"),
            false => assert!(*error == Value::Null || error == "insecure_remote", "{name}: {error}"),
        }
    }
    assert!(by_discovery >= 4);
    app.shutdown().await;
}

#[test]
fn no_real_manifest_has_an_error() {
    let Some(folder) = folder() else { return };
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let found = manifest::check(&path.display().to_string(), &fs::read_to_string(&path).unwrap(), []);
        assert!(!found.has_errors(), "{found}");
    }
}
