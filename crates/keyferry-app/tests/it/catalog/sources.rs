//! Where manifests come from: folders and lists at URLs, named by a person, refreshed, and gone.

use std::fs;

use keyferry_app::{
    catalog::Source,
    settings::{Flags, Settings},
};
use keyferry_core::url::Endpoint;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Host, TestApp, settings};

fn manifest(name: &str) -> Value {
    json!({ "name": name, "description": format!("What {name} does"), "category": "Data",
        "server": { "type": "local", "command": "npx", "args": ["-y", name] } })
}

/// SHA-256 of a manifest's text, in hexadecimal.
fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A host with a list of two manifests, a file, a file with its digest, and one that is broken.
async fn host() -> Host {
    let host = Host::start().await;
    let pinned = manifest("pinned").to_string();
    let index = json!({ "title": "Ours", "manifests": [
        manifest("first"), { "name": "../broken" }, "servers/file.json",
        { "file": "servers/pinned.json", "sha256": sha256(&pinned) }, "servers/missing.json", manifest("last"),
    ] });
    host.put("/list/index.json", index.to_string());
    host.put("/list/servers/file.json", manifest("file").to_string());
    host.put("/list/servers/pinned.json", pinned);
    host
}

async fn add(app: &TestApp, place: &str) -> (StatusCode, Value) {
    app.post("/api/v1/catalog/sources", json!({ "place": place })).await
}

async fn refresh(app: &TestApp, id: &Value) -> Value {
    let (status, list) = app.post("/api/v1/catalog/sources/refresh", json!({ "id": id })).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    let source = list["sources"].as_array().unwrap().iter().find(|source| source["id"] == *id).unwrap();
    source.clone()
}

async fn names(app: &TestApp, query: &str) -> Vec<String> {
    let (status, list) = app.get(&format!("/api/v1/catalog{query}")).await;
    assert_eq!(status, StatusCode::OK, "{list}");
    let names =
        list["entries"].as_array().unwrap().iter().map(|entry| entry["name"].as_str().unwrap().to_owned());
    names.collect()
}

