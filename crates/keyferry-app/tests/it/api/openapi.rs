//! The description of the API, held against what is served.

use keyferry_app::api;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::support::{TestApp, client};

const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

#[tokio::test]
async fn each_path_takes_the_methods_that_its_description_names_and_no_other() {
    let app = TestApp::start().await;
    let text = client().get(app.url("/openapi.json")).send().await.unwrap().text().await.unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    for path in api::paths() {
        let described = description["paths"][path].as_object().unwrap();
        let place =
            path.replace("{id}", "x").replace("{name}", "x").replace("{tool}", "x").replace("{key}", "x");
        for method in &METHODS {
            let request =
                client().request(method.clone(), app.url(&place)).header("content-type", "application/json");
            let request = request.bearer_auth(app.app.api_token().expose_secret()).body("[]");
            let taken = request.send().await.unwrap().status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(taken, described.contains_key(&method.as_str().to_lowercase()), "{method} {path}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn the_description_of_the_api_needs_no_token_and_tells_nothing_of_the_person() {
    let app = TestApp::start().await;
    let response = client().get(app.url("/openapi.json")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let text = response.text().await.unwrap();
    let description: Value = serde_json::from_str(&text).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3."));
    assert!(description["paths"]["/api/v1/servers/{name}/logs"]["get"].is_object());
    assert!(!text.contains(&*app.data_folder().to_string_lossy()));
    app.shutdown().await;
}