#[tokio::test]
async fn a_list_at_a_url_is_read_and_a_bad_manifest_of_it_costs_no_other() {
    let (host, app) = (host().await, TestApp::start().await);
    let url = host.url("/list/index.json");
    let (status, source) = add(&app, &url).await;
    assert_eq!(status, StatusCode::CREATED, "{source}");
    assert_eq!((&source["kind"], &source["manifests"]), (&json!("url"), &json!(4)));
    let problems = source["problems"].to_string();
    assert_eq!(source["problems"].as_array().unwrap().len(), 2, "{problems}");
    assert!(problems.contains("item 2") && problems.contains("servers/missing.json"), "{problems}");

    let found = names(&app, "").await;
    for name in ["file", "first", "last", "pinned", "sandbox-notes"] {
        assert!(found.contains(&name.to_owned()), "{name}: {found:?}");
    }
    let (_, first) = app.get("/api/v1/catalog/first").await;
    assert_eq!(first["source"], url);
    let again = add(&app, &url).await;
    assert_eq!((again.0, &again.1["error"]), (StatusCode::CONFLICT, &json!("known_source")));

    let data = app.data_folder();
    let flags = Flags::none().with_data_folder(Some(data.clone()));
    let written = Settings::load(&flags, &|_| None).unwrap().catalog_sources;
    assert_eq!(written, [Source::Url(Endpoint::parse(&url).unwrap())]);

    let gone = app.delete(&format!("/api/v1/catalog/sources/{}", source["id"].as_str().unwrap())).await;
    assert_eq!(gone.0, StatusCode::OK);
    assert!(!names(&app, "").await.contains(&"first".to_owned()));
    assert_eq!(Settings::load(&flags, &|_| None).unwrap().catalog_sources, []);
    assert_eq!(fs::read_dir(data.join("fetched")).unwrap().count(), 0, "what was kept of it is gone");
    app.shutdown().await;
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again_and_what_has_is() {
    let (host, app) = (host().await, TestApp::start().await);
    let (_, source) = add(&app, &host.url("/list/index.json")).await;
    host.asked();
    refresh(&app, &source["id"]).await;
    let asked = host.asked();
    assert_eq!(asked[0], ("/list/index.json".to_owned(), 304));
    let mut files = asked[1..].to_vec();
    files.sort();
    let expected =
        [("/list/servers/file.json".to_owned(), 304), ("/list/servers/missing.json".to_owned(), 404)];
    assert_eq!(files, expected, "a file with a digest is not even asked for");

    let mut changed = manifest("file");
    changed["description"] = json!("Something new");
    host.put("/list/servers/file.json", changed.to_string());
    host.put("/list/servers/pinned.json", "something else");
    let source = refresh(&app, &source["id"]).await;
    assert_eq!(source["manifests"], 4);
    assert_eq!(app.get("/api/v1/catalog/file").await.1["description"], "Something new");
    assert_eq!(app.get("/api/v1/catalog/pinned").await.0, StatusCode::OK);

    host.remove("/list/servers/file.json");
    let source = refresh(&app, &source["id"]).await;
    assert!(source["problems"].to_string().contains("servers/file.json"), "{source}");
    assert_eq!(app.get("/api/v1/catalog/file").await.1["description"], "Something new", "it stays as it was");
    app.shutdown().await;
}

#[tokio::test]
async fn a_list_that_does_not_answer_is_shown_as_it_was_and_its_age_is_told() {
    let (host, app) = (host().await, TestApp::start().await);
    let url = host.url("/list/index.json");
    let (_, source) = add(&app, &url).await;
    drop(host);
    let old = refresh(&app, &source["id"]).await;
    assert_eq!((&old["is_old"], &old["checked_at"]), (&json!(true), &source["checked_at"]));
    assert!(old["problems"].to_string().contains("catalog_unreachable"), "{old}");
    let folder = app.shutdown().await;

    // Another start without a network has them, too, and says from when they are.
    let mut settings = settings(folder.path());
    settings.catalog_sources = vec![Source::Url(Endpoint::parse(&url).unwrap())];
    let app = TestApp::boot(folder, settings, |_| {}).await;
    assert!(names(&app, "?search=first").await.contains(&"first".to_owned()));
    let old = refresh(&app, &source["id"]).await;
    assert_eq!(old["checked_at"], source["checked_at"]);
    let (_, list) = app.get("/api/v1/catalog").await;
    assert!(list["problems"].to_string().contains("is shown as it was at"), "{list}");
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_no_list_is_refused_and_nothing_of_it_is_kept() {
    let (host, other, app) = (Host::start().await, Host::start().await, TestApp::start().await);
    other.put("/index.json", json!([manifest("elsewhere")]).to_string());
    host.lead("/leads", other.url("/index.json"));
    host.put("/html", "<html></html>");
    host.put("/large", vec![b' '; 17 * 1024 * 1024]);
    host.put("/bytes", vec![0xff, 0xfe]);
    let files = app.folder.path().join("files");
    fs::write(&files, "").unwrap();
    let table = [
        (host.url("/leads"), StatusCode::BAD_GATEWAY, "catalog_redirects"),
        (host.url("/html"), StatusCode::BAD_GATEWAY, "bad_catalog"),
        (host.url("/large"), StatusCode::BAD_GATEWAY, "catalog_too_large"),
        (host.url("/bytes"), StatusCode::BAD_GATEWAY, "bad_catalog"),
        (host.url("/nothing"), StatusCode::BAD_GATEWAY, "catalog_refused"),
        ("http://127.0.0.1:1/index.json".to_owned(), StatusCode::BAD_GATEWAY, "catalog_unreachable"),
        ("http://catalog.example/index.json".to_owned(), StatusCode::BAD_REQUEST, "bad_source"),
        ("file:///etc/".to_owned(), StatusCode::BAD_REQUEST, "bad_source"),
        ("relative".to_owned(), StatusCode::BAD_REQUEST, "bad_source"),
        ("/nonexistent/folder".to_owned(), StatusCode::UNPROCESSABLE_ENTITY, "catalog_folder_unreadable"),
        (files.display().to_string(), StatusCode::UNPROCESSABLE_ENTITY, "catalog_folder_unreadable"),
    ];
    for (place, status, code) in table {
        let (found, problem) = add(&app, &place).await;
        assert_eq!((found, &problem["error"]), (status, &json!(code)), "{place}: {problem}");
        assert!(problem["hint"].is_string(), "{place}");
    }
    assert_eq!(other.asked(), [], "a redirect was followed");
    let (_, list) = app.get("/api/v1/catalog/sources").await;
    assert_eq!(list["sources"].as_array().unwrap().len(), 2, "{list}");
    assert!(!app.data_folder().join("keyferry.toml").exists());
    app.shutdown().await;
}

#[tokio::test]
async fn an_index_sends_the_app_nowhere_but_below_its_own_folder() {
    let (host, other, app) = (Host::start().await, Host::start().await, TestApp::start().await);
    let elsewhere = other.url("/secret.json");
    let index = json!([elsewhere, "../secret.json", "/secret.json", "%2e%2e/secret.json", manifest("good")]);
    host.put("/list/index.json", index.to_string());
    let (status, source) = add(&app, &host.url("/list/index.json")).await;
    assert_eq!((status, &source["manifests"]), (StatusCode::CREATED, &json!(1)), "{source}");
    assert_eq!(source["problems"].as_array().unwrap().len(), 4, "{source}");
    assert_eq!(host.asked(), [("/list/index.json".to_owned(), 200)]);
    assert_eq!(other.asked(), []);
    app.shutdown().await;
}

#[tokio::test]
async fn of_two_manifests_of_one_name_a_strangers_never_counts_and_both_are_told() {
    let host = Host::start().await;
    let app = TestApp::start().await;
    let folder = app.folder.path().join("mine");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.json"), manifest("sandbox-notes").to_string()).unwrap();
    host.put("/index.json", json!([manifest("sandbox-notes"), manifest("own")]).to_string());

    let (_, source) = add(&app, &host.url("/index.json")).await;
    assert_eq!(source["manifests"], 2);
    let (_, notes) = app.get("/api/v1/catalog/sandbox-notes").await;
    assert_eq!(
        (&notes["source"], &notes["also_in"]),
        (&json!("built in"), &json!([host.url("/index.json")]))
    );
    let (_, list) = app.get("/api/v1/catalog").await;
    let told =
        list["problems"].as_array().unwrap().iter().find(|problem| problem["error"] == "name_taken").unwrap();
    assert!(told["message"].as_str().unwrap().contains("`sandbox-notes`, which built in has"), "{told}");

    // A folder is the person's own word.
    let (status, _) = add(&app, &folder.display().to_string()).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, notes) = app.get("/api/v1/catalog/sandbox-notes").await;
    assert_eq!(notes["source"], folder.join("a.json").display().to_string());
    assert_eq!(notes["also_in"], json!(["built in", host.url("/index.json")]));
    app.shutdown().await;
}

#[tokio::test]
async fn a_thousand_manifests_are_searched_filtered_and_told_in_parts() {
    let app = TestApp::start().await;
    let folder = app.folder.path().join("many");
    fs::create_dir(&folder).unwrap();
    for number in 0..1_000 {
        let mut one = manifest(&format!("many-{number:03}"));
        if number % 100 == 7 {
            one["category"] = json!("Rare Things");
            one["user_config"] = json!({ "key": { "type": "string", "title": "Key", "description": "A key", "required": true } });
        }
        fs::write(folder.join(format!("{number}.json")), one.to_string()).unwrap();
    }
    let began = std::time::Instant::now();
    let (_, source) = add(&app, &folder.display().to_string()).await;
    let read = began.elapsed();
    assert_eq!(source["manifests"], 1_000);
    let began = std::time::Instant::now();
    assert_eq!(names(&app, "?search=MANY-123%20does").await, ["many-123"]);
    let searched = began.elapsed();
    println!("1,000 manifests: read in {read:?}, searched in {searched:?}");
    assert!(searched < read * 2, "a search reads nothing anew: {searched:?}, {read:?}");
    assert_eq!(names(&app, "?search=many-123%20nothing").await, Vec::<String>::new());
    assert_eq!(names(&app, "?category=rare%20things").await.len(), 10);
    assert_eq!(names(&app, "?category=rare%20things&needs=settings&search=107").await, ["many-107"]);
    assert_eq!(names(&app, "?category=rare%20things&needs=nothing").await, Vec::<String>::new());
    let (_, part) = app.get("/api/v1/catalog?search=many&offset=998&limit=5").await;
    assert_eq!((&part["total"], part["entries"].as_array().unwrap().len()), (&json!(1_000), 2));
    assert!(part["categories"].as_array().unwrap().contains(&json!({ "name": "Rare Things", "count": 10 })));
    for query in ["?needs=everything", "?limit=-1", "?sort=name"] {
        assert_eq!(app.get(&format!("/api/v1/catalog{query}")).await.0, StatusCode::BAD_REQUEST, "{query}");
    }
    app.shutdown().await;
}
